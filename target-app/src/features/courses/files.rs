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

/// Some of the files that were last written before an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OldBatch {
    /// Half-written ones.
    pub(super) parts: Vec<PathBuf>,
    /// Whole ones, by their submission.
    pub(super) whole: Vec<SubmissionId>,
}

impl OldBatch {
    /// How many they are.
    pub(super) const fn len(&self) -> usize {
        self.parts.len() + self.whole.len()
    }
}

/// The files of a folder that were last written before an instant, read from it some at a time: a folder
/// may have more of them than one statement or the memory should hold. A name that [`store`] does not
/// write is of somebody else and left alone.
pub(super) struct OldFiles {
    /// `None` where there is no folder.
    entries: Option<fs::ReadDir>,
    before: SystemTime,
}

impl OldFiles {
    /// Those that were last written before `before`.
    pub(super) fn of(folder: &Path, before: SystemTime) -> io::Result<Self> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { entries, before })
    }

    /// The next ones, at most `most`; fewer where there are no more.
    pub(super) fn batch(&mut self, most: usize) -> io::Result<OldBatch> {
        let mut old = OldBatch::default();
        while old.len() < most {
            let Some(entry) = self.entries.as_mut().and_then(Iterator::next) else {
                break;
            };
            let entry = entry?;
            let path = entry.path();
            let id = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            let (Some(id), Ok(about)) = (id, entry.metadata()) else {
                continue;
            };
            if !about.is_file() || about.modified()? >= self.before {
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

    /// All of them, in one batch.
    fn older(folder: &Path, before: SystemTime) -> OldBatch {
        let mut old = OldFiles::of(folder, before).unwrap();
        old.batch(usize::MAX).unwrap()
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
        let past = older(folder.path(), now - hour);
        assert_eq!(past, OldBatch::default());
        let all = older(folder.path(), now + hour);
        assert_eq!((all.parts, all.whole), (vec![part], vec![id]));
        let missing = older(&folder.path().join("none"), now);
        assert_eq!(missing, OldBatch::default());
    }

    #[test]
    fn old_files_come_in_bounded_batches_and_each_once_though_those_before_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut wanted: Vec<SubmissionId> =
            (0..7).map(|_| SubmissionId(uuid::Uuid::now_v7())).collect();
        for id in &wanted {
            store(folder.path(), *id, b"abc").unwrap();
        }
        let about = fs::metadata(file(folder.path(), wanted[0])).unwrap();
        let later = about.modified().unwrap() + Duration::from_hours(1);
        let mut old = OldFiles::of(folder.path(), later).unwrap();
        let mut found = Vec::new();
        loop {
            let batch = old.batch(3).unwrap();
            assert!(batch.len() <= 3, "{batch:?}");
            if batch.len() == 0 {
                break;
            }
            for id in batch.whole {
                remove(folder.path(), id).unwrap();
                found.push(id);
            }
        }
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }
}
