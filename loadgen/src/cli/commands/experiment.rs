//! `loadgen experiment`: paired trials of two profiles.

use std::path::PathBuf;

use shared::time::Millis;

use crate::{
    cli::{
        failure::Failure,
        flags::ExperimentArgs,
        plan::plan_experiment,
        session::{MeasuredSession, ServiceSource, signalled},
    },
    library::SourceFile,
    web::WebServer,
};
use loadgen_codeconnect::CodeConnect;
use loadgen_experiment::{
    paired::{self, CONTROL_BLOCKS, Experiment},
    schema::Summary,
    summary,
    system::Application as _,
    trial::TestEnv,
};

/// Runs it, shown on `page` if there is one; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &ExperimentArgs, page: Option<&WebServer>) -> Result<u8, Failure> {
    let (experiment, source) = plan_experiment(args)?;
    let session = begin(args, &experiment, &source, page);
    let services = services(args, &experiment)?;
    session.work(&services, async |bench, own_stack| {
        pairs(args, &experiment, &services, &session, bench, own_stack).await
    })
}

/// An experiment that came to its end.
pub(super) struct MeasuredExperiment {
    /// What it found.
    pub(super) summary: Summary,
    /// The folder that it is stored in.
    pub(super) folder: Option<PathBuf>,
    /// Whether all of it could be stored.
    pub(super) stored: Result<(), Failure>,
    /// Whether a signal asked for the end, also where it came too late to interrupt anything.
    pub(super) signalled: bool,
}

/// Runs it without printing its report.
pub(super) fn measure(
    args: &ExperimentArgs,
    page: Option<&WebServer>,
) -> Result<MeasuredExperiment, Failure> {
    let (experiment, source) = plan_experiment(args)?;
    let session = begin(args, &experiment, &source, page);
    let services = services(args, &experiment)?;
    let summary = session.measure(&services, async |bench, own_stack| {
        pairs(args, &experiment, &services, &session, bench, own_stack).await
    })?;
    Ok(MeasuredExperiment {
        summary,
        folder: session.folder().map(|folder| folder.path().to_owned()),
        stored: session.check_written(),
        signalled: signalled(),
    })
}

/// Its session; nothing is started yet.
fn begin<'a>(
    args: &'a ExperimentArgs,
    experiment: &Experiment,
    source: &'a SourceFile,
    page: Option<&WebServer>,
) -> MeasuredSession<'a> {
    let name = &experiment.suite.name;
    MeasuredSession::begin(&args.result, "experiment", name, source).on_page(page)
}

/// The services that the experiment runs against; refuses those that it cannot run against.
pub(super) fn services(
    args: &ExperimentArgs,
    experiment: &Experiment,
) -> Result<ServiceSource, Failure> {
    let mut services = ServiceSource::from_flags(&args.target)?;
    services.needs_lab()?;
    services.default_scale(experiment.scale);
    match experiment.topologies() {
        Some(topologies) => services.give_arms(topologies)?,
        None => services.default_topology(experiment.suite.topology)?,
    }
    services.check_figures(experiment.primary.iter().chain(&experiment.why))?;
    Ok(services)
}

/// The measured part.
async fn pairs(
    args: &ExperimentArgs,
    experiment: &Experiment,
    services: &ServiceSource,
    session: &MeasuredSession<'_>,
    bench: &TestEnv,
    own_stack: bool,
) -> Result<Summary, Failure> {
    session.announce(bench, &experiment.suite);
    bench.events.note(experiment.describe_differences());
    bench.events.note(estimate(experiment));
    let workers = usize::from(args.load.workers);
    let mut store = |outcome: &_| session.store_trial(bench, outcome);
    let finished = Box::pin(paired::run(bench, experiment, workers, &mut store)).await;
    let context = session.context(bench, own_stack, services.warnings());
    if finished.trials.is_empty() {
        return Err(finished.error.map_or(Failure::Interrupted, Failure::from));
    }
    Ok(summary::of_experiment(context, experiment, &finished))
}

/// Number and length of the trials, their load, and what they can be expected to show.
fn estimate(experiment: &Experiment) -> String {
    let windows = experiment.suite.windows;
    let trials = u64::from(experiment.blocks + experiment.control_blocks()) * 2;
    let load = Millis(trials * windows.planned().0);
    let controls = match experiment.controls.len() {
        0 => String::new(),
        some => format!(" after {some} controls of {CONTROL_BLOCKS}"),
    };
    let feasibility = match paired::feasibility(experiment, CodeConnect.catalog()) {
        none if none.is_empty() => none,
        some => format!("; {some}"),
    };
    let blocks = if experiment.most_blocks > experiment.blocks {
        format!("{} to {}", experiment.blocks, experiment.most_blocks)
    } else {
        experiment.blocks.to_string()
    };
    let longest = experiment.longest_time();
    format!(
        "{blocks} blocks of two trials{controls}, each {} warm-up and {} measured: {load} of load, and about {longest} at most with set-up, audits and searches{feasibility}",
        windows.warm_up, windows.measure,
    )
}
