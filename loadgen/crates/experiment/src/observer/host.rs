//! CPU, memory and open descriptors of the processes on this machine, from their clocks and `/proc`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use nix::{
    sys::time::TimeValLike as _,
    time::{clock_getcpuclockid, clock_gettime},
    unistd::Pid,
};
use procfs::process::Process;
use serde::{Deserialize, Serialize};

use crate::schema::CpuTime;

/// What a process, with its children, has used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time of those that live, user and system, in nanoseconds.
    pub cpu_ns: u64,
    /// CPU time that is only known in clock ticks: of children that have ended, and of processes
    /// whose clock cannot be read.
    pub ticks: u64,
    /// Resident memory in bytes; memory shared with children is counted once.
    pub rss_bytes: u64,
    /// Open file descriptors; absent where they cannot be seen, those of another user for example.
    pub descriptors: Option<u64>,
}

impl Usage {
    /// CPU time since an earlier observation: off by a clock tick where some of it was counted in these.
    pub fn cpu_since(&self, earlier: &Self) -> CpuTime {
        let is_exact = self.ticks == earlier.ticks;
        let tick_s = 1.0 / procfs::ticks_per_second() as f64;
        CpuTime {
            spent_s: self.roughly_since(earlier),
            error_s: if is_exact { 0.0 } else { tick_s },
        }
    }

    /// CPU seconds since an earlier observation, however few, for charts.
    pub fn roughly_since(&self, earlier: &Self) -> f64 {
        // A child that ends takes its time from one counter to the other.
        let exact = (i128::from(self.cpu_ns) - i128::from(earlier.cpu_ns)) as f64 / 1e9;
        let ticks = (i128::from(self.ticks) - i128::from(earlier.ticks)) as f64;
        (exact + ticks / procfs::ticks_per_second() as f64).max(0.0)
    }
}

/// State of a process that has ended and that its parent has not waited for.
const ENDED: char = 'Z';

/// What a process that has ended holds.
const NOTHING: Usage = Usage {
    cpu_ns: 0,
    ticks: 0,
    rss_bytes: 0,
    descriptors: Some(0),
};

impl Usage {
    /// What two processes have used together.
    fn and(self, other: Self) -> Self {
        let descriptors = self.descriptors.zip(other.descriptors);
        Self {
            cpu_ns: self.cpu_ns + other.cpu_ns,
            ticks: self.ticks + other.ticks,
            rss_bytes: self.rss_bytes + other.rss_bytes,
            descriptors: descriptors.map(|(one, two)| one + two),
        }
    }

    /// The same after the process has ended.
    const fn ended(self) -> Self {
        Self {
            cpu_ns: self.cpu_ns,
            ticks: self.ticks,
            ..NOTHING
        }
    }
}

/// Name of this process among those that are watched.
const OWN: &str = "loadgen";

/// The processes that are watched; clones watch the same ones.
#[derive(Debug, Clone, Default)]
pub struct Host(Arc<Mutex<WatchList>>);

#[derive(Debug, Default)]
struct WatchList {
    processes: Vec<WatchedProcess>,
    /// CPU time of former processes, by name: their services run in others now.
    former: BTreeMap<String, Usage>,
}

#[derive(Debug)]
struct WatchedProcess {
    name: String,
    pid: i32,
    /// At the last observation that saw it.
    seen: Usage,
}

impl Host {
    /// Watches these, by name and process id, each with its children; and always this process.
    pub fn new(processes: impl IntoIterator<Item = (String, u32)>) -> Self {
        let host = Self::default();
        host.follow(processes);
        host
    }

    /// Watches these from now on, in place of all others, and this process. A service that was restarted
    /// goes on under its name: to what its new process uses is added the CPU time that its former one had
    /// used at the last observation, so an observation right before its end loses nothing.
    pub fn follow(&self, processes: impl IntoIterator<Item = (String, u32)>) {
        let own = (OWN.to_owned(), std::process::id());
        let mut list = self.list();
        let mut known = std::mem::take(&mut list.processes);
        for (name, pid) in processes.into_iter().chain([own]) {
            let Ok(pid) = i32::try_from(pid) else {
                continue;
            };
            let same = |one: &WatchedProcess| one.pid == pid && one.name == name;
            let process = match known.iter().position(same) {
                Some(place) => known.swap_remove(place),
                None => WatchedProcess {
                    name,
                    pid,
                    seen: NOTHING,
                },
            };
            list.processes.push(process);
        }
        for WatchedProcess { name, seen, .. } in known {
            let former = list.former.entry(name).or_insert(NOTHING);
            *former = former.and(seen.ended());
        }
    }

    /// What each has used; one that cannot be seen is left out. Processes of one name are one, those of
    /// them that have ended included.
    pub fn read(&self) -> BTreeMap<String, Usage> {
        let mut list = self.list();
        let WatchList { processes, former } = &mut *list;
        let mut all: BTreeMap<String, (Usage, bool)> = BTreeMap::new();
        for process in processes {
            // This process's children are the services, which are watched for themselves.
            let now = usage(process.pid, process.name != OWN);
            process.seen = now.unwrap_or_else(|| process.seen.ended());
            let before = || former.get(&process.name).copied().unwrap_or(NOTHING);
            let (sum, seen) = all
                .entry(process.name.clone())
                .or_insert_with(|| (before(), false));
            *sum = sum.and(process.seen);
            *seen |= now.is_some();
        }
        all.into_iter()
            .filter_map(|(name, (sum, seen))| seen.then_some((name, sum)))
            .collect()
    }

    fn list(&self) -> MutexGuard<'_, WatchList> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn usage(pid: i32, with_children: bool) -> Option<Usage> {
    let process = Process::new(pid).ok()?;
    let stat = process.stat().ok()?;
    if stat.state == ENDED {
        // Its children are no longer counted with it.
        return None;
    }
    let memory = process.statm().ok()?;
    let mut usage = Usage {
        descriptors: descriptors(&process),
        ..Usage::default()
    };
    let mut add_cpu = |pid: i32, ticks: u64| match cpu_ns(pid) {
        Some(ns) => usage.cpu_ns += ns,
        None => usage.ticks += ticks,
    };
    add_cpu(pid, stat.utime + stat.stime);
    let mut pages = memory.resident;
    if with_children {
        for child in children(&process) {
            let Ok(process) = Process::new(child) else {
                continue;
            };
            if let (Ok(stat), Ok(memory)) = (process.stat(), process.statm()) {
                add_cpu(child, stat.utime + stat.stime);
                pages += memory.resident.saturating_sub(memory.shared);
                let own = usage.descriptors.zip(descriptors(&process));
                usage.descriptors = own.map(|(all, one)| all + one);
            }
        }
        // A child that ended is in the parent's account, one that lives in its own.
        usage.ticks += u64::try_from(stat.cutime + stat.cstime).unwrap_or(0);
    }
    usage.rss_bytes = pages * procfs::page_size();
    Some(usage)
}

/// Open file descriptors of one process: a single `stat` since Linux 6.2.
fn descriptors(process: &Process) -> Option<u64> {
    u64::try_from(process.fd_count().ok()?).ok()
}

/// CPU time of a process with all its threads, those that have ended included.
fn cpu_ns(pid: i32) -> Option<u64> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid)).ok()?;
    let time = clock_gettime(clock).ok()?;
    u64::try_from(time.num_nanoseconds()).ok()
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
    use std::{
        process::{Child, Command},
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn this_process_is_seen_and_a_process_that_is_not_there_is_left_out() {
        let host = Host::new([("absent".to_owned(), u32::MAX / 2)]);
        let seen = host.read();
        assert!(seen["loadgen"].rss_bytes > 100_000);
        assert!(!seen.contains_key("absent"));
    }

    /// A process that computes until it is killed, or has for 20 s.
    fn busy() -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -t 20; while :; do :; done"]);
        command.spawn().unwrap()
    }

    /// The first observation of a name that pleases; within a minute.
    fn observe_until(host: &Host, name: &str, pleases: impl Fn(Option<&Usage>) -> bool) {
        let begun = Instant::now();
        while !pleases(host.read().get(name)) {
            assert!(begun.elapsed() < Duration::from_mins(1), "{name}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_restarted_service_keeps_its_cpu_time_and_is_left_out_while_it_is_away() {
        const ENOUGH_NS: u64 = 50_000_000;
        let mut first = busy();
        let name = "service".to_owned();
        let host = Host::new([(name.clone(), first.id())]);
        observe_until(&host, &name, |seen| {
            seen.is_some_and(|one| one.cpu_ns > ENOUGH_NS)
        });
        let before = host.read()[&name];
        first.kill().unwrap();
        // It has ended as soon as it is a zombie.
        observe_until(&host, &name, |seen| seen.is_none());
        first.wait().unwrap();
        let mut second = busy();
        assert!(!host.clone().read().contains_key(&name));
        host.follow([(name.clone(), second.id())]);
        let after = host.read()[&name];
        assert!(after.cpu_ns >= before.cpu_ns, "{before:?} {after:?}");
        assert!(after.rss_bytes > 0);
        observe_until(&host, &name, |seen| {
            seen.is_some_and(|one| one.cpu_ns > before.cpu_ns + ENOUGH_NS)
        });
        second.kill().unwrap();
        second.wait().unwrap();
    }

    #[test]
    fn processes_of_one_name_are_counted_together_also_after_one_has_ended() {
        let (mut old, mut new) = (busy(), busy());
        let name = "balancer".to_owned();
        let host = Host::new([(name.clone(), old.id()), (name.clone(), new.id())]);
        observe_until(&host, &name, |seen| {
            seen.is_some_and(|both| both.cpu_ns > 100_000_000)
        });
        let both = host.read()[&name];
        old.kill().unwrap();
        old.wait().unwrap();
        let after = host.read()[&name];
        assert!(after.cpu_ns >= both.cpu_ns, "{both:?} {after:?}");
        assert!(after.rss_bytes < both.rss_bytes);
        new.kill().unwrap();
        new.wait().unwrap();
    }

    #[test]
    fn descriptors_are_those_that_are_open() {
        let process = Process::myself().unwrap();
        let files: Vec<std::fs::File> = (0..200)
            .map(|_| std::fs::File::open("/dev/null").unwrap())
            .collect();
        let open = descriptors(&process).unwrap();
        assert!(open >= files.len() as u64, "{open}");
        let seen = Host::new([]).read()["loadgen"].descriptors.unwrap();
        assert!(seen >= files.len() as u64, "{seen}");
    }

    #[test]
    fn a_millisecond_of_computing_is_seen_which_is_a_tenth_of_a_clock_tick() {
        let host = Host::new([]);
        let before = host.read()["loadgen"];
        let mut work = 0_u64;
        for n in 0..1_000_000_u64 {
            work = std::hint::black_box(work.wrapping_add(n * n));
        }
        let spent = host.read()["loadgen"].cpu_since(&before).spent_s;
        assert!(spent > 0.0, "{work}");
    }

    #[test]
    fn cpu_time_of_a_few_clock_ticks_is_no_figure() {
        let at = |cpu_ns, ticks| Usage {
            cpu_ns,
            ticks,
            ..Usage::default()
        };
        assert_eq!(at(0, 104).cpu_since(&at(0, 100)).figure(), None);
        let enough = at(0, 120).cpu_since(&at(0, 100)).figure().unwrap();
        assert!((enough - 0.2).abs() < 1e-9);
        let exact = at(3_000_000, 100).cpu_since(&at(1_000_000, 100));
        assert!((exact.figure().unwrap() - 0.002).abs() < 1e-12);
        // A child that ended with 0.5 s in its account, of which 0.1 s are new.
        let moved = at(500_000_000, 60).cpu_since(&at(900_000_000, 0)).spent_s;
        assert!((moved - 0.2).abs() < 1e-9);
    }
}
