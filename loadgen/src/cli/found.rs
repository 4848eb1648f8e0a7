//! From a word to a result folder.

use std::path::{Path, PathBuf};

use super::outcome::Failure;

/// A folder of that path, or of that name in `results` or `results/runs`. A path to a file inside
/// a folder names the folder as well.
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
    Err(Failure::Usage(format!(
        "there is no result folder {}, nor one of that name in {}",
        word.display(),
        results.join("runs").display()
    )))
}
