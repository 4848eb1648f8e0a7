//! The messages between coordinator and workers, and their bounds. A message that is too large, of another
//! form, of another run or of a worker that there is none of is refused before anything of it is used.

use serde::{Deserialize, Serialize};

use super::{link::StreamEntry, plan::FORMAT};
use loadgen_engine::driver::ProgressCounts;

/// Field with what a message says, as JSON.
pub(super) const HEAD: &str = "head";
/// Field with the bytes of a piece of a result.
pub(super) const BODY: &str = "body";
/// Largest head: the counters of a load with many operations have 100 KB.
const MOST_HEAD: usize = 2 << 20;
/// Largest piece of a result.
pub(super) const MOST_PIECE: usize = 512 << 10;
/// Most pieces of a result: 64 MB, compressed.
pub(super) const MOST_PIECES: u32 = 128;

/// Who a worker is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkerInfo {
    /// Name of its machine.
    pub(super) host: String,
    /// Its process there.
    pub(super) pid: u32,
    /// Digest of the plan that it has read.
    pub(super) plan: String,
    /// By how many microseconds its time of day is ahead of Redis's.
    pub(super) ahead_us: i64,
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum WorkerEvent {
    /// It has taken its number.
    Joined(WorkerInfo),
    /// Its accounts are signed in: it waits for the start.
    Ready,
    /// It is there; its counters, once the load has begun.
    Beat(Option<ProgressCounts>),
    /// A piece of its result; the body has it.
    Piece {
        /// Number of the piece, from 0.
        number: u32,
        /// Number of pieces.
        of: u32,
    },
    /// It gives up, for this reason.
    Gone(String),
    /// It was refused before it had a number: the one of the message is nobody's.
    Refused {
        /// Name of its machine.
        host: String,
        /// Its process there.
        pid: u32,
        /// What was wrong, and what would be right.
        why: String,
    },
}

/// A message of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkerMessage {
    format: u32,
    run: String,
    /// Its number.
    pub(super) worker: u32,
    /// Its id, which no other process has.
    pub(super) id: String,
    /// What it says.
    pub(super) event: WorkerEvent,
}

/// What the coordinator says to all workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum CoordinatorCommand {
    /// The streams are there.
    Opened,
    /// The load begins when Redis's clock reads this, in microseconds since 1970.
    Start {
        /// That instant.
        at_us: i64,
    },
    /// The load ends now; what is open is still waited for, and results are sent.
    Stop,
}

/// A message of the coordinator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoordinatorMessage {
    format: u32,
    run: String,
    /// What it says.
    pub(super) command: CoordinatorCommand,
}

impl WorkerMessage {
    /// A message of a worker of a run.
    pub(super) fn new(run: &str, worker: u32, id: &str, event: WorkerEvent) -> Self {
        Self {
            format: FORMAT,
            run: run.to_owned(),
            worker,
            id: id.to_owned(),
            event,
        }
    }

    /// Reads an entry of the stream of reports: the message, and its body. `None` for the entry that
    /// opens the stream; the reason where it is no message of a worker of this run.
    pub(super) fn read(
        entry: &StreamEntry,
        run: &str,
        workers: u32,
    ) -> Result<Option<(Self, Vec<u8>)>, String> {
        let head = head(entry)?;
        if serde_json::from_slice::<CoordinatorMessage>(head).is_ok() {
            return Ok(None);
        }
        let message: Self = serde_json::from_slice(head).map_err(|error| error.to_string())?;
        same_run(message.format, &message.run, run)?;
        if message.worker >= workers {
            return Err(format!(
                "there is no worker {} of {workers}",
                message.worker
            ));
        }
        let body = entry.field(BODY).unwrap_or_default();
        if body.len() > MOST_PIECE {
            return Err(format!("a body of {} bytes is too large", body.len()));
        }
        if let WorkerEvent::Piece { number, of } = message.event
            && (number >= of || of > MOST_PIECES || body.is_empty())
        {
            return Err(format!(
                "there is no piece {number} of {of} with {} bytes",
                body.len()
            ));
        }
        Ok(Some((message, body.to_vec())))
    }
}

impl CoordinatorMessage {
    /// A message of the coordinator of a run.
    pub(super) fn new(run: &str, command: CoordinatorCommand) -> Self {
        Self {
            format: FORMAT,
            run: run.to_owned(),
            command,
        }
    }

    /// Reads an entry of the stream of control.
    pub(super) fn read(entry: &StreamEntry, run: &str) -> Result<Self, String> {
        let message: Self =
            serde_json::from_slice(head(entry)?).map_err(|error| error.to_string())?;
        same_run(message.format, &message.run, run)?;
        Ok(message)
    }
}

fn head(entry: &StreamEntry) -> Result<&[u8], String> {
    match entry.field(HEAD) {
        Some(head) if head.len() <= MOST_HEAD => Ok(head),
        Some(head) => Err(format!("a head of {} bytes is too large", head.len())),
        None => Err("an entry without a head is no message".to_owned()),
    }
}

fn same_run(format: u32, theirs: &str, run: &str) -> Result<(), String> {
    if format != FORMAT {
        return Err(format!(
            "messages of the form {format} are not read, only those of {FORMAT}"
        ));
    }
    if theirs != run {
        return Err("it is of another run".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(head: Vec<u8>, body: Option<Vec<u8>>) -> StreamEntry {
        let mut fields = vec![(HEAD.as_bytes().to_vec(), head)];
        fields.extend(body.map(|body| (BODY.as_bytes().to_vec(), body)));
        StreamEntry {
            id: "1-0".to_owned(),
            fields,
        }
    }

    fn said(worker: u32, event: WorkerEvent) -> Vec<u8> {
        serde_json::to_vec(&WorkerMessage::new("r", worker, "a", event)).unwrap()
    }

    fn read(entry: &StreamEntry) -> Result<Option<(WorkerMessage, Vec<u8>)>, String> {
        WorkerMessage::read(entry, "r", 4)
    }

    #[test]
    fn a_message_of_the_run_is_read_with_its_body() {
        let piece = WorkerEvent::Piece { number: 1, of: 2 };
        let (message, body) = read(&entry(said(3, piece.clone()), Some(vec![7; 9])))
            .unwrap()
            .unwrap();
        assert_eq!(
            (message.worker, message.event, body),
            (3, piece, vec![7; 9])
        );
        let opened = CoordinatorMessage::new("r", CoordinatorCommand::Opened);
        let opened = entry(serde_json::to_vec(&opened).unwrap(), None);
        assert_eq!(read(&opened), Ok(None));
    }

    #[test]
    fn what_is_too_large_or_of_another_run_or_worker_is_refused() {
        let refused = |entry: StreamEntry| read(&entry).unwrap_err();
        let piece = |number, of| said(0, WorkerEvent::Piece { number, of });
        assert!(refused(entry(said(4, WorkerEvent::Ready), None)).contains("no worker 4 of 4"));
        assert!(refused(entry(vec![b' '; MOST_HEAD + 1], None)).contains("too large"));
        let large = vec![0; MOST_PIECE + 1];
        assert!(refused(entry(piece(0, 1), Some(large))).contains("too large"));
        for (number, of) in [(2, 2), (0, MOST_PIECES + 1)] {
            let none = refused(entry(piece(number, of), Some(vec![1])));
            assert!(none.contains("no piece"), "{none}");
        }
        assert!(refused(entry(piece(0, 1), None)).contains("no piece"));
        let mut other = WorkerMessage::new("other", 0, "a", WorkerEvent::Ready);
        let text = |message: &WorkerMessage| serde_json::to_vec(message).unwrap();
        assert!(refused(entry(text(&other), None)).contains("another run"));
        other.format = 9;
        assert!(refused(entry(text(&other), None)).contains("form 9"));
        assert!(read(&entry(b"{\"run\":\"r\"}".to_vec(), None)).is_err());
        let headless = StreamEntry {
            id: "1-0".to_owned(),
            fields: Vec::new(),
        };
        assert!(refused(headless).contains("without a head"));
    }
}
