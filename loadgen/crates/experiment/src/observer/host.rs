//! CPU and memory of the processes on this machine, from `/proc`.

use std::collections::BTreeMap;

use procfs::process::Process;

/// What a process, with its children, has used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// CPU seconds since it started, user and system.
    pub cpu_s: f64,
    /// Resident memory in bytes; memory shared with children is counted once.
    pub rss_bytes: u64,
}

/// The processes that are watched.
#[derive(Debug, Clone, Default)]
pub struct Host {
    processes: Vec<(String, i32)>,
}

impl Host {
    /// Watches these, by name and process id, each with its children; and always this process.
    pub fn new(processes: impl IntoIterator<Item = (String, u32)>) -> Self {
        let own = ("loadgen".to_owned(), std::process::id());
        Self {
            processes: processes
                .into_iter()
                .chain([own])
                .filter_map(|(name, pid)| Some((name, i32::try_from(pid).ok()?)))
                .collect(),
        }
    }

    /// What each has used; one that cannot be seen is left out.
    pub fn read(&self) -> BTreeMap<String, Usage> {
        self.processes
            .iter()
            .filter_map(|(name, pid)| {
                // This process's children are the services, which are watched for themselves.
                let children = name != "loadgen";
                Some((name.clone(), usage(*pid, children)?))
            })
            .collect()
    }
}

fn usage(pid: i32, with_children: bool) -> Option<Usage> {
    let process = Process::new(pid).ok()?;
    let stat = process.stat().ok()?;
    let memory = process.statm().ok()?;
    let mut ticks = stat.utime + stat.stime;
    let mut pages = memory.resident;
    if with_children {
        // A child that ended is in the parent's account, one that lives in its own.
        ticks += u64::try_from(stat.cutime + stat.cstime).unwrap_or(0);
        for child in children(&process) {
            let Ok(process) = Process::new(child) else {
                continue;
            };
            if let (Ok(stat), Ok(memory)) = (process.stat(), process.statm()) {
                ticks += stat.utime + stat.stime;
                pages += memory.resident.saturating_sub(memory.shared);
            }
        }
    }
    Some(Usage {
        cpu_s: ticks as f64 / procfs::ticks_per_second() as f64,
        rss_bytes: pages * procfs::page_size(),
    })
}

/// The direct children: PostgreSQL has no others.
fn children(process: &Process) -> Vec<i32> {
    if let Ok(children) = process.task_main_thread().and_then(|task| task.children()) {
        return children
            .into_iter()
            .filter_map(|pid| i32::try_from(pid).ok())
            .collect();
    }
    // Kernels without CONFIG_PROC_CHILDREN.
    procfs::process::all_processes()
        .into_iter()
        .flatten()
        .filter_map(|one| one.ok()?.stat().ok())
        .filter(|stat| stat.ppid == process.pid())
        .map(|stat| stat.pid)
        .collect()
}

/// Cores of this machine that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen_and_a_process_that_is_not_there_is_left_out() {
        let host = Host::new([("nobody".to_owned(), u32::MAX / 2)]);
        let seen = host.read();
        assert!(seen["loadgen"].rss_bytes > 100_000);
        assert!(!seen.contains_key("nobody"));
    }

    #[test]
    fn cpu_time_only_grows() {
        let host = Host::new([]);
        let before = host.read()["loadgen"].cpu_s;
        let mut work = 0_u64;
        for n in 0..3_000_000_u64 {
            work = std::hint::black_box(work.wrapping_add(n * n));
        }
        assert!(host.read()["loadgen"].cpu_s >= before, "{work}");
    }
}
