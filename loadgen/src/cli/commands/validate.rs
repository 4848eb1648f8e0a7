//! `loadgen validate`: reads a file as a run would, and prints what it would do.

use std::io::{self, Write};

use crate::{
    cli::{failure::Failure, flags::ValidateArgs, output::closed_pipe},
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
    for word in &args.files {
        let source = library::find_file(word)?;
        let written = if is_experiment(&source.text) {
            let experiment = file::parse(&source.text, &source.name, &CodeConnect)?;
            describe_experiment(&mut out, &source.name, &experiment)
        } else {
            let suite = load::parse(&source.text, &source.name, CodeConnect.catalog())?;
            describe_suite(&mut out, &source.name, &suite)
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

fn describe_suite(out: &mut impl Write, name: &str, suite: &Suite) -> io::Result<()> {
    writeln!(out, "{name}: a valid suite")?;
    describe_load(out, suite)
}

fn describe_load(out: &mut impl Write, suite: &Suite) -> io::Result<()> {
    if !suite.question.is_empty() {
        writeln!(out, "  question    {}", suite.question)?;
    }
    writeln!(out, "  load        {}", load_line(suite))?;
    let catalog = CodeConnect.catalog();
    let weights: f64 = suite.flows.iter().map(|share| share.weight).sum();
    for share in &suite.flows {
        writeln!(
            out,
            "  flow        {:5.1} %  {}",
            share.weight / weights * 100.0,
            share.flow
        )?;
        if let Some(flow) = catalog.flow(&share.flow) {
            let operations = catalog.operation_names(flow).join(", ");
            writeln!(out, "                       {}: {operations}", flow.help)?;
        }
    }
    for threshold in &suite.thresholds {
        writeln!(out, "  threshold   {threshold}")?;
    }
    Ok(())
}

fn describe_experiment(
    out: &mut impl Write,
    name: &str,
    experiment: &Experiment,
) -> io::Result<()> {
    writeln!(out, "{name}: a valid experiment")?;
    describe_load(out, &experiment.suite)?;
    writeln!(
        out,
        "  blocks      {} of two trials, {} of load in all",
        experiment.blocks,
        experiment.planned()
    )?;
    for name in &experiment.primary {
        writeln!(out, "  primary     {name}")?;
    }
    if let Some(direction) = experiment.expected {
        writeln!(out, "  expected    {direction}")?;
    }
    if let Some(why) = &experiment.why {
        writeln!(out, "  explained   by {why}")?;
    }
    for (path, before, after) in experiment.differences() {
        writeln!(out, "  switch      {path}: {before} -> {after}")?;
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
            describe_experiment(&mut out, name, &experiment).unwrap();
            let text = String::from_utf8(out).unwrap();
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
