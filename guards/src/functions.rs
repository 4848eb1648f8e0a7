//! The length of functions: a reader takes one in as a whole, or finds its steps by their names.

use crate::{Violation, facts::FunctionSize, modules::Crate};

/// Most lines a function of the product may have, from its name to its last brace.
pub const MAX_FUNCTION_LINES: usize = 100;

/// Functions of the product that are too long. `at` is `file.rs::name`.
pub fn long_functions(found: &Crate<'_>) -> Vec<Violation> {
    found
        .files()
        .flat_map(|(_, file)| file.functions.iter().map(move |one| (&file.path, one)))
        .filter(|(_, one)| one.lines > MAX_FUNCTION_LINES)
        .map(|(path, FunctionSize { name, line, lines })| {
            Violation::new(
                format!("{path}::{name}"),
                format!(
                    "{path}:{line}: `{name}` has {lines} lines, at most {MAX_FUNCTION_LINES}: give its steps names"
                ),
            )
        })
        .collect()
}
