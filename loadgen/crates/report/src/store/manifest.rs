//! `manifest.json`: what was asked, of which program, on which machine, with which seeds.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use loadgen_experiment::{
    schema::{Provenance, SCHEMA_VERSION, Summary},
    summary::provenance,
};

/// The whole of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Manifest {
    /// Version of the stored types.
    pub schema_version: u32,
    /// `run`, `experiment`, `capacity` …
    pub command: String,
    /// Name of the suite or experiment.
    pub name: String,
    /// The program, the machine and the command line.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// When the command began.
    pub started_at: DateTime<Utc>,
    /// How long it took, in seconds; absent while it runs.
    pub took_s: Option<f64>,
    /// Whether it was stopped before its planned end.
    pub interrupted: bool,
    /// The load, in one line.
    pub load: String,
    /// Digest of each arm's profile.
    pub fingerprints: BTreeMap<String, String>,
    /// Seed of each trial, by its folder.
    pub seeds: BTreeMap<String, u64>,
    /// What the services were.
    pub environment: BTreeMap<String, String>,
    /// What a reader must know before believing a figure.
    pub warnings: Vec<String>,
}

impl Manifest {
    /// What is known when a command begins.
    pub fn begin(command: &str, name: &str, started_at: DateTime<Utc>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command: command.into(),
            name: name.into(),
            provenance: provenance(),
            started_at,
            took_s: None,
            interrupted: true,
            load: String::new(),
            fingerprints: BTreeMap::new(),
            seeds: BTreeMap::new(),
            environment: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// The same with what is known when it has ended.
    #[must_use]
    pub fn end(mut self, summary: &Summary) -> Self {
        self.took_s = Some(summary.took_s);
        self.interrupted = summary.interrupted;
        self.load.clone_from(&summary.load);
        self.fingerprints = summary
            .arms
            .iter()
            .map(|arm| (arm.name.to_string(), arm.fingerprint.clone()))
            .collect();
        self.seeds = summary
            .trials
            .iter()
            .map(|trial| (trial.folder.clone(), trial.seed))
            .collect();
        self.environment = summary.environment.iter().cloned().collect();
        self.warnings.clone_from(&summary.warnings);
        self
    }
}
