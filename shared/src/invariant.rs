//! What an audit found: numbered invariants in the form of TPC-C clause 3.3.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Most violating rows that a report carries for one invariant.
pub const MAX_ROWS: usize = 100;

/// One invariant and what breaks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InvariantResult {
    /// Its number, stable across releases.
    pub number: u16,
    /// Its name: `slot_capacity`.
    pub name: String,
    /// What must hold, in one sentence.
    pub statement: String,
    /// How many rows break it.
    pub violations: u64,
    /// The first of them, as JSON objects; at most [`MAX_ROWS`].
    pub rows: Vec<serde_json::Value>,
}

/// The answer of `POST /lab/audit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditReport {
    /// When the audit ran.
    pub audited_at: chrono::DateTime<chrono::Utc>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Every invariant, in order of number, whether broken or not.
    pub invariants: Vec<InvariantResult>,
    /// The parts that could not be looked at; what the others found is in `invariants`.
    #[serde(default)]
    pub failed: Vec<FailedPart>,
    /// What the invariant `cached_equals_database` compared, by kind of cache.
    #[serde(default)]
    pub cached: BTreeMap<String, CachedCheck>,
}

/// A part of an audit that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailedPart {
    /// `database` or `caches`.
    pub part: String,
    /// Why it could not.
    pub reason: String,
}

/// Cached values of one kind, compared with the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CachedCheck {
    /// Values compared; of a tiered cache both copies count.
    pub compared: u64,
    /// Of those, different from the database, but younger than the time that they may live, where
    /// only time ends them: allowed, and no violation.
    pub stale: u64,
    /// Age of the oldest of the stale ones, in milliseconds.
    pub oldest_stale_ms: u64,
    /// Of those, different although they should not be: violations.
    pub wrong: u64,
}

impl AuditReport {
    /// Violations over all invariants.
    pub fn violations(&self) -> u64 {
        self.invariants.iter().map(|one| one.violations).sum()
    }

    /// The invariants that do not hold.
    pub fn broken(&self) -> impl Iterator<Item = &InvariantResult> {
        self.invariants.iter().filter(|one| one.violations > 0)
    }
}
