//! From a URL path to a file below the results folder.
//!
//! Not `ServeDir`: that follows links out of the folder, serves hidden files, and has no bound.

use std::path::{Path, PathBuf};

/// Largest file that is served, in bytes; reports are far smaller.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The file that a URL path names, with its media type; `None` for anything that is not a
/// plain file below `root`.
///
/// Each part of the path must be made of letters, digits, `.`, `_` and `-` and must not begin
/// with a dot, so that no path leaves `root`; links are followed only to places below `root`.
pub(super) fn resolve(root: &Path, url_path: &str) -> Option<(PathBuf, &'static str)> {
    let mut path = root.to_path_buf();
    for part in url_path.trim_start_matches('/').split('/') {
        if !is_plain_name(part) {
            return None;
        }
        path.push(part);
    }
    let path = path.canonicalize().ok()?;
    let inside = path.starts_with(root.canonicalize().ok()?);
    let meta = path.metadata().ok()?;
    (inside && meta.is_file() && meta.len() <= MAX_BYTES).then(|| {
        let kind = media_type(&path);
        (path, kind)
    })
}

/// Whether a part of a path is a plain name: no `..`, no hidden file, no separator, no escape.
pub(super) fn is_plain_name(part: &str) -> bool {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(letters)
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("csv") => "text/csv; charset=utf-8",
        Some("xml") => "application/xml",
        Some("md" | "yaml" | "txt" | "hlog") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn only_plain_files_below_the_root_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("results");
        std::fs::create_dir_all(root.join("runs/one")).unwrap();
        std::fs::write(root.join("runs/one/report.html"), "x").unwrap();
        std::fs::write(folder.path().join("secret.txt"), "x").unwrap();
        std::os::unix::fs::symlink("runs/one", root.join("latest")).unwrap();
        std::os::unix::fs::symlink("../secret.txt", root.join("leak.txt")).unwrap();

        let (_, kind) = resolve(&root, "/runs/one/report.html").unwrap();
        assert_eq!(kind, "text/html; charset=utf-8");
        assert!(resolve(&root, "/latest/report.html").is_some());
        for path in [
            "/../secret.txt",
            "/leak.txt",
            "/runs",
            "/runs//one",
            "/.git/config",
            "/%2e%2e/secret.txt",
            "/",
        ] {
            assert!(resolve(&root, path).is_none(), "{path}");
        }
    }
}
