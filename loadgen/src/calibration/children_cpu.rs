//! Processor time of the programs that were run.

use std::{fs, io};

/// CPU microseconds of all child processes that have ended, user and system time (proc(5), fields 16
/// and 17 of stat; 100 ticks a second).
pub(super) fn children_cpu_us() -> io::Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is a name in parentheses, which may hold spaces.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = fields
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(ticks * 10_000)
}
