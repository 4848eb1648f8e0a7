//! What every part is measured with: the backend on an own stack, and the programs beside it.

use std::{cell::RefCell, fmt, path::PathBuf, process::Command, time::Duration};

use shared::{api::lab::ProfileView, dataset::Scale, profile::Profile};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    bare_load::output_of,
    comparison::PartSide,
    interleaved::{BenchSubject, interleaved},
    own_load::{ClosedSpan, OwnLoad},
};
use loadgen_codeconnect::LabClient;
use loadgen_engine::driver::Endpoint;
use loadgen_experiment::{observer::Host, system::Settings};
use loadgen_stack::BarePrograms;

/// Connections of each load.
pub(super) const CONNECTIONS: u32 = 32;
/// Fewest requests of a turn whose rate is counted, ten for each connection: at the ends of a window as many as
/// there are connections are neither in it nor outside of it.
pub(super) const FEWEST_REQUESTS: u64 = 320;
/// Time for connections to open and for caches to fill.
pub(super) const WARM_UP: Duration = Duration::from_millis(300);
/// Longest time of a bare program beyond that of its turn.
const PROGRAM_SLACK: Duration = Duration::from_secs(30);

/// The own stack that is measured.
pub struct TargetBench {
    /// Where the backend listens.
    pub endpoint: Endpoint,
    /// Its control plane.
    pub lab: LabClient,
    /// The event loop that drives the control plane's client; the measurement blocks another thread.
    pub runtime: Handle,
    /// PostgreSQL, password included.
    pub database_url: String,
    /// Programs that load PostgreSQL and Redis directly.
    pub bare: BarePrograms,
    /// The backend's program, which can hash without serving.
    pub target_program: PathBuf,
    /// Main process of each service, by name.
    pub processes: Vec<(String, u32)>,
    /// Amount of data.
    pub scale: Scale,
    /// Ends the measurement early.
    pub stop: CancellationToken,
}

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct TargetPlan {
    /// How often each is measured.
    pub rounds: u32,
    /// How long each measurement lasts; one of logins twice as long.
    pub turn: Duration,
    /// Bookings of a round.
    pub bookings: u32,
    /// Whether it only shows that it works.
    pub quick: bool,
}

impl TargetPlan {
    /// Refuses a figure behind which so few requests stand. A quick check measures nothing and refuses none.
    pub(super) fn enough(self, found: u64, fewest: u64, what: &str) -> Result<(), String> {
        if self.quick || found >= fewest {
            return Ok(());
        }
        Err(format!(
            "a turn had {found} {what}, {fewest} are needed: give a longer --seconds"
        ))
    }
}

/// A measurement under way.
pub(super) struct RunningBench<'a> {
    pub(super) bench: &'a TargetBench,
    pub(super) plan: TargetPlan,
    pub(super) own: OwnLoad,
    host: Host,
    progress: RefCell<&'a mut dyn FnMut(String)>,
}

impl<'a> RunningBench<'a> {
    pub(super) fn new(
        bench: &'a TargetBench,
        plan: TargetPlan,
        progress: &'a mut dyn FnMut(String),
    ) -> Self {
        Self {
            bench,
            plan,
            own: OwnLoad {
                endpoint: bench.endpoint.clone(),
                stop: bench.stop.clone(),
            },
            host: Host::new(bench.processes.iter().cloned()),
            progress: RefCell::new(progress),
        }
    }

    /// Waits for the control plane; an error is one line.
    pub(super) fn wait<T, E: fmt::Display>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, String> {
        let stop = &self.bench.stop;
        self.bench.runtime.block_on(async {
            tokio::select! {
                done = work => done.map_err(|error| error.to_string()),
                () = stop.cancelled() => Err("the measurement was stopped".to_owned()),
            }
        })
    }

    /// Puts the profile `after` with these switches in force, on the data that are there.
    pub(super) fn put(&self, switches: &[(&str, &str)]) -> Result<ProfileView, String> {
        let mut profile = Profile::after();
        for (path, value) in switches {
            profile
                .set(path, value)
                .map_err(|error| error.to_string())?;
        }
        let settings = Settings(profile.values());
        let view = self.wait(self.bench.lab.switch(&settings))?;
        if view.differences.is_empty() {
            Ok(view)
        } else {
            let differences = view.differences.join("; ");
            Err(format!("the profile is not in force: {differences}"))
        }
    }

    /// Runs a bare program that takes about `span`.
    pub(super) fn run_program(&self, command: Command, span: Duration) -> Result<String, String> {
        output_of(command, span + PROGRAM_SLACK, &self.bench.stop)
    }

    /// The span of a closed load of one turn.
    pub(super) fn closed_span(&self) -> ClosedSpan {
        ClosedSpan {
            warm_up: WARM_UP,
            measure: self.plan.turn,
            tail: Duration::ZERO,
            iterations: None,
        }
    }

    /// Measures in turn; `None` where the measurement was stopped.
    pub(super) fn interleaved(
        &self,
        what: &str,
        subjects: Vec<BenchSubject<'_>>,
    ) -> Option<Vec<PartSide>> {
        let report = |round: String| {
            let mut progress = self.progress.borrow_mut();
            (*progress)(format!("{what}: {round}"));
        };
        interleaved(
            subjects,
            self.plan.rounds,
            &self.host,
            &self.bench.stop,
            report,
        )
    }
}

/// The next of several sides that were measured in turn.
pub(super) fn next_side(sides: &mut impl Iterator<Item = PartSide>) -> PartSide {
    sides.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_of_few_requests_has_no_figure_unless_nothing_is_measured() {
        let plan = |quick| TargetPlan {
            rounds: 5,
            turn: Duration::from_millis(100),
            bookings: 1,
            quick,
        };
        let least = u64::from(CONNECTIONS) * 10;
        assert_eq!(FEWEST_REQUESTS, least);
        assert_eq!(plan(false).enough(320, least, "requests"), Ok(()));
        let why = plan(false).enough(319, least, "requests").unwrap_err();
        assert!(why.contains("319 requests, 320 are needed"), "{why}");
        assert_eq!(plan(true).enough(1, least, "requests"), Ok(()));
    }
}
