//! What the application under test says of itself for reports: areas, labels, processes. A report
//! holds no such word of its own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::summary::Operation;

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
    /// The metrics that an experiment decides on where its file names none.
    pub primary_metrics: Vec<String>,
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
    /// How often each thing got done, of those that were tried: label and count.
    pub fn completed<'a>(&'a self, operations: &[Operation]) -> Vec<(&'a str, u64)> {
        let count = |one: &'a Completion| {
            let of = |operation: &&Operation| {
                operation.planned > 0 && one.operations.contains(&operation.name)
            };
            let mut tried = operations.iter().filter(of).peekable();
            tried.peek()?;
            let all = tried.map(Operation::completed).fold(0, u64::saturating_add);
            Some((one.label.as_str(), all))
        };
        self.completions.iter().filter_map(count).collect()
    }

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

#[cfg(test)]
mod tests {
    use super::super::{percentile::Percentiles, summary::Cost};
    use super::*;

    fn operation(name: &str, outcomes: &[(&str, u64)], statuses: &[(u16, u64)]) -> Operation {
        let named = |(name, count): &(&str, u64)| ((*name).to_owned(), *count);
        Operation {
            name: name.to_owned(),
            planned: outcomes.iter().map(|(_, count)| count).sum(),
            outcomes: outcomes.iter().map(named).collect(),
            statuses: statuses.iter().copied().collect(),
            rate_per_s: 0.0,
            success: 0.0,
            response: Percentiles::default(),
            service: Percentiles::default(),
            bytes_in: 0,
            cost: Cost::default(),
            spectrum: Vec::new(),
            anatomy: Vec::new(),
        }
    }

    #[test]
    fn what_was_refused_as_it_should_be_is_not_done_and_what_was_not_tried_is_absent() {
        let completion = |label: &str, operations: &[&str]| Completion {
            label: label.to_owned(),
            operations: operations.iter().map(|one| (*one).to_owned()).collect(),
        };
        let application = ApplicationInfo {
            completions: vec![
                completion("orders placed", &["orders.create", "orders.race"]),
                completion("messages delivered", &["chat.deliver"]),
                completion("logins", &["auth.login"]),
            ],
            ..ApplicationInfo::default()
        };
        let operations = [
            operation("orders.create", &[("ok", 9), ("timeout", 2)], &[(201, 9)]),
            // A conflict is a right answer, and no order.
            operation("orders.race", &[("ok", 20)], &[(201, 1), (409, 19)]),
            // A message has no status.
            operation("chat.deliver", &[("ok", 30)], &[]),
            operation("auth.login", &[], &[]),
        ];
        assert_eq!(
            application.completed(&operations),
            [("orders placed", 10), ("messages delivered", 30)]
        );
    }
}
