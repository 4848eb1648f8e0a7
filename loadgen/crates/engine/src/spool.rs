//! Bytes that are appended while a load runs and read once at its end. They wait in an unnamed file, so that
//! memory stays flat however long the load is.

use std::{
    fs::File,
    io, mem,
    os::unix::fs::FileExt as _,
    sync::{
        Arc, LazyLock, OnceLock,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};

/// Bytes that are kept in memory before they go to the file.
const BUFFER: usize = 64 * 1024;
/// Bytes with which the earlier ones, which are still on their way, are waited for: memory is bounded.
const MOST: usize = BUFFER / 2 * 3;

/// Buffers that wait to be written, of all spools together; each has one at most.
const QUEUE: usize = 256;

/// Where bytes go that are to be written: a thread of its own, because a disk that others sync may let a
/// write wait for a second, in which a load would stand still.
static WRITER: LazyLock<SyncSender<Job>> = LazyLock::new(|| {
    let (jobs, queue) = sync_channel::<Job>(QUEUE);
    // Without a thread the queue is closed, and each spool writes by itself.
    let _started = thread::Builder::new()
        .name("spool".to_owned())
        .spawn(move || queue.into_iter().for_each(Job::run));
    jobs
});

/// Bytes on their way to a file.
struct Job {
    file: Arc<File>,
    at: u64,
    bytes: Arc<Vec<u8>>,
    done: Arc<OnceLock<Result<(), String>>>,
}

impl Job {
    fn run(self) {
        let written = self.file.write_all_at(&self.bytes, self.at);
        // Before it is said that they are there: the spool wants its buffer back.
        drop(self.bytes);
        let _first = self.done.set(written.map_err(|error| sentence(&error)));
    }
}

/// The same, as their spool sees it.
#[derive(Debug)]
struct Pending {
    bytes: Arc<Vec<u8>>,
    done: Arc<OnceLock<Result<(), String>>>,
}

/// Bytes in order of their arrival. What the file does not take stays in memory: nothing is lost on a full
/// disk.
#[derive(Debug)]
pub struct Spool {
    file: Option<Arc<File>>,
    /// Bytes of the file that count.
    written: u64,
    /// Bytes after those, on their way there.
    pending: Option<Pending>,
    /// Why the file takes no more.
    failure: Option<String>,
    buffer: Vec<u8>,
    /// The next buffer, while nothing is on its way.
    spare: Vec<u8>,
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
            file: file.ok().map(Arc::new),
            written: 0,
            pending: None,
            buffer: touched_buffer(),
            spare: touched_buffer(),
        }
    }

    /// Why everything since then stays in memory, in one sentence; absent where the file takes what comes.
    pub fn failure(&self) -> Option<&str> {
        let last = self.pending.as_ref().and_then(|one| one.done.get());
        let last = last.and_then(|done| done.as_ref().err());
        self.failure.as_ref().or(last).map(String::as_str)
    }

    /// Bytes that are in memory, those of the empty buffers included.
    pub fn in_memory(&self) -> usize {
        let pending = self.pending.as_ref().map_or(0, |one| one.bytes.capacity());
        self.buffer.capacity() + self.spare.capacity() + pending
    }

    /// Where the next bytes go.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        if self.buffer.len() >= BUFFER
            && self.failure.is_none()
            && self.is_settled(self.buffer.len() >= MOST)
        {
            self.write();
        }
        &mut self.buffer
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        let pending = self.pending.as_ref().map_or(0, |one| one.bytes.len());
        self.written + (pending + self.buffer.len()) as u64
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
        if let Some(pending) = &self.pending {
            bytes.extend_from_slice(&pending.bytes);
        }
        bytes.extend_from_slice(&self.buffer);
        Ok(bytes)
    }

    /// Whether the file takes bytes and none are on their way, at once or after having waited.
    fn is_settled(&mut self, wait: bool) -> bool {
        let Some(pending) = self.pending.take() else {
            return true;
        };
        let done = if wait {
            Some(pending.done.wait())
        } else {
            pending.done.get()
        };
        let Some(done) = done else {
            self.pending = Some(pending);
            return false;
        };
        let failure = done.as_ref().err().cloned();
        let mut bytes = Arc::unwrap_or_clone(pending.bytes);
        if failure.is_none() {
            self.written += bytes.len() as u64;
            bytes.clear();
            self.spare = bytes;
        } else {
            // They stay where they are, with all that come later.
            bytes.append(&mut self.buffer);
            self.buffer = bytes;
            self.failure = failure;
        }
        self.failure.is_none()
    }

    /// Sends what is in the buffer to the file.
    fn write(&mut self) {
        let Some(file) = &self.file else { return };
        let bytes = Arc::new(mem::replace(&mut self.buffer, mem::take(&mut self.spare)));
        let done = Arc::new(OnceLock::new());
        let job = Job {
            file: Arc::clone(file),
            at: self.written,
            bytes: Arc::clone(&bytes),
            done: Arc::clone(&done),
        };
        self.pending = Some(Pending { bytes, done });
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = WRITER.try_send(job)
        {
            job.run();
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
        assert!(spool.written > 0 && spool.in_memory() <= 4 * BUFFER);
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
            file: File::options()
                .write(true)
                .open("/dev/full")
                .ok()
                .map(Arc::new),
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
