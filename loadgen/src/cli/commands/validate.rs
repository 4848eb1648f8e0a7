//! `loadgen validate`: reads a file as a run would, and prints what it would do.

use std::io::{self, Write};

use crate::{
    cli::{
        failure::Failure,
        flags::ValidateArgs,
        output::{closed_pipe, columns, hanging},
    },
    exit, library,
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::suite::{Suite, load};
use loadgen_experiment::{
    paired::{Experiment, file},
    summary::load_line,
    system::Application as _,
};

/// Checks every file; the first wrong one ends it.
pub(in crate::cli) fn run(args: &ValidateArgs) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    let columns = columns();
    for word in &args.files {
        let source = library::find_file(word)?;
        let written = if is_experiment(&source.text) {
            let experiment = file::parse(&source.text, &source.name, &CodeConnect)?;
            describe_experiment(&mut out, &source.name, &experiment, columns)
        } else {
            let suite = load::parse(&source.text, &source.name, CodeConnect.catalog())?;
            describe_suite(&mut out, &source.name, &suite, columns)
        };
        if let Err(error) = written {
            return closed_pipe(error);
        }
    }
    Ok(exit::PASSED)
}

/// Whether a file is an experiment's: it has an arm at its top level.
fn is_experiment(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("before:") || line.starts_with("after:"))
}

fn describe_suite(
    out: &mut impl Write,
    name: &str,
    suite: &Suite,
    columns: usize,
) -> io::Result<()> {
    writeln!(out, "{name}: a valid suite")?;
    describe_load(out, suite, columns)
}

fn describe_load(out: &mut impl Write, suite: &Suite, columns: usize) -> io::Result<()> {
    let mut line = |label: &str, text: &str| {
        let lines = hanging(&format!("  {label:10}  "), text, columns);
        out.write_all(lines.as_bytes())
    };
    if !suite.question.is_empty() {
        line("question", &suite.question)?;
    }
    line("load", &load_line(suite))?;
    let catalog = CodeConnect.catalog();
    let weights: f64 = suite.flows.iter().map(|share| share.weight).sum();
    for share in &suite.flows {
        let share_of = share.weight / weights * 100.0;
        line("flow", &format!("{share_of:5.1} %  {}", share.flow))?;
        if let Some(flow) = catalog.flow(&share.flow) {
            let operations = catalog.operation_names(flow).join(", ");
            line("", &format!("         {}: {operations}", flow.help))?;
        }
    }
    for threshold in &suite.thresholds {
        line("threshold", &threshold.to_string())?;
    }
    for fault in &suite.faults {
        line("fault", &format!("{} {}", fault.kind, fault.when()))?;
    }
    Ok(())
}

fn describe_experiment(
    out: &mut impl Write,
    name: &str,
    experiment: &Experiment,
    columns: usize,
) -> io::Result<()> {
    writeln!(out, "{name}: a valid experiment")?;
    describe_load(out, &experiment.suite, columns)?;
    let mut line = |label: &str, text: &str| {
        let lines = hanging(&format!("  {label:10}  "), text, columns);
        out.write_all(lines.as_bytes())
    };
    let blocks = format!(
        "{} of two trials, {} of load in all",
        experiment.blocks,
        experiment.planned()
    );
    line("blocks", &blocks)?;
    for metric in &experiment.primary {
        line("primary", &metric.to_string())?;
    }
    if let Some(direction) = experiment.expected {
        line("expected", &direction.to_string())?;
    }
    if let Some(why) = &experiment.why {
        line("explained", &format!("by {why}"))?;
    }
    for (path, before, after) in experiment.differences() {
        line("switch", &format!("{path}: {before} -> {after}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_files_are_described_with_their_load_and_their_switches() {
        for name in library::experiment_names() {
            let (experiment, source) = library::find_experiment(name).unwrap();
            assert!(is_experiment(&source.text), "{name}");
            let mut out = Vec::new();
            describe_experiment(&mut out, name, &experiment, 80).unwrap();
            let text = String::from_utf8(out).unwrap();
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
            let same = experiment.before == experiment.after;
            assert_eq!(text.contains("switch"), !same, "{text}");
            assert!(
                text.contains("blocks") && text.contains("expected"),
                "{text}"
            );
        }
        for name in library::suite_names() {
            let (_, source) = library::find_suite(name).unwrap();
            assert!(!is_experiment(&source.text), "{name}");
        }
    }
}
