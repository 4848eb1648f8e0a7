//! The thread that all services are started from. The kernel ties a child to the *thread* that
//! started it: when that thread ends, for whatever reason, the child gets its signal. So there is
//! one thread that lives exactly as long as the stack.

use std::{
    io, mem,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use rustix::{
    process::{Pid, Signal, getpid, getppid, nice, set_parent_process_death_signal},
    thread::gettid,
};
use tokio_util::sync::CancellationToken;

use loadgen_experiment::services::SERVICE_NICE;

/// A child to start: its command, and where to send the outcome.
type SpawnRequest = (Command, SyncSender<SpawnOutcome>);
/// The child, and the command, with which it can be started again.
type SpawnOutcome = (io::Result<Child>, Command);

/// Handle of the thread; it ends, and with it every child that is left, when this is dropped.
#[derive(Debug)]
pub(super) struct ProcessSupervisor {
    requests: SyncSender<SpawnRequest>,
    abort: CancellationToken,
    /// Id of the thread.
    thread: Pid,
}

impl ProcessSupervisor {
    /// Starts the thread, in which `prepare` runs first: what it changes for the thread holds for the
    /// services. Cancelling `abort` ends restarts and waits.
    pub(super) fn start(
        abort: CancellationToken,
        prepare: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (requests, inbox) = sync_channel(1);
        let (sender, begun) = sync_channel(1);
        thread::Builder::new()
            .name("stack".to_owned())
            .spawn(move || {
                let prepared = prepare().map(|()| gettid());
                let goes_on = prepared.is_ok();
                if sender.send(prepared).is_ok() && goes_on {
                    supervise(&inbox);
                }
            })?;
        let thread = begun.recv().map_err(|_| thread_ended())??;
        Ok(Self {
            requests,
            abort,
            thread,
        })
    }

    /// Where this process finds what the services find at an absolute path, as they may have mounts of
    /// their own.
    pub(super) fn view(&self, path: &Path) -> PathBuf {
        let root = format!("/proc/self/task/{}/root", self.thread.as_raw_nonzero());
        Path::new(&root).join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Cancelled when nothing is waited for any more, as the whole program is to end.
    pub(super) fn abort(&self) -> &CancellationToken {
        &self.abort
    }

    /// Starts a child in a process group of its own, so that Ctrl-C reaches loadgen alone and
    /// the services can be stopped in order, and at [`SERVICE_NICE`]. The kernel sends it
    /// `on_parent_death` when loadgen is killed.
    pub(super) fn spawn(
        &self,
        command: &mut Command,
        on_parent_death: Signal,
    ) -> io::Result<Child> {
        prepare(command, on_parent_death);
        self.spawn_again(command)
    }

    /// Starts a child anew by the command of [`Self::spawn`], which is left for a further start also where
    /// this one fails.
    pub(super) fn spawn_again(&self, command: &mut Command) -> io::Result<Child> {
        let (sender, outcome) = sync_channel(1);
        let lent = mem::replace(command, Command::new("true"));
        self.requests
            .send((lent, sender))
            .map_err(|_| thread_ended())?;
        let (child, lent) = outcome.recv().map_err(|_| thread_ended())?;
        *command = lent;
        child
    }
}

fn thread_ended() -> io::Error {
    io::Error::other("the thread that starts services has ended")
}

/// Gives a command what its child does before the program begins. Once for each command: what is given
/// twice is done twice, and a nice value is added to the one that there is.
fn prepare(command: &mut Command, on_parent_death: Signal) {
    let parent = getpid();
    command.process_group(0);
    #[expect(
        unsafe_code,
        reason = "the signal on the parent's death can only be set by the child"
    )]
    // SAFETY: between fork and exec the closure only makes system calls, and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(on_parent_death))?;
            // If the parent died before that call, this child would get no signal.
            if getppid() != Some(parent) {
                return Err(rustix::io::Errno::SRCH.into());
            }
            nice(SERVICE_NICE)?;
            Ok(())
        });
    }
}

fn supervise(inbox: &Receiver<SpawnRequest>) {
    while let Ok((mut command, outcome)) = inbox.recv() {
        let child = command.spawn();
        let _receiver_gone = outcome.send((child, command));
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use rustix::process::getpriority_process;

    use super::*;

    fn supervisor() -> ProcessSupervisor {
        ProcessSupervisor::start(CancellationToken::new(), || Ok(())).unwrap()
    }

    #[test]
    fn a_program_that_is_started_again_has_the_nice_value_of_its_first_start() {
        let supervisor = supervisor();
        let own = getpriority_process(None).unwrap();
        let mut command = Command::new("sleep");
        command.arg("600");
        let mut child = supervisor.spawn(&mut command, Signal::KILL).unwrap();
        for start in 1..=3 {
            let pid = Pid::from_raw(child.id().cast_signed());
            let found = getpriority_process(pid);
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(found, Ok((own + SERVICE_NICE).min(19)), "start {start}");
            child = supervisor.spawn_again(&mut command).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_start_that_fails_leaves_the_command_for_the_next_one() {
        let supervisor = supervisor();
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        symlink("/bin/sh", &program).unwrap();
        let mut command = Command::new(&program);
        command.args(["-c", "exit 7"]);
        let mut first = supervisor.spawn(&mut command, Signal::KILL).unwrap();
        assert_eq!(first.wait().unwrap().code(), Some(7));
        fs::remove_file(&program).unwrap();
        let missing = supervisor.spawn_again(&mut command).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        symlink("/bin/sh", &program).unwrap();
        let mut again = supervisor.spawn_again(&mut command).unwrap();
        assert_eq!(again.wait().unwrap().code(), Some(7));
    }
}
