//! One child process: its log, whether it is ready, and its end.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{error::StackError, keeper::Keeper};

/// How often a state is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Time to end in good order, before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of a log is shown.
const TAIL_BYTES: u64 = 4_096;
/// At most so many lines.
const TAIL_LINES: usize = 15;

/// How a service is started and ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Its name for people.
    pub(super) name: &'static str,
    /// Asks it to end.
    pub(super) end: libc::c_int,
    /// What the kernel sends it when loadgen is killed.
    pub(super) farewell: libc::c_int,
    /// Longest start.
    pub(super) start: Duration,
}

/// A running child; dropping it ends it.
#[derive(Debug)]
pub(super) struct Service {
    manner: Manner,
    child: Child,
    /// What it was started with, to start it again.
    command: Command,
    log: PathBuf,
}

impl Service {
    /// Starts a child that writes to `log`.
    pub(super) fn spawn(
        keeper: &Keeper,
        manner: Manner,
        mut command: Command,
        log: PathBuf,
    ) -> Result<Self, StackError> {
        let cannot = |what| StackError::io(format!("cannot {what} for {}", manner.name));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(cannot("make a log"))?;
        let second = file.try_clone().map_err(cannot("make a log"))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::from(file))
            .stderr(Stdio::from(second));
        let (child, command) = keeper
            .spawn(command, manner.farewell)
            .map_err(cannot("start the program"))?;
        Ok(Self {
            manner,
            child,
            command,
            log,
        })
    }

    /// Sets variables of its environment for its next start.
    pub(super) fn set(&mut self, variables: &[(&str, &str)]) {
        self.command.envs(variables.iter().copied());
    }

    /// Ends it in good order and starts it again. It is not ready yet.
    pub(super) fn restart(&mut self, keeper: &Keeper) -> Result<(), StackError> {
        self.end();
        self.start_again(keeper)
    }

    /// Kills it and all of its children at once, as a power cut would, and starts it again. It
    /// is not ready yet.
    pub(super) fn crash(&mut self, keeper: &Keeper) -> Result<(), StackError> {
        let parent = self.child.id();
        let children = children(parent);
        signal(parent, libc::SIGKILL);
        for child in &children {
            signal(*child, libc::SIGKILL);
        }
        let what = format!("cannot wait for {}", self.manner.name);
        self.child.wait().map_err(StackError::io(what))?;
        // A new PostgreSQL refuses to start while a child of the old one holds its memory.
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && children.iter().any(|child| lives(*child)) {
            thread::sleep(LOOK);
        }
        self.start_again(keeper)
    }

    fn start_again(&mut self, keeper: &Keeper) -> Result<(), StackError> {
        let command = std::mem::replace(&mut self.command, Command::new("true"));
        let (child, command) =
            keeper
                .spawn(command, self.manner.farewell)
                .map_err(StackError::io(format!(
                    "cannot start {} again",
                    self.manner.name
                )))?;
        self.child = child;
        self.command = command;
        Ok(())
    }

    /// Waits until `ready` answers with a value.
    pub(super) fn ready<T>(
        &mut self,
        stop: &CancellationToken,
        mut ready: impl FnMut(&Path) -> Option<T>,
    ) -> Result<T, StackError> {
        let begun = Instant::now();
        loop {
            if let Some(value) = ready(&self.log) {
                return Ok(value);
            }
            if stop.is_cancelled() {
                return Err(StackError::Interrupted);
            }
            if let Some(status) = self.ended()? {
                return Err(self.failed(format!("it ended with {status}")));
            }
            if begun.elapsed() > self.manner.start {
                let why = format!("not ready after {} s", self.manner.start.as_secs());
                return Err(self.failed(why));
            }
            thread::sleep(LOOK);
        }
    }

    /// Waits for a child that is to end by itself, and well.
    pub(super) fn finish(mut self, stop: &CancellationToken) -> Result<(), StackError> {
        let begun = Instant::now();
        loop {
            match self.ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(format!("it ended with {status}"))),
                None if stop.is_cancelled() => return Err(StackError::Interrupted),
                None if begun.elapsed() > self.manner.start => {
                    let why = format!("not done after {} s", self.manner.start.as_secs());
                    return Err(self.failed(why));
                }
                None => thread::sleep(LOOK),
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>, StackError> {
        let what = format!("cannot watch {}", self.manner.name);
        self.child.try_wait().map_err(StackError::io(what))
    }

    fn failed(&self, why: String) -> StackError {
        StackError::Failed {
            service: self.manner.name,
            why,
            log: tail(&self.log),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

impl Service {
    /// Ends it in good order, or kills it where that takes too long.
    fn end(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        signal(self.child.id(), self.manner.end);
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begun.elapsed() > PATIENCE {
                // Ended meanwhile, or cannot be: nothing else is left to do.
                let _killed = self.child.kill();
                let _ended = self.child.wait();
                return;
            }
            thread::sleep(LOOK);
        }
    }
}

/// Starts a service on a free port. Between our look and its bind another program may take the
/// port, so a start that fails over that is tried again on another.
pub(super) fn on_free_port<T>(
    mut start: impl FnMut(u16) -> Result<T, StackError>,
) -> Result<T, StackError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .map_err(StackError::io("cannot find a free port"))?
            .port();
        match start(port) {
            Err(StackError::Failed { log, .. }) if tries < 4 && log.contains("in use") => {}
            done => return done,
        }
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    if last.is_empty() {
        return "(it wrote nothing)".to_owned();
    }
    format!("  | {}", last.join("\n  | "))
}

/// Empties a log, so that what an earlier start wrote is not taken for this one's.
pub(super) fn fresh(log: PathBuf) -> PathBuf {
    let _none = fs::remove_file(&log);
    log
}

/// The children of a process, from `/proc`.
fn children(parent: u32) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    numbers
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// Whether a process is there and not only waited for.
fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may hold anything, parentheses too.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let state = words.next()?.chars().next()?;
    Some((state, words.next()?.parse().ok()?))
}

fn signal(pid: u32, signal: libc::c_int) {
    let Ok(pid) = libc::pid_t::try_from(pid) else {
        return;
    };
    #[expect(unsafe_code, reason = "std can only kill, not ask to end")]
    // SAFETY: no memory is touched; the pid is that of a child that was not waited for yet, so
    // it cannot belong to anyone else.
    unsafe {
        libc::kill(pid, signal);
    }
}
