//! The way back: a summary, or its outline, from a folder, from its `summary.json`, or from
//! `results/latest`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, de::DeserializeOwned};

use crate::store::error::{StoreError, io_error};
use crate::store::outline::SummaryOutline;
use loadgen_experiment::schema::{SCHEMA_VERSION, Summary};

/// Only the version, which must be read before the rest is believed.
#[derive(Deserialize)]
struct Versioned {
    schema_version: u64,
}

/// Reads the summary of a run; `path` is its folder or the file itself.
pub fn load(path: &Path) -> Result<Summary, StoreError> {
    read(path)
}

/// Reads what a list shows of it; the same versions are refused.
pub fn load_outline(path: &Path) -> Result<SummaryOutline, StoreError> {
    read(path)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let file = if path.is_dir() {
        path.join("summary.json")
    } else {
        path.to_owned()
    };
    if path.is_dir() && !file.exists() {
        if path.join("factorial.json").exists() {
            return Err(StoreError::Factorial {
                path: path.to_owned(),
            });
        }
        // The manifest is the first file of each.
        if !path.join("manifest.json").exists() && !path.join("trials").is_dir() {
            return Err(StoreError::NoResult {
                path: path.to_owned(),
            });
        }
        return Err(StoreError::Unfinished {
            path: path.to_owned(),
            trials: kept_trials(path),
        });
    }
    let text = fs::read(&file).map_err(io_error("read", &file))?;
    let json = |source| StoreError::Json {
        path: file.clone(),
        source,
    };
    let version = serde_json::from_slice::<Versioned>(&text)
        .map_err(json)?
        .schema_version;
    if version != u64::from(SCHEMA_VERSION) {
        return Err(StoreError::OtherVersion {
            path: file,
            found: version,
            known: SCHEMA_VERSION,
        });
    }
    serde_json::from_slice(&text).map_err(json)
}

/// How many trials an unfinished run has kept.
fn kept_trials(folder: &Path) -> usize {
    fs::read_dir(folder.join("trials")).map_or(0, |entries| {
        entries
            .flatten()
            .filter(|entry| entry.path().join("trial.json").exists())
            .count()
    })
}
