//! `loadgen validate`: reads a file as a run would, and says what it would do.

use std::io::{self, Write};

use super::{
    args::ValidateArgs,
    outcome::{Failure, closed_pipe},
    shipped,
    summary::load_line,
};
use crate::{
    codeconnect::CodeConnect,
    exit,
    experiment::{Experiment, file},
    suite::{Suite, load},
    system::Application as _,
};

/// Checks every file; the first wrong one ends it.
pub(super) fn run(args: &ValidateArgs) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    for word in &args.files {
        let source = shipped::either(word)?;
        let written = if is_experiment(&source.text) {
            let experiment = file::parse(&source.text, &source.name, &CodeConnect)?;
            tell_experiment(&mut out, &source.name, &experiment)
        } else {
            let suite = load::parse(&source.text, &source.name, CodeConnect.catalog())?;
            tell_suite(&mut out, &source.name, &suite)
        };
        if let Err(error) = written {
            return closed_pipe(error);
        }
    }
    Ok(exit::PASSED)
}

/// A file with a `before` arm at its top level is an experiment's.
fn is_experiment(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("before:") || line.starts_with("after:"))
}

fn tell_suite(out: &mut impl Write, name: &str, suite: &Suite) -> io::Result<()> {
    writeln!(out, "{name}: a suite, and it is right")?;
    tell(out, suite)
}

fn tell(out: &mut impl Write, suite: &Suite) -> io::Result<()> {
    if !suite.question.is_empty() {
        writeln!(out, "  question    {}", suite.question)?;
    }
    writeln!(out, "  load        {}", load_line(suite))?;
    let weights: f64 = suite.flows.iter().map(|share| share.weight).sum();
    for share in &suite.flows {
        writeln!(
            out,
            "  flow        {:5.1} %  {}",
            share.weight / weights * 100.0,
            share.flow
        )?;
    }
    for threshold in &suite.thresholds {
        writeln!(out, "  threshold   {threshold}")?;
    }
    Ok(())
}

fn tell_experiment(out: &mut impl Write, name: &str, experiment: &Experiment) -> io::Result<()> {
    writeln!(out, "{name}: an experiment, and it is right")?;
    tell(out, &experiment.suite)?;
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
    for (path, before, after) in experiment
        .before
        .settings
        .differences(&experiment.after.settings)
    {
        writeln!(out, "  switch      {path}: {before} -> {after}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_tells_its_load_and_its_switches() {
        for (name, text) in shipped::EXPERIMENTS {
            assert!(is_experiment(text), "{name}");
            let mut out = Vec::new();
            let experiment = file::parse(text, name, &CodeConnect).unwrap();
            tell_experiment(&mut out, name, &experiment).unwrap();
            let told = String::from_utf8(out).unwrap();
            let same = experiment.before == experiment.after;
            assert_eq!(told.contains("switch"), !same, "{told}");
            assert!(
                told.contains("blocks") && told.contains("expected"),
                "{told}"
            );
        }
        for (name, text) in shipped::SUITES {
            assert!(!is_experiment(text), "{name}");
        }
    }
}
