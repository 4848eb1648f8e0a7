//! From a word to a result folder.

use std::path::{Path, PathBuf};

use super::outcome::Failure;

/// A folder of that path, or of that name in `results` or `results/runs`. A path to a file inside
/// a folder names the folder as well, and so does the id at the end of its name.
pub(super) fn result_folder(word: &Path, results: &Path) -> Result<PathBuf, Failure> {
    let tries = [
        word.to_owned(),
        results.join(word),
        results.join("runs").join(word),
    ];
    for path in tries {
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
    if let Some(path) = by_id(word, &results.join("runs"))? {
        return Ok(path);
    }
    Err(Failure::Usage(format!(
        "there is no result folder {}, nor one of that name in {}",
        word.display(),
        results.join("runs").display()
    )))
}

/// The one folder whose name ends with `_WORD`.
fn by_id(word: &Path, runs: &Path) -> Result<Option<PathBuf>, Failure> {
    let Some(id) = word
        .to_str()
        .filter(|id| id.len() >= 4 && id.chars().all(|letter| letter.is_ascii_alphanumeric()))
    else {
        return Ok(None);
    };
    let ending = format!("_{id}");
    let mut found: Vec<PathBuf> = runs
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
    if found.len() > 1 {
        return Err(Failure::Usage(format!("{id} names {} runs", found.len())));
    }
    Ok(found.pop())
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
        let find = |word: &str| result_folder(Path::new(word), results);
        assert_eq!(find(name).unwrap(), path);
        assert_eq!(find("41e7cc0").unwrap(), path);
        assert_eq!(find("latest").unwrap(), results.join("latest"));
        assert_eq!(find(path.to_str().unwrap()).unwrap(), path);
        for wrong in ["cc0", "smoke_41e7cc0x", "*"] {
            assert!(find(wrong).is_err(), "{wrong}");
        }
        fs::create_dir(results.join("runs/2026-08-31T14-05-11Z_run_core_41e7cc0")).unwrap();
        assert!(find("41e7cc0").unwrap_err().to_string().contains("2 runs"));
    }
}
