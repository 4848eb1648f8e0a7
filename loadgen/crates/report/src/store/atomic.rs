//! Files and links that a reader sees whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::error::{StoreError, io_error};

/// Those of this process.
static UNFINISHED: UnfinishedFiles = UnfinishedFiles(Mutex::new(BTreeSet::new()));

/// Files and links that have no final name yet.
#[derive(Debug)]
struct UnfinishedFiles(Mutex<BTreeSet<PathBuf>>);

impl UnfinishedFiles {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `begin` make something under a temporary name and `complete` it, before it takes its own.
    fn whole<T>(
        &self,
        path: &Path,
        begin: impl FnOnce(&Path) -> io::Result<T>,
        complete: impl FnOnce(T) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into());
        let beside = folder.join(temporary_name(&name));
        let begun = {
            let mut unfinished = self.lock();
            unfinished.insert(beside.clone());
            begin(&beside)
        };
        let written = begun
            .and_then(complete)
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

/// Removes the files and links that have no final name yet and lets none begin, for a process that ends at once.
pub fn abandon_writes() {
    std::mem::forget(UNFINISHED.remove());
}

/// A name beside the final one, distinct for every write of every process.
fn temporary_name(name: &str) -> String {
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
    UNFINISHED.whole(
        path,
        |beside| File::create(beside),
        |mut file| write(&mut file),
    )
}

/// Makes `path` a link to `to`, in place of the one before.
pub(super) fn replace_link(path: &Path, to: &Path) -> Result<(), StoreError> {
    UNFINISHED.whole(path, |beside| symlink(to, beside), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_given_up_half_written_nothing_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("report.html");
        fs::write(&path, "the one before").unwrap();
        let given_up = |files: &UnfinishedFiles| {
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
            drop(files.remove());
            Ok(())
        };
        let files = UnfinishedFiles(Mutex::default());
        let file = files.whole(
            &path,
            |beside| File::create(beside),
            |mut file| {
                file.write_all(b"half of")?;
                given_up(&files)
            },
        );
        let link = files.whole(&path, |beside| symlink("x", beside), |()| given_up(&files));
        assert!(file.is_err() && link.is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "the one before");
        assert!(files.lock().is_empty());
    }

    /// All of them take their temporary name from the list of those that are removed at the end of the process.
    #[test]
    fn a_temporary_name_is_made_in_this_file_alone() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("atomic.rs") || path.is_dir() {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]").next().unwrap();
            for made in ["fs::rename(", "symlink("] {
                assert!(!product.contains(made), "{}: {made}", path.display());
            }
        }
    }

    #[test]
    fn a_link_is_replaced_and_a_folder_of_its_name_is_not() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("latest");
        for to in ["runs/one", "runs/two"] {
            replace_link(&path, Path::new(to)).unwrap();
            assert_eq!(fs::read_link(&path).unwrap(), Path::new(to));
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(replace_link(&path, Path::new("runs/one")).is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
