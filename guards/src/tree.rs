//! The repository as data: texts that rules read, and the names of all other files.

use std::{collections::BTreeSet, fs, path::Path};

/// A text file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Path from the root, with `/`.
    pub path: String,
    /// What the file holds.
    pub text: String,
}

impl SourceText {
    /// A source in memory.
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The file's name without its folders.
    pub fn name(&self) -> &str {
        file_name(&self.path)
    }
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder part of a path; empty for a file at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether `path` is `folder` or lies below it.
pub fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Everything in the repository that is kept.
#[derive(Debug, Default)]
pub struct Tree {
    /// Texts: Rust, SQL, Markdown and TOML.
    pub sources: Vec<SourceText>,
    /// Every file and every folder.
    pub paths: BTreeSet<String>,
}

impl Tree {
    /// A tree in memory; its folders follow from its files.
    pub fn of(sources: Vec<SourceText>) -> Self {
        let mut paths = BTreeSet::new();
        for source in &sources {
            let mut path = source.path.as_str();
            while !path.is_empty() {
                paths.insert(path.to_owned());
                path = folder(path);
            }
        }
        Self { sources, paths }
    }

    /// Reads the tree below `root`, without what builds and runs leave there.
    pub fn read(root: &Path) -> Self {
        let mut tree = Self::default();
        tree.walk(root, "");
        tree
    }

    /// Sources whose name ends with `.ending`.
    pub fn ending<'a>(&'a self, ending: &str) -> impl Iterator<Item = &'a SourceText> {
        let dotted = format!(".{ending}");
        self.sources
            .iter()
            .filter(move |source| source.path.ends_with(&dotted))
    }

    fn walk(&mut self, root: &Path, folder: &str) {
        let mut entries: Vec<_> = fs::read_dir(root.join(folder))
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            let kept_result = name == "published" || name == "README.md";
            // What is built lies at the root alone: a module may be called `target`.
            let built = path == "target";
            if built || name == ".git" || (folder == "results" && !kept_result) {
                continue;
            }
            self.paths.insert(path.clone());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.walk(root, &path);
            } else if [".rs", ".sql", ".md", ".toml"]
                .iter()
                .any(|ending| name.ends_with(ending))
            {
                let text = fs::read_to_string(entry.path())
                    .unwrap_or_else(|error| panic!("{path}: {error}"));
                self.sources.push(SourceText { path, text });
            }
        }
    }
}
