//! The bans of `clippy.toml`: each has a planted violation, which clippy has to refuse, and a file may
//! suspend them only where `rules.toml` says why.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use serde::Deserialize;

use crate::{
    Violation,
    facts::RustFile,
    tree::{self, Tree},
};

/// The settings of clippy for the whole workspace.
pub const SETTINGS: &str = "clippy.toml";
/// Holds a planted violation of each ban. Clippy fails where one is not refused.
pub const PLANTED: &str = "target-app/src/bans.rs";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ClippySettings {
    #[serde(default)]
    disallowed_methods: Vec<Ban>,
    #[serde(default)]
    disallowed_types: Vec<Ban>,
    #[serde(default)]
    disallowed_macros: Vec<Ban>,
}

/// One ban. Nothing else may be said of one: clippy passes over a path that leads nowhere if it is told to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    path: String,
    reason: String,
}

/// Bans without a reason or a planted violation, by their path; and lints whose bans do not have an
/// expectation each, so that one could stand for several.
///
/// # Panics
/// If the settings are not what clippy reads, or a ban is not a path with a reason.
pub fn unproven(settings: &str, files: &[RustFile]) -> Vec<Violation> {
    let settings: ClippySettings =
        toml::from_str(settings).unwrap_or_else(|error| panic!("{SETTINGS}: {error}"));
    let planted = files.iter().find(|file| file.path == PLANTED);
    let expected = planted.map(suspensions).unwrap_or_default();
    let mut violations = Vec::new();
    for (lint, bans) in [
        ("disallowed_methods", settings.disallowed_methods),
        ("disallowed_types", settings.disallowed_types),
        ("disallowed_macros", settings.disallowed_macros),
    ] {
        for ban in &bans {
            let is_planted = planted.is_some_and(|file| {
                file.all_paths()
                    .any(|(_, path, _)| path.join("::") == ban.path)
            });
            if !is_planted {
                violations.push(Violation::new(
                    &ban.path,
                    format!(
                        "{SETTINGS}: `{}` has no planted violation in {PLANTED}",
                        ban.path
                    ),
                ));
            }
            if ban.reason.trim().is_empty() {
                violations.push(Violation::new(
                    &ban.path,
                    format!("{SETTINGS}: `{}` has no reason", ban.path),
                ));
            }
        }
        let expectations = expected.iter().filter(|(_, name)| name == lint).count();
        if expectations != bans.len() {
            violations.push(Violation::new(
                lint,
                format!(
                    "{PLANTED}: {expectations} expectations of `{lint}` for {} bans; each has one of its own",
                    bans.len()
                ),
            ));
        }
    }
    violations
}

/// Files that suspend a ban and are not listed, entries of the list that no file needs or that give no
/// reason, and settings that would replace those of the whole workspace. `at` is the file.
pub fn suspended(
    tree: &Tree,
    files: &[RustFile],
    listed: &BTreeMap<String, String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut needed = Vec::new();
    for file in files {
        let found = suspensions(file);
        if listed.contains_key(&file.path) && !found.is_empty() {
            needed.push(&file.path);
            continue;
        }
        for (line, lint) in found {
            violations.push(Violation::new(
                &file.path,
                format!(
                    "{}:{line}: `clippy::{lint}`: list the file under `suspended_bans` in guards/rules.toml, \
                     with the reason",
                    file.path
                ),
            ));
        }
    }
    for (path, reason) in listed {
        if !needed.contains(&path) {
            violations.push(Violation::new(
                path,
                format!("guards/rules.toml: `{path}` suspends no ban; remove it from the list"),
            ));
        }
        if reason.trim().is_empty() {
            violations.push(Violation::new(
                path,
                format!("guards/rules.toml: `{path}` suspends a ban without a reason"),
            ));
        }
    }
    let settings = tree.paths.iter().filter(|path| {
        matches!(tree::file_name(path), "clippy.toml" | ".clippy.toml") && *path != SETTINGS
    });
    for path in settings {
        violations.push(Violation::new(
            path,
            format!("{path}: replaces the bans of {SETTINGS} for its crate"),
        ));
    }
    let manifests = tree
        .ending("toml")
        .filter(|source| source.name() == "Cargo.toml" && source.text.contains("disallowed_"));
    for source in manifests {
        violations.push(Violation::new(
            &source.path,
            format!("{}: sets the lint that bans are made with", source.path),
        ));
    }
    violations
}

/// Where code names a lint that bans are made with, or a group of lints with it: line and lint. Read from
/// tokens, so that texts, comments and documentation do not count, and attributes of whole files do.
fn suspensions(file: &RustFile) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if file.text.contains("clippy") {
        collect(file.text.parse().unwrap_or_default(), &mut found);
    }
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for four in trees.windows(4) {
        if let [
            TokenTree::Ident(tool),
            TokenTree::Punct(_),
            TokenTree::Punct(_),
            TokenTree::Ident(lint),
        ] = four
        {
            let name = lint.to_string();
            let bans = name.starts_with("disallowed_") || matches!(name.as_str(), "style" | "all");
            if *tool == "clippy" && bans {
                found.push((lint.span().start().line, name));
            }
        }
    }
    for tree in trees {
        if let TokenTree::Group(group) = tree {
            collect(group.stream(), found);
        }
    }
}
