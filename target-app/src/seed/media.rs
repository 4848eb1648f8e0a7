//! The files behind the recordings: a stream of bytes that both programs can compute.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use shared::{
    dataset::{MEDIA_FILES, media_key, media_size},
    media,
};

/// Bytes computed and written at once.
const CHUNK: usize = 256 * 1_024;

/// Where the file of a key is.
pub fn path(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!("{key}.bin"))
}

/// Writes the files that are absent or not of their size; answers how many it wrote.
///
/// Each is written beside its place and renamed, so that a reader never sees half of one.
pub(super) fn write_missing(folder: &Path) -> io::Result<u32> {
    fs::create_dir_all(folder)?;
    let mut written = 0;
    for n in 0..MEDIA_FILES {
        let key = media_key(n);
        let place = path(folder, &key);
        if fs::metadata(&place).is_ok_and(|there| there.len() == media_size(n)) {
            continue;
        }
        let beside = folder.join(format!(".{key}.{}.part", std::process::id()));
        let result = write(&beside, &key, media_size(n)).and_then(|()| fs::rename(&beside, &place));
        if result.is_err() {
            // The reason it failed is worth more than a failure to tidy up after it.
            let _ = fs::remove_file(&beside);
        }
        result?;
        written += 1;
    }
    Ok(written)
}

fn write(path: &Path, key: &str, size: u64) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    let mut buffer = vec![0; CHUNK];
    let mut offset = 0;
    while offset < size {
        let count = CHUNK.min((size - offset) as usize);
        media::fill(key, offset, &mut buffer[..count]);
        file.write_all(&buffer[..count])?;
        offset += count as u64;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_once_and_again_only_where_damaged() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write_missing(folder.path()).unwrap(), MEDIA_FILES);
        assert_eq!(write_missing(folder.path()).unwrap(), 0);
        fs::write(path(folder.path(), &media_key(3)), b"short").unwrap();
        assert_eq!(write_missing(folder.path()).unwrap(), 1);
        let bytes = fs::read(path(folder.path(), &media_key(3))).unwrap();
        assert_eq!(bytes.len() as u64, media_size(3));
        assert!(media::matches(&media_key(3), 0, &bytes, 64));
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, MEDIA_FILES as usize);
    }
}
