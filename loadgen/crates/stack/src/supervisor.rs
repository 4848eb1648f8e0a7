//! The thread that all services are started from. The kernel ties a child to the *thread* that
//! started it: when that thread ends, for whatever reason, the child gets its signal. So there is
//! one thread that lives exactly as long as the stack.

use std::{
    io,
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

/// A child to start: its command, its signal on our death, and where to send the outcome.
type SpawnRequest = (Command, Signal, SyncSender<SpawnOutcome>);
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
        command: Command,
        on_parent_death: Signal,
    ) -> io::Result<(Child, Command)> {
        let (sender, outcome) = sync_channel(1);
        self.requests
            .send((command, on_parent_death, sender))
            .map_err(|_| thread_ended())?;
        let (child, command) = outcome.recv().map_err(|_| thread_ended())?;
        Ok((child?, command))
    }
}

fn thread_ended() -> io::Error {
    io::Error::other("the thread that starts services has ended")
}

fn supervise(inbox: &Receiver<SpawnRequest>) {
    while let Ok((mut command, on_parent_death, outcome)) = inbox.recv() {
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
        let child = command.spawn();
        let _receiver_gone = outcome.send((child, command));
    }
}
