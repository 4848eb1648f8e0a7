//! Commands that the page starts: each a child process of this program, one at a time, with its
//! events read from its output and wishes written to its input. Only names that are shipped can be
//! ordered; nothing of an order reaches a shell or a path.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    board::Board,
    lines::{Line, Told},
};
use crate::exit;
use loadgen_experiment::events::{ControlEvent, LoadControl, printable};

/// Longest line of events, in bytes: a trial of a day, second by second, fits.
const LONGEST_LINE: usize = 32 * 1024 * 1024;
/// What is kept of a child's complaints, in bytes.
const COMPLAINTS: usize = 4_096;
/// Wishes that may wait for a child.
const WISHES: usize = 8;
/// How long a child may take to end, before it is told again and before it is killed.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long its output may still be read when it has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What can be ordered, and how it is carried out.
#[derive(Debug)]
pub struct Starter {
    /// This program.
    pub program: PathBuf,
    /// Flags of every command: where the load goes, and where results.
    pub arguments: Vec<String>,
    /// Environment of every command; `LOADGEN_…` of this process are not passed on.
    pub environment: BTreeMap<String, String>,
    /// The suites and experiments that come with the program.
    pub catalogue: Catalogue,
}

/// What comes with the program.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Catalogue {
    /// For `loadgen run`.
    pub suites: Vec<Offer>,
    /// For `loadgen experiment`.
    pub experiments: Vec<Offer>,
}

/// A suite or experiment.
#[derive(Debug, Clone, Serialize)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub question: String,
}

/// What the page asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    suite: Option<String>,
    experiment: Option<String>,
    #[serde(default)]
    quick: bool,
}

/// Why an order is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    /// One at a time.
    #[error("a command is running; stop it, or wait for its end")]
    Busy,
    /// The page belongs to one command.
    #[error("this page shows one command and starts no other; `loadgen serve` does")]
    Closed,
    /// The order makes no sense.
    #[error("{0}")]
    Wrong(&'static str),
    /// The child could not be started.
    #[error("the command could not be started: {0}")]
    Start(#[from] io::Error),
}

/// Takes orders.
#[derive(Debug)]
pub(super) struct Orders {
    starter: Option<Starter>,
    /// Whether they are taken by now.
    open: AtomicBool,
    board: Board,
    children: TaskTracker,
    /// Cancelled when the server ends.
    ending: CancellationToken,
}

impl Orders {
    pub(super) fn new(starter: Option<Starter>, board: Board) -> Self {
        Self {
            starter,
            open: AtomicBool::new(false),
            board,
            children: TaskTracker::new(),
            ending: CancellationToken::new(),
        }
    }

    /// From now on they are taken.
    pub(super) fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// What can be ordered; nothing where orders are never taken.
    pub(super) fn catalogue(&self) -> Option<&Catalogue> {
        self.starter.as_ref().map(|starter| &starter.catalogue)
    }

    /// Starts what is ordered, on the running event loop; says which command that is.
    pub(super) fn take(&self, order: &Order) -> Result<String, NotTaken> {
        let starter = self.starter.as_ref().ok_or(NotTaken::Closed)?;
        let words = words(order, &starter.catalogue)?;
        if !self.open.load(Ordering::Acquire) || self.ending.is_cancelled() {
            return Err(NotTaken::Busy);
        }
        let steering = LoadControl::new(CancellationToken::new());
        let (wishes, inbox) = mpsc::channel(WISHES);
        if !self.board.begin(steering.clone(), Some(wishes)) {
            return Err(NotTaken::Busy);
        }
        let child = match spawn(starter, &words) {
            Ok(child) => child,
            Err(error) => {
                self.board.end(Some(error.to_string()));
                return Err(error.into());
            }
        };
        let board = self.board.clone();
        let ending = self.ending.clone();
        self.children.spawn(async move {
            let failure = attend(child, &board, inbox, steering.token(), ending).await;
            board.end(failure);
        });
        Ok(words.join(" "))
    }

    /// Stops a child that is running and waits for its end.
    pub(super) async fn finish(&self) {
        self.ending.cancel();
        self.children.close();
        self.children.wait().await;
    }
}

/// The words of an order: every one is this program's own.
fn words<'a>(order: &Order, catalogue: &'a Catalogue) -> Result<Vec<&'a str>, NotTaken> {
    let find =
        |offers: &'a [Offer], name: &str| {
            let found = offers.iter().find(|offer| offer.name == name);
            found.map(|offer| offer.name.as_str()).ok_or(NotTaken::Wrong(
            "there is no shipped suite or experiment of that name; /api/catalogue lists them",
        ))
        };
    match (&order.suite, &order.experiment, order.quick) {
        (Some(name), None, false) => Ok(vec!["run", find(&catalogue.suites, name)?]),
        (Some(_), None, true) => Err(NotTaken::Wrong("only an experiment has a quick form")),
        (None, Some(name), quick) => {
            let mut words = vec!["experiment", find(&catalogue.experiments, name)?];
            words.extend(quick.then_some("--quick"));
            Ok(words)
        }
        _ => Err(NotTaken::Wrong(
            "name a suite or an experiment, one of them",
        )),
    }
}

/// Starts a child in a process group of its own, so that Ctrl-C reaches the server alone and the
/// child can be stopped in order.
fn spawn(starter: &Starter, words: &[&str]) -> io::Result<Child> {
    let mut command = Command::new(&starter.program);
    command.args(words).args(&starter.arguments).args([
        "--quiet",
        "--events-to",
        "-",
        "--control-from",
        "-",
    ]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOADGEN_") {
            command.env_remove(name);
        }
    }
    command
        .envs(&starter.environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    #[expect(
        unsafe_code,
        reason = "the signal at the parent's death is set by the child"
    )]
    // SAFETY: between fork and exec the closure makes one system call and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            // A server that is killed leaves no load behind.
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGINT) == 0 {
                Ok(())
            } else {
                Err(io::Error::last_os_error())
            }
        });
    }
    command.spawn()
}

/// Follows a child until it has ended; says why it came to no verdict.
async fn attend(
    mut child: Child,
    board: &Board,
    wishes: mpsc::Receiver<ControlEvent>,
    stop: CancellationToken,
    ending: CancellationToken,
) -> Option<String> {
    let pid = child.id();
    let (Some(input), Some(output), Some(complaints)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Some("its pipes are missing".to_owned());
    };
    let telling = tokio::spawn(tell(input, wishes));
    let heard = board.clone();
    let hearing =
        tokio::spawn(async move { tokio::join!(hear(output, &heard), last_words(complaints)).1 });
    let stopping = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = ending.cancelled() => {}
        }
        interrupt(pid);
        // A person who stops a load may wait for its report; a server that ends may not for long.
        ending.cancelled().await;
        sleep(PATIENCE).await;
        interrupt(pid);
        sleep(PATIENCE).await;
    };
    let ended = tokio::select! {
        status = child.wait() => Some(status),
        () = stopping => None,
    };
    telling.abort();
    let Some(status) = ended else {
        let _gone = child.start_kill();
        let _status = timeout(PATIENCE, child.wait()).await;
        return Some("it did not end in time and was killed".to_owned());
    };
    // What it has written is still on its way; what it started may hold the pipe open.
    let said = timeout(LAST_WORDS, hearing).await;
    let said = said.ok().and_then(Result::ok).unwrap_or_default();
    failure(status, &said)
}

/// Why a child came to no verdict; nothing where it did.
fn failure(status: io::Result<ExitStatus>, said: &str) -> Option<String> {
    let code = match status {
        Ok(status) => status.code(),
        Err(error) => return Some(error.to_string()),
    };
    let verdicts = [
        exit::PASSED,
        exit::INVALID,
        exit::VIOLATED,
        exit::FAILED,
        exit::INTERRUPTED,
    ];
    if code.is_some_and(|code| verdicts.iter().any(|known| i32::from(*known) == code)) {
        return None;
    }
    let how = code.map_or_else(
        || "a signal ended it".to_owned(),
        |code| format!("it ended with exit code {code}"),
    );
    let line = said.lines().rev().find(|line| line.starts_with("error: "));
    Some(line.map_or(how, |line| printable(line.trim_start_matches("error: "))))
}

/// The signal of Ctrl-C.
fn interrupt(pid: Option<u32>) {
    if let Some(pid) = pid.and_then(|pid| i32::try_from(pid).ok()) {
        #[expect(unsafe_code, reason = "the standard library sends no SIGINT")]
        // SAFETY: kill(2) takes two numbers. The child has not been waited for, so the number is
        // still its own.
        let _gone = unsafe { libc::kill(pid, libc::SIGINT) };
    }
}

/// Wishes as lines.
async fn tell(mut input: tokio::process::ChildStdin, mut wishes: mpsc::Receiver<ControlEvent>) {
    while let Some(wish) = wishes.recv().await {
        let line = format!("{}\n", super::board::json(&wish));
        if input.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Events from lines, until the child closes its output.
async fn hear(output: impl AsyncRead + Unpin, board: &Board) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    while let Ok(true) = next_line(&mut reader, &mut line).await {
        match serde_json::from_slice(&line) {
            Ok(Line::Event(event)) => board.hear(event),
            Ok(Line::Told(Told::Steerable(told))) => board.steerable(told),
            // Not meant for us, or cut.
            Err(_) => {}
        }
    }
}

/// The next line into `line`, without its end; a longer one than [`LONGEST_LINE`] is cut. False at
/// the end.
async fn next_line(
    reader: &mut BufReader<impl AsyncRead + Unpin>,
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    line.clear();
    loop {
        let found = reader.fill_buf().await?;
        if found.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = found.iter().position(|byte| *byte == b'\n');
        let part = &found[..end.unwrap_or(found.len())];
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(found.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// The end of what a child complains about.
async fn last_words(mut from: impl AsyncRead + Unpin) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut buffer = [0; 1_024];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&buffer[..read]);
        let over = kept.len().saturating_sub(COMPLAINTS);
        kept.drain(..over);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
