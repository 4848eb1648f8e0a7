//! How much memory this process may hold.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use procfs::{Current as _, Meminfo};

/// Where control groups of version 2 are mounted.
const CGROUPS: &str = "/sys/fs/cgroup";

/// Most bytes that this process may hold: the least limit of its control group and of those that
/// hold it, or else the machine's memory. Looked up once; `None` where neither is known.
pub fn memory_limit() -> Option<u64> {
    static LIMIT: OnceLock<Option<u64>> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let machine = Meminfo::current().ok().map(|memory| memory.mem_total);
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let groups = group_limit(Path::new(CGROUPS), &own);
        // A limit above the memory of the machine limits nothing.
        machine.into_iter().chain(groups).min()
    })
}

/// The least `memory.max` from the group of this process up to the root; `None` where there is
/// none. `own` is the text of `/proc/self/cgroup`, of which only the line of version 2 counts.
fn group_limit(root: &Path, own: &str) -> Option<u64> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mut group: PathBuf = root.join(path);
    let mut least = None;
    while group.starts_with(root) {
        let text = fs::read_to_string(group.join("memory.max")).unwrap_or_default();
        // `max` is no number, and no limit.
        let limit = text.trim().parse::<u64>().ok();
        least = least.into_iter().chain(limit).min();
        if !group.pop() {
            break;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_on_the_way_up_counts() {
        let root = std::env::temp_dir().join(format!("memory-limit-{}", std::process::id()));
        let inner = root.join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("memory.max"), "max\n").unwrap();
        fs::write(root.join("a/memory.max"), "4096\n").unwrap();
        fs::write(root.join("memory.max"), "8192\n").unwrap();
        let limit = |own: &str| group_limit(&root, own);
        assert_eq!(limit("0::/a/b\n"), Some(4096));
        assert_eq!(limit("1:memory:/a\n0::/\n"), Some(8192));
        assert_eq!(limit("1:memory:/a\n"), None);
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_process_may_hold_no_more_than_the_machine_has() {
        let machine = Meminfo::current().unwrap().mem_total;
        let limit = memory_limit().unwrap();
        assert!(limit > 1 << 20 && limit <= machine, "{limit} of {machine}");
    }
}
