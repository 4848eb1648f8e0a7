//! `loadgen experiment list`: the bundled experiments, what they expect, and what should explain it.

use crate::{
    cli::{
        failure::Failure,
        output::{columns, hanging, print},
    },
    exit, library,
};
use loadgen_engine::suite::load::BadFile;

/// Width of the column of names.
const NAME: usize = 20;

/// Prints the list.
pub(in crate::cli) fn run() -> Result<u8, Failure> {
    print(&list(columns())?)?;
    Ok(exit::PASSED)
}

/// Three lines an experiment, and how to run one.
fn list(columns: usize) -> Result<String, BadFile> {
    let mut out = String::new();
    for name in library::experiment_names() {
        let (experiment, _) = library::find_experiment(name)?;
        let claim = experiment.primary.first();
        let expected = experiment
            .expected
            .map_or_else(String::new, |direction| format!(" {direction}"));
        let why = experiment
            .why
            .as_ref()
            .filter(|why| Some(*why) != claim)
            .map_or_else(String::new, |why| format!("; explained by {why}"));
        let claim = claim.map_or_else(|| "-".to_owned(), ToString::to_string);
        let switches = experiment.describe_differences();
        let below = " ".repeat(NAME + 3);
        for (label, text) in [
            (format!("{name:NAME$} "), experiment.suite.question),
            (below.clone(), switches),
            (below, format!("{claim}{expected}{why}")),
        ] {
            out.push_str(&hanging(&label, &text, columns));
        }
    }
    let how = format!(
        "{} experiments. Run one with `loadgen experiment NAME`, or NAME --quick to check that it works.",
        library::experiment_names().count()
    );
    out.push('\n');
    out.push_str(&hanging("", &how, columns));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_experiment_is_listed_with_what_it_expects() {
        let text = list(usize::MAX).unwrap();
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
    #[test]
    fn a_terminal_of_80_columns_is_wide_enough() {
        for line in list(80).unwrap().lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
