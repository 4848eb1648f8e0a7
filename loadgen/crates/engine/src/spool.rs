//! Bytes that are appended while a load runs and read once at its end. They wait in an unnamed file, so that
//! memory stays flat however long the load is.

use std::{fs::File, io, os::unix::fs::FileExt as _};

/// Bytes that are kept in memory before they go to the file.
const BUFFER: usize = 64 * 1024;

/// Bytes in order of their arrival. What the file does not take stays in memory: nothing is lost on a full
/// disk.
#[derive(Debug)]
pub struct Spool {
    file: Option<File>,
    /// Bytes of the file that count.
    written: u64,
    /// Why the file takes no more.
    failure: Option<String>,
    buffer: Vec<u8>,
}

impl Default for Spool {
    fn default() -> Self {
        Self::new()
    }
}

impl Spool {
    /// An empty one. Its file is in the folder for temporary files and has no name, so that nothing is left of
    /// it however the program ends; where none can be made everything stays in memory.
    pub fn new() -> Self {
        let file = tempfile::tempfile();
        Self {
            failure: file.as_ref().err().map(sentence),
            file: file.ok(),
            written: 0,
            buffer: touched_buffer(),
        }
    }

    /// Why everything since then stays in memory, in one sentence; absent where the file takes what comes.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Bytes that are in memory, those of the empty buffer included.
    pub fn in_memory(&self) -> usize {
        self.buffer.capacity()
    }

    /// Where the next bytes go.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        if self.buffer.len() >= BUFFER && self.failure.is_none() {
            self.write();
        }
        &mut self.buffer
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes; the spool keeps them.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.written as usize];
        if let Some(file) = &self.file {
            file.read_exact_at(&mut bytes, 0)?;
        }
        bytes.extend_from_slice(&self.buffer);
        Ok(bytes)
    }

    /// Where that fails the bytes stay where they are, with all that come later.
    fn write(&mut self) {
        let Some(file) = &self.file else { return };
        match file.write_all_at(&self.buffer, self.written) {
            Ok(()) => {
                self.written += self.buffer.len() as u64;
                self.buffer.clear();
            }
            Err(error) => self.failure = Some(sentence(&error)),
        }
    }
}

fn sentence(error: &io::Error) -> String {
    let folder = std::env::temp_dir();
    format!(
        "a temporary file in {} takes no more, so what is recorded stays in memory, which grows: {error}",
        folder.display()
    )
}

/// An empty buffer whose pages are in memory: touched one by one while a load runs, they would look like a
/// generator whose memory grows.
fn touched_buffer() -> Vec<u8> {
    let mut buffer = Vec::with_capacity(2 * BUFFER);
    buffer.resize_with(2 * BUFFER, || std::hint::black_box(0));
    buffer.clear();
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(mut spool: Spool) -> (Spool, Vec<u8>) {
        let mut expected = Vec::new();
        for number in 0..40_000_u32 {
            spool.buffer().extend(number.to_le_bytes());
            expected.extend(number.to_le_bytes());
        }
        (spool, expected)
    }

    #[test]
    fn every_byte_comes_out_in_order_and_few_stay_in_memory() {
        let (spool, expected) = filled(Spool::new());
        assert!(spool.written > 0 && spool.in_memory() <= 2 * BUFFER);
        assert_eq!(spool.failure(), None);
        assert_eq!(spool.len(), expected.len() as u64);
        assert_eq!(spool.read().unwrap(), expected);
        assert_eq!(spool.read().unwrap(), expected);
    }

    #[test]
    fn nothing_is_lost_without_a_file_and_on_a_full_disk() {
        let none = Spool {
            file: None,
            ..Spool::new()
        };
        // Every write to it fails as on a full disk.
        let full = Spool {
            file: File::options().write(true).open("/dev/full").ok(),
            ..Spool::new()
        };
        assert!(full.file.is_some());
        let (full, _) = filled(full);
        let why = full.failure().unwrap();
        assert!(
            why.contains("No space left") && !why.contains('\n'),
            "{why}"
        );
        let full = Spool {
            buffer: Vec::new(),
            ..full
        };
        for spool in [none, full] {
            let (spool, expected) = filled(spool);
            assert_eq!(spool.written, 0);
            assert_eq!(spool.read().unwrap_or_default().len(), expected.len());
            assert_eq!(spool.buffer, expected);
        }
    }
}
