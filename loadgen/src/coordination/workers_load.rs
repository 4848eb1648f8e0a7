//! The load of a trial when workers generate it: the coordinator says when it begins, follows their
//! counters, and joins what they measured.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    coordinator::{Coordinator, POLL, ReportCursor},
    error::CoordinationError,
    link::RedisAbsence,
    message::CoordinatorCommand,
    offset::ClockReading,
    worker_table::{LOST_AFTER, WorkerTable},
};
use loadgen_engine::{
    aggregator::TrialData,
    clock::{TrialClock, time_of_day},
    driver::{DriverOptions, DriverSetup},
    schedule::Schedule,
    units::Nanos,
};
use loadgen_experiment::trial::{GeneratedLoad, GeneratedPart, LoadSource, LoadSourceError};

/// Time between saying when the load begins and that instant: workers look for it ten times a second.
const LEAD: Duration = Duration::from_secs(3);
/// Longest wait for results after load and drain: they have to be packed and sent.
const RESULTS_WAIT: Duration = Duration::from_mins(2);
/// Uncertainty of the common instant, in milliseconds, from which on a report warns.
const UNCERTAIN_MS: f64 = 20.0;

/// Workers that are ready.
#[derive(Debug)]
pub struct WorkersLoad {
    coordinator: Coordinator,
    runtime: Handle,
    /// What is known of the workers; taken by the one trial of the run.
    ready: Mutex<Option<(WorkerTable, ReportCursor)>>,
}

impl WorkersLoad {
    /// Waits until every worker of an open run is ready; where they do not come, the run is closed. `show`
    /// gets what is waited for.
    pub async fn wait_for_workers(
        coordinator: Coordinator,
        stop: &CancellationToken,
        show: impl Fn(String),
    ) -> Result<Self, CoordinationError> {
        match coordinator.wait_for_workers(stop, show).await {
            Ok(ready) => Ok(Self {
                coordinator,
                runtime: Handle::current(),
                ready: Mutex::new(Some(ready)),
            }),
            Err(error) => {
                coordinator.close().await;
                Err(error)
            }
        }
    }

    /// Ends the run: nothing of it stays in Redis.
    pub async fn close(&self) {
        self.coordinator.close().await;
    }

    async fn generated(&self, setup: DriverSetup) -> Result<GeneratedLoad, CoordinationError> {
        let ready = self.ready.lock().ok().and_then(|mut ready| ready.take());
        let (mut workers, mut reports) = ready.ok_or_else(|| {
            CoordinationError::Lost(
                "the workers of a run generate the load of one trial".to_owned(),
            )
        })?;
        let coordinator = &self.coordinator;
        let reading = ClockReading::take(&coordinator.link).await?;
        let begins = Instant::now() + LEAD;
        let at_us = reading.redis_us(begins);
        coordinator
            .send(CoordinatorCommand::Start { at_us })
            .await?;
        let lead = begins.saturating_duration_since(Instant::now());
        let started_at = time_of_day() + lead;
        setup.progress.begin(TrialClock::start_in(lead));
        workers.begin(begins);
        let mut latest = begins + longest(&setup) + RESULTS_WAIT;
        let mut stopped = false;
        let (mut deaf, mut mute) = (RedisAbsence::new(LOST_AFTER), RedisAbsence::new(LOST_AFTER));
        while !workers.is_settled() {
            let asked = Instant::now();
            let received = coordinator
                .receive(&mut reports, &mut workers, Some(&setup.progress))
                .await;
            let now = Instant::now();
            match received {
                Ok(()) => deaf.end(),
                // A short absence of Redis is none of the workers.
                Err(error) => {
                    deaf.take(error, now)?;
                    workers.restart_silence(now);
                    sleep(POLL).await;
                    continue;
                }
            }
            workers.note_silent(asked);
            if now > latest {
                workers.give_up(now);
            }
            let ends =
                setup.stop.is_cancelled() || workers.is_overloaded() || !workers.lost().is_empty();
            if ends && !stopped {
                match coordinator.send(CoordinatorCommand::Stop).await {
                    Ok(()) => {
                        stopped = true;
                        // What is left of the load is not waited for any more.
                        latest = latest.min(now + drain(&setup) + RESULTS_WAIT);
                    }
                    // Said again at the next poll: the results of all workers hang on it.
                    Err(error) => mute.take(error, now)?,
                }
            }
            sleep(POLL).await;
        }
        joined(started_at, &mut workers)
    }
}

/// Length of a load with its drain.
fn longest(setup: &DriverSetup) -> Duration {
    let end = match &setup.schedule {
        Schedule::Open(plan) => plan.last().unwrap_or_default(),
        Schedule::Closed(rule) => Nanos::from_millis(rule.duration.0),
    };
    let end = end.max(setup.schedule.window().to);
    end.duration() + drain(setup)
}

/// How long what is open at the end is waited for.
fn drain(setup: &DriverSetup) -> Duration {
    Nanos::from_millis(setup.drain.0).duration()
}

/// The results of all workers as one load.
fn joined(
    started_at: std::time::SystemTime,
    workers: &mut WorkerTable,
) -> Result<GeneratedLoad, CoordinationError> {
    let lost = workers.lost();
    let of_day_ms = workers.times_of_day_apart_ms();
    let results = workers.take_results();
    let start_ms = begun_apart_ms(results.iter().map(|(_, result)| result.uncertainty_us));
    let note = format!(
        "begun within {start_ms:.2} ms of each other by the clock of Redis, times of day {of_day_ms:.1} ms apart"
    );
    let (mut data, mut parts, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for (label, result) in results {
        let said = result.warnings.into_iter();
        warnings.extend(said.map(|warning| format!("{label}: {warning}")));
        data.push(result.data);
        parts.push(GeneratedPart {
            label,
            validity: result.validity,
            record: result.record,
        });
    }
    if data.is_empty() {
        return Err(CoordinationError::Lost(lost.join("; ")));
    }
    if start_ms > UNCERTAIN_MS {
        warnings.push(format!(
            "the workers began up to {start_ms:.1} ms apart: the way to Redis is that slow; figures by second are as uncertain"
        ));
    }
    let data = TrialData::join(started_at, data)
        .map_err(|error| CoordinationError::Foreign(error.to_string()))?;
    Ok(GeneratedLoad {
        data,
        parts,
        lost,
        note,
        warnings,
    })
}

/// By how many milliseconds two workers may have begun apart, given by how many microseconds each one's
/// instant may be wrong, either way.
fn begun_apart_ms(uncertain_us: impl Iterator<Item = u64>) -> f64 {
    let mut uncertain_us: Vec<u64> = uncertain_us.collect();
    uncertain_us.sort_unstable_by(|one, other| other.cmp(one));
    uncertain_us.iter().take(2).sum::<u64>() as f64 / 1e3
}

impl LoadSource for WorkersLoad {
    fn is_elsewhere(&self) -> bool {
        true
    }

    fn generate(
        &self,
        setup: DriverSetup,
        _options: DriverOptions,
    ) -> Result<GeneratedLoad, LoadSourceError> {
        self.runtime
            .block_on(self.generated(setup))
            .map_err(|error| LoadSourceError::Elsewhere(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_workers_begin_apart_by_what_both_may_be_wrong_at_most() {
        assert!((begun_apart_ms([300, 100, 250].into_iter()) - 0.55).abs() < 1e-9);
        assert!((begun_apart_ms([300].into_iter()) - 0.3).abs() < 1e-9);
    }
}
