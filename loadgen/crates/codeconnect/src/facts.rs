//! What a process must know of a running backend that loads it without its control plane.

use serde::{Deserialize, Serialize};

/// What the control plane says, for processes that do not ask it. It holds no token: whoever sends load
/// signs in like any client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SystemFacts {
    /// The scale of the seeded data, where the target says it.
    pub(crate) scale: Option<String>,
    /// Whether the data is reset before the load.
    pub(crate) fresh: bool,
}
