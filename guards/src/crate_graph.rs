//! Which crate of the workspace may depend on which, and whether each dependency is used.
//!
//! The unused ones are found here instead of with `cargo machete`: it is the same search for a
//! name, and costs no minutes of a new CI machine for building a tool.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Violation, config::Layers, facts::RustFile, manifests::Package, modules::Crate, tree::is_in,
};

/// Arrows between crates that `layers.toml` does not list, and crates it does not know.
pub fn forbidden_arrows(packages: &[Package], layers: &Layers) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in packages {
        let folder = &package.folder;
        let Some(rules) = layers.get(folder) else {
            violations.push(Violation::new(
                folder,
                format!("{folder}: give this crate an entry in guards/layers.toml"),
            ));
            continue;
        };
        for other in package
            .dependencies
            .iter()
            .filter_map(|d| d.folder.as_ref())
        {
            if !rules.uses.contains(other) {
                violations.push(Violation::new(
                    format!("{folder} -> {other}"),
                    format!(
                        "{folder}/Cargo.toml: depends on `{other}`, which guards/layers.toml does not list"
                    ),
                ));
            }
        }
    }
    violations
}

/// Paths of product code to a module of another crate that `only` does not list. `at` is the arrow.
pub fn modules_not_listed(found: &Crate<'_>, layers: &Layers) -> Vec<Violation> {
    let mut violations = Vec::new();
    let only = layers.get(&found.folder).map(|rules| &rules.only);
    for (name, modules) in only.into_iter().flatten() {
        for (_, file) in found.files() {
            for (_, path, line) in file.all_paths() {
                let is_test = file.test_lines.iter().any(|range| range.contains(&line));
                if let [first, module, ..] = path
                    && first == name
                    && !is_test
                    && !modules.contains(module)
                {
                    violations.push(Violation::new(
                        format!("{} -> {name}::{module}", found.folder),
                        format!(
                            "{}:{line}: `{}`: of `{name}` this crate uses only {}",
                            file.path,
                            path.join("::"),
                            modules.join(", ")
                        ),
                    ));
                }
            }
        }
    }
    violations
}

/// Crates that the table's arrows connect in a circle: Cargo would refuse normal ones, but not a
/// circle through dev-dependencies.
pub fn circular_table(layers: &Layers) -> Vec<Violation> {
    layers
        .keys()
        .filter(|start| {
            let mut seen: BTreeSet<&String> = BTreeSet::new();
            let mut open = vec![*start];
            while let Some(at) = open.pop() {
                for next in layers.get(at).into_iter().flat_map(|rules| &rules.uses) {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            seen.contains(start)
        })
        .map(|folder| {
            Violation::new(
                folder,
                format!("guards/layers.toml: the arrows of `{folder}` lead back to it"),
            )
        })
        .collect()
}

/// Dependencies that a manifest must not name.
pub fn refused_dependencies(
    packages: &[Package],
    refused: &BTreeMap<String, Vec<String>>,
) -> Vec<Violation> {
    packages
        .iter()
        .flat_map(|package| {
            let names = refused.get(&package.folder).into_iter().flatten();
            names
                .filter(|name| package.dependencies.iter().any(|d| d.name == **name))
                .map(|name| {
                    Violation::new(
                        format!("{} -> {name}", package.folder),
                        format!("{}/Cargo.toml: must not depend on `{name}`", package.folder),
                    )
                })
        })
        .collect()
}

/// Dependencies that no source of their crate names. `unnamed` lists those that are needed
/// without being named, such as a crate that is there for its features.
pub fn unused_dependencies(
    packages: &[Package],
    files: &[RustFile],
    unnamed: &BTreeMap<String, String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut needed = BTreeSet::new();
    for package in packages {
        let own: Vec<&RustFile> = files
            .iter()
            .filter(|file| {
                is_in(&file.path, &package.folder)
                    && !packages.iter().any(|other| {
                        other.folder.len() > package.folder.len()
                            && is_in(&file.path, &other.folder)
                    })
            })
            .collect();
        for dependency in &package.dependencies {
            let word = dependency.name.replace('-', "_");
            let at = format!("{} -> {}", package.folder, dependency.name);
            if own.iter().any(|file| names(&file.text, &word)) {
                continue;
            }
            if unnamed.contains_key(&at) {
                needed.insert(at);
            } else {
                violations.push(Violation::new(
                    &at,
                    format!(
                        "{}/Cargo.toml: no source names `{word}`; remove the dependency, or list \
                         `{at}` under `unnamed_dependencies` in guards/rules.toml",
                        package.folder
                    ),
                ));
            }
        }
    }
    for at in unnamed.keys().filter(|at| !needed.contains(*at)) {
        violations.push(Violation::new(
            at,
            format!("guards/rules.toml: `{at}` is named or gone; remove it from the list"),
        ));
    }
    violations
}

/// Whether a line of code, not of comment, begins a path with `word` or imports it as a whole.
fn names(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .any(|line| {
            line.match_indices(word).any(|(at, _)| {
                let (before, after) = (&line[..at], &line[at + word.len()..]);
                let whole = before.ends_with("use ") && after.starts_with([';', ' ']);
                !before.ends_with(part) && after.starts_with("::") || whole
            })
        })
}
