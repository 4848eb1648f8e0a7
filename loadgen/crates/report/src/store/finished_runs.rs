//! All finished runs of a results folder.

use std::path::Path;

use super::{error::StoreError, listed::listed, load};
use crate::history::PastRun;

/// Reads the summary of every run in `results/runs`, and counts those that could not be read:
/// unfinished, broken, or written by a newer version.
pub fn finished_runs(results: &Path) -> Result<(Vec<PastRun>, usize), StoreError> {
    let runs = results.join("runs");
    let mut found = Vec::new();
    let mut unread = 0;
    for path in listed(&runs)?.into_iter().filter(|path| path.is_dir()) {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let folder = name.to_string_lossy().into_owned();
        match load(&path) {
            Ok(summary) => found.push(PastRun { folder, summary }),
            // It has no summary of two arms, and nothing is wrong with it.
            Err(StoreError::Factorial { .. }) => {}
            Err(_) => unread += 1,
        }
    }
    Ok((found, unread))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_without_a_summary_is_counted_and_a_missing_one_named() {
        let root = tempfile::tempdir().unwrap();
        let error = finished_runs(root.path()).unwrap_err().to_string();
        assert!(error.contains("runs"), "{error}");
        fs::create_dir_all(root.path().join("runs/begun")).unwrap();
        let (found, unread) = finished_runs(root.path()).unwrap();
        assert!(found.is_empty());
        assert_eq!(unread, 1);
    }
}
