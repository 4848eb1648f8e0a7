//! `loadgen experiment list`: the bundled experiments, what they expect, and what should explain it.

use std::fmt::Write as _;

use crate::{
    cli::{failure::Failure, output::print},
    exit, library,
};
use loadgen_engine::suite::load::BadFile;

/// Width of the column of names.
const NAME: usize = 20;

/// Prints the list.
pub(in crate::cli) fn run() -> Result<u8, Failure> {
    print(&list()?)?;
    Ok(exit::PASSED)
}

/// Three lines an experiment, and how to run one.
fn list() -> Result<String, BadFile> {
    let mut out = String::new();
    for name in library::experiment_names() {
        let (experiment, _) = library::find_experiment(name)?;
        let claim = experiment.primary.first().map_or("-", String::as_str);
        let expected = experiment
            .expected
            .map_or_else(String::new, |direction| format!(" {direction}"));
        let why = experiment
            .why
            .as_deref()
            .filter(|why| *why != claim)
            .map_or_else(String::new, |why| format!("; explained by {why}"));
        let switches = experiment.describe_differences();
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            out,
            "{name:NAME$} {}\n{:NAME$}   {switches}\n{:NAME$}   {claim}{expected}{why}",
            experiment.suite.question, "", ""
        );
    }
    let _infallible = writeln!(
        out,
        "\n{} experiments. Run one with `loadgen experiment NAME`, or NAME --quick to check that it works.",
        library::experiment_names().count()
    );
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_experiment_is_listed_with_what_it_expects() {
        let text = list().unwrap();
        for name in library::experiment_names() {
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
