//! Runs that are kept under a name: `results/baselines/NAME` is a link to a run, replaced as a
//! whole. Removing old runs leaves them alone.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use super::{
    atomic::replace_link,
    error::{StoreError, io_error},
    load,
};

/// Longest name.
const MAX_NAME: usize = 60;

/// A run that is kept under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Its name.
    pub name: String,
    /// Folder of the run below `runs/`.
    pub folder: String,
}

/// The baselines of a results folder, by name. Whatever is no link to a run is ignored.
pub fn baselines(results: &Path) -> Vec<Baseline> {
    let entries = fs::read_dir(results.join("baselines"));
    let mut found: Vec<Baseline> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            check_name(&name).ok()?;
            let folder = folder_of(&fs::read_link(entry.path()).ok()?)?;
            Some(Baseline { name, folder })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Keeps a finished run of the results folder under a name, in place of the one before.
pub fn keep_baseline(results: &Path, name: &str, run: &Path) -> Result<Baseline, StoreError> {
    check_name(name)?;
    let path = fs::canonicalize(run).map_err(io_error("read", run))?;
    let runs = results.join("runs");
    let inside = fs::canonicalize(&runs).map_err(io_error("read", &runs))?;
    let folder = path.file_name().and_then(|name| name.to_str());
    let Some(folder) = folder.filter(|_| path.parent() == Some(inside.as_path())) else {
        return Err(StoreError::NoRun { path });
    };
    load(&path)?;
    let link = results.join("baselines").join(name);
    replace_link(&link, &Path::new("../runs").join(folder))?;
    Ok(Baseline {
        name: name.to_owned(),
        folder: folder.to_owned(),
    })
}

/// Removes a name; its run stays.
pub fn forget_baseline(results: &Path, name: &str) -> Result<(), StoreError> {
    baseline_dir(results, name)?;
    let link = results.join("baselines").join(name);
    fs::remove_file(&link).map_err(io_error("remove", &link))
}

/// The folder of the run that is kept under that name; the error names those that are.
pub fn baseline_dir(results: &Path, name: &str) -> Result<PathBuf, StoreError> {
    let known = baselines(results);
    match known.iter().find(|one| one.name == name) {
        Some(found) => Ok(results.join("runs").join(&found.folder)),
        None => Err(StoreError::NoBaseline {
            name: name.to_owned(),
            known: known.into_iter().map(|one| one.name).collect(),
        }),
    }
}

/// The run that a link names: `../runs/FOLDER`, and nothing else.
fn folder_of(link: &Path) -> Option<String> {
    let inside = link.strip_prefix("../runs").ok()?;
    let mut parts = inside.components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(folder)), None) => folder.to_str().map(str::to_owned),
        _ => None,
    }
}

/// A name that is safe as a file name, on a command line and in a URL.
fn check_name(name: &str) -> Result<(), StoreError> {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if (1..=MAX_NAME).contains(&name.len())
        && !name.starts_with(['.', '-'])
        && name.bytes().all(letters)
    {
        Ok(())
    } else {
        Err(StoreError::BaselineName {
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Folder;

    #[test]
    fn only_a_plain_name_and_a_finished_run_of_this_folder_make_a_baseline() {
        let root = tempfile::tempdir().unwrap();
        let begun = Folder::create(root.path(), "run", "x", chrono::DateTime::UNIX_EPOCH).unwrap();
        for name in ["", ".x", "-x", "a/b", "../x", "a b", "é"] {
            let found = keep_baseline(root.path(), name, begun.path());
            assert!(
                matches!(found, Err(StoreError::BaselineName { .. })),
                "{name}"
            );
        }
        let found = keep_baseline(root.path(), "main", begun.path());
        assert!(matches!(found, Err(StoreError::Unfinished { .. })));
        let elsewhere = tempfile::tempdir().unwrap();
        let found = keep_baseline(root.path(), "main", elsewhere.path());
        assert!(matches!(found, Err(StoreError::NoRun { .. })));
        assert_eq!(baselines(root.path()), []);
    }

    #[test]
    fn a_link_that_names_no_run_is_ignored_and_a_missing_name_lists_the_others() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("baselines");
        fs::create_dir_all(&folder).unwrap();
        for (name, to) in [
            ("main", "../runs/one"),
            ("out", "../../etc"),
            ("deep", "../runs/one/../../.."),
            ("root", "/etc"),
        ] {
            std::os::unix::fs::symlink(to, folder.join(name)).unwrap();
        }
        let names: Vec<String> = baselines(root.path())
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(names, ["main"]);
        let error = baseline_dir(root.path(), "mian").unwrap_err().to_string();
        assert!(error.contains("mian") && error.contains("main"), "{error}");
        forget_baseline(root.path(), "main").unwrap();
        assert_eq!(baselines(root.path()), []);
    }
}
