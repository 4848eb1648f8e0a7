//! Errors of starting a stack, with what to do about them.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The stack could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A program is not on this machine.
    #[error(
        "`{program}` was not found: install it (Debian and Ubuntu: `apt-get install {package}`), or use running services instead of starting them"
    )]
    Missing {
        /// Name of the program.
        program: &'static str,
        /// Debian package that contains it.
        package: &'static str,
    },
    /// A program that loads a service directly is not on this machine.
    #[error(
        "`{program}` was not found: install it (Debian and Ubuntu: `apt-get install {package}`)"
    )]
    NoBareProgram {
        /// Name of the program.
        program: &'static str,
        /// Debian package that contains it.
        package: &'static str,
    },
    /// target-app was not found.
    #[error(
        "`target-app` was not found (beside loadgen, in TARGET_APP_BIN, in the PATH): build it with `cargo build --release`, or name it with --target-bin or TARGET_APP_BIN"
    )]
    NoTarget,
    /// The program that was given as target-app cannot be started.
    #[error(
        "{} cannot be target-app: {why}; build it with `cargo build --release`, and name its program with --target-bin",
        path.display()
    )]
    NoGivenTarget {
        /// As given.
        path: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// A service is to be started without one that it needs.
    #[error("{0} needs {1}: start it too, or give its URL")]
    Needs(&'static str, &'static str),
    /// A fault is to be put into a service that the stack has not.
    #[error("this stack has no {0}")]
    Lacks(&'static str),
    /// PostgreSQL can have no disk of its own, for a fault that fills it.
    #[error("`disk.full`: {0}")]
    NoOwnDisk(String),
    /// The stack cannot be made whole again after a failover.
    #[error(
        "after `postgres.failover` no other trial is possible where `disk.full` is in the load too: put each into a load of its own"
    )]
    NotRestored,
    /// Another loadgen uses the folder.
    #[error("{folder} is in use by process {pid}: stop it, or choose another folder")]
    Busy {
        /// The folder.
        folder: PathBuf,
        /// Its process.
        pid: u32,
    },
    /// Nothing can be kept in the folder.
    #[error("{} cannot hold the data of a stack: {error}; name another folder", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Error of the operating system.
        error: io::Error,
    },
    /// A Unix socket cannot be made in the folder.
    #[error("{} is too long for a Unix socket: use a folder with a shorter name", .0.display())]
    LongPath(PathBuf),
    /// PostgreSQL refuses to run as root.
    #[error(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`: run loadgen as another user"
    )]
    NoUser,
    /// A service or one of its tools ended before it should.
    #[error("{service} failed: {why}\n{log}")]
    Failed {
        /// Name of the service or tool.
        service: &'static str,
        /// How it ended.
        why: String,
        /// The last lines of its log.
        log: String,
    },
    /// The operating system could not start a program.
    #[error("cannot start {service}: {error}; {remedy}")]
    Start {
        /// Name of the service or tool.
        service: &'static str,
        /// Where to get the program, in words.
        remedy: &'static str,
        /// Error of the operating system.
        error: io::Error,
    },
    /// The operating system refused something.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// Error of the operating system.
        error: io::Error,
    },
    /// Interrupted by the user.
    #[error("interrupted while the services were starting")]
    Interrupted,
    /// A thread of this program panicked.
    #[error("a thread of the stack ended early: {0}")]
    Thread(String),
}

impl StackError {
    /// Adds the folder to an error of the operating system.
    pub(super) fn folder(folder: &Path) -> impl FnOnce(io::Error) -> Self {
        let folder = folder.to_owned();
        move |error| Self::Folder { folder, error }
    }

    /// Adds what was tried to an error of the operating system.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}
