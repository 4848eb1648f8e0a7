//! Outcomes of the iterations of a flow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::percentile::Percentiles;

/// The iterations of one flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowIterations {
    /// Name of the flow.
    pub name: String,
    /// Iterations that sent anything, and whose intended start lies in the measured windows.
    pub launched: u64,
    /// Those of them whose requests were all answered as they should.
    pub completed: u64,
    /// How long they took, from the intended start of the first request to the end of the last; failed
    /// ones count as infinitely slow.
    pub response: Percentiles,
}
