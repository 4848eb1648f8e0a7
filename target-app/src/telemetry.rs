//! The log: to standard error, as text or JSON, filtered by `RUST_LOG`.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// Installs the subscriber of the process; a second call changes nothing.
pub fn init(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Colours are for people at a terminal, not for files.
        .with_ansi(std::io::stderr().is_terminal());
    // An error means that a subscriber is installed: tests start several applications.
    let _ = match format {
        LogFormat::Text => log.with_target(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}
