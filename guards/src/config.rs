//! The three files that the rules are configured by: `layers.toml`, `rules.toml`, `exceptions.toml`.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, de::DeserializeOwned};

/// `layers.toml`: one entry a crate, by its folder.
pub type Layers = BTreeMap<String, CrateRules>;

/// What one crate may import.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrateRules {
    /// Folders of the workspace's crates that it may depend on.
    pub uses: Vec<String>,
    /// Of a crate that it uses, by name: the only modules that its product code may name.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// Its top-level modules, lowest layer first.
    #[serde(default)]
    pub layers: Vec<Vec<String>>,
    /// Imports inside one layer that are allowed, as `from -> to`.
    #[serde(default)]
    pub sideways: Vec<String>,
    /// For a module, named like `cli` or `cli::session`, the modules inside of it, lowest layer first.
    #[serde(default)]
    pub inside: BTreeMap<String, Vec<Vec<String>>>,
}

/// `rules.toml`: the lists that the other rules use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Words of the reference backend, and the folders that must not hold them.
    pub vocabulary: Vocabulary,
    /// Crates that a folder's manifest must not name.
    pub refused_dependencies: BTreeMap<String, Vec<String>>,
    /// Dependencies that no source names, with the reason why they are needed all the same.
    pub unnamed_dependencies: BTreeMap<String, String>,
    /// Files that suspend a ban of `clippy.toml`, each with the reason.
    pub suspended_bans: BTreeMap<String, String>,
    /// Type names that several modules may have, because the ecosystem has them everywhere.
    pub ecosystem_type_names: Vec<String>,
    /// Names that are a whole doc comment: products and formats.
    pub proper_names: Vec<String>,
    /// Paths that documents name and that only exist at run time, as prefixes.
    pub generated_paths: Vec<String>,
    /// Licences and crates of the dependency tree.
    pub supply: Supply,
}

/// See [`Rules::vocabulary`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Folders that must stay free of the words.
    pub folders: Vec<String>,
    /// The application's folder of features: the name of each folder in it is a word, and so is its singular.
    pub features: String,
    /// Those of these that generic code needs in another meaning.
    #[serde(default)]
    pub general: Vec<String>,
    /// Further words in lower case, each as a whole part of an identifier or of a text; one with a hyphen as
    /// parts that follow each other.
    pub words: Vec<String>,
    /// Words that mean something else in a folder or a file.
    #[serde(default)]
    pub other_meaning: BTreeMap<String, Vec<String>>,
}

/// See [`Rules::supply`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// SPDX identifiers that are acceptable.
    pub licences: Vec<String>,
    /// Crates that must not be in the tree, each with its reason.
    pub refused: BTreeMap<String, String>,
    /// Crates that must be in the tree in one version only.
    pub single_version: Vec<String>,
}

/// One tolerated violation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Name of the rule.
    pub rule: String,
    /// What is tolerated, as the rule's violations name it.
    pub at: String,
    /// How much of it; lower it as it shrinks.
    #[serde(default = "one")]
    pub size: usize,
    /// Why it is tolerated.
    pub reason: String,
}

fn one() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionFile {
    #[serde(default)]
    exception: Vec<Exception>,
}

/// Reads a TOML text.
///
/// # Panics
/// If the text is not what `T` describes: the guards cannot run then.
pub fn parse<T: DeserializeOwned>(name: &str, text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|error| panic!("guards/{name}: {error}"))
}

fn read<T: DeserializeOwned>(guards: &Path, name: &str) -> T {
    let text = fs::read_to_string(guards.join(name))
        .unwrap_or_else(|error| panic!("guards/{name}: {error}"));
    parse(name, &text)
}

/// Reads `layers.toml` of the folder `guards`.
pub fn layers(guards: &Path) -> Layers {
    read(guards, "layers.toml")
}

/// Reads `rules.toml` of the folder `guards`.
pub fn rules(guards: &Path) -> Rules {
    read(guards, "rules.toml")
}

/// Reads `exceptions.toml` of the folder `guards`.
pub fn exceptions(guards: &Path) -> Vec<Exception> {
    read::<ExceptionFile>(guards, "exceptions.toml").exception
}
