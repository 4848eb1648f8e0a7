//! Whether what a process holds, memory and descriptors, stays flat while it is under load.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Resident memory, in bytes.
    Memory,
    /// Open file descriptors.
    Descriptors,
}

/// What is known of a growth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrowthWord {
    /// The whole interval lies within the limit.
    Flat,
    /// The whole interval lies above the limit.
    Grows,
    /// The whole interval lies below the negative limit.
    Shrinks,
    /// Neither is known.
    NotKnown,
}

/// How what a process holds changed over the measured window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Growth {
    /// `target-app`, `postgres`, `redis`, `loadgen`.
    pub process: String,
    /// What it holds.
    pub resource: Resource,
    /// Mean over the window, in bytes or descriptors.
    pub mean: f64,
    /// Theil-Sen slope an hour; absent with fewer than two blocks.
    pub per_hour: Option<f64>,
    /// Its 95 % interval; absent with too few blocks.
    pub interval: Option<(f64, f64)>,
    /// The slope as a share of the mean; absent where either is absent or zero.
    pub share_per_hour: Option<f64>,
    /// Slope an hour up to which it counts as flat.
    pub limit_per_hour: f64,
    /// Blocks of the window that the slope was taken from, each the mean of its seconds.
    pub blocks: u32,
    /// Length of the window, in seconds.
    pub window_s: f64,
    /// What is known.
    pub word: GrowthWord,
}
