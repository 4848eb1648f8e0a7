//! `loadgen experiment list`: what is shipped, what it expects, and what should explain it.

use std::fmt::Write as _;

use super::{experiment::differences, shipped};
use crate::suite::load::BadFile;

/// Width of the column of names.
const NAME: usize = 20;

/// Three lines an experiment, and how to run one.
pub(super) fn list() -> Result<String, BadFile> {
    let mut out = String::new();
    for (name, _) in shipped::EXPERIMENTS {
        let (experiment, _) = shipped::experiment(name)?;
        let claim = experiment.primary.first().map_or("-", String::as_str);
        let expected = experiment
            .expected
            .map_or_else(String::new, |direction| format!(" {direction}"));
        let why = experiment
            .why
            .as_deref()
            .filter(|why| *why != claim)
            .map_or_else(String::new, |why| format!("; explained by {why}"));
        let switches = differences(&experiment);
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            out,
            "{name:NAME$} {}\n{:NAME$}   {switches}\n{:NAME$}   {claim}{expected}{why}",
            experiment.suite.question, "", ""
        );
    }
    let _infallible = writeln!(
        out,
        "\n{} experiments. Run one with `loadgen experiment NAME`, or NAME --quick to see that it works.",
        shipped::EXPERIMENTS.len()
    );
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_experiment_is_listed_with_what_it_expects() {
        let text = list().unwrap();
        for (name, _) in shipped::EXPERIMENTS {
            assert!(
                text.contains(&format!("\n{name} ")) || text.starts_with(name),
                "{name}"
            );
        }
        assert!(
            text.contains("cache.connection: pool -> multiplexed"),
            "{text}"
        );
        assert!(
            text.contains("mentors.list p50 improves; explained by"),
            "{text}"
        );
    }
}
