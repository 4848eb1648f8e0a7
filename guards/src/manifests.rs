//! The workspace's `Cargo.toml` files: its crates, and what each of them depends on.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::tree::{self, Tree};

/// One crate of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: String,
    /// Names under which the manifest lists dependencies, of all kinds.
    pub dependencies: Vec<Dependency>,
}

/// One line of a manifest.
#[derive(Debug)]
pub struct Dependency {
    /// The name that sources write, with `-`.
    pub name: String,
    /// The folder, if it is a crate of this workspace.
    pub folder: Option<String>,
}

/// Every crate that a manifest of the tree describes, in the order of folders.
///
/// # Panics
/// If a manifest is not TOML.
pub fn packages(tree: &Tree) -> Vec<Package> {
    let manifests: Vec<(&str, Table)> = tree
        .sources
        .iter()
        .filter(|source| source.name() == "Cargo.toml")
        .map(|source| {
            let table = source
                .text
                .parse()
                .unwrap_or_else(|error| panic!("{}: {error}", source.path));
            (tree::folder(&source.path), table)
        })
        .collect();
    let shared = manifests
        .iter()
        .find(|(folder, _)| folder.is_empty())
        .and_then(|(_, root)| root.get("workspace")?.get("dependencies")?.as_table())
        .map_or_else(BTreeMap::new, |table| paths("", table));
    manifests
        .iter()
        .filter_map(|(folder, manifest)| {
            let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
            let dependencies = sections(manifest)
                .into_iter()
                .flat_map(|table| {
                    let own = paths(folder, table);
                    table
                        .iter()
                        .map(|(name, value)| Dependency {
                            name: name.clone(),
                            folder: if inherited(value) {
                                shared.get(name).cloned()
                            } else {
                                own.get(name).cloned()
                            },
                        })
                        .collect::<Vec<_>>()
                })
                .collect();
            Some(Package {
                name,
                folder: (*folder).to_owned(),
                dependencies,
            })
        })
        .collect()
}

fn inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Every table of dependencies, those of `[target.…]` too.
fn sections(manifest: &Table) -> Vec<&Table> {
    let mut places = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(Value::as_table) {
        places.extend(targets.values().filter_map(Value::as_table));
    }
    let names = ["dependencies", "dev-dependencies", "build-dependencies"];
    places
        .into_iter()
        .flat_map(|place| names.iter().filter_map(|name| place.get(*name)?.as_table()))
        .collect()
}

/// Dependencies that give a path: name and folder from the root.
fn paths(folder: &str, table: &Table) -> BTreeMap<String, String> {
    table
        .iter()
        .filter_map(|(name, value)| {
            let path = value.get("path")?.as_str()?;
            Some((name.clone(), clean(folder, path)))
        })
        .collect()
}

/// `path`, written in `folder`, from the root and without `..`.
pub fn clean(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}
