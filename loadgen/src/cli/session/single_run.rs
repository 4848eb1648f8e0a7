//! One trial of one configuration: what `loadgen run` and `loadgen http` measure.

use super::measured::MeasuredSession;
use crate::cli::failure::Failure;
use loadgen_engine::suite::Suite;
use loadgen_experiment::{
    paired::{PlannedThreshold, planned_thresholds},
    schema::Summary,
    summary,
    trial::{self, ArmConfig, CommandProgress, TestEnv, TrialOutcome, TrialSpec},
};

/// One trial of one configuration.
#[derive(Debug)]
pub(in crate::cli) struct SingleRun<'a> {
    /// The load.
    pub(in crate::cli) suite: &'a Suite,
    /// The configuration; its name is that of the trial's folder.
    pub(in crate::cli) arm: &'a ArmConfig,
    /// Seed of the trial.
    pub(in crate::cli) seed: u64,
    /// Number of sender threads.
    pub(in crate::cli) workers: u16,
    /// Warnings for the reader of the report.
    pub(in crate::cli) warnings: Vec<String>,
}

impl SingleRun<'_> {
    /// Measures and stores it; returns its summary and what that was made from.
    pub(in crate::cli) async fn measure(
        self,
        session: &MeasuredSession<'_>,
        bench: &TestEnv,
        own_stack: bool,
    ) -> Result<(Summary, TrialOutcome), Failure> {
        session.announce(bench, self.suite);
        let catalog = bench.system.application().catalog();
        for short in planned_thresholds(self.suite, catalog)
            .iter()
            .filter_map(PlannedThreshold::shortage)
        {
            bench.events.warning(short);
        }
        let spec = TrialSpec {
            suite: self.suite,
            arm: self.arm,
            block: 0,
            blocks: 0,
            folder: self.arm.name.to_string(),
            seed: self.seed,
            workers: usize::from(self.workers),
            explained: true,
            course: CommandProgress::single(self.suite.windows.planned().duration()),
        };
        let outcome = Box::pin(trial::run(bench, &spec)).await?;
        session.store_trial(bench, &outcome);
        let context = session.context(bench, own_stack, self.warnings);
        let summary = summary::of_run(context, self.suite, self.arm, &outcome);
        Ok((summary, outcome))
    }
}
