//! `loadgen factorial`: two to five switches, each at two values, in every combination.

use std::fmt::Write as _;

use shared::{dataset::Scale, time::Millis};

use crate::{
    cli::{
        failure::Failure,
        flags::FactorialArgs,
        plan::plan_factorial,
        session::{MeasuredSession, ServiceSource},
    },
    live::TerminalCapabilities,
};
use loadgen_experiment::{
    factorial::{self, FactorialOutcome, FactorialPlan},
    schema::{SCHEMA_VERSION, Summary},
    summary::{self, load_line},
    trial::TestEnv,
};
use loadgen_report::render::{self, Factorial};

/// Runs it; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &FactorialArgs) -> Result<u8, Failure> {
    let (plan, source) = plan_factorial(args)?;
    let mut services = ServiceSource::from_flags(&args.target)?;
    services.needs_lab()?;
    services.default_scale(Scale::Small);
    services.default_topology(plan.suite.topology)?;
    services.check_figures([&plan.metric])?;
    let session = MeasuredSession::begin(&args.result, "factorial", &plan.suite.name, &source);
    let work = async |bench: &TestEnv, own_stack: bool| {
        session.announce(bench, &plan.suite);
        bench.events.note(estimate(&plan));
        let workers = usize::from(args.load.workers);
        let finished = factorial::run(bench, &plan, workers, &mut |outcome| {
            session.store_trial(bench, outcome);
        })
        .await;
        if finished.trials.is_empty() {
            return Err(finished.error.map_or(Failure::Interrupted, Failure::from));
        }
        let context = session.context(bench, own_stack, services.warnings());
        let load = format!(
            "{}; {} combinations, {} replicates, in random order",
            load_line(&plan.suite),
            plan.arms.len(),
            plan.replicates
        );
        let summary = summary::of_factorial(context, &plan.suite, load, &finished);
        Ok((stored_factorial(&plan, &finished, &summary), summary))
    };
    let ((mut stored, mut summary), warnings) = session.hold(&services, work)?;
    summary.warnings.extend(warnings.iter().cloned());
    stored.warnings.extend(warnings);
    close(&session, &stored, &summary)
}

/// Stores and prints the report. The folder contains `factorial.json` and `factorial.md` in place of
/// a summary, which has two arms.
fn close(
    session: &MeasuredSession<'_>,
    stored: &Factorial,
    summary: &Summary,
) -> Result<u8, Failure> {
    let look = TerminalCapabilities::of_stdout();
    let mut text = render::factorial(stored, look.width, look.colour);
    if let Some(folder) = session.folder() {
        let page = render::factorial_markdown(stored);
        let written = folder
            .write_json("factorial.json", stored)
            .and_then(|()| folder.close(summary, &[("factorial.md", page)]));
        match written {
            Ok(()) => {
                let path = folder.path().join("factorial.md");
                // Writing to a String cannot fail.
                let _infallible = write!(text, "\nReport: {}\n", path.display());
            }
            Err(error) => session.not_stored(error),
        }
    }
    let printed = session.print(&text);
    session.publish(summary, printed, None)
}

/// What is stored of the experiment.
fn stored_factorial(
    plan: &FactorialPlan,
    finished: &FactorialOutcome,
    summary: &Summary,
) -> Factorial {
    Factorial {
        schema_version: SCHEMA_VERSION,
        started_at: summary.started_at,
        took_s: summary.took_s,
        load: summary.load.clone(),
        metric: plan.metric.clone(),
        unit: plan.metric.description().unit.to_string(),
        factors: plan.factors.clone(),
        fraction: plan.fraction(),
        replicates: plan.replicates,
        whole_replicates: finished.values.first().map_or(0, Vec::len),
        reading: factorial::analyze(plan, &finished.values),
        verdict: summary.verdict.clone(),
        warnings: summary.warnings.clone(),
    }
}

/// Number of trials, and their load.
fn estimate(plan: &FactorialPlan) -> String {
    let windows = plan.suite.windows;
    let load = Millis(u64::from(plan.trials()) * windows.planned().0);
    format!(
        "{} combinations of {} switches, {} time(s) each: {} trials, {load} of load; the first shows how long set-up and audits take besides",
        plan.arms.len(),
        plan.factors.len(),
        plan.replicates,
        plan.trials(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flags::one_command::flags_of;

    #[test]
    fn the_estimate_counts_every_trial() {
        let words = "factorial --factor pool.max=5,200 --factor cache.mentors=off,redis --flow mentors.browse --replicates 2";
        let args = flags_of(words.split(' ')).unwrap();
        let (plan, _) = plan_factorial(&args).unwrap();
        let text = estimate(&plan);
        assert!(text.contains("8 trials, 80s of load"), "{text}");
    }
}
