//! A disk of its own for the data of PostgreSQL, small enough to be filled: a tmpfs.
//!
//! It is mounted for the thread alone that starts the services, and so for them. Nobody else sees it, and
//! the kernel takes it away with the last of them, however they and loadgen end.

use std::{
    env,
    ffi::CString,
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    thread,
};

use rustix::{
    mount::{MountFlags, MountPropagationFlags, mount, mount_change},
    thread::{UnshareFlags, unshare_unsafe},
};
use shared::dataset::Scale;

use super::{error::StackError, supervisor::ProcessSupervisor, system_user::SystemUser};

const MIB: u64 = 1 << 20;
/// Memory that has to be left for everything else.
const SPARE: u64 = 512 * MIB;
/// The file that fills it.
const FILLER: &str = "filler";
/// Bytes that are written at once, and those of a page, with which the rest is filled.
const PIECES: [usize; 2] = [64 * 1_024, 4_096];

/// Why PostgreSQL cannot have a disk of its own with data of this scale on this machine; `None`: it can.
/// What it takes is tried, where nobody sees it.
pub fn own_disk_refusal(scale: Scale) -> Option<String> {
    let needed = size(scale) + SPARE;
    if let Some(free) = available_memory().filter(|free| *free < needed) {
        return Some(format!(
            "its disk in memory takes up to {} MiB, and {} MiB of memory are available: choose a smaller --scale, or leave it out",
            size(scale) / MIB,
            free / MIB
        ));
    }
    let trial = thread::spawn(|| {
        let disk = MemoryDisk {
            at: env::temp_dir(),
            size: MIB,
            user: None,
        };
        disk.mount()
    });
    let error = match trial.join() {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the thread that tried it has panicked".to_owned(),
    };
    Some(format!(
        "no disk can be mounted for it ({error}): run as root (CAP_SYS_ADMIN), or leave it out"
    ))
}

/// A disk that is made of memory.
#[derive(Debug, Clone)]
pub(super) struct MemoryDisk {
    at: PathBuf,
    size: u64,
    user: Option<SystemUser>,
}

impl MemoryDisk {
    /// One at this path, a folder, for data of this scale and the user that PostgreSQL runs as.
    pub(super) fn new(at: PathBuf, scale: Scale) -> Result<Self, StackError> {
        fs::create_dir(&at).map_err(StackError::folder(&at))?;
        Ok(Self {
            at,
            size: size(scale),
            user: SystemUser::for_service()?,
        })
    }

    /// Gives the calling thread mounts of its own, this disk among them.
    pub(super) fn mount(&self) -> io::Result<()> {
        #[expect(unsafe_code, reason = "only the system call itself can do this")]
        // SAFETY: what is no more shared are mounts, and not the table of open files.
        unsafe {
            unshare_unsafe(UnshareFlags::NEWNS)?;
        }
        // Where mounts are shared, which systemd makes them, all others would get it too.
        let own = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", own)?;
        let owner = self.user.map(SystemUser::mount_options).unwrap_or_default();
        let options = CString::new(format!("size={},mode=0700{owner}", self.size))?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount("tmpfs", &self.at, "tmpfs", flags, options.as_c_str())?;
        Ok(())
    }

    /// Takes all of the space that is left. `supervisor` is the one whose thread has mounted it.
    pub(super) fn fill(&self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        let filler = self.filler(supervisor);
        self.write(&filler)
            .map_err(StackError::io("cannot fill the disk of PostgreSQL"))
    }

    fn write(&self, filler: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .open(filler)?;
        let zeros = vec![0; PIECES[0]];
        let mut most = self.size;
        for piece in PIECES {
            while most > 0 {
                match file.write(&zeros[..piece]) {
                    Ok(0) => break,
                    Ok(written) => most = most.saturating_sub(written as u64),
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Gives the space back.
    pub(super) fn free(&self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        match fs::remove_file(self.filler(supervisor)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(StackError::io("cannot free the disk of PostgreSQL")(error))
            }
            _ => Ok(()),
        }
    }

    fn filler(&self, supervisor: &ProcessSupervisor) -> PathBuf {
        supervisor.view(&self.at).join(FILLER)
    }
}

/// Bytes of the disk for data of this scale: the database, its seeded copy, a third one while it is
/// reset, and the log.
const fn size(scale: Scale) -> u64 {
    MIB * match scale {
        Scale::Tiny => 640,
        Scale::Small => 1_024,
        Scale::Medium => 4_096,
        Scale::Large => 16_384,
    }
}

/// Bytes of memory that programs can still take; `None` where the kernel does not say.
fn available_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_that_is_available_is_known_and_a_larger_scale_takes_more_of_it() {
        assert!(available_memory().unwrap() > MIB);
        let sizes = Scale::ALL.map(size);
        assert!(sizes.is_sorted(), "{sizes:?}");
    }

    #[test]
    fn where_no_disk_can_be_made_one_line_says_what_would_be_right() {
        let folder = format!(" {} tmpfs ", env::temp_dir().display());
        let mounted = || {
            let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
            mounts.matches(&folder).count()
        };
        let before = mounted();
        let refusal = own_disk_refusal(Scale::Tiny);
        assert_eq!(mounted(), before, "the attempt is seen by nobody");
        if let Some(why) = refusal {
            assert!(
                why.contains("run as root") || why.contains("--scale"),
                "{why}"
            );
            assert!(!why.contains('\n'));
        }
    }
}
