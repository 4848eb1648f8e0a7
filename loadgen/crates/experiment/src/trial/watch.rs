//! What a trial sees while its driver runs: the target, the machine, and how far the load is.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    abort::AbortConditions,
    clock::CommandProgress,
    error::TrialError,
    job::{TestEnv, TrialSpec},
    live_thresholds,
    load_source::{GeneratedLoad, LoadSourceError},
    ticks::{Ticks, target_now},
};
use crate::{
    events::Tick,
    observer::{Host, LoadSeen, Machine, Observation, ObservationLog},
    verdict,
};
use loadgen_engine::threshold::Threshold;
use loadgen_engine::{
    clock::time_of_day,
    driver::{HttpTrace, Progress, ProgressSnapshot},
    suite::LoadModel,
};

/// Time between two observations of the target: two a second, so that every second has one.
const OBSERVE_EVERY: Duration = Duration::from_millis(500);

/// Observes target and machine while the driver runs, and publishes the progress.
pub(super) struct TrialWatch<'a> {
    env: &'a TestEnv,
    spec: &'a TrialSpec<'a>,
    /// Where the load stands in the command.
    course: CommandProgress,
    progress: Arc<Progress>,
    host: Host,
    pub(super) observations: ObservationLog,
    ticks: Ticks,
    abort: AbortConditions<'a>,
    /// The thresholds that are shown.
    thresholds: Vec<Threshold>,
    /// The threshold that ended the run, and the figure that broke it.
    pub(super) ended_by: Option<(String, String)>,
}

impl<'a> TrialWatch<'a> {
    /// Of a load that begins now, after a preparation that took so long.
    pub(super) fn begin(
        env: &'a TestEnv,
        spec: &'a TrialSpec<'a>,
        progress: Arc<Progress>,
        host: Host,
        preparation: Duration,
    ) -> Self {
        Self {
            env,
            spec,
            course: spec
                .course
                .at_load(preparation, !env.system.has_control_plane()),
            progress,
            host,
            observations: ObservationLog::default(),
            ticks: Ticks::default(),
            // Of an experiment both arms are measured to the end, however slow one of them is.
            abort: match spec.blocks {
                0 => AbortConditions::new(&spec.suite.thresholds),
                _ => AbortConditions::default(),
            },
            thresholds: shown_thresholds(spec),
            ended_by: None,
        }
    }

    /// Observes until the load has been generated; a broken threshold ends it by `stop`.
    pub(super) async fn until_generated(
        &mut self,
        mut driving: JoinHandle<Result<GeneratedLoad, LoadSourceError>>,
        stop: &CancellationToken,
    ) -> Result<GeneratedLoad, TrialError> {
        let env = self.env;
        let mut observation_interval = interval(OBSERVE_EVERY);
        observation_interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Not by who sends: a terminal may let a write wait.
        let print_exchanges = || env.trace.iter().for_each(HttpTrace::print);
        let driven = loop {
            tokio::select! {
                biased;
                done = &mut driving => break done,
                _ = observation_interval.tick() => {
                    self.observe().await;
                    print_exchanges();
                    if self.ended_by.is_some() {
                        stop.cancel();
                    }
                }
            }
        };
        print_exchanges();
        driven
            .map_err(|error| TrialError::Thread(error.to_string()))?
            .map_err(TrialError::from)
    }

    pub(super) async fn observe(&mut self) {
        // One that does not come in time is left out; the trial goes on.
        let snapshot = self.env.system.observe().await;
        let now = self.progress.snapshot();
        self.observations.push(Observation {
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
            .tick(now, self.spec.suite.windows, self.observations.newest());
        self.env.events.tick(Tick {
            arm: self.spec.arm.name.clone(),
            block: self.spec.block,
            blocks: self.spec.blocks,
            elapsed: self.course.elapsed() + tick.elapsed,
            total: self.course.total(),
            total_known: self.course.is_complete(),
            thresholds,
            target: target_now(self.observations.newest()),
            ..tick
        });
    }
}

/// The thresholds that the arm of this trial is compared with: an experiment applies them to its
/// second arm.
fn shown_thresholds(spec: &TrialSpec<'_>) -> Vec<Threshold> {
    if spec.arm.name.is_before() {
        return Vec::new();
    }
    let all = verdict::in_force(&spec.suite.thresholds).into_iter();
    all.map(|(threshold, _)| threshold).collect()
}
