//! What lies in a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::error::{StoreError, io_error};

/// The paths of what a folder holds, in the order of their names.
pub(super) fn listed(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        found.push(entry.map_err(io_error("list", folder))?.path());
    }
    found.sort();
    Ok(found)
}
