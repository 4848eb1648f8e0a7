//! `samples.csv.gz` of a trial, and `samples.parquet` where the program was built for it: written
//! straight into the file, because they may be large.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::folder::{Folder, StoreError, io_error, slug};
use crate::aggregator::write_samples;
use crate::recorder::Samples;

/// Most requests of a trial that are kept one by one: 128 MB of memory, and some 60 MB of file.
pub const MOST_SAMPLES: usize = 2_000_000;

impl Folder {
    /// Writes the requests of a trial.
    pub fn samples(&self, trial: &str, samples: &Samples) -> Result<(), StoreError> {
        write_into(&self.path().join("trials").join(slug(trial)), samples)
    }
}

/// Writes them into a folder, each file whole or not at all.
pub fn write_into(folder: &Path, samples: &Samples) -> Result<(), StoreError> {
    fs::create_dir_all(folder).map_err(io_error("create", folder))?;
    whole(folder, "samples.csv.gz", |file| {
        write_samples(samples, file)
    })?;
    #[cfg(feature = "parquet")]
    whole(folder, "samples.parquet", |file| {
        crate::aggregator::write_parquet(samples, file).map_err(io::Error::other)
    })?;
    Ok(())
}

/// Lets `write` fill a file that takes its name when it is whole.
fn whole(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), StoreError> {
    let path = folder.join(name);
    let mut beside = tempfile::Builder::new()
        .prefix(".samples-")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(io_error("create", folder))?;
    write(beside.as_file_mut()).map_err(io_error("write", &path))?;
    beside
        .persist(&path)
        .map_err(|error| io_error("write", &path)(error.error))?;
    Ok(())
}
