//! Reads the state of this machine from the kernel; the other files only evaluate it.

use std::{fs, path::Path};

use loadgen_engine::thread_priority::{self, ThreadPrecedence};
use rustix::fs::{FsWord, statfs};

/// MachineFacts; what cannot be read is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct MachineFacts {
    /// Processors this process may use.
    pub(super) cores: usize,
    /// Cores that the control group allows, where it has a limit.
    pub(super) quota: Option<f64>,
    /// Mean number of runnable tasks over the last minute.
    pub(super) load: Option<f64>,
    /// How the generator's threads may be scheduled.
    pub(super) precedence: Option<ThreadPrecedence>,
    /// Whether the kernel schedules each session as a group, in which nice values only count within
    /// it (`sched(7)`, autogroup).
    pub(super) autogroup: bool,
    /// Open files: the soft limit, and the hard one that it may be raised to.
    pub(super) files: Option<(u64, u64)>,
    /// First and last port of outgoing connections.
    pub(super) ports: Option<(u32, u32)>,
    /// CPU frequency governor.
    pub(super) governor: Option<String>,
    /// Clock source of the kernel.
    pub(super) clock_source: Option<String>,
    /// Available memory, in bytes.
    pub(super) memory: Option<u64>,
    /// Swap in use, in bytes.
    pub(super) swap_used: Option<u64>,
    /// File system of the data folder: whether it is in memory, and its free bytes.
    pub(super) folder: Option<(bool, u64)>,
}

/// Reads the state; `folder` is where an own stack would keep its data.
pub(super) fn read(folder: &Path) -> MachineFacts {
    let text = |path: &str| fs::read_to_string(path).ok();
    let meminfo = text("/proc/meminfo").unwrap_or_default();
    let kib = |key: &str| number_after(&meminfo, key).map(|kib| kib * 1_024);
    MachineFacts {
        cores: loadgen_experiment::observer::cores(),
        quota: text("/sys/fs/cgroup/cpu.max").and_then(|text| quota(&text)),
        load: text("/proc/loadavg").and_then(|text| text.split(' ').next()?.parse().ok()),
        precedence: Some(thread_priority::permitted()),
        autogroup: text("/proc/sys/kernel/sched_autogroup_enabled")
            .is_some_and(|text| text.trim() == "1"),
        files: text("/proc/self/limits").and_then(|text| files(&text)),
        ports: text("/proc/sys/net/ipv4/ip_local_port_range").and_then(|text| ports(&text)),
        governor: text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
            .map(|text| text.trim().to_owned()),
        clock_source: text("/sys/devices/system/clocksource/clocksource0/current_clocksource")
            .map(|text| text.trim().to_owned()),
        memory: kib("MemAvailable:"),
        swap_used: kib("SwapTotal:")
            .zip(kib("SwapFree:"))
            .map(|(all, free)| all.saturating_sub(free)),
        folder: file_system(folder),
    }
}

/// `MAX PERIOD` of a control group in cores; `None` where it is `max`, no limit.
fn quota(text: &str) -> Option<f64> {
    let (most, period) = text.trim().split_once(' ')?;
    Some(most.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

fn files(limits: &str) -> Option<(u64, u64)> {
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    let mut words = line["Max open files".len()..].split_whitespace();
    let mut limit = || {
        let word = words.next()?;
        Some(if word == "unlimited" {
            u64::MAX
        } else {
            word.parse().ok()?
        })
    };
    Some((limit()?, limit()?))
}

fn ports(text: &str) -> Option<(u32, u32)> {
    let mut words = text.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

fn number_after(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Magic numbers of file systems in memory (`statfs(2)`).
const TMPFS_MAGIC: FsWord = 0x0102_1994;
const RAMFS_MAGIC: FsWord = 0x8584_58f6;

/// Whether the file system of a folder is in memory, and its free bytes.
fn file_system(folder: &Path) -> Option<(bool, u64)> {
    let found = statfs(folder).ok()?;
    let in_memory = [TMPFS_MAGIC, RAMFS_MAGIC].contains(&found.f_type);
    let free = found
        .f_bavail
        .saturating_mul(u64::try_from(found.f_bsize).unwrap_or(0));
    Some((in_memory, free))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_of_the_kernel_are_parsed() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 unlimited            files     \n";
        assert_eq!(files(limits), Some((1_024, u64::MAX)));
        assert_eq!(ports("32768\t60999\n"), Some((32_768, 60_999)));
        assert_eq!(quota("150000 100000\n"), Some(1.5));
        assert_eq!(quota("max 100000\n"), None);
        assert_eq!(
            number_after("MemTotal: 9 kB\nMemAvailable:  12 kB\n", "MemAvailable:"),
            Some(12)
        );
    }

    #[test]
    fn this_machine_has_cores_memory_and_a_file_system() {
        let facts = read(&std::env::temp_dir());
        assert!(facts.cores > 0);
        assert!(facts.memory.unwrap() > 0);
        assert!(facts.folder.is_some() && facts.files.is_some());
    }
}
