//! `samples.csv.gz` of a trial, and `samples.parquet` where the program was built for it: written
//! straight into the file, because they may be large.

#[cfg(feature = "parquet")]
use std::io;
use std::path::Path;

use super::atomic::write_whole;
use super::error::StoreError;
use super::folder::{Folder, slug};
use loadgen_engine::aggregator::write_samples;
use loadgen_engine::flow::Operations;
use loadgen_engine::recorder::RawSamples;

/// Most requests of a trial that are kept one by one: 128 MB of memory, and some 60 MB of file.
pub const MOST_SAMPLES: usize = 2_000_000;

impl Folder {
    /// Writes the requests of a trial.
    pub fn samples(
        &self,
        trial: &str,
        samples: &RawSamples,
        operations: Operations,
    ) -> Result<(), StoreError> {
        let folder = self.path().join("trials").join(slug(trial));
        write_into(&folder, samples, operations)
    }
}

/// Writes them into a folder, each file whole or not at all.
pub fn write_into(
    folder: &Path,
    samples: &RawSamples,
    operations: Operations,
) -> Result<(), StoreError> {
    write_whole(&folder.join("samples.csv.gz"), |file| {
        write_samples(samples, operations, file)
    })?;
    #[cfg(feature = "parquet")]
    write_whole(&folder.join("samples.parquet"), |file| {
        loadgen_engine::aggregator::write_parquet(samples, operations, file)
            .map_err(io::Error::other)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_trial_s_requests_lie_beside_its_other_files_and_nothing_else_does() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::create(root.path(), "run", "x", chrono::DateTime::UNIX_EPOCH).unwrap();
        for _ in 0..2 {
            folder
                .samples(
                    "b01_1_after",
                    &RawSamples::with_room(3),
                    Operations::new(&[]),
                )
                .unwrap();
        }
        let trial = folder.path().join("trials/b01_1_after");
        let mut names: Vec<String> = fs::read_dir(&trial)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let mut wanted = vec!["samples.csv.gz"];
        if cfg!(feature = "parquet") {
            wanted.push("samples.parquet");
        }
        assert_eq!(names, wanted);
    }
}
