//! Outputs, and what is read while the load runs, are tried before anything starts: what cannot be written after
//! the load is refused before it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use super::{github::GithubJob, services::ServiceSource};
use crate::cli::{
    failure::Failure,
    flags::{ResultArgs, STANDARD_STREAM},
};

/// Bytes that are written to find out whether a disk is full: about what a short run stores.
const TRIED_BYTES: usize = 256 * 1_024;

/// Tries every output that the flags and the environment name. Leaves nothing behind.
pub(super) fn check(
    result: &ResultArgs,
    services: &ServiceSource,
    github: Option<&GithubJob>,
) -> Result<(), Failure> {
    check_folder("--results", &result.folder.results.join("runs"))?;
    if let Some(file) = &result.junit {
        check_file("--junit", file)?;
    }
    if let Some(file) = result.events_to.as_deref()
        && file != Path::new(STANDARD_STREAM)
    {
        check_file("--events-to", file)?;
    }
    if let Some(file) = result.control_from.as_deref()
        && file != Path::new(STANDARD_STREAM)
    {
        check_input("--control-from", file)?;
    }
    if let Some(file) = github.and_then(GithubJob::summary_file) {
        check_file("GITHUB_STEP_SUMMARY", file)?;
    }
    if let ServiceSource::OwnStack {
        keep_in: Some(folder),
        ..
    } = services
    {
        check_folder("--stack-dir", folder)?;
    }
    Ok(())
}

/// Refuses a folder in which no file can be written. One that does not exist is created later, so
/// the nearest one that does is tried. `name` is the flag or variable that names it.
fn check_folder(name: &str, folder: &Path) -> Result<(), Failure> {
    // An empty path is the current folder. A link to nothing exists, and is no folder.
    let existing = folder
        .ancestors()
        .map(|path| {
            if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            }
        })
        .find(|path| fs::symlink_metadata(path).is_ok())
        .unwrap_or(Path::new("."));
    if !existing.is_dir() {
        return Err(Failure::Usage(format!(
            "{name}: {} is no folder; name another path",
            existing.display()
        )));
    }
    write_nameless(existing).map_err(|error| {
        Failure::Usage(format!(
            "{name}: cannot write in {}: {error}; name another path",
            existing.display()
        ))
    })
}

/// Refuses a file that cannot be written. Devices and pipes are not tried: opening one may wait.
pub(in crate::cli) fn check_file(name: &str, file: &Path) -> Result<(), Failure> {
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::Usage(format!(
            "{name}: cannot write {}: {why}; name another file",
            file.display()
        ))
    };
    match fs::metadata(file) {
        Ok(found) if found.is_dir() => return Err(cannot(&"it is a folder")),
        Ok(found) if !found.is_file() => return Ok(()),
        Ok(_) => {
            let opened = OpenOptions::new().append(true).open(file);
            opened.map_err(|error| cannot(&error))?;
        }
        Err(_) => {}
    }
    check_folder(name, file.parent().unwrap_or(Path::new("/")))
}

/// Refuses a file that cannot be read. Devices and pipes are not tried: opening one may wait.
fn check_input(name: &str, file: &Path) -> Result<(), Failure> {
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::Usage(format!(
            "{name}: cannot read {}: {why}; name another file",
            file.display()
        ))
    };
    match fs::metadata(file) {
        Ok(found) if found.is_dir() => Err(cannot(&"it is a folder")),
        Ok(found) if !found.is_file() => Ok(()),
        Ok(_) => File::open(file).map(drop).map_err(|error| cannot(&error)),
        Err(error) => Err(cannot(&error)),
    }
}

/// Writes a file without a name, which is gone when it is closed.
fn write_nameless(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(&vec![0; TRIED_BYTES])?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_written_is_accepted_and_nothing_is_left() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::write(at("old.xml"), "old").unwrap();
        assert!(check_folder("--results", &at("a/b/runs")).is_ok());
        assert!(check_file("--junit", &at("new.xml")).is_ok());
        assert!(check_file("--junit", &at("deep/new.xml")).is_ok());
        assert!(check_file("--junit", &at("old.xml")).is_ok());
        assert!(check_file("--junit", Path::new("/dev/stdout")).is_ok());
        assert!(check_input("--control-from", &at("old.xml")).is_ok());
        assert!(check_input("--control-from", Path::new("/dev/null")).is_ok());
        assert_eq!(fs::read_to_string(at("old.xml")).unwrap(), "old");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_refused_with_the_flag_and_the_path() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", at("link")).unwrap();
        for (found, path) in [
            (check_folder("--f", &at("file/runs")), at("file")),
            (check_folder("--f", &at("link/runs")), at("link")),
            (check_folder("--f", Path::new("/proc/x")), "/proc".into()),
            (check_file("--f", root.path()), root.path().to_owned()),
            (check_file("--f", &at("file/x.xml")), at("file")),
            (check_input("--f", root.path()), root.path().to_owned()),
            (check_input("--f", &at("absent")), at("absent")),
        ] {
            let text = found.unwrap_err().to_string();
            assert!(text.starts_with("--f: "), "{text}");
            assert!(text.contains(&*path.to_string_lossy()), "{text}");
        }
    }
}
