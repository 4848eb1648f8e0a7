//! The control plane: profile, reset, query plans, readiness.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ledger::Ledger, profile::Profile};

/// Answer of `GET` and `PUT /lab/profile`: what is really in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileView {
    /// The profile as last asked for.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub profile: Profile,
    /// Every switch as reported by its owner, the object that acts on it: indexes by the
    /// catalogue, sizes by the pool, settings by the server, policies by what services consult.
    pub in_force: BTreeMap<String, String>,
    /// Switches whose value in force is not the one asked for, `guard.NAME` for a missing or
    /// unwanted guard, `data.seeded_passwords` for seeded hashes of another scheme; empty when the
    /// profile is in force.
    pub differences: Vec<String>,
    /// Short digest of `in_force`; equal digests mean equal behaviour.
    pub fingerprint: String,
    /// Digest of the seeded data, if the database was seeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The seeded scale: `small`, if the database was seeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<String>,
    /// Version and build of the server: `0.1.0 (release)`.
    pub build: String,
    /// Counts the engines since start; a swap adds one.
    pub generation: u64,
    /// PostgreSQL settings that change what a measurement means: `fsync`,
    /// `synchronous_commit`, `full_page_writes`, `shared_buffers`, `max_connections`, `server_version`.
    pub postgres: BTreeMap<String, String>,
    /// Version of Redis; absent if it does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis_version: Option<String>,
}

/// Body of `POST /lab/reset`; an empty body keeps the profile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The profile to start the fresh database with, so that indexes are made once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub profile: Option<Profile>,
}

/// Answer of `POST /lab/reset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetReport {
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Digest of the data that is there now.
    pub dataset: String,
    /// What is in force now.
    pub profile: ProfileView,
}

/// Body of `POST /lab/audit`; an empty body audits the database alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditRequest {
    /// What the client was acknowledged since the last reset. Rows that other clients wrote
    /// meanwhile were requested by none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Ledger>,
}

/// Answer of `GET /lab/explain`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explanation {
    /// Whose statements.
    pub operation: String,
    /// Fingerprint of the profile in force.
    pub profile: String,
    /// In the order in which a request sends them.
    pub statements: Vec<Explained>,
}

/// One statement and its plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explained {
    /// What it is for, in a word or two.
    pub what: String,
    /// How often one request sends it, at most.
    pub times: u32,
    /// Its text.
    pub sql: String,
    /// What PostgreSQL answers to `explain (analyze, buffers, format json)`.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub plan: serde_json::Value,
}

/// Answer of `GET /health/ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// `ready` or `not_ready`.
    pub status: String,
    /// Each part: `ok`, or what is wrong with it. Redis alone does not make a server `not_ready`.
    pub parts: BTreeMap<String, String>,
}
