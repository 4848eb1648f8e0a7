//! The error type of commands: a message and an exit code.

use crate::{coordination::CoordinationError, exit};
use loadgen_codeconnect::LabError;
use loadgen_engine::{driver, suite::load::BadFile};
use loadgen_experiment::{services::ServiceError, system::SystemError, trial::TrialError};
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
    /// A limit of this process or machine: nothing is known of the target.
    #[error("INVALID: {0}")]
    Invalid(String),
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

    /// What `otherwise` makes of an error, unless it comes from a limit of the load generator.
    pub fn of_error(
        error: &(dyn std::error::Error + 'static),
        otherwise: impl FnOnce(String) -> Self,
    ) -> Self {
        driver::generator_limit(error).map_or_else(|| otherwise(error.to_string()), Self::Invalid)
    }

    /// Refuses to measure where the program itself may not open enough files.
    pub fn unless_files_suffice() -> Result<(), Self> {
        driver::too_few_files().map_or(Ok(()), |limit| Err(Self::Invalid(limit)))
    }

    /// Refuses the first of these flags that was given; `why` goes behind its name.
    pub fn unless_given<const N: usize>(flags: [(&str, bool); N], why: &str) -> Result<(), Self> {
        match flags.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Self::Usage(format!("{flag}{why}"))),
            None => Ok(()),
        }
    }

    /// The exit code that goes with it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Internal(_) => exit::INTERNAL,
            Self::Invalid(_) => exit::INVALID,
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

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        match error {
            LabError::GeneratorLimit(limit) => Self::Invalid(limit),
            LabError::Client(error) => Self::of_error(&error, Self::Internal),
            error => Self::usage(error),
        }
    }
}

impl From<CoordinationError> for Failure {
    fn from(error: CoordinationError) -> Self {
        match error {
            CoordinationError::Redis { .. } | CoordinationError::Refused(_) => Self::usage(error),
            CoordinationError::Lost(why) => Self::Invalid(why),
            CoordinationError::Foreign(_) => Self::internal(error),
            CoordinationError::Stopped => Self::Interrupted,
        }
    }
}

impl From<TrialError> for Failure {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Stopped | TrialError::Services(ServiceError::Interrupted) => {
                Self::Interrupted
            }
            TrialError::System(SystemError::GeneratorLimit(limit)) => Self::Invalid(limit),
            TrialError::System(_) | TrialError::NoRate(_) | TrialError::Plan(_) => {
                Self::usage(error)
            }
            TrialError::Driver(error) => Self::of_error(&error, Self::Internal),
            TrialError::Elsewhere(why) => Self::Invalid(why),
            TrialError::Thread(_) | TrialError::Services(_) | TrialError::Observations(_) => {
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

    #[test]
    fn the_first_flag_that_was_given_is_refused_by_its_name() {
        let refused = |flags| Failure::unless_given(flags, " is for suites");
        assert!(refused([("--set", false), ("--flow", false)]).is_ok());
        let error = refused([("--set", false), ("--flow", true)]).unwrap_err();
        assert_eq!(error.to_string(), "--flow is for suites");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_limit_of_the_generator_is_invalid_and_no_fault_of_the_target() {
        let no_file = std::io::Error::from_raw_os_error(24);
        let failure = Failure::of_error(&no_file, Failure::Usage);
        assert_eq!(failure.exit_code(), 97);
        assert!(failure.to_string().contains("ulimit -n"), "{failure}");
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(Failure::of_error(&refused, Failure::Usage).exit_code(), 2);
    }
}
