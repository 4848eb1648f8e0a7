//! What the driver is given, and why it may refuse.

use std::{io, net::SocketAddr, sync::Arc};

use shared::time::Millis;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use crate::{
    flow::Flow,
    recorder::HIGHEST,
    schedule::{PlanError, Schedule},
    suite::Think,
    units::Nanos,
};

/// Most worker threads.
const MOST_WORKERS: usize = 64;

/// One flow of the mix.
#[derive(Clone)]
pub struct FlowLoad {
    /// What it does.
    pub flow: Arc<dyn Flow>,
    /// Its weight among all; arrivals of an open model are planned with the same.
    pub weight: f64,
    /// Pause before its next iteration (closed model), where it has one of its own.
    pub think: Option<Think>,
}

/// One trial's load.
pub struct Setup {
    /// Where to send.
    pub target: SocketAddr,
    /// Value of the `Host` header.
    pub host: String,
    /// When to send.
    pub schedule: Schedule,
    /// The mix, in the order that the plan's arrivals count in.
    pub flows: Vec<FlowLoad>,
    /// Longest time from the intended start to the last byte.
    pub timeout: Millis,
    /// Longest wait, after the load, for what is under way.
    pub drain: Millis,
    /// Most users, and so connections, a flow (open model).
    pub max_users: u32,
    /// Threads that send; 1 is enough for tens of thousands of requests a second.
    pub workers: usize,
    /// Root of the users' chance.
    pub seed: u64,
    /// Told while it runs.
    pub progress: Arc<Progress>,
    /// Ends the load early; what is under way is still waited for.
    pub stop: CancellationToken,
}

/// The load could not be driven. A failed *request* is never one of these: it is data.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The setup makes no sense.
    #[error("{0}")]
    Setup(String),
    /// The load could not be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The operating system gives no thread or event loop.
    #[error("cannot start a thread of the driver: {0}")]
    Thread(#[from] io::Error),
    /// A flow or the driver itself has a bug.
    #[error("a {0} of the driver panicked; the trial is worthless, please report this")]
    Panicked(&'static str),
}

impl Setup {
    /// Refuses what cannot give a valid trial.
    pub(super) fn check(&self) -> Result<(), DriverError> {
        let refuse = |why: String| Err(DriverError::Setup(why));
        if self.flows.is_empty() {
            return refuse("there is no flow to run".to_owned());
        }
        if self.max_users == 0 {
            return refuse("no virtual user is allowed: set max_users to 1 or more".to_owned());
        }
        if !(1..=MOST_WORKERS).contains(&self.workers) {
            return refuse(format!(
                "{} workers are asked for, 1 to {MOST_WORKERS} are possible",
                self.workers
            ));
        }
        if self.timeout.0 == 0 {
            return refuse("a timeout of 0 would fail every request".to_owned());
        }
        // A request is recorded at the latest when the drain ends.
        let longest = Nanos::from_millis(self.timeout.0.saturating_add(self.drain.0));
        if longest >= HIGHEST {
            return refuse(format!(
                "timeout {} and drain {} together must stay below {} s, the longest time that is recorded",
                self.timeout,
                self.drain,
                HIGHEST.0 / 1_000_000_000
            ));
        }
        if let Schedule::Open(plan) = &self.schedule
            && let Some(arrival) = plan
                .arrivals
                .iter()
                .find(|arrival| usize::from(arrival.flow) >= self.flows.len())
        {
            return refuse(format!(
                "the plan asks for flow {}, there are {}",
                arrival.flow,
                self.flows.len()
            ));
        }
        Ok(())
    }
}
