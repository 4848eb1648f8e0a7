//! The catalogue, put together.

use super::{caches::CACHES, indexes::INDEXES, notes::NOTES, switches::SWITCHES};
use loadgen_experiment::diagnose::HintCatalog;

/// The hints of the reference backend.
pub const HINTS: HintCatalog<'static> = HintCatalog {
    switches: SWITCHES,
    indexes: INDEXES,
    caches: CACHES,
    notes: NOTES,
    processes: &["target-app"],
    // `chat.rooms` and `chat.history` are HTTP requests.
    socket_operations: &[
        "chat.connect",
        "chat.join",
        "chat.send",
        "chat.deliver",
        "chat.ping",
    ],
    // A recording is meant to be large.
    large_by_design: &["recordings.play"],
};
