//! Why there is no trial.

use super::{load_source::LoadSourceError, setup::SetupError};
use crate::{services::ServiceError, system::SystemError};
use loadgen_engine::{driver::DriverError, schedule::PlanError};

/// Why there is no trial.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The system could not be prepared.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The load cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No rate was found that both arms can sustain.
    #[error("no common rate was found: {0}; name one with --rate")]
    NoRate(String),
    /// The load could not be driven.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// Other processes did not generate it.
    #[error("{0}")]
    Elsewhere(String),
    /// A service of the own stack could not be started again.
    #[error(transparent)]
    Services(#[from] ServiceError),
    /// A thread of ours died.
    #[error("the driver's thread ended early: {0}")]
    Thread(String),
    /// What was seen of the target could not be read back.
    #[error("the observations of the target could not be read back from a temporary file: {0}")]
    Observations(std::io::Error),
    /// Stopped before anything was measured.
    #[error("stopped before anything was measured")]
    Stopped,
}

impl From<LoadSourceError> for TrialError {
    fn from(error: LoadSourceError) -> Self {
        match error {
            LoadSourceError::Driver(error) => Self::Driver(error),
            LoadSourceError::Elsewhere(why) => Self::Elsewhere(why),
        }
    }
}

impl From<SetupError> for TrialError {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::System(error) => Self::System(error),
            SetupError::Plan(error) => Self::Plan(error),
        }
    }
}
