//! Rules about single files: size, name, header, a `mod.rs` without logic, doc comments that say
//! something, migrations without indexes that are only there for speed.

use crate::{Violation, facts::RustFile, tree::SourceText, vocabulary::is_test_file};

/// Most lines a file may have.
pub const MAX_LINES: usize = 500;
/// Most lines a `mod.rs` may have.
pub const MAX_MOD_LINES: usize = 60;

/// Files that are too long.
pub fn long_files(sources: &[&SourceText]) -> Vec<Violation> {
    sources
        .iter()
        .filter_map(|source| {
            let limit = if source.name() == "mod.rs" {
                MAX_MOD_LINES
            } else {
                MAX_LINES
            };
            let lines = source.text.lines().count();
            (lines > limit).then(|| {
                Violation::new(
                    &source.path,
                    format!("{}: {lines} lines, at most {limit}: split it", source.path),
                )
            })
        })
        .collect()
}

/// Files that do not begin with `//!`.
pub fn missing_headers(sources: &[&SourceText]) -> Vec<Violation> {
    sources
        .iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| {
            Violation::new(
                &source.path,
                format!("{}: does not begin with `//!` and its purpose", source.path),
            )
        })
        .collect()
}

/// Files and folders with a name that says nothing of what they hold.
pub fn vague_names(sources: &[&SourceText]) -> Vec<Violation> {
    let vague = ["util", "utils", "common", "helper", "helpers", "misc"];
    sources
        .iter()
        .filter(|source| {
            source
                .path
                .trim_end_matches(".rs")
                .split('/')
                .any(|part| vague.contains(&part))
        })
        .map(|source| {
            Violation::new(
                &source.path,
                format!("{}: name it after what it holds", source.path),
            )
        })
        .collect()
}

/// Functions, impls and macros in a `mod.rs`.
pub fn logic_in_mod(files: &[RustFile]) -> Vec<Violation> {
    files
        .iter()
        .filter(|file| crate::tree::file_name(&file.path) == "mod.rs")
        .flat_map(|file| {
            file.logic.iter().map(|(line, what)| {
                Violation::new(
                    &file.path,
                    format!(
                        "{}:{line}: {what} in a `mod.rs`, which only declares and re-exports",
                        file.path
                    ),
                )
            })
        })
        .collect()
}

/// Doc comments of one word that is neither code nor a proper name: `/// Which.`
pub fn empty_docs(files: &[RustFile], proper_names: &[String]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| !is_test_file(&file.path)) {
        let mut block: Option<(usize, String)> = None;
        for (number, line) in file.product_lines().chain([(0, "")]) {
            if let Some(doc) = doc_text(line) {
                let (_, text) = block.get_or_insert((number, String::new()));
                text.push_str(doc);
                text.push(' ');
                continue;
            }
            if let Some((at, text)) = block.take()
                && says_nothing(&text, proper_names)
            {
                violations.push(Violation::new(
                    &file.path,
                    format!("{}:{at}: `///{}` says nothing", file.path, text.trim_end()),
                ));
            }
        }
    }
    violations
}

/// Examples in doc comments that would be compiled and run: no stage of the tests looks for them, because
/// there are none and the look takes half a minute. A fence with another language than Rust is none.
pub fn doc_examples(sources: &[&SourceText]) -> Vec<Violation> {
    let others = ["text", "yaml", "json", "toml", "sql", "html", "sh"];
    let mut violations = Vec::new();
    for source in sources {
        let mut is_open = false;
        for (number, line) in (1..).zip(source.text.lines()) {
            let line = line.trim_start();
            let doc = line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("//!"));
            let Some(language) = doc.and_then(|doc| doc.trim_start().strip_prefix("```")) else {
                continue;
            };
            if !is_open && !others.contains(&language.trim()) {
                violations.push(Violation::new(
                    &source.path,
                    format!(
                        "{}:{number}: no test runs this example: make it one, or name its language",
                        source.path
                    ),
                ));
            }
            is_open = !is_open;
        }
    }
    violations
}

fn doc_text(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("///")?;
    (!text.starts_with('/')).then_some(text)
}

fn says_nothing(text: &str, proper_names: &[String]) -> bool {
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric))
        .collect();
    match words.as_slice() {
        [] => true,
        [word] => {
            let bare = word.trim_end_matches(['.', ',', ':']);
            !bare.contains('`') && !proper_names.iter().any(|name| name == bare)
        }
        _ => false,
    }
}

/// Indexes in migrations that are not unique: those for speed belong into `optimizations/`, where
/// an experiment can leave them out. Those of the purge, by their names, serve no request.
pub fn indexes_in_migrations<'a>(sources: impl Iterator<Item = &'a SourceText>) -> Vec<Violation> {
    sources
        .filter(|source| source.path.contains("/migrations/"))
        .flat_map(|source| {
            statements(&source.text)
                .into_iter()
                .filter(|statement| {
                    statement.starts_with("create index") && !is_of_the_purge(statement)
                })
                .map(|statement| {
                    Violation::new(&source.path, format!("{}: {statement}", source.path))
                })
        })
        .collect()
}

fn is_of_the_purge(statement: &str) -> bool {
    let mut words = statement.split_whitespace();
    words.any(|word| word.ends_with("_purge_idx"))
}

/// Statements of an SQL text in lower case, without comments and with single spaces.
fn statements(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase();
    code.split(';')
        .map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}
