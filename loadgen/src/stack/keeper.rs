//! The thread that all services are started from. The kernel ties a child to the *thread* that
//! made it: when that ends, for whatever reason, the child gets its signal. So there is one
//! thread that lives exactly as long as the stack.

use std::{
    io,
    os::unix::process::CommandExt as _,
    process::{self, Child, Command},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

/// A child to start, and where to send what came of it.
type Order = (Command, libc::c_int, Sender<Answer>);
/// The child, and the command, with which it can be started again.
type Answer = (io::Result<Child>, Command);

/// The thread; it ends, and with it every child that is left, when this is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    orders: Sender<Order>,
}

impl Keeper {
    pub(super) fn start() -> io::Result<Self> {
        let (orders, inbox) = channel();
        thread::Builder::new()
            .name("stack".to_owned())
            .spawn(move || keep(&inbox))?;
        Ok(Self { orders })
    }

    /// Starts a child in a process group of its own, so that Ctrl-C reaches loadgen alone and
    /// the services can be stopped in order. It gets `farewell` when loadgen is killed.
    pub(super) fn spawn(
        &self,
        command: Command,
        farewell: libc::c_int,
    ) -> io::Result<(Child, Command)> {
        let (answer, outcome) = channel();
        let gone = || io::Error::other("the thread that starts services has ended");
        self.orders
            .send((command, farewell, answer))
            .map_err(|_| gone())?;
        let (child, command) = outcome.recv().map_err(|_| gone())?;
        Ok((child?, command))
    }
}

fn keep(inbox: &Receiver<Order>) {
    while let Ok((mut command, farewell, answer)) = inbox.recv() {
        let parent = process::id();
        command.process_group(0);
        #[expect(
            unsafe_code,
            reason = "the signal at the parent's death is set by the child"
        )]
        // SAFETY: between fork and exec the closure makes two system calls and allocates nothing.
        unsafe {
            command.pre_exec(move || {
                if libc::prctl(libc::PR_SET_PDEATHSIG, farewell) != 0 {
                    return Err(io::Error::last_os_error());
                }
                // The parent may have died before the call: nobody would tell this child.
                if libc::getppid().unsigned_abs() != parent {
                    return Err(io::Error::from_raw_os_error(libc::ESRCH));
                }
                Ok(())
            });
        }
        let child = command.spawn();
        let _nobody_waits = answer.send((child, command));
    }
}
