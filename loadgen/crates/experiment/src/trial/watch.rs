//! What a trial sees while its driver runs: the target, the machine, and how far the load is.

use std::sync::Arc;

use super::{
    abort::AbortConditions,
    clock::CommandProgress,
    job::{TestEnv, TrialSpec},
    live_thresholds,
    ticks::{Ticks, target_now},
};
use crate::{
    events::Tick,
    observer::{Host, LoadSeen, Machine, Observation, ObservationLog},
};
use loadgen_engine::threshold::Threshold;
use loadgen_engine::{
    clock::time_of_day,
    driver::{Progress, ProgressSnapshot},
    suite::LoadModel,
};

/// Looks at target and machine while the driver runs, and publishes the progress.
pub(super) struct TrialWatch<'a> {
    pub(super) env: &'a TestEnv,
    pub(super) spec: &'a TrialSpec<'a>,
    /// Where the load stands in the command.
    pub(super) course: CommandProgress,
    pub(super) progress: Arc<Progress>,
    pub(super) host: Host,
    pub(super) looks: ObservationLog,
    pub(super) ticks: Ticks,
    pub(super) abort: AbortConditions<'a>,
    /// The thresholds that are shown.
    pub(super) thresholds: Vec<Threshold>,
    /// The threshold that ended the run, and the figure that broke it.
    pub(super) ended_by: Option<(String, String)>,
}

impl TrialWatch<'_> {
    pub(super) async fn look(&mut self) {
        // One that does not come in time is left out; the trial goes on.
        let snapshot = self.env.system.observe().await;
        let now = self.progress.snapshot();
        self.looks.push(Observation {
            at: time_of_day(),
            snapshot,
            host: self.host.read(),
            machine: Machine::read(),
            load: self.progress.clock().map(|_| LoadSeen {
                started: now.offered,
                in_flight: now.open,
                users: matches!(self.spec.suite.load, LoadModel::Closed { .. })
                    .then_some(now.users),
            }),
        });
        self.tick(now);
    }

    fn tick(&mut self, now: ProgressSnapshot) {
        let catalog = self.env.system.application().catalog();
        if self.ended_by.is_none()
            && let Some((threshold, figure)) = self.abort.broken(catalog, &now)
        {
            self.env.events.warning(format!(
                "`{threshold}` is broken ({figure}): the run ends here"
            ));
            self.ended_by = Some((threshold.text.clone(), figure));
        }
        let thresholds = live_thresholds::so_far(&self.thresholds, catalog, &now);
        let tick = self
            .ticks
            .tick(now, self.spec.suite.windows, self.looks.newest());
        self.env.events.tick(Tick {
            arm: self.spec.arm.name.clone(),
            block: self.spec.block,
            blocks: self.spec.blocks,
            elapsed: self.course.elapsed() + tick.elapsed,
            total: self.course.total(),
            total_known: self.course.is_complete(),
            thresholds,
            target: target_now(self.looks.newest()),
            ..tick
        });
    }
}
