//! One child process: its log, its readiness, and its end.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio_util::sync::CancellationToken;

use super::{
    error::StackError,
    process_stat::{is_alive, is_stopped, stat_of},
    supervisor::ProcessSupervisor,
};

/// Interval at which states are polled.
const POLL_EVERY: Duration = Duration::from_millis(20);
/// The same while processes are paused, which takes them microseconds.
const PAUSE_POLL_EVERY: Duration = Duration::from_millis(1);
/// Maximum time of a graceful stop before the process is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// The same when the program is to end at once, for a process that may be killed.
const ABORT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for a connection to a service.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Number of bytes of a log that are shown.
const TAIL_BYTES: u64 = 4_096;
/// Maximum number of lines of a log that are shown.
const TAIL_LINES: usize = 15;

/// How a program is started and stopped.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProcessSpec {
    /// Name in messages.
    pub(super) name: &'static str,
    /// What to do if the program cannot be started.
    pub(super) remedy: &'static str,
    /// Signal that asks it to stop.
    pub(super) stop_signal: Signal,
    /// Signal that the kernel sends when loadgen is killed.
    pub(super) on_parent_death: Signal,
    /// Maximum time until it is ready, or done.
    pub(super) start_timeout: Duration,
}

/// A running child; dropping it stops it.
#[derive(Debug)]
pub(super) struct ChildProcess {
    spec: ProcessSpec,
    child: Child,
    /// The command that it was started with, to start it again.
    command: Command,
    log: PathBuf,
    /// Whether it was stopped where it stands; it would not hear a signal to end.
    paused: bool,
    /// Cancelled when the program is to end at once.
    abort: CancellationToken,
}

impl ProcessSpec {
    /// The error of a program that the operating system does not start.
    fn start_error(self) -> impl FnOnce(io::Error) -> StackError {
        move |error| StackError::Start {
            service: self.name,
            remedy: self.remedy,
            error,
        }
    }
}

impl ChildProcess {
    /// Starts a child that writes to `log`.
    pub(super) fn spawn(
        supervisor: &ProcessSupervisor,
        spec: ProcessSpec,
        mut command: Command,
        log: PathBuf,
    ) -> Result<Self, StackError> {
        let cannot = |what| StackError::io(format!("cannot {what} for {}", spec.name));
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
        let child = supervisor
            .spawn(&mut command, spec.on_parent_death)
            .map_err(spec.start_error())?;
        Ok(Self {
            spec,
            child,
            command,
            log,
            paused: false,
            abort: supervisor.abort().clone(),
        })
    }

    /// Sets environment variables for its next start.
    pub(super) fn set(&mut self, variables: &[(&str, &str)]) {
        self.command.envs(variables.iter().copied());
    }

    /// Adds arguments for its next start.
    pub(super) fn add_arguments(&mut self, arguments: &[&str]) {
        self.command.args(arguments);
    }

    /// Stops it gracefully and starts it again. It is not ready yet.
    pub(super) fn restart(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.restart_by(self.spec.stop_signal, supervisor)
    }

    /// The same with another signal that asks it to stop.
    pub(super) fn restart_by(
        &mut self,
        stop_signal: Signal,
        supervisor: &ProcessSupervisor,
    ) -> Result<(), StackError> {
        self.stop(stop_signal);
        self.start_again(supervisor)
    }

    /// Stops it and its children where they stand: their connections stay open, and nothing answers.
    /// Returns when all of them do.
    ///
    /// A process that has not run since the signal is not stopped yet. If loadgen were killed then, the kernel,
    /// which lets stopped orphans go on so that they can end, would not count it among them: it would stop
    /// later, and for good.
    pub(super) fn pause(&mut self) -> Result<(), StackError> {
        let parent = self.child.id();
        self.paused = true;
        signal(parent, Signal::STOP);
        self.wait_until_stopped(&[parent])?;
        // From now on it starts no more of them.
        let children = children(parent);
        for child in &children {
            signal(*child, Signal::STOP);
        }
        self.wait_until_stopped(&children)
    }

    fn wait_until_stopped(&self, pids: &[u32]) -> Result<(), StackError> {
        let begun = Instant::now();
        while !pids.iter().all(|pid| is_stopped(*pid)) {
            if self.abort.is_cancelled() {
                return Err(StackError::Interrupted);
            }
            if begun.elapsed() > STOP_TIMEOUT {
                let why = format!("not paused after {} s", STOP_TIMEOUT.as_secs());
                return Err(self.failed(why));
            }
            thread::sleep(PAUSE_POLL_EVERY);
        }
        Ok(())
    }

    /// Lets it and its children go on.
    pub(super) fn resume(&mut self) {
        let parent = self.child.id();
        for child in children(parent) {
            signal(child, Signal::CONT);
        }
        signal(parent, Signal::CONT);
        self.paused = false;
    }

    /// Kills it and all of its children at once, like a power failure, and starts it again. It is not
    /// ready yet.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.kill()?;
        self.start_again(supervisor)
    }

    /// Kills it and all of its children at once, like a power failure.
    pub(super) fn kill(&mut self) -> Result<(), StackError> {
        let parent = self.child.id();
        let children = children(parent);
        signal(parent, Signal::KILL);
        for child in &children {
            signal(*child, Signal::KILL);
        }
        let what = format!("cannot wait for {}", self.spec.name);
        self.child.wait().map_err(StackError::io(what))?;
        // A new PostgreSQL refuses to start while a child of the old one holds its memory.
        let begun = Instant::now();
        while begun.elapsed() < STOP_TIMEOUT
            && !self.abort.is_cancelled()
            && children.iter().any(|child| is_alive(*child))
        {
            thread::sleep(POLL_EVERY);
        }
        self.paused = false;
        Ok(())
    }

    /// Starts it after it has ended. It is not ready yet.
    pub(super) fn start_again(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        if self.abort.is_cancelled() {
            return Err(StackError::Interrupted);
        }
        self.child = supervisor
            .spawn_again(&mut self.command)
            .map_err(self.spec.start_error())?;
        Ok(())
    }

    /// Polls `ready` until it returns a value.
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
            if begun.elapsed() > self.spec.start_timeout {
                let why = format!("not ready after {} s", self.spec.start_timeout.as_secs());
                return Err(self.failed(why));
            }
            thread::sleep(POLL_EVERY);
        }
    }

    /// Waits for a child that ends by itself; fails unless it succeeds.
    pub(super) fn finish(mut self, stop: &CancellationToken) -> Result<(), StackError> {
        let begun = Instant::now();
        loop {
            match self.ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(format!("it ended with {status}"))),
                None if stop.is_cancelled() => return Err(StackError::Interrupted),
                None if begun.elapsed() > self.spec.start_timeout => {
                    let why = format!("not done after {} s", self.spec.start_timeout.as_secs());
                    return Err(self.failed(why));
                }
                None => thread::sleep(POLL_EVERY),
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> Result<bool, StackError> {
        self.ended().map(|status| status.is_some())
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>, StackError> {
        let what = format!("cannot watch {}", self.spec.name);
        self.child.try_wait().map_err(StackError::io(what))
    }

    fn failed(&self, why: String) -> StackError {
        StackError::Failed {
            service: self.spec.name,
            why,
            log: tail(&self.log),
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.stop(self.spec.stop_signal);
    }
}

impl ChildProcess {
    /// Stops it gracefully, or kills it after a timeout, which is short when the program is to end
    /// at once; PostgreSQL is not killed so early, because its processes would outlive it.
    pub(super) fn stop(&mut self, stop_signal: Signal) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        if self.paused {
            self.resume();
        }
        signal(self.child.id(), stop_signal);
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            let hurried = self.abort.is_cancelled() && self.spec.on_parent_death == Signal::KILL;
            let timeout = if hurried { ABORT_TIMEOUT } else { STOP_TIMEOUT };
            if begun.elapsed() > timeout {
                // If that fails too, nothing else is left to do.
                let _killed = self.child.kill();
                let _ended = self.child.wait();
                return;
            }
            thread::sleep(POLL_EVERY);
        }
    }
}

/// Starts a service on a free port. Another program may take the port before the service binds it,
/// so a start that fails for that reason is tried again on another port.
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

/// Whether something listens on a port of this machine; `None` where nothing does.
pub(super) fn accepts_connections(port: u16) -> Option<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)
        .ok()
        .map(drop)
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let read = || -> io::Result<String> {
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

/// Removes a log, so that lines of an earlier start are not read.
pub(super) fn fresh_log(log: PathBuf) -> PathBuf {
    let _none = fs::remove_file(&log);
    log
}

/// The children of a process, from `/proc`.
fn children(parent: u32) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    numbers
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| stat_of(*pid).is_some_and(|stat| stat.ppid.cast_unsigned() == parent))
        .collect()
}

/// Sends a signal to a process that has not been waited for, so that its id cannot belong to
/// another one yet. An error means that it has ended.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ended = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: ProcessSpec = ProcessSpec {
        name: "Redis",
        remedy: "install the package redis-server",
        stop_signal: Signal::TERM,
        on_parent_death: Signal::KILL,
        start_timeout: Duration::from_mins(1),
    };

    /// Starts a script and waits until it has written `set`.
    fn running(supervisor: &ProcessSupervisor, folder: &Path, script: &str) -> ChildProcess {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut child = ChildProcess::spawn(supervisor, SPEC, command, folder.join("log")).unwrap();
        let set = |log: &Path| fs::read_to_string(log).ok()?.contains("set").then_some(());
        child.ready(supervisor.abort(), set).unwrap();
        child
    }

    #[test]
    fn a_program_that_cannot_be_started_is_reported_with_its_package() {
        let supervisor = ProcessSupervisor::start(CancellationToken::new(), || Ok(())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let command = Command::new(folder.path());
        let error = ChildProcess::spawn(&supervisor, SPEC, command, folder.path().join("log"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("cannot start Redis: "), "{error}");
        assert!(
            error.ends_with("install the package redis-server"),
            "{error}"
        );
    }

    #[test]
    fn a_restart_and_a_wait_end_when_the_program_is_to_end() {
        let abort = CancellationToken::new();
        let supervisor = ProcessSupervisor::start(abort.clone(), || Ok(())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let script = "trap '' TERM; echo set; while :; do sleep 0.1; done";
        let mut child = running(&supervisor, folder.path(), script);
        let begun = Instant::now();
        let later = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            abort.cancel();
        });
        let restarted = child.restart(&supervisor);
        assert!(
            matches!(restarted, Err(StackError::Interrupted)),
            "{restarted:?}"
        );
        let waited = child.ready(supervisor.abort(), |_| None::<()>);
        assert!(matches!(waited, Err(StackError::Interrupted)), "{waited:?}");
        let crashed = child.crash(&supervisor);
        assert!(
            matches!(crashed, Err(StackError::Interrupted)),
            "{crashed:?}"
        );
        drop(child);
        later.join().unwrap();
        // It ignores the signal: a single stop without haste lasts longer.
        let took = begun.elapsed();
        assert!(took < STOP_TIMEOUT, "{took:?}");
    }

    #[test]
    fn a_pause_returns_when_all_processes_stand_still() {
        let supervisor = ProcessSupervisor::start(CancellationToken::new(), || Ok(())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        // More of them than processors: most wait for their turn, and see a signal only then.
        let busy = 4 * thread::available_parallelism().unwrap().get();
        let script = format!(
            "i=0; while [ $i -lt {busy} ]; do (while :; do :; done) & i=$((i+1)); done; echo set; wait"
        );
        let mut child = running(&supervisor, folder.path(), &script);
        let processes = children(child.pid());
        let paused = child.pause();
        let moving: Vec<_> = processes.iter().filter(|one| !is_stopped(**one)).collect();
        let killed = child.kill();
        assert_eq!(processes.len(), busy);
        assert!(moving.is_empty(), "{moving:?}");
        paused.unwrap();
        killed.unwrap();
    }
}
