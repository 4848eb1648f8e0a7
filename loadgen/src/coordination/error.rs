//! Why a load of several workers could not be coordinated.

use deadpool_redis::redis::RedisError;

/// Why coordinator and workers did not come together, in one line.
#[derive(Debug, thiserror::Error)]
pub enum CoordinationError {
    /// Redis does not answer, or refuses a command.
    #[error(
        "the Redis at {address} does not coordinate: {why}; is it running there, and is --coordinate right?"
    )]
    Redis {
        /// Where it is, without its password.
        address: String,
        /// What went wrong.
        why: RedisError,
    },
    /// This process may not take part: what is wrong, and what would be right.
    #[error("{0}")]
    Refused(String),
    /// The run was given up, or a worker was lost before the load.
    #[error("{0}")]
    Lost(String),
    /// A message is not one of this run.
    #[error("a message of the run cannot be used: {0}")]
    Foreign(String),
    /// The command was stopped.
    #[error("stopped before the load began")]
    Stopped,
}
