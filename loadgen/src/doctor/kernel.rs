//! What the kernel says of this machine, read once: the only part of the doctor that touches it.

use std::{ffi::CString, fs, os::unix::ffi::OsStrExt as _, path::Path};

/// Facts; what cannot be read is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    /// Processors this process may use.
    pub(super) cores: usize,
    /// Cores that a control group allows, if it limits them.
    pub(super) quota: Option<f64>,
    /// Mean number of runnable tasks over the last minute.
    pub(super) load: Option<f64>,
    /// Open files: the soft limit, and the hard one that it may be raised to.
    pub(super) files: Option<(u64, u64)>,
    /// First and last port of outgoing connections.
    pub(super) ports: Option<(u32, u32)>,
    /// How the processors' frequency is chosen.
    pub(super) governor: Option<String>,
    /// What the kernel reads the time from.
    pub(super) clock_source: Option<String>,
    /// Memory that could be used, in bytes.
    pub(super) memory: Option<u64>,
    /// Swap in use, in bytes.
    pub(super) swap_used: Option<u64>,
    /// The folder for data: whether it lies in memory, and its free bytes.
    pub(super) folder: Option<(bool, u64)>,
}

/// Reads them; `folder` is where an own stack would keep its data.
pub(super) fn read(folder: &Path) -> Facts {
    let text = |path: &str| fs::read_to_string(path).ok();
    let meminfo = text("/proc/meminfo").unwrap_or_default();
    let kib = |key: &str| number_after(&meminfo, key).map(|kib| kib * 1_024);
    Facts {
        cores: crate::observer::cores(),
        quota: text("/sys/fs/cgroup/cpu.max").and_then(|text| quota(&text)),
        load: text("/proc/loadavg").and_then(|text| text.split(' ').next()?.parse().ok()),
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

/// `MAX PERIOD` of a control group in cores; `max` is no limit.
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

/// Whether a folder's file system lives in memory, and the bytes that are free in it.
fn file_system(folder: &Path) -> Option<(bool, u64)> {
    let path = CString::new(folder.as_os_str().as_bytes()).ok()?;
    let mut found = std::mem::MaybeUninit::<libc::statfs>::zeroed();
    #[expect(
        unsafe_code,
        reason = "std does not tell what file system a folder is on"
    )]
    // SAFETY: `path` ends with a zero and `found` is valid to write to; zeroes are a valid statfs.
    let found = unsafe {
        if libc::statfs(path.as_ptr(), found.as_mut_ptr()) != 0 {
            return None;
        }
        found.assume_init()
    };
    let in_memory = found.f_type == libc::TMPFS_MAGIC || found.f_type == 0x8584_58f6;
    let free = found
        .f_bavail
        .saturating_mul(u64::try_from(found.f_bsize).unwrap_or(0));
    Some((in_memory, free))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
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
    fn this_machine_has_cores_memory_and_room() {
        let facts = read(&std::env::temp_dir());
        assert!(facts.cores > 0);
        assert!(facts.memory.unwrap() > 0);
        assert!(facts.folder.is_some() && facts.files.is_some());
    }
}
