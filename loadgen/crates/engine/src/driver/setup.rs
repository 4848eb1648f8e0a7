//! The load of one trial, and the errors of the driver.

use std::{io, sync::Arc};

use shared::time::Millis;
use tokio_util::sync::CancellationToken;

use super::{client_endpoint::Endpoint, progress::Progress};
use crate::{
    flow::Flow,
    recorder::HIGHEST,
    schedule::{PlanError, Schedule},
    suite::Think,
    units::Nanos,
};

/// Most worker threads.
const MOST_WORKERS: usize = 64;

/// One flow of the mix, with its share.
#[derive(Clone)]
pub struct FlowLoad {
    /// The flow.
    pub flow: Arc<dyn Flow>,
    /// Weight among all flows; arrivals of an open model are planned with the same weights.
    pub weight: f64,
    /// Think time before the next iteration (closed model), where the flow has its own.
    pub think: Option<Think>,
}

/// The load of one trial.
pub struct DriverSetup {
    /// Where to send; users are spread over them.
    pub endpoints: Vec<Endpoint>,
    /// When to send.
    pub schedule: Schedule,
    /// The mix; arrivals of the plan name a flow by its index here.
    pub flows: Vec<FlowLoad>,
    /// Longest time from the intended start to the last byte.
    pub timeout: Millis,
    /// Longest wait for open requests after the load.
    pub drain: Millis,
    /// Most virtual users, and so connections, for each flow (open model); each worker has at least one.
    pub max_users: u32,
    /// Threads that send; 1 is enough for tens of thousands of requests a second.
    pub workers: usize,
    /// Root seed of all random choices.
    pub seed: u64,
    /// Counters that are updated while the load runs.
    pub progress: Arc<Progress>,
    /// Ends the load early; open requests are still waited for.
    pub stop: CancellationToken,
}

/// Why there is no trial. A failed *request* is never one of these: it is data.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The setup is not valid.
    #[error("{0}")]
    Setup(String),
    /// The load could not be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The operating system refuses a thread or an event loop.
    #[error("cannot start a thread of the driver: {0}")]
    Thread(#[from] io::Error),
    /// A flow or the driver itself has a bug.
    #[error("a {0} of the driver panicked; the trial is not valid, please report this")]
    Panicked(&'static str),
}

impl DriverSetup {
    /// Refuses a setup that cannot give a valid trial.
    pub(super) fn check(&self) -> Result<(), DriverError> {
        let refuse = |why: String| Err(DriverError::Setup(why));
        if self.endpoints.is_empty() {
            return refuse("there is no endpoint to send to".to_owned());
        }
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
            && plan.flows() > self.flows.len()
        {
            return refuse(format!(
                "the plan is for {} flows, there are {}",
                plan.flows(),
                self.flows.len()
            ));
        }
        Ok(())
    }
}
