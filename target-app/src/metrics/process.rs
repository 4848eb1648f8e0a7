//! What this process uses, from `/proc/self`.

use procfs::{WithCurrentSystemInfo as _, process::Process};
use rustix::time::{ClockId, clock_gettime};
use shared::snapshot::ProcessSnapshot;

/// CPU time, memory and threads of this process; memory and threads are zero where `/proc` cannot be read.
pub fn process() -> ProcessSnapshot {
    let pid = std::process::id();
    // Exact, and with the threads that have ended; `stat` counts in ticks of 10 ms.
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu_ns = (cpu.tv_sec as u64) * 1_000_000_000 + cpu.tv_nsec as u64;
    let Ok(stat) = Process::myself().and_then(|me| me.stat()) else {
        return ProcessSnapshot {
            pid,
            cpu_ns,
            ..ProcessSnapshot::default()
        };
    };
    ProcessSnapshot {
        pid,
        cpu_ns,
        rss_bytes: stat.rss_bytes().get(),
        threads: u32::try_from(stat.num_threads).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::process;

    #[test]
    fn a_few_microseconds_of_computing_are_seen() {
        let before = process().cpu_ns;
        let mut sum = 0_u64;
        for n in 0..100_000_u64 {
            sum = std::hint::black_box(sum.wrapping_add(n * n));
        }
        let spent = process().cpu_ns - before;
        assert!(spent > 0 && spent < 1_000_000_000, "{spent} ns for {sum}");
    }

    #[test]
    fn a_process_has_memory_and_threads() {
        let snapshot = process();
        assert_eq!(snapshot.pid, std::process::id());
        assert!(snapshot.rss_bytes > 1_000_000 && snapshot.threads >= 1);
    }
}
