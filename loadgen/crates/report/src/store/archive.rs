//! A result folder as one `.tar.gz`. The same folder gives the same bytes wherever and whenever it
//! is packed: entries in the order of their paths, with the time of the run and no user's name.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::atomic::write_whole;
use super::error::{StoreError, io_error};

/// Packs a run's folder, or of it only the files of these names, into `out`, which is whole or not
/// there. `at` is the time of its entries, in seconds since 1970. Returns how many files it holds.
pub fn export(folder: &Path, names: &[&str], at: u64, out: &Path) -> Result<usize, StoreError> {
    let root = folder.canonicalize().map_err(io_error("read", folder))?;
    let into = match out.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let into = into.canonicalize().map_err(io_error("open", into))?;
    if into.starts_with(&root) {
        // It would be packed into itself.
        return Err(StoreError::Inside { path: out.into() });
    }
    let files = files(&root, names)?;
    let top = root.file_name().unwrap_or_default();
    write_whole(out, |file| pack(&root, Path::new(top), &files, at, file))?;
    Ok(files.len())
}

/// The files of a folder in the order of their paths. A link may point anywhere, so that a folder
/// that holds one is not packed.
fn files(root: &Path, names: &[&str]) -> Result<Vec<PathBuf>, StoreError> {
    if !names.is_empty() {
        let of = |name: &&str| {
            let path = root.join(name);
            match fs::symlink_metadata(&path) {
                Ok(seen) if seen.is_file() => Ok(path),
                Ok(_) => Err(StoreError::Link { path }),
                Err(error) => Err(io_error("read", &path)(error)),
            }
        };
        let mut files = names.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        files.sort();
        files.dedup();
        return Ok(files);
    }
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(io_error("list", &folder))? {
            let entry = entry.map_err(io_error("list", &folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(io_error("read", &path))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.push(path);
            } else {
                return Err(StoreError::Link { path });
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Writes the archive; every entry lies below `top`.
fn pack(root: &Path, top: &Path, files: &[PathBuf], at: u64, to: &mut File) -> io::Result<()> {
    // Neither the name of the file nor the time of packing is in the head.
    let packed = GzBuilder::new()
        .mtime(0)
        .write(BufWriter::new(to), Compression::default());
    let mut archive = Builder::new(packed);
    for path in files {
        let file = File::open(path)?;
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(at);
        header.set_size(file.metadata()?.len());
        let name = top.join(path.strip_prefix(root).unwrap_or(path));
        archive.append_data(&mut header, name, file)?;
    }
    archive.into_inner()?.finish()?.flush()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    use flate2::read::GzDecoder;

    use super::*;

    fn run(root: &Path) -> PathBuf {
        let folder = root.join("2026-08-30T14-05-11Z_run_x_41e7cc0");
        fs::create_dir_all(folder.join("trials/run")).unwrap();
        for (name, text) in [
            ("summary.json", "{}"),
            ("report.html", "<p>"),
            ("trials/run/trial.json", "{\"a\": 1}"),
            ("trials/run/-rf $(x).csv", "a,b\n"),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        folder
    }

    fn read(path: &Path) -> BTreeMap<String, (String, u64)> {
        let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).unwrap()));
        let entry = |entry: io::Result<tar::Entry<'_, _>>| {
            let mut entry: tar::Entry<'_, GzDecoder<File>> = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.mode().unwrap()), (0, 0o644));
            let at = header.mtime().unwrap();
            (
                entry.path().unwrap().to_string_lossy().into_owned(),
                (text, at),
            )
        };
        archive.entries().unwrap().map(entry).collect()
    }

    #[test]
    fn the_same_folder_gives_the_same_bytes_and_they_can_be_read_back() {
        let root = tempfile::tempdir().unwrap();
        let folder = run(root.path());
        let (one, two) = (root.path().join("one.tar.gz"), root.path().join("b.tar.gz"));
        assert_eq!(export(&folder, &[], 1_788_098_711, &one).unwrap(), 4);
        // Written again, so that the times of the files differ.
        run(root.path());
        export(&folder, &[], 1_788_098_711, &two).unwrap();
        assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
        let files = read(&one);
        let name = "2026-08-30T14-05-11Z_run_x_41e7cc0/trials/run/-rf $(x).csv";
        assert_eq!(files[name], ("a,b\n".to_owned(), 1_788_098_711));
        assert_eq!(files.len(), 4);
    }

    #[test]
    fn some_files_alone_are_packed_and_a_missing_one_is_named() {
        let root = tempfile::tempdir().unwrap();
        let folder = run(root.path());
        let out = root.path().join("some.tar.gz");
        export(&folder, &["summary.json", "report.html"], 0, &out).unwrap();
        assert_eq!(read(&out).len(), 2);
        let error = export(&folder, &["junit.xml"], 0, &out)
            .unwrap_err()
            .to_string();
        assert!(error.contains("junit.xml"), "{error}");
    }

    #[test]
    fn a_link_is_not_packed_and_nothing_is_left_of_the_attempt() {
        let root = tempfile::tempdir().unwrap();
        let folder = run(root.path());
        symlink("/etc/passwd", folder.join("trials/secret")).unwrap();
        let out = root.path().join("out.tar.gz");
        let error = export(&folder, &[], 0, &out).unwrap_err();
        assert!(matches!(error, StoreError::Link { .. }), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_archive_is_not_put_into_what_it_packs() {
        let root = tempfile::tempdir().unwrap();
        let folder = run(root.path());
        let error = export(&folder, &[], 0, &folder.join("trials/x.tar.gz")).unwrap_err();
        assert!(matches!(error, StoreError::Inside { .. }), "{error}");
    }
}
