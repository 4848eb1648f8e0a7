//! Files that a reader sees whole or not at all.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::error::{StoreError, io_error};

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
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder).map_err(io_error("create", folder))?;
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into());
    let beside = folder.join(temporary_name(&name));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|source| {
            let _left = fs::remove_file(&beside);
            io_error("write", path)(source)
        })
}
