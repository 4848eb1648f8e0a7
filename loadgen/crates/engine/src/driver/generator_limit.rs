//! Limits of this process and machine that keep a connection from being made: nothing that the
//! target did. A request that meets one ends as [`Outcome::Generator`], and its trial is INVALID.

use std::{error::Error, fs, io};

use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};

use super::{failure_text::plain_failure, message::RequestFailure};
use crate::sample::Outcome;

/// What every description of such a limit begins with.
pub const GENERATOR_LIMIT: &str = "limit of the load generator";

/// Describes the limit that an error comes from, with its value and how to raise it; `None` where
/// the error is of another kind.
pub fn generator_limit(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(described) = one.downcast_ref::<io::Error>().and_then(describe) {
            return Some(described);
        }
        cause = one.source();
    }
    None
}

/// Files that the program has open while it measures, without the connections of its users.
const OWN_FILES: u64 = 32;

/// Describes the limit of open files where it leaves too few for the program itself.
pub fn too_few_files() -> Option<String> {
    let limit = getrlimit(Resource::Nofile).current?;
    (limit < OWN_FILES).then(|| {
        format!(
            "{GENERATOR_LIMIT}: {}; {OWN_FILES} are needed besides the connections",
            open_files()
        )
    })
}

/// The limit of open files, and how to raise it.
fn open_files() -> String {
    let limit = getrlimit(Resource::Nofile).current;
    format!(
        "this process may open {} files, and every connection is one: raise the limit with `ulimit -n 65536` (its hard limit in /etc/security/limits.conf or with LimitNOFILE=)",
        limit.map_or_else(|| "any number of".to_owned(), |limit| limit.to_string())
    )
}

/// How a failed connect counts; `what` names the step.
pub(super) fn connect_failure(what: &str, error: &(dyn Error + 'static)) -> RequestFailure {
    failure(Outcome::Connect, what, error)
}

/// How a failed step counts: as the generator's where it met a limit of its own, otherwise as
/// the target's with this outcome.
pub(super) fn failure(
    outcome: Outcome,
    what: &str,
    error: &(dyn Error + 'static),
) -> RequestFailure {
    match generator_limit(error) {
        Some(limit) => (Outcome::Generator, limit),
        None => (outcome, format!("{what}: {}", plain_failure(error))),
    }
}

fn describe(error: &io::Error) -> Option<String> {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    let way_out = match errno {
        Some(Errno::MFILE) => open_files(),
        Some(Errno::NFILE) => format!(
            "all processes of this machine together may open {} files: raise it with `sysctl -w fs.file-max=...`",
            kernel("fs/file-max")
        ),
        Some(Errno::ADDRNOTAVAIL) => no_port(),
        // Made without an errno where the ports of several addresses are in use.
        None if error.kind() == io::ErrorKind::AddrNotAvailable => no_port(),
        Some(Errno::NOBUFS | Errno::NOMEM) => format!(
            "the kernel has no memory left for sockets (tcp_mem {} pages): use fewer connections, or raise it with `sysctl -w net.ipv4.tcp_mem=...`",
            kernel("net/ipv4/tcp_mem")
        ),
        Some(Errno::NOSPC) => format!(
            "this user may watch {} descriptors: raise it with `sysctl -w fs.epoll.max_user_watches=...`",
            kernel("fs/epoll/max_user_watches")
        ),
        _ => return None,
    };
    Some(format!("{GENERATOR_LIMIT}: {error}; {way_out}"))
}

fn no_port() -> String {
    format!(
        "no local port towards the target is free (ports {}): widen the range with `sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"`, keep connections open, or use fewer",
        kernel("net/ipv4/ip_local_port_range")
    )
}

/// A value below `/proc/sys`.
fn kernel(name: &str) -> String {
    fs::read_to_string(format!("/proc/sys/{name}")).map_or_else(
        |_| "unknown".to_owned(),
        |text| text.split_whitespace().collect::<Vec<_>>().join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errno: Errno) -> RequestFailure {
        connect_failure("connect", &io::Error::from(errno))
    }

    #[test]
    fn each_limit_of_the_generator_is_named_with_its_value_and_the_way_to_raise_it() {
        for (errno, way_out) in [
            (Errno::MFILE, "ulimit -n"),
            (Errno::NFILE, "fs.file-max"),
            (Errno::ADDRNOTAVAIL, "ip_local_port_range"),
            (Errno::NOBUFS, "tcp_mem"),
            (Errno::NOMEM, "tcp_mem"),
            (Errno::NOSPC, "max_user_watches"),
        ] {
            let (outcome, why) = of(errno);
            assert_eq!(outcome, Outcome::Generator, "{errno:?}");
            assert!(why.starts_with(GENERATOR_LIMIT), "{why}");
            assert!(why.contains(way_out), "{why}");
        }
    }

    #[test]
    fn what_the_target_refuses_is_the_target_s() {
        for errno in [
            Errno::CONNREFUSED,
            Errno::CONNRESET,
            Errno::TIMEDOUT,
            Errno::AGAIN,
        ] {
            assert_eq!(of(errno).0, Outcome::Connect, "{errno:?}");
        }
    }

    #[test]
    fn a_limit_is_found_below_the_errors_of_a_library() {
        #[derive(Debug, thiserror::Error)]
        #[error("error sending request")]
        struct Outer(#[source] io::Error);
        let inner = Outer(Errno::MFILE.into());
        assert!(generator_limit(&inner).is_some());
        let ports = io::Error::from(io::ErrorKind::AddrNotAvailable);
        assert!(generator_limit(&ports).is_some());
    }
}
