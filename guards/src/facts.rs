//! What the rules need to know of one Rust file. `parse.rs` takes it from the syntax tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// One Rust file.
#[derive(Debug)]
pub struct RustFile {
    /// Path from the root of the repository.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The file's own module first, then modules written inline in it.
    pub scopes: Vec<ModuleScope>,
    /// Functions, impls and macros at module level: line and what it is.
    pub logic: Vec<(usize, &'static str)>,
    /// Types that other modules can see: name and line.
    pub types: Vec<(String, usize)>,
    /// Functions with a body, those of tests left out.
    pub functions: Vec<FunctionSize>,
    /// Lines of items that are compiled for tests only.
    pub test_lines: Vec<RangeInclusive<usize>>,
}

/// A function with a body.
#[derive(Debug)]
pub struct FunctionSize {
    /// Its name.
    pub name: String,
    /// Line of the name.
    pub line: usize,
    /// Lines from there to its last brace.
    pub lines: usize,
}

/// One module, as far as a file writes it.
#[derive(Debug, Default)]
pub struct ModuleScope {
    /// Names of the inline modules around it, inside the file.
    pub inner: Vec<String>,
    /// `mod name;`
    pub declares: Vec<Declared>,
    /// Names of items defined here.
    pub defines: BTreeSet<String>,
    /// Names that `use` brings in, and what they stand for.
    pub binds: Vec<Bind>,
    /// `use path::*`: path and line.
    pub globs: Vec<(Vec<String>, usize)>,
    /// Paths in expressions, types, patterns, macros and attributes, with their first line.
    pub paths: BTreeMap<Vec<String>, usize>,
}

/// A module in a file of its own.
#[derive(Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// The value of its `#[path]`.
    pub file: Option<String>,
    /// Whether it is compiled for tests only.
    pub test: bool,
}

/// One name of a `use`.
#[derive(Debug)]
pub struct Bind {
    /// The name in this module; `_` for a trait that is only in scope.
    pub name: String,
    /// The path as it is written.
    pub path: Vec<String>,
    /// Line of the name.
    pub line: usize,
}

impl RustFile {
    /// Lines outside of test items, with their numbers.
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(number, _)| !self.test_lines.iter().any(|range| range.contains(number)))
    }

    /// Every path that the file imports or writes, with its line.
    pub fn all_paths(&self) -> impl Iterator<Item = (&ModuleScope, &[String], usize)> {
        self.scopes.iter().flat_map(|scope| {
            let binds = scope.binds.iter().map(|b| (b.path.as_slice(), b.line));
            let globs = scope.globs.iter().map(|(p, line)| (p.as_slice(), *line));
            let paths = scope.paths.iter().map(|(p, line)| (p.as_slice(), *line));
            binds
                .chain(globs)
                .chain(paths)
                .map(move |(path, line)| (scope, path, line))
        })
    }
}
