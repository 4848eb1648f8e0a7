//! What is stored of the capacity with some switches set otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{arm_capacities::CapacityFactor, capacity::Capacity};

/// The capacity with some switches set otherwise, searched in turn with the capacity as it was set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIfCapacity {
    /// The switches with their values, as written: `cache.items=off`.
    pub settings: String,
    /// What its search found.
    pub found: Capacity,
    /// How many times the load as it was set it sustains.
    pub factor: CapacityFactor,
}

impl WhatIfCapacity {
    /// `cache.items=off: 38/s to 42/s, 0.2x to 0.3x`.
    pub fn in_short(&self) -> String {
        let factor = match self.factor.in_short() {
            known if known.is_empty() => String::new(),
            known => format!(", {known}"),
        };
        format!("{}: {}{factor}", self.settings, self.found.in_short())
    }
}
