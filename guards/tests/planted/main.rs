//! Each rule catches a planted violation and lets legal input pass.

mod bans;
mod crates;
mod documents;
mod functions;
mod imports;
mod prose;
mod single_files;

use guards::{
    Violation,
    facts::RustFile,
    parse,
    tree::{SourceText, Tree},
};

/// Sources in memory: path and text.
fn sources(texts: &[(&str, &str)]) -> Vec<SourceText> {
    texts
        .iter()
        .map(|(path, text)| SourceText::new(path, text))
        .collect()
}

fn tree(texts: &[(&str, &str)]) -> Tree {
    Tree::of(sources(texts))
}

fn files(texts: &[(&str, &str)]) -> Vec<RustFile> {
    parse::parse_all(&sources(texts))
}

/// What the violations are about, in their order.
fn subjects(violations: &[Violation]) -> Vec<&str> {
    violations.iter().map(|v| v.at.as_str()).collect()
}
