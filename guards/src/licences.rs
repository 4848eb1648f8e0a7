//! Licences and bans of the dependency tree, read from `cargo metadata`.
//!
//! `cargo deny` does this and more, but is 200 crates to build on every new CI machine, and its
//! database of advisories is a download; these checks are what else it would be asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{Violation, config::Supply};

/// The part of `cargo metadata --format-version 1` that matters here.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
    workspace_members: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
}

/// Reads the JSON of `cargo metadata`.
///
/// # Panics
/// If it is not that.
pub fn metadata(json: &str) -> Metadata {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("cargo metadata: {error}"))
}

/// Crates in the tree with a licence that is not on the list, refused crates, and crates that
/// are there in several versions but must not be. `at` is the crate.
pub fn supply(metadata: &Metadata, rules: &Supply) -> Vec<Violation> {
    let active: BTreeSet<&str> = metadata
        .resolve
        .nodes
        .iter()
        .map(|n| n.id.as_str())
        .collect();
    let mut violations = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in metadata
        .packages
        .iter()
        .filter(|p| active.contains(p.id.as_str()))
    {
        versions
            .entry(&package.name)
            .or_default()
            .push(&package.version);
        let name = format!("{} {}", package.name, package.version);
        if let Some(reason) = rules.refused.get(&package.name) {
            violations.push(Violation::new(
                &package.name,
                format!(
                    "{name} is refused: {reason}; `cargo tree -i {}` shows who wants it",
                    package.name
                ),
            ));
        }
        let own = metadata.workspace_members.contains(&package.id);
        let licence = package.license.as_deref().unwrap_or_default();
        if !own && !acceptable(licence, &rules.licences) {
            violations.push(Violation::new(
                &package.name,
                format!("{name}: its licence `{licence}` is not on the list in guards/rules.toml"),
            ));
        }
    }
    for name in &rules.single_version {
        let found = versions.get(name.as_str()).cloned().unwrap_or_default();
        if found.len() > 1 {
            violations.push(Violation::new(
                name,
                format!(
                    "{name} is in the tree as {}; one version only",
                    found.join(" and ")
                ),
            ));
        }
    }
    violations
}

/// Whether an SPDX expression can be met with licences of the list. `/` is an old way to say OR.
fn acceptable(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = either(&words, &mut at, allowed);
    met && at == words.len() && !words.is_empty()
}

fn either(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= both(words, at, allowed);
    }
    met
}

fn both(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else {
        // Ends in the middle: nothing that follows can make it whole.
        *at = usize::MAX;
        return false;
    };
    *at += 1;
    if *word == "(" {
        let met = either(words, at, allowed);
        *at = at.saturating_add(1);
        return met;
    }
    // An exception only permits more than the licence does.
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    allowed.iter().any(|licence| licence == word)
}
