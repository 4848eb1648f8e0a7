//! What a capacity search goes on from: beside `trial.json` of each trial a `search.json` with its load,
//! its purpose and what it said.

use std::{fs, path::Path};

use crate::store::{
    error::{StoreError, io_error},
    folder::{Folder, slug},
    listed::listed,
};
use loadgen_experiment::capacity::KeptTrial;

/// The file of a trial.
const RECORD: &str = "search.json";

impl Folder {
    /// Writes what the search knows of a trial; its other files are there already, so a trial without
    /// this file did not count.
    pub fn search_trial(&self, one: &KeptTrial) -> Result<(), StoreError> {
        let folder = slug(&one.step.folder);
        self.write_json(&format!("trials/{folder}/{RECORD}"), one)
    }
}

/// The trials of the search in a folder, in the order in which they ran.
pub fn kept_search(folder: &Path) -> Result<Vec<KeptTrial>, StoreError> {
    let trials = folder.join("trials");
    if !trials.exists() {
        return Ok(Vec::new());
    }
    // Their names begin with their numbers.
    let folders = listed(&trials)?.into_iter();
    folders
        .filter(|path| path.join(RECORD).exists())
        .map(|path| {
            let kept: KeptTrial = read(&path.join(RECORD))?;
            let trial = read(&path.join("trial.json"))?;
            Ok(KeptTrial { trial, ..kept })
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
