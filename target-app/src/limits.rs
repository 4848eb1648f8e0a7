//! Limits of the process that the system sets.

use std::io;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// Raises the number of files that may be open to the most that is allowed; returns the number.
///
/// The usual 1,024 would end a run with 3,000 connections, with errors that look like the
/// network's.
pub fn raise_open_files() -> io::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            },
        )?;
    }
    // rustix reports "no limit" as `None`.
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// Makes a write beyond the largest file that this process may make (`ulimit -f`) an error of that write, where it would
/// end the process. Needs a runtime, whose handler of the signal stays.
pub fn survive_large_files() -> io::Result<()> {
    signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).map(drop)
}

#[cfg(test)]
mod tests {
    #[test]
    fn raising_the_limit_twice_gives_the_same_number() {
        let first = super::raise_open_files().unwrap();
        assert!(first > 0);
        assert_eq!(super::raise_open_files().unwrap(), first);
    }
}
