//! The load of a trial in a worker: its part of the run's, from the common instant on.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::worker::JoinedWorker;
use loadgen_engine::driver::{self, DriverOptions, DriverSetup};
use loadgen_experiment::trial::{GeneratedLoad, LoadSource, LoadSourceError};

/// The part of a worker that has joined a run.
#[derive(Debug)]
pub struct PartLoad {
    worker: Arc<JoinedWorker>,
    runtime: Handle,
}

impl PartLoad {
    /// The part of this worker; `runtime` is that of its heartbeats.
    pub const fn new(worker: Arc<JoinedWorker>, runtime: Handle) -> Self {
        Self { worker, runtime }
    }
}

impl LoadSource for PartLoad {
    fn is_part(&self) -> bool {
        true
    }

    fn generate(
        &self,
        setup: DriverSetup,
        options: DriverOptions,
    ) -> Result<GeneratedLoad, LoadSourceError> {
        let start = self
            .runtime
            .block_on(self.worker.ready(&setup.progress))
            .map_err(|error| LoadSourceError::Elsewhere(error.to_string()))?;
        let options = DriverOptions {
            share: self.worker.share(),
            start: Some(start),
            // One worker alone is neither changed on the way nor keeps single requests.
            control: None,
            samples: None,
            ..options
        };
        Ok(GeneratedLoad::here(driver::run_with(setup, &options)?))
    }
}
