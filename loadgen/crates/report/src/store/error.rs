//! Why a result could not be stored or read.

use std::io;
use std::path::{Path, PathBuf};

use loadgen_engine::aggregator::HlogError;
use shared::text::escaped;

/// Why a result could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("failed to {what} {}: {source}", path.display())]
    Io {
        /// What was tried: `write`, `create`, `read`.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A value could not be turned into JSON, or JSON not into a value.
    #[error("failed to understand {}: {}", path.display(), escaped(&source.to_string()))]
    Json {
        /// Of which file.
        path: PathBuf,
        /// Where it fails.
        source: serde_json::Error,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "failed to read {}: its schema version is {found}, this program knows {known}; use the version that wrote it",
        path.display()
    )]
    OtherVersion {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The version that this program writes.
        known: u32,
    },
    /// The folder is of something else.
    #[error(
        "failed to find a result in {}: it is no result folder; `loadgen results list` names those that there are",
        path.display()
    )]
    NoResult {
        /// Which folder.
        path: PathBuf,
    },
    /// There is no summary: the command did not get that far.
    #[error(
        "failed to find a summary in {}: that run did not finish; {trials} of its trials can be read in trials/",
        path.display()
    )]
    Unfinished {
        /// Which folder.
        path: PathBuf,
        /// Number of stored trials.
        trials: usize,
    },
    /// The folder is that of a factorial experiment, which has more than two arms.
    #[error(
        "failed to find a summary in {}: it is a factorial experiment, and its report is factorial.md there",
        path.display()
    )]
    Factorial {
        /// Which folder.
        path: PathBuf,
    },
    /// The histograms of a trial could not be encoded.
    #[error("failed to store the response times of a trial: {0}")]
    Latency(#[source] HlogError),
    /// An archive would be packed into itself.
    #[error(
        "failed to write {}: it is inside the folder that is packed; choose another path with --out",
        path.display()
    )]
    Inside {
        /// Which path.
        path: PathBuf,
    },
    /// The path is not the folder of a run, or not inside `runs/`.
    #[error("{} is not the folder of a run and was not changed", path.display())]
    NoRun {
        /// Which path.
        path: PathBuf,
    },
    /// No run is kept under that name.
    #[error(
        "there is no baseline `{name}`{}; keep a run as one with `loadgen results baseline {name} RUN`",
        others(known)
    )]
    NoBaseline {
        /// The name.
        name: String,
        /// Names under which runs are kept.
        known: Vec<String>,
    },
    /// A text that may not name a baseline.
    #[error(
        "`{name}` cannot name a baseline: write up to 60 letters, digits, `.`, `_` and `-`, a letter or digit first"
    )]
    BaselineName {
        /// The text.
        name: String,
    },
    /// A link, a device or the like is in the place of a file.
    #[error("{} is not a regular file and was not followed", path.display())]
    Link {
        /// Which path.
        path: PathBuf,
    },
    /// A file name would leave the folder.
    #[error("failed to write {}: it is outside the result folder", path.display())]
    Outside {
        /// Which path.
        path: PathBuf,
    },
}

/// ` (there are a, b)`.
fn others(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        format!(" (there are {})", known.join(", "))
    }
}

/// Adds operation and path to an I/O error.
pub(crate) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { what, path, source }
}
