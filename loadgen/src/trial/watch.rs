//! What a trial sees while its driver runs: the target, the machine, and how far the load is.

use std::{sync::Arc, time::SystemTime};

use super::{
    alarm::Alarm,
    job::{Bench, Place},
    ticks::{Ticks, target_now},
};
use crate::{
    driver::Progress,
    events::Tick,
    observer::{Host, Machine, Observation, Timeline},
};

/// Looks at target and machine while the driver runs, and tells where it stands.
pub(super) struct Watch<'a> {
    pub(super) bench: &'a Bench,
    pub(super) place: &'a Place<'a>,
    pub(super) progress: Arc<Progress>,
    pub(super) host: Host,
    pub(super) timeline: Timeline,
    pub(super) ticks: Ticks,
    pub(super) alarm: Alarm<'a>,
    /// The promise that ended the run, and the figure that broke it.
    pub(super) ended_by: Option<(String, String)>,
}

impl Watch<'_> {
    pub(super) async fn look(&mut self) {
        let snapshot = if self.bench.control.has_token() {
            // One that does not come in time is left out; the trial goes on.
            self.bench.control.telemetry().await.ok()
        } else {
            None
        };
        self.timeline.push(Observation {
            at: SystemTime::now(),
            snapshot,
            host: self.host.read(),
            machine: Machine::read(),
        });
        self.tick();
    }

    fn tick(&mut self) {
        let now = self.progress.snapshot();
        if self.ended_by.is_none()
            && let Some((threshold, figure)) = self.alarm.broken(&now)
        {
            self.bench.events.warning(format!(
                "`{threshold}` is broken ({figure}): the run ends here"
            ));
            self.ended_by = Some((threshold.text.clone(), figure));
        }
        let tick = self
            .ticks
            .tick(now, self.place.suite.windows, &self.timeline);
        self.bench.events.tick(Tick {
            arm: self.place.arm.name.clone(),
            block: self.place.block,
            blocks: self.place.blocks,
            elapsed: self.place.elapsed + tick.elapsed,
            total: self.place.total,
            target: target_now(&self.timeline),
            ..tick
        });
    }
}
