//! The error type of commands: a message and an exit code.

use crate::exit;
use loadgen_engine::suite::load::BadFile;
use loadgen_experiment::{services::ServiceError, trial::TrialError};
use loadgen_report::store::RunLookupError;
use loadgen_stack::StackError;

/// Why a command ended without a verdict.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments are wrong, or something that they name is.
    #[error("{0}")]
    Usage(String),
    /// A fault of this program, or of the machine under it.
    #[error("{0}")]
    Internal(String),
    /// Stopped before there was anything to report.
    #[error("interrupted before anything was measured")]
    Interrupted,
}

impl Failure {
    /// A usage failure with the message of `error`.
    pub fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    /// An internal failure with the message of `error`.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// The exit code that goes with it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Internal(_) => exit::INTERNAL,
            Self::Interrupted => exit::INTERRUPTED,
        }
    }
}

impl From<BadFile> for Failure {
    fn from(error: BadFile) -> Self {
        Self::usage(error)
    }
}

impl From<RunLookupError> for Failure {
    fn from(error: RunLookupError) -> Self {
        Self::usage(error)
    }
}

impl From<StackError> for Failure {
    fn from(error: StackError) -> Self {
        match error {
            StackError::Interrupted => Self::Interrupted,
            StackError::Failed { .. } | StackError::Start { .. } | StackError::Io { .. } => {
                Self::internal(error)
            }
            _ => Self::usage(error),
        }
    }
}

impl From<TrialError> for Failure {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Stopped | TrialError::Services(ServiceError::Interrupted) => {
                Self::Interrupted
            }
            TrialError::System(_) | TrialError::NoRate(_) | TrialError::Plan(_) => {
                Self::usage(error)
            }
            TrialError::Driver(_) | TrialError::Thread(_) | TrialError::Services(_) => {
                Self::internal(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_exit_code() {
        assert_eq!(Failure::usage("x").exit_code(), 2);
        assert_eq!(Failure::internal("x").exit_code(), 1);
        assert_eq!(Failure::Interrupted.exit_code(), 130);
    }
}
