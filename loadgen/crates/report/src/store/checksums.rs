//! `CHECKSUMS`: one `sha256sum -c` line for each file of a result folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use shared::hex;

use crate::store::atomic::write_atomically;
use crate::store::error::{StoreError, io_error};
use crate::store::listed::listed;

/// Name of the file.
const NAME: &str = "CHECKSUMS";

/// The lines of every file below the folder, sorted by path.
pub(super) fn checksums(root: &Path) -> Result<String, StoreError> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in listed(&folder)? {
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != NAME) {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut lines = String::new();
    for path in files {
        lines.push_str(&line(root, &path)?);
    }
    Ok(lines)
}

/// Renews the lines of some files, which have been written again; the others stay, so that a file
/// that was altered still shows. Nothing happens in a folder without checksums.
pub fn renew_checksums(root: &Path, names: &[&str]) -> Result<(), StoreError> {
    let file = root.join(NAME);
    let Ok(known) = fs::read_to_string(&file) else {
        return Ok(());
    };
    let of = |line: &str| line.split_once("  ").map(|(_, name)| name.to_owned());
    let mut lines: Vec<String> = known
        .lines()
        .filter(|line| of(line).is_none_or(|name| !names.contains(&name.as_str())))
        .map(|line| format!("{line}\n"))
        .collect();
    for name in names {
        lines.push(line(root, &root.join(name))?);
    }
    lines.sort_by_key(|line| of(line));
    write_atomically(&file, lines.concat().as_bytes())
}

/// One line: the digest, two blanks, the path below the folder.
fn line(root: &Path, path: &Path) -> Result<String, StoreError> {
    let mut digest = Sha256::new();
    let mut file = File::open(path).map_err(io_error("read", path))?;
    io::copy(&mut file, &mut HashWriter(&mut digest)).map_err(io_error("read", path))?;
    let relative = path.strip_prefix(root).unwrap_or(path);
    let digest = hex::of(&digest.finalize());
    Ok(format!("{digest}  {}\n", relative.display()))
}

/// Feeds a digest from a reader.
struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_again_gets_a_new_line_and_no_other_does() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
        for name in ["b", "a", "c"] {
            write(name, "old");
        }
        let before = checksums(root.path()).unwrap();
        write(NAME, &before);
        write("a", "new");
        write("b", "altered");
        renew_checksums(root.path(), &["a"]).unwrap();
        let after = fs::read_to_string(root.path().join(NAME)).unwrap();
        let (before, after): (Vec<&str>, Vec<&str>) =
            (before.lines().collect(), after.lines().collect());
        assert_eq!(after.len(), 3);
        assert_ne!(after[0], before[0]);
        assert_eq!(after[1..], before[1..]);
    }

    #[test]
    fn a_folder_without_checksums_gets_none() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), "x").unwrap();
        renew_checksums(root.path(), &["a"]).unwrap();
        assert!(!root.path().join(NAME).exists());
    }
}
