//! Finds the folder of a run by path, name, id or `latest`.

use std::path::{Path, PathBuf};

use shared::text::nearest;

/// Why no result folder was found.
#[derive(Debug, thiserror::Error)]
pub enum RunLookupError {
    /// Nothing of that name exists.
    #[error("there is no result folder {}, nor one of that name in {}; {}", word.display(), runs.display(), suggestion(near.as_deref()))]
    NotFound {
        /// The word that was looked up.
        word: PathBuf,
        /// The folder that was searched.
        runs: PathBuf,
        /// The run that was probably meant.
        near: Option<String>,
    },
    /// Several runs have that id.
    #[error("{id} names {count} runs")]
    Ambiguous {
        /// The id.
        id: String,
        /// Number of runs that have it.
        count: usize,
    },
    /// No run has finished yet.
    #[error("{} has no newest run: name a result folder, or make one with `loadgen demo`", results.display())]
    NoLatest {
        /// The folder that has no `latest`.
        results: PathBuf,
    },
}

/// The newest finished run of a results folder.
pub fn latest_run_dir(results: &Path) -> Result<PathBuf, RunLookupError> {
    let latest = results.join("latest");
    if latest.exists() {
        return Ok(latest);
    }
    Err(RunLookupError::NoLatest {
        results: results.to_owned(),
    })
}

/// The result folder of that path, or of that name in `results` or `results/runs`. A path to a file
/// inside a folder names the folder as well, and so does the id at the end of its name.
pub fn resolve_run_dir(word: &Path, results: &Path) -> Result<PathBuf, RunLookupError> {
    let runs = results.join("runs");
    for path in [word.to_owned(), results.join(word), runs.join(word)] {
        if path.is_dir() {
            return Ok(path);
        }
        if path.is_file()
            && let Some(parent) = path.parent()
        {
            return Ok(if parent == Path::new("") {
                PathBuf::from(".")
            } else {
                parent.to_owned()
            });
        }
    }
    if word == Path::new("latest") {
        return latest_run_dir(results);
    }
    match by_id(word, &runs)? {
        Some(path) => Ok(path),
        None => Err(RunLookupError::NotFound {
            word: word.to_owned(),
            near: near(word, &runs),
            runs,
        }),
    }
}

fn suggestion(near: Option<&str>) -> String {
    near.map_or_else(
        || "`loadgen results list` shows those that there are".to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}

/// The id or folder of the run that a wrong word was probably meant to be, the newest of several.
fn near(word: &Path, runs: &Path) -> Option<String> {
    let word = word.file_name()?.to_str()?;
    let mut folders: Vec<String> = runs
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    folders.sort_unstable();
    let ids = folders
        .iter()
        .filter_map(|folder| folder.rsplit('_').next());
    let near = nearest(word, ids).or_else(|| nearest(word, folders.iter().map(String::as_str)))?;
    Some(near.to_owned())
}

/// The only folder whose name ends with `_WORD`.
fn by_id(word: &Path, runs: &Path) -> Result<Option<PathBuf>, RunLookupError> {
    let Some(id) = word
        .to_str()
        .filter(|id| id.len() >= 4 && id.chars().all(|letter| letter.is_ascii_alphanumeric()))
    else {
        return Ok(None);
    };
    let ending = format!("_{id}");
    let mut matches: Vec<PathBuf> = runs
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.ends_with(&ending)) && path.is_dir()
        })
        .collect();
    if matches.len() > 1 {
        return Err(RunLookupError::Ambiguous {
            id: id.to_owned(),
            count: matches.len(),
        });
    }
    Ok(matches.pop())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_run_is_found_by_path_name_latest_and_id() {
        let root = tempfile::tempdir().unwrap();
        let results = root.path();
        let name = "2026-08-30T14-05-11Z_run_smoke_41e7cc0";
        let path = results.join("runs").join(name);
        fs::create_dir_all(&path).unwrap();
        std::os::unix::fs::symlink(&path, results.join("latest")).unwrap();
        let find = |word: &str| resolve_run_dir(Path::new(word), results);
        assert_eq!(find(name).unwrap(), path);
        assert_eq!(find("41e7cc0").unwrap(), path);
        assert_eq!(find("latest").unwrap(), results.join("latest"));
        assert_eq!(find(path.to_str().unwrap()).unwrap(), path);
        for (wrong, near) in [
            ("cc0", "did you mean `41e7cc0`?"),
            ("41e7cc1", "did you mean `41e7cc0`?"),
            ("smoke", &format!("did you mean `{name}`?")),
            ("smoke_41e7cc0x", "`loadgen results list`"),
            ("*", "`loadgen results list`"),
        ] {
            let error = find(wrong).unwrap_err().to_string();
            assert!(error.contains(near), "{wrong}: {error}");
        }
        fs::create_dir(results.join("runs/2026-08-31T14-05-11Z_run_core_41e7cc0")).unwrap();
        assert!(find("41e7cc0").unwrap_err().to_string().contains("2 runs"));
    }
}
