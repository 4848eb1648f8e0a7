//! Which threads of this machine run first. A generator that shares its processors with a busy
//! target has to be on time all the same: otherwise its own waits are in the response times.

use std::fmt;

use rustix::process::setpriority_process;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Nice value of the generator's threads where a real-time policy is refused and a lower nice
/// value is not.
const LOWER_NICE: i32 = -10;

/// How a thread is scheduled relative to ordinary ones; the strongest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ThreadPrecedence {
    /// `SCHED_RR`: before every ordinary thread, as soon as it wakes.
    RealTime,
    /// A lower nice value than ordinary threads have: a larger share of the processor.
    LowerNice,
    /// Like every other thread: the system refuses both.
    Ordinary,
}

impl fmt::Display for ThreadPrecedence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RealTime => f.write_str("real-time (SCHED_RR)"),
            Self::LowerNice => write!(f, "nice {LOWER_NICE}"),
            Self::Ordinary => f.write_str("ordinary (CAP_SYS_NICE is needed for more)"),
        }
    }
}

/// Threads of the generator, by how soon they must run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadRole {
    /// Sends and receives.
    Worker,
    /// Sleeps nearly always and has to wake on time: before the workers.
    Timer,
}

/// Gives the calling thread the strongest precedence that the system permits. Threads and processes
/// that it starts do not inherit a real-time policy.
///
/// Real time takes `CAP_SYS_NICE` or a limit on it (`ulimit -r`), a lower nice value the same or
/// `ulimit -e`. The kernel keeps a twentieth of each second for ordinary threads, so a generator
/// out of control cannot stop the machine.
pub fn raise_priority(role: ThreadRole) -> ThreadPrecedence {
    if (role == ThreadRole::Timer && real_time(2)) || real_time(1) {
        ThreadPrecedence::RealTime
    } else if setpriority_process(None, LOWER_NICE).is_ok() {
        // On Linux a nice value belongs to the thread.
        ThreadPrecedence::LowerNice
    } else {
        ThreadPrecedence::Ordinary
    }
}

/// What [`raise_priority`] would reach, tried on a thread that ends at once.
pub fn permitted() -> ThreadPrecedence {
    std::thread::spawn(|| raise_priority(ThreadRole::Worker))
        .join()
        .unwrap_or(ThreadPrecedence::Ordinary)
}

fn real_time(priority: i32) -> bool {
    let parameters = libc::sched_param {
        sched_priority: priority,
    };
    #[expect(
        unsafe_code,
        reason = "neither std nor rustix sets scheduling policies"
    )]
    // SAFETY: `parameters` is valid for the call; 0 is the calling thread.
    unsafe {
        libc::sched_setscheduler(
            0,
            libc::SCHED_RR | libc::SCHED_RESET_ON_FORK,
            &raw const parameters,
        ) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy_and_nice() -> (i32, i32) {
        #[expect(unsafe_code, reason = "the policy is read back from the kernel")]
        // SAFETY: 0 is the calling thread.
        let policy = unsafe { libc::sched_getscheduler(0) } & !libc::SCHED_RESET_ON_FORK;
        (
            policy,
            rustix::process::getpriority_process(None).unwrap_or(0),
        )
    }

    #[test]
    fn what_is_reported_is_what_the_kernel_has_and_is_not_inherited() {
        std::thread::spawn(|| {
            let ordinary = policy_and_nice();
            let reached = raise_priority(ThreadRole::Timer);
            let now = policy_and_nice();
            match reached {
                ThreadPrecedence::RealTime => {
                    assert_eq!(now.0, libc::SCHED_RR);
                    let child = std::thread::spawn(policy_and_nice).join().unwrap();
                    assert_eq!(child.0, libc::SCHED_OTHER);
                }
                ThreadPrecedence::LowerNice => assert_eq!(now.1, LOWER_NICE),
                ThreadPrecedence::Ordinary => assert_eq!(now, ordinary),
            }
            assert_eq!(reached, permitted());
        })
        .join()
        .unwrap();
    }
}
