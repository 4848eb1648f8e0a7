//! What this process uses, from `/proc/self`.

use procfs::{WithCurrentSystemInfo as _, process::Process};
use shared::snapshot::ProcessSnapshot;

/// CPU time, memory and threads of this process; zeros where `/proc` cannot be read.
pub fn process() -> ProcessSnapshot {
    let pid = std::process::id();
    let Ok(stat) = Process::myself().and_then(|me| me.stat()) else {
        return ProcessSnapshot {
            pid,
            ..ProcessSnapshot::default()
        };
    };
    ProcessSnapshot {
        pid,
        cpu_ms: (stat.utime + stat.stime) * 1_000 / procfs::ticks_per_second(),
        rss_bytes: stat.rss_bytes().get(),
        threads: u32::try_from(stat.num_threads).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::process;

    #[test]
    fn a_process_has_memory_and_threads() {
        let snapshot = process();
        assert_eq!(snapshot.pid, std::process::id());
        assert!(snapshot.rss_bytes > 1_000_000 && snapshot.threads >= 1);
    }
}
