//! Submitted files on disk: written whole or not at all, and removed where no row refers to them.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use shared::ids::SubmissionId;

/// Ending of a file that is being written.
const PART: &str = "part";

/// The file of a submission.
pub(super) fn file(folder: &Path, id: SubmissionId) -> PathBuf {
    folder.join(id.to_string())
}

/// Stores a file so that after a crash it is there whole or not at all: written under another
/// name, synced, renamed, and the folder synced. Nothing is left of one that fails.
pub(super) fn store(folder: &Path, id: SubmissionId, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let whole = file(folder, id);
    let part = whole.with_extension(PART);
    let stored = write_synced(&part, bytes)
        .and_then(|()| fs::rename(&part, &whole))
        .and_then(|()| File::open(folder)?.sync_all());
    if stored.is_err() {
        // The failure is returned; what cannot be removed now is left to the sweep.
        let _ = fs::remove_file(&part);
        let _ = fs::remove_file(&whole);
    }
    stored
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the file of a submission that has no row.
pub(super) fn remove(folder: &Path, id: SubmissionId) -> io::Result<()> {
    fs::remove_file(file(folder, id))
}

/// Files that were last written before an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OldFiles {
    /// Half-written ones.
    pub(super) parts: Vec<PathBuf>,
    /// Whole ones, by their submission.
    pub(super) whole: Vec<SubmissionId>,
}

/// The files of a folder that were last written before `before`. A name that [`store`] does not
/// write is of somebody else and left alone.
pub(super) fn older(folder: &Path, before: SystemTime) -> io::Result<OldFiles> {
    let mut old = OldFiles::default();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(old),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let id = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse().ok());
        let (Some(id), Ok(about)) = (id, entry.metadata()) else {
            continue;
        };
        if !about.is_file() || about.modified()? >= before {
            continue;
        }
        match path.extension() {
            None => old.whole.push(id),
            Some(ending) if ending == PART => old.parts.push(path),
            Some(_) => {}
        }
    }
    Ok(old)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_is_stored_whole_and_one_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let id = SubmissionId(uuid::Uuid::now_v7());
        store(folder.path(), id, b"abc").unwrap();
        assert_eq!(fs::read(file(folder.path(), id)).unwrap(), b"abc");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // A folder in the place of the file: the rename fails.
        let other = SubmissionId(uuid::Uuid::now_v7());
        fs::create_dir(file(folder.path(), other)).unwrap();
        store(folder.path(), other, b"abc").unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(!file(folder.path(), other).with_extension(PART).exists());
    }

    #[test]
    fn only_old_files_with_names_of_ours_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let id = SubmissionId(uuid::Uuid::now_v7());
        store(folder.path(), id, b"abc").unwrap();
        let part = file(folder.path(), id).with_extension(PART);
        fs::write(&part, b"a").unwrap();
        fs::write(folder.path().join("notes.txt"), b"a").unwrap();
        let hour = Duration::from_hours(1);
        // The file's own time: it was just written.
        let now = fs::metadata(&part).unwrap().modified().unwrap();
        let past = older(folder.path(), now - hour).unwrap();
        assert_eq!(past, OldFiles::default());
        let all = older(folder.path(), now + hour).unwrap();
        assert_eq!((all.parts, all.whole), (vec![part], vec![id]));
        let missing = older(&folder.path().join("none"), now).unwrap();
        assert_eq!(missing, OldFiles::default());
    }
}
