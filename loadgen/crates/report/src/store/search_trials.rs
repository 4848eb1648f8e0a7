//! What a capacity search goes on from: beside `trial.json` of each trial a `search.json` with its load,
//! its purpose and what it said.

use std::{fs, path::Path};

use crate::store::{
    error::{StoreError, io_error},
    folder::{Folder, slug},
};
use loadgen_experiment::capacity::{KeptTrial, SearchTrialRecord};

/// The file of a trial.
const RECORD: &str = "search.json";

impl Folder {
    /// Writes what the search knows of a trial; its other files are there already, so a trial without
    /// this file did not count.
    pub fn search_trial(&self, one: &KeptTrial) -> Result<(), StoreError> {
        let folder = slug(&one.step.folder);
        self.write_json(&format!("trials/{folder}/{RECORD}"), &one.record())
    }
}

/// The trials of the search in a folder, in the order in which they ran.
pub fn kept_search(folder: &Path) -> Result<Vec<KeptTrial>, StoreError> {
    let trials = folder.join("trials");
    if !trials.exists() {
        return Ok(Vec::new());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(&trials).map_err(io_error("list", &trials))? {
        let path = entry.map_err(io_error("list", &trials))?.path();
        if path.join(RECORD).exists() {
            folders.push(path);
        }
    }
    // Their names begin with their numbers.
    folders.sort();
    folders
        .iter()
        .map(|path| {
            let record: SearchTrialRecord = read(&path.join(RECORD))?;
            Ok(KeptTrial::of(record, read(&path.join("trial.json"))?))
        })
        .collect()
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let text = fs::read(path).map_err(io_error("read", path))?;
    serde_json::from_slice(&text).map_err(|source| StoreError::Json {
        path: path.to_owned(),
        source,
    })
}
