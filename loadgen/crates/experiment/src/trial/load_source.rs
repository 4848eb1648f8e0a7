//! Where the load of a trial is generated: in this process, or in others that each generate a part.

use std::fmt;

use crate::schema::Validity;
use loadgen_engine::{
    aggregator::TrialData,
    driver::{self, DriverError, DriverOptions, DriverSetup},
};

/// Why there is no load.
#[derive(Debug, thiserror::Error)]
pub enum LoadSourceError {
    /// This process could not generate it.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// Other processes did not, in one line with what to do.
    #[error("{0}")]
    Elsewhere(String),
}

/// What was generated.
#[derive(Debug)]
pub struct GeneratedLoad {
    /// What was measured, of all parts together.
    pub data: TrialData,
    /// The parts of other processes; empty where this one generated the load.
    pub parts: Vec<GeneratedPart>,
    /// One sentence for each process whose part is missing: the trial is not valid.
    pub lost: Vec<String>,
    /// What else is to be said of the parts together, like how well their clocks agree.
    pub note: String,
    /// Warnings for the report.
    pub warnings: Vec<String>,
}

impl GeneratedLoad {
    /// A load of this process.
    pub const fn here(data: TrialData) -> Self {
        Self {
            data,
            parts: Vec::new(),
            lost: Vec::new(),
            note: String::new(),
            warnings: Vec::new(),
        }
    }
}

/// What another process tells of its part, beside its figures.
#[derive(Debug, Clone)]
pub struct GeneratedPart {
    /// Which process, for people: `worker 2 on host-b`.
    pub label: String,
    /// The self-checks of its own threads and its own machine.
    pub validity: Validity,
    /// What its clients know of their writes, as
    /// [`PreparedSystem::export_record`](crate::system::PreparedSystem::export_record) gave it.
    pub record: String,
}

/// Generates the load of a trial.
pub trait LoadSource: fmt::Debug + Send + Sync {
    /// Whether other processes generate it: this one then signs no accounts in, and the load cannot be
    /// changed on the way.
    fn is_elsewhere(&self) -> bool {
        false
    }

    /// Whether it is a part of a load that another process joins.
    fn is_part(&self) -> bool {
        false
    }

    /// Generates it and blocks until it is over. Runs on a thread that may block.
    fn generate(
        &self,
        setup: DriverSetup,
        options: DriverOptions,
    ) -> Result<GeneratedLoad, LoadSourceError>;
}

/// The load of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalLoad;

impl LoadSource for LocalLoad {
    fn generate(
        &self,
        setup: DriverSetup,
        options: DriverOptions,
    ) -> Result<GeneratedLoad, LoadSourceError> {
        Ok(GeneratedLoad::here(driver::run_with(setup, &options)?))
    }
}
