//! Why there is no stack, with the way out.

use std::{io, path::PathBuf};

/// The stack could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A program is not on this machine.
    #[error(
        "`{program}` was not found: install it (Debian and Ubuntu: `apt-get install {package}`), or use running services instead of starting them"
    )]
    Missing {
        /// What was looked for.
        program: &'static str,
        /// Where it comes from.
        package: &'static str,
    },
    /// The program of the target is not where it was looked for.
    #[error(
        "`target-app` was not found ({looked}): build it with `cargo build --release`, or name it with TARGET_APP_BIN"
    )]
    NoTarget {
        /// Where it was looked for.
        looked: String,
    },
    /// target-app is wanted, but not what it needs.
    #[error("target-app needs {0}: let it be started too, or give its URL")]
    Needs(&'static str),
    /// Another loadgen works there.
    #[error("{folder} is in use by process {pid}: stop it, or choose another folder")]
    Busy {
        /// The folder that was asked for.
        folder: PathBuf,
        /// Who has it.
        pid: u32,
    },
    /// PostgreSQL refuses to run as root.
    #[error(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`: run loadgen as another user"
    )]
    NoUser,
    /// A service or one of its tools ended before it should.
    #[error("{service} failed: {why}\n{log}")]
    Failed {
        /// Which one.
        service: &'static str,
        /// How it ended.
        why: String,
        /// The last lines that it wrote.
        log: String,
    },
    /// The operating system refused something.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// Its answer.
        error: io::Error,
    },
    /// The user did not want to wait for it.
    #[error("interrupted while the services were starting")]
    Interrupted,
    /// A thread of ours died.
    #[error("a thread of the stack ended early: {0}")]
    Thread(String),
}

impl StackError {
    /// An error of the operating system with what was tried.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}
