//! The suites and experiments that come with the program, and how a name becomes a file.

use std::path::Path;

use crate::{
    experiment::{Experiment, file},
    suite::{
        Suite,
        load::{self, BadFile, nearest},
    },
};

/// Suites: name and text.
pub(super) const SUITES: &[(&str, &str)] = &[
    ("smoke", include_str!("../../suites/smoke.yaml")),
    ("core", include_str!("../../suites/core.yaml")),
];

macro_rules! experiments {
    ($( $name:literal ),+ $(,)?) => {
        &[ $( ($name, include_str!(concat!("../../experiments/", $name, ".yaml"))) ),+ ]
    };
}

/// Experiments: name and text, in the order in which they are listed.
pub(super) const EXPERIMENTS: &[(&str, &str)] = experiments![
    "before_after",
    "control",
    "queries_alone",
    "cache_alone",
    "mentor_query",
    "mentor_index",
    "review_index",
    "booking_index",
    "calendar_index",
    "mentor_pagination",
    "mentor_total",
    "mentor_cache",
    "mentor_cache_ttl",
    "cache_store",
    "cache_connection",
    "cache_single_flight",
    "cache_invalidation",
    "cache_versioned",
    "cache_tiered",
    "cache_jitter",
    "booking_cache",
    "user_cache",
    "pool_size",
    "pool_starved",
    "pool_checkout",
    "pool_ping",
    "hash_placement",
    "login_queries",
    "booking_strategy",
    "booking_locks",
    "booking_serializable",
    "booking_unique",
    "booking_idempotency",
    "sync_commit",
    "statement_cache",
    "statement_timeout",
    "fulltext_index",
    "open_slot_index",
    "mentor_order_indexes",
    "chat_member_index",
    "chat_batched",
    "http_compression",
    "http_admission",
];

/// A file's text, where it was found.
pub(super) struct Source {
    /// Path, or name of a shipped one.
    pub(super) name: String,
    /// Its text, byte for byte.
    pub(super) text: String,
}

/// The names of the suites.
pub(super) fn suites() -> Vec<&'static str> {
    SUITES.iter().map(|(name, _)| *name).collect()
}

/// The suite of that path or name.
pub(super) fn suite(word: &str) -> Result<(Suite, Source), BadFile> {
    let source = find("suite", word, SUITES)?;
    Ok((load::parse(&source.text, &source.name)?, source))
}

/// The experiment of that path or name.
pub(super) fn experiment(word: &str) -> Result<(Experiment, Source), BadFile> {
    let source = find("experiment", word, EXPERIMENTS)?;
    Ok((file::parse(&source.text, &source.name)?, source))
}

/// The suite or experiment of that path or name.
pub(super) fn either(word: &str) -> Result<Source, BadFile> {
    let all: Vec<(&str, &str)> = SUITES.iter().chain(EXPERIMENTS).copied().collect();
    find("suite or experiment", word, &all)
}

fn find(kind: &str, word: &str, shipped: &[(&str, &str)]) -> Result<Source, BadFile> {
    let path = Path::new(word);
    if path.is_file() {
        return Ok(Source {
            name: word.to_owned(),
            text: load::read_text(path)?,
        });
    }
    // A path to where a shipped file would be in the repository names it as well.
    let stem = path
        .file_name()
        .map_or(word, |name| name.to_str().unwrap_or(word));
    let stem = stem.strip_suffix(".yaml").unwrap_or(stem).replace('-', "_");
    if let Some((name, text)) = shipped.iter().find(|(name, _)| *name == stem) {
        return Ok(Source {
            name: format!("{name}.yaml"),
            text: (*text).to_owned(),
        });
    }
    let known = || shipped.iter().map(|(name, _)| *name);
    let all = known().collect::<Vec<_>>().join(", ");
    Err(BadFile(match nearest(&stem, known()) {
        Some(near) => format!(
            "`{word}` is neither a file nor a shipped {kind}; did you mean `{near}`? Shipped are {all}"
        ),
        None => format!("`{word}` is neither a file nor a shipped {kind}; shipped are {all}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{experiment::metrics, flows};

    #[test]
    fn everything_that_is_shipped_can_be_read_and_has_the_name_of_its_file() {
        for (name, _) in SUITES {
            assert_eq!(suite(name).unwrap().0.name, *name);
        }
        for (name, _) in EXPERIMENTS {
            let (experiment, _) = experiment(name).unwrap();
            assert_eq!(experiment.suite.name, *name);
            assert!(!experiment.suite.question.is_empty() && !experiment.hypothesis.is_empty());
            assert!(experiment.expected.is_some(), "{name} expects nothing");
            let flows = experiment
                .suite
                .flows
                .iter()
                .filter_map(|one| flows::flow(&one.flow));
            let operations: Vec<&str> = flows
                .flat_map(flows::Flow::operations)
                .map(|op| flows::operation_name(*op))
                .collect();
            let application = flows::application();
            let scope = crate::experiment::MetricScope {
                operations,
                caches: application.cache_kinds.keys().map(String::as_str).collect(),
                processes: application.processes.iter().map(String::as_str).collect(),
            };
            let known = metrics(&scope, 1.0);
            for metric in experiment.primary.iter().chain(&experiment.why) {
                assert!(
                    known.iter().any(|one| one.name == *metric),
                    "{name}: no trial has a `{metric}`"
                );
            }
            assert!(
                experiment.blocks >= 6,
                "{name} has too few blocks for an interval"
            );
        }
    }

    #[test]
    fn a_shipped_file_is_found_by_name_path_or_with_a_dash() {
        for word in [
            "before_after",
            "before-after",
            "experiments/before_after.yaml",
        ] {
            assert!(experiment(word).is_ok(), "{word}");
        }
        let error = suite("smoek").err().unwrap().to_string();
        assert!(error.contains("did you mean `smoke`"), "{error}");
    }
}
