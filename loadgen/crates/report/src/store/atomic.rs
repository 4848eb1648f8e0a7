//! Files that a reader sees whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::error::{StoreError, io_error};

/// Those of this process.
static UNFINISHED: UnfinishedFiles = UnfinishedFiles(Mutex::new(BTreeSet::new()));

/// Files that have no final name yet.
#[derive(Debug)]
struct UnfinishedFiles(Mutex<BTreeSet<PathBuf>>);

impl UnfinishedFiles {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `write` fill a file that takes its name when it is whole.
    fn whole(
        &self,
        path: &Path,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into());
        let beside = folder.join(temporary_name(&name));
        let created = {
            let mut unfinished = self.lock();
            unfinished.insert(beside.clone());
            File::create(&beside)
        };
        let written = created
            .and_then(|mut file| write(&mut file))
            .and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            let _left = fs::remove_file(&beside);
        }
        self.lock().remove(&beside);
        written.map_err(io_error("write", path))
    }

    /// Removes them all; none begins while the result is kept.
    fn remove(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        let unfinished = self.lock();
        for path in &*unfinished {
            let _gone = fs::remove_file(path);
        }
        unfinished
    }
}

/// Removes the files that have no final name yet and lets none begin, for a process that ends at once.
pub fn abandon_writes() {
    std::mem::forget(UNFINISHED.remove());
}

/// A name beside the final one, distinct for every write of every process.
pub(super) fn temporary_name(name: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!(".{name}.{}-{count}.tmp", std::process::id())
}

/// Writes a file so that a reader sees all of it or the one before. A device or a pipe is written
/// to, not replaced.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return fs::write(path, bytes).map_err(io_error("write", path));
    }
    write_whole(path, |file| {
        file.write_all(bytes)?;
        file.sync_all()
    })
}

/// Lets `write` fill a file that takes its name when it is whole.
pub(super) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), StoreError> {
    UNFINISHED.whole(path, write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_that_is_given_up_half_written_nothing_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("report.html");
        fs::write(&path, "the one before").unwrap();
        let files = UnfinishedFiles(Mutex::default());
        let written = files.whole(&path, |file| {
            file.write_all(b"half of")?;
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
            drop(files.remove());
            Ok(())
        });
        assert!(written.is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "the one before");
        assert!(files.lock().is_empty());
    }
}
