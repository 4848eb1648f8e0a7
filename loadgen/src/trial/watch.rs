//! What a trial sees while its driver runs: the target, the machine, and how far the load is.

use std::{sync::Arc, time::SystemTime};

use shared::time::Millis;

use super::{
    alarm::Alarm,
    job::{Bench, Place},
};
use crate::{
    driver::{self, Progress},
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
    pub(super) last: Option<driver::Snapshot>,
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
        let windows = self.place.suite.windows;
        let at = Millis(now.at.0 / 1_000_000);
        let phase = if at < windows.warm_up {
            "warm up"
        } else if at < windows.planned() {
            "measure"
        } else {
            "drain"
        };
        let rates = self.last.as_ref().map(|last| now.since(last));
        let target = self.timeline.last().and_then(|look| {
            let pool = &look.snapshot.as_ref()?.pool;
            let in_use = pool.size.saturating_sub(pool.idle);
            Some(format!(
                "pool {in_use}/{}, {} waiting",
                pool.max, pool.waiters
            ))
        });
        self.bench.events.tick(Tick {
            arm: self.place.arm.name.clone(),
            block: self.place.block,
            blocks: self.place.blocks,
            phase,
            elapsed: self.place.elapsed + at.duration().min(windows.planned().duration()),
            total: self.place.total,
            offered: rates.map_or(0.0, |rates| rates.offered),
            achieved: rates.map_or(0.0, |rates| rates.achieved),
            in_flight: now.open,
            p50_ms: rates.and_then(|rates| rates.p50_ms),
            p95_ms: rates.and_then(|rates| rates.p95_ms),
            failed: now.failed,
            target,
        });
        self.last = Some(now);
    }
}
