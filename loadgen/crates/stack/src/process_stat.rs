//! What the kernel says of a process in `/proc/PID/stat`.

use procfs::process::{Process, Stat, StatFlags};

/// Nothing if there is no such process.
pub(super) fn stat_of(pid: u32) -> Option<Stat> {
    Process::new(i32::try_from(pid).ok()?).ok()?.stat().ok()
}

/// Whether it has not ended. One that has is listed until its parent has waited for it.
pub(super) fn has_not_ended(stat: &Stat) -> bool {
    !matches!(stat.state, 'Z' | 'X')
}

/// Whether a process exists and has not ended.
pub(super) fn is_alive(pid: u32) -> bool {
    stat_of(pid).is_some_and(|stat| has_not_ended(&stat))
}

/// Whether no thread of a process runs on: each has been stopped by a signal, or has ended.
pub(super) fn is_stopped(pid: u32) -> bool {
    let process = i32::try_from(pid).ok().map(Process::new);
    let threads = process.and_then(Result::ok).map(|one| one.tasks());
    let mut states = threads.into_iter().flatten().flatten().flatten();
    states.all(|one| {
        one.stat()
            .map_or(true, |stat| stat.state == 'T' || !has_not_ended(&stat))
    })
}

/// Whether an empty command line may be that of a process that begins or ends: it has none for a moment
/// then, the kernel's own threads never have one.
pub(super) fn begins_or_ends(stat: &Stat) -> bool {
    let flags = StatFlags::from_bits_truncate(stat.flags);
    has_not_ended(stat) && !flags.contains(StatFlags::PF_KTHREAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        process::{self, Command},
        thread,
    };

    #[test]
    fn a_kernel_thread_is_alive_and_is_no_process_that_begins_or_ends() {
        let mut stat = stat_of(process::id()).unwrap();
        assert!(has_not_ended(&stat) && begins_or_ends(&stat));
        stat.flags |= StatFlags::PF_KTHREAD.bits();
        assert!(has_not_ended(&stat) && !begins_or_ends(&stat));
    }

    #[test]
    fn a_process_that_ended_is_not_alive_before_it_is_waited_for_either() {
        let mut child = Command::new("true").spawn().unwrap();
        while is_alive(child.id()) {
            thread::yield_now();
        }
        let left = stat_of(child.id()).expect("nobody waited for it");
        assert!(!has_not_ended(&left) && !begins_or_ends(&left));
        child.wait().unwrap();
        assert!(stat_of(child.id()).is_none());
    }
}
