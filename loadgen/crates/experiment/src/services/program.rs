//! A program of the target that an arm of an experiment runs, and what tells it from another build.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use shared::hex;

use super::control::ServiceError;

/// Bytes of a digest that are shown.
const SHOWN: usize = 6;
/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A program on this machine, as it was when the command began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetProgram {
    path: PathBuf,
    /// Begin of the SHA-256 of the file, in hexadecimal digits.
    digest: String,
}

impl TargetProgram {
    /// Reads the program at `path`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let digest = digest(&path)?;
        Ok(Self { path, digest })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether another program has the same bytes.
    pub fn is_same_build(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    /// Refuses a file that is no longer what it was: its trials would be those of two programs.
    ///
    /// # Errors
    /// [`ServiceError::Failed`] where the file changed or is gone.
    pub fn check_unchanged(&self) -> Result<(), ServiceError> {
        let failed = |why: String| ServiceError::Failed(format!("{}: {why}", self.path.display()));
        match digest(&self.path) {
            Ok(now) if now == self.digest => Ok(()),
            Ok(now) => Err(failed(format!(
                "the program changed since the experiment began (sha256 {} then, {now} now): copy each build to a file of its own",
                self.digest
            ))),
            Err(error) => Err(failed(format!(
                "the program cannot be read any more: {error}"
            ))),
        }
    }
}

/// `/builds/a/program (sha256 0123456789ab)`.
impl fmt::Display for TargetProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (sha256 {})", self.path.display(), self.digest)
    }
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            some => hash.update(&buffer[..some]),
        }
    }
    Ok(hex::of(&hash.finalize()[..SHOWN]))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_build_is_known_by_its_bytes_and_a_file_that_changes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [one, copy, other] = ["one", "copy", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "build 1").unwrap();
        fs::copy(&one, &copy).unwrap();
        fs::write(&other, "build 2").unwrap();
        let [read, copy, second] =
            [&one, &copy, &other].map(|path| TargetProgram::read(path).unwrap());
        assert!(read.is_same_build(&copy) && !read.is_same_build(&second));
        assert!(
            read.to_string().ends_with("one (sha256 4ba0d1825bdd)"),
            "{read}"
        );
        read.check_unchanged().unwrap();
        fs::write(&one, "build 3").unwrap();
        let refusal = read.check_unchanged().unwrap_err().to_string();
        assert!(refusal.contains("the program changed"), "{refusal}");
        fs::remove_file(&one).unwrap();
        assert!(read.check_unchanged().is_err());
        assert!(TargetProgram::read(&one).is_err());
    }
}
