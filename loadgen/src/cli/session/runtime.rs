//! Where the asynchronous work of a command runs. What sends load has threads of its own.

use std::io;

use tokio::runtime::{Builder, Runtime};

use crate::cli::failure::Failure;

/// A runtime with one thread for tasks, beside the thread that waits for the command's own work.
pub(in crate::cli) fn task_runtime() -> Result<Runtime, Failure> {
    let made = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    of_limits(made)
}

/// A runtime on the thread that waits.
pub(in crate::cli) fn local_runtime() -> Result<Runtime, Failure> {
    of_limits(Builder::new_current_thread().enable_all().build())
}

/// Where a limit of this process or machine forbids it, nothing is known of the target.
fn of_limits<T>(made: io::Result<T>) -> Result<T, Failure> {
    made.map_err(|error| Failure::of_error(&error, Failure::Internal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_that_a_limit_of_this_process_forbids_leaves_the_command_invalid() {
        let refused = |code| of_limits::<()>(Err(io::Error::from_raw_os_error(code)));
        let no_file = refused(24).unwrap_err();
        assert!(matches!(no_file, Failure::Invalid(_)), "{no_file}");
        let other = refused(22).unwrap_err();
        assert!(matches!(other, Failure::Internal(_)), "{other}");
    }
}
