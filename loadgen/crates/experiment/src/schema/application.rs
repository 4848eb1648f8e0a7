//! What the application under test says of itself for reports: areas, labels, processes. A report
//! holds no such word of its own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The application's own names and labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationInfo {
    /// Its name.
    pub name: String,
    /// Its areas, in the order of a report.
    pub areas: Vec<ApplicationArea>,
    /// Its processes and services as the observer names them, the most interesting first.
    pub processes: Vec<String>,
    /// Label of each kind of cache.
    pub cache_kinds: BTreeMap<String, String>,
    /// What its users get done, and the operations that do it: the business figures of a report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub completions: Vec<Completion>,
}

/// Operations that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationArea {
    /// Its heading.
    pub label: String,
    /// Its operations, in order.
    pub operations: Vec<String>,
    /// Those of them that a short report shows.
    pub headline: Vec<String>,
}

/// Something that users get done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Completion {
    /// In the plural: `orders placed`.
    pub label: String,
    /// The operations each success of which is one.
    pub operations: Vec<String>,
}

impl ApplicationInfo {
    /// The area of an operation.
    pub fn area_of(&self, operation: &str) -> Option<&ApplicationArea> {
        self.areas
            .iter()
            .find(|area| area.operations.iter().any(|one| one == operation))
    }

    /// The label of a kind of cache; its name where it has none.
    pub fn cache_label<'a>(&'a self, kind: &'a str) -> &'a str {
        self.cache_kinds.get(kind).map_or(kind, String::as_str)
    }
}
