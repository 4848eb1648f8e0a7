//! The result folder of a command. Every file is written under a temporary name and renamed, so a
//! reader sees a whole file or none; `results/latest` is replaced the same way.
//!
//! A folder records its own state: until the command has finished, `verdict.json` says that it
//! has not. This module only writes files; their content comes from elsewhere.

use std::fs;
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::store::atomic::{replace_link, write_atomically};
use crate::store::checksums::checksums;
use crate::store::error::{StoreError, io_error};
use crate::store::evidence;
use crate::store::manifest::Manifest;
use loadgen_experiment::schema::Summary;

/// Maximum length of the part of a file name that comes from a user's text.
const MAX_NAME: usize = 60;

/// The folder of one command.
#[derive(Debug, Clone)]
pub struct Folder {
    /// `results/`.
    results: PathBuf,
    /// `results/runs/<name>`.
    path: PathBuf,
    /// What is known of the command before it runs.
    manifest: Manifest,
}

impl Folder {
    /// Creates `results/runs/<UTC>_<command>_<name>_<id>/` of a command that begins `at` this time, marked
    /// as unfinished. `name` may be any text; it is reduced to characters that are safe in a file name.
    pub fn create(
        results: &Path,
        command: &str,
        name: &str,
        at: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let folder = format!(
            "{}_{}_{}_{}",
            at.format("%Y-%m-%dT%H-%M-%SZ"),
            slug(command),
            slug(name),
            &id[..7]
        );
        let runs = results.join("runs");
        fs::create_dir_all(&runs).map_err(io_error("create", &runs))?;
        let path = runs.join(folder);
        fs::create_dir(&path).map_err(io_error("create", &path))?;
        let made = Self {
            results: results.to_owned(),
            path,
            manifest: Manifest::begin(command, name, at),
        };
        let begun = made
            .write_json("manifest.json", &made.manifest)
            .and_then(|()| made.write_json("verdict.json", &evidence::unfinished()));
        match begun {
            Ok(()) => Ok(made),
            Err(error) => {
                made.discard();
                Err(error)
            }
        }
    }

    /// Opens the folder of a command that did not finish, to go on with it `at` this time. It is marked as
    /// unfinished again.
    pub fn reopen(
        path: &Path,
        command: &str,
        name: &str,
        at: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let path = fs::canonicalize(path).map_err(io_error("open", path))?;
        let results = path.parent().and_then(Path::parent).unwrap_or(&path);
        let made = Self {
            results: results.to_owned(),
            manifest: Manifest::begin(command, name, at),
            path: path.clone(),
        };
        made.write_json("manifest.json", &made.manifest)?;
        made.write_json("verdict.json", &evidence::unfinished())?;
        Ok(made)
    }

    /// Removes the folder of a command that has not measured anything.
    pub fn discard(&self) {
        // What cannot be removed says of itself that it did not finish.
        let _left = fs::remove_dir_all(&self.path);
    }

    /// Path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stores an input file, byte for byte, as `input/NAME`.
    pub fn input(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_bytes(&format!("input/{}", slug(name)), bytes)
    }

    /// Writes a value as indented JSON.
    pub fn write_json(&self, relative: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let mut text = serde_json::to_vec_pretty(value).map_err(|source| StoreError::Json {
            path: self.path.join(relative),
            source,
        })?;
        text.push(b'\n');
        self.write_bytes(relative, &text)
    }

    /// Writes a text.
    pub fn write_text(&self, relative: &str, text: &str) -> Result<(), StoreError> {
        self.write_bytes(relative, text.as_bytes())
    }

    /// Writes bytes under a temporary name in the same folder, then renames.
    pub fn write_bytes(&self, relative: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let inside = Path::new(relative);
        if inside
            .components()
            .any(|part| !matches!(part, Component::Normal(_)))
        {
            return Err(StoreError::Outside {
                path: inside.into(),
            });
        }
        write_atomically(&self.path.join(inside), bytes)
    }

    /// Writes summary, manifest, reports and verdict, seals the folder with
    /// `CHECKSUMS` and points `results/latest` at it. `reports` are `(file name, content)`.
    pub fn seal(&self, summary: &Summary, reports: &[(&str, String)]) -> Result<(), StoreError> {
        self.write_json("summary.json", summary)?;
        self.close(summary, reports)?;
        self.point_latest_here()
    }

    /// Seals the folder of a command without a summary: verdict, manifest and reports are written.
    /// `results/latest` does not change, as it must be a run that can be reported again.
    pub fn close(&self, summary: &Summary, reports: &[(&str, String)]) -> Result<(), StoreError> {
        self.write_json("manifest.json", &self.manifest.clone().end(summary))?;
        for (name, content) in reports {
            self.write_text(name, content)?;
        }
        // The last result: a folder with a final verdict has everything else, too.
        self.write_json("verdict.json", &evidence::of(summary))?;
        self.write_text("CHECKSUMS", &checksums(&self.path)?)
    }

    /// Replaces `results/latest` by a link to this folder, relative so that `results/` can move.
    fn point_latest_here(&self) -> Result<(), StoreError> {
        let Some(name) = self.path.file_name() else {
            return Ok(());
        };
        replace_link(&self.results.join("latest"), &Path::new("runs").join(name))
    }
}

/// A text reduced to what is safe and readable as part of a file name.
pub fn slug(text: &str) -> String {
    let mut name = String::new();
    for letter in text.chars() {
        if name.len() >= MAX_NAME {
            break;
        }
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.') {
            name.push(letter);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() {
        "unnamed".into()
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder_or_hide() {
        assert_eq!(slug("mentor cache: 5 min"), "mentor-cache-5-min");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("\u{1b}[31m\u{0}"), "31m");
        assert_eq!(slug("…"), "unnamed");
        assert!(slug(&"x".repeat(500)).len() <= MAX_NAME);
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::create(root.path(), "run", "x", DateTime::UNIX_EPOCH).unwrap();
        for bad in ["../x", "/tmp/x", "a/../../x"] {
            assert!(
                matches!(folder.write_text(bad, ""), Err(StoreError::Outside { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_folder_that_was_only_begun_says_so() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::create(
            root.path(),
            "experiment",
            "mentor cache",
            DateTime::UNIX_EPOCH,
        )
        .unwrap();
        let name = folder
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        assert!(
            name.starts_with("1970-01-01T00-00-00Z_experiment_mentor-cache_"),
            "{name}"
        );
        let verdict = fs::read_to_string(folder.path().join("verdict.json")).unwrap();
        assert!(
            verdict.contains("INVALID") && verdict.contains("did not finish"),
            "{verdict}"
        );
        let begun = || fs::read_to_string(folder.path().join("manifest.json")).unwrap();
        assert!(begun().contains("1970-01-01T00:00:00Z"), "{}", begun());
        let later = "2026-08-01T12:00:00Z".parse().unwrap();
        Folder::reopen(folder.path(), "experiment", "mentor cache", later).unwrap();
        assert!(begun().contains("2026-08-01T12:00:00Z"), "{}", begun());
        assert!(!root.path().join("latest").exists());
    }

    #[test]
    fn a_write_leaves_no_temporary_file_behind() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::create(root.path(), "run", "x", DateTime::UNIX_EPOCH).unwrap();
        folder.write_text("trials/a/note.txt", "1").unwrap();
        folder.write_text("trials/a/note.txt", "2").unwrap();
        let inside: Vec<_> = fs::read_dir(folder.path().join("trials/a"))
            .unwrap()
            .collect();
        assert_eq!(inside.len(), 1);
        assert_eq!(
            fs::read_to_string(folder.path().join("trials/a/note.txt")).unwrap(),
            "2"
        );
    }
}
