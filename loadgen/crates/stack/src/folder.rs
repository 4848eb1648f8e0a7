//! The folder of a stack: created for this process and removed with it, or by the next process if
//! this one was killed.

use std::{
    env, fs,
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process, thread,
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{
    error::StackError,
    process_stat::{begins_or_ends, has_not_ended, stat_of},
};

/// Prefix of temporary folders.
const PREFIX: &str = "codeconnect-";
/// File that names the owner: process id and start time.
const OWNER: &str = "owner";
/// Folder of the data of PostgreSQL.
pub(super) const PRIMARY_DATA: &str = "postgres";
/// Folder of the data of its replica.
pub(super) const REPLICA_DATA: &str = "replica";
/// Longest wait for a database to end whose loadgen was killed, and the time between two polls of it.
const DATABASE_ENDS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_millis(50));
/// File that says that the replica has become the primary: its data is what counts.
const PROMOTED: &str = "promoted";

/// A folder for data and logs.
#[derive(Debug)]
pub(super) struct StackFolder {
    path: PathBuf,
    keep: bool,
}

impl StackFolder {
    /// Creates a temporary folder; removes those that killed processes left behind.
    pub(super) fn temporary() -> Result<Self, StackError> {
        let root = env::temp_dir();
        remove_stale(&root);
        let random = Uuid::new_v4().simple().to_string();
        let path = root.join(format!("{PREFIX}{}-{}", process::id(), &random[..8]));
        // Other users may enter, as PostgreSQL runs as one, but not list the folder.
        DirBuilder::new()
            .mode(0o711)
            .create(&path)
            .map_err(StackError::folder(&path))?;
        let folder = Self { path, keep: false };
        folder.write_secret(OWNER, &owner())?;
        Ok(folder)
    }

    /// Uses a folder that stays; refused while another process uses it.
    pub(super) fn kept(path: &Path) -> Result<Self, StackError> {
        fs::create_dir_all(path).map_err(StackError::folder(path))?;
        let path = path.canonicalize().map_err(StackError::folder(path))?;
        if let Some(pid) = living_owner(&path) {
            return Err(StackError::Busy { folder: path, pid });
        }
        // PostgreSQL ends a moment later than a loadgen that is killed, and no other one starts meanwhile.
        let begun = Instant::now();
        while let Some(pid) = running_database(&path) {
            if begun.elapsed() > DATABASE_ENDS.0 {
                return Err(StackError::Busy { folder: path, pid });
            }
            thread::sleep(DATABASE_ENDS.1);
        }
        let folder = Self { path, keep: true };
        folder.write_secret(OWNER, &owner())?;
        Ok(folder)
    }

    /// Whether it outlives this process.
    pub(super) fn stays(&self) -> bool {
        self.keep
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file that no other user can read.
    pub(super) fn write_secret(&self, name: &str, text: &str) -> Result<PathBuf, StackError> {
        let path = self.join(name);
        // A new file: an old one would keep its mode.
        let _none = fs::remove_file(&path);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(StackError::folder(&self.path))?;
        Ok(path)
    }
}

impl StackFolder {
    /// Notes that the replica has become the primary.
    pub(super) fn note_promotion(&self) -> Result<(), StackError> {
        self.write_secret(PROMOTED, "").map(drop)
    }

    /// Moves the data of a replica that has become the primary to where a primary has it, in place of
    /// what the first one left; without such a replica does nothing. Neither may run.
    pub(super) fn take_promoted(&self) -> Result<(), StackError> {
        let failed = || StackError::folder(&self.path);
        let noted = self.join(PROMOTED);
        let (left, promoted) = (self.join(PRIMARY_DATA), self.join(REPLICA_DATA));
        // Interrupted anywhere, it is done by the next call.
        if noted.is_file() && promoted.is_dir() {
            unless_absent(fs::remove_dir_all(&left)).map_err(failed())?;
            fs::rename(&promoted, &left).map_err(failed())?;
        }
        unless_absent(fs::remove_file(&noted)).map_err(failed())
    }
}

/// What was to be removed may have been.
fn unless_absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

impl Drop for StackFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next start.
        if self.keep {
            let _gone = fs::remove_file(self.join(OWNER));
        } else {
            let _gone = fs::remove_dir_all(&self.path);
        }
    }
}

/// Whether this process is root.
pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

fn owner() -> String {
    let pid = process::id();
    // The start distinguishes it from a later process with the same id.
    format!("{pid} {}", stat_of(pid).map_or(0, |stat| stat.starttime))
}

/// A process that ended owns nothing, also while its parent has not waited for it.
fn living_owner(folder: &Path) -> Option<u32> {
    let text = fs::read_to_string(folder.join(OWNER)).ok()?;
    let (pid, since) = text.trim().split_once(' ')?;
    let (pid, since): (u32, u64) = (pid.parse().ok()?, since.parse().ok()?);
    let owner = stat_of(pid)?;
    (owner.starttime == since && has_not_ended(&owner)).then_some(pid)
}

/// Removes this user's folders whose owner has ended. PostgreSQL may end a moment later than the
/// loadgen that was killed: a folder in use is left to the next start.
fn remove_stale(root: &Path) {
    let own = fs::metadata("/proc/self").map_or(0, |meta| meta.uid());
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            // Links are not followed: another user may have created one.
            && fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir() && meta.uid() == own)
            // The file is made before it is written: an empty one is that of a process that begins.
            && fs::metadata(path.join(OWNER)).is_ok_and(|meta| meta.is_file() && meta.len() > 0);
        if ours && living_owner(&path).is_none() && running_database(&path).is_none() {
            let _gone = fs::remove_dir_all(&path);
        }
    }
}

/// The PostgreSQL, primary or replica, that runs on data in a folder.
fn running_database(folder: &Path) -> Option<u32> {
    [PRIMARY_DATA, REPLICA_DATA].into_iter().find_map(|data| {
        let text = fs::read_to_string(folder.join(data).join("postmaster.pid")).ok()?;
        let pid: u32 = text.lines().next()?.trim().parse().ok()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let runs = if command.is_empty() {
            // While it ends it holds its files a moment longer than its command line, and another
            // PostgreSQL refuses to start as long as the process exists.
            stat_of(pid).is_some_and(|stat| begins_or_ends(&stat))
        } else {
            String::from_utf8_lossy(&command).contains(&*folder.to_string_lossy())
        };
        runs.then_some(pid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_behind_is_removed_and_what_a_living_one_has_is_not() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str, owner: Option<&str>| {
            let path = root.path().join(name);
            fs::create_dir(&path).unwrap();
            if let Some(owner) = owner {
                fs::write(path.join(OWNER), owner).unwrap();
            }
            path
        };
        let stale = make("codeconnect-1-dead", Some("4194305 7"));
        let reused = make(
            "codeconnect-2-reused",
            Some(&format!("{} 1", process::id())),
        );
        let living = make("codeconnect-3-living", Some(&owner()));
        let begun = make("codeconnect-4-begun", Some(""));
        let foreign = make("codeconnect-notes", None);
        let other = make("something-else", Some("4194305 7"));
        remove_stale(root.path());
        assert!(!stale.exists() && !reused.exists());
        assert!(living.exists() && begun.exists() && foreign.exists() && other.exists());
    }

    #[test]
    fn a_kept_folder_is_refused_to_a_second_user_and_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("kept");
        let first = StackFolder::kept(&path).unwrap();
        let second = StackFolder::kept(&path).unwrap_err();
        assert!(matches!(second, StackError::Busy { .. }), "{second}");
        drop(first);
        assert!(path.exists());
        drop(StackFolder::kept(&path).unwrap());
    }

    #[test]
    fn a_kept_folder_is_used_again_when_the_database_of_a_killed_process_has_ended() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("kept");
        let data = path.join(PRIMARY_DATA);
        fs::create_dir_all(&data).unwrap();
        // Its command names the folder, as that of PostgreSQL does.
        let script = format!("sleep 1; : {}", data.canonicalize().unwrap().display());
        let mut database = process::Command::new("sh")
            .args(["-c", &script])
            .spawn()
            .unwrap();
        fs::write(data.join("postmaster.pid"), format!("{}\n", database.id())).unwrap();
        fs::write(path.join(OWNER), "4194305 7").unwrap();
        let folder = StackFolder::kept(&path).unwrap();
        assert!(database.try_wait().unwrap().is_some(), "it still runs");
        drop(folder);
    }

    #[test]
    fn the_data_of_a_replica_that_became_the_primary_takes_its_place_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = StackFolder::kept(&root.path().join("kept")).unwrap();
        let put = |data: &str, what: &str| {
            fs::create_dir_all(folder.join(data)).unwrap();
            fs::write(folder.join(data).join("row"), what).unwrap();
        };
        let row = || fs::read_to_string(folder.join(PRIMARY_DATA).join("row")).unwrap();
        put(PRIMARY_DATA, "first");
        put(REPLICA_DATA, "copy");
        folder.take_promoted().unwrap();
        assert_eq!(row(), "first");
        folder.note_promotion().unwrap();
        folder.take_promoted().unwrap();
        assert_eq!(row(), "copy");
        put(REPLICA_DATA, "copy of the copy");
        folder.take_promoted().unwrap();
        assert_eq!(row(), "copy");
        // Killed between its steps: the data is moved, the note is still there.
        fs::remove_dir_all(folder.join(REPLICA_DATA)).unwrap();
        folder.note_promotion().unwrap();
        folder.take_promoted().unwrap();
        assert_eq!(row(), "copy");
        assert!(!folder.join(PROMOTED).exists());
    }

    #[test]
    fn a_temporary_folder_goes_with_its_owner_and_keeps_its_secrets() {
        let folder = StackFolder::temporary().unwrap();
        let path = folder.path().to_owned();
        let secret = folder.write_secret("secret", "s").unwrap();
        assert_eq!(fs::metadata(secret).unwrap().mode() & 0o777, 0o600);
        drop(folder);
        assert!(!path.exists());
    }
}
