//! What the kernel says of the whole machine and of the driver's own threads.

use std::{collections::BTreeMap, fs};

use serde::{Deserialize, Serialize};

/// Names of the threads that send: those whose processor time is the generator's.
const DRIVER_THREADS: [&str; 2] = ["pacer", "worker-"];

/// Counters of the kernel at one instant; they only grow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Clock ticks of all processors, idle ones included; 0 where not visible.
    pub ticks: u64,
    /// Of those, taken by the hypervisor for other guests.
    pub steal: u64,
    /// Microseconds in which something runnable waited for a processor (PSI); absent where the
    /// kernel does not say.
    pub cpu_pressure_us: Option<u64>,
    /// The driver's threads, by thread id.
    pub threads: BTreeMap<i32, ThreadUse>,
}

/// What one thread of the driver has had so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadUse {
    /// Nanoseconds on a processor.
    pub run_ns: u64,
    /// Nanoseconds runnable and waiting for one.
    pub wait_ns: u64,
}

impl Machine {
    /// The counters now; what cannot be read stays empty.
    pub fn read() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let (ticks, steal) = ticks(&stat).unwrap_or((0, 0));
        Self {
            ticks,
            steal,
            cpu_pressure_us: fs::read_to_string("/proc/pressure/cpu")
                .ok()
                .and_then(|text| pressure(&text)),
            threads: driver_threads(),
        }
    }

    /// Share of the machine's time that the hypervisor took since `earlier`; `None` of so few ticks
    /// that one alone would be a disturbance.
    pub fn steal_since(&self, earlier: &Self) -> Option<f64> {
        let all = self.ticks.checked_sub(earlier.ticks)?;
        (all >= FEWEST_TICKS).then(|| self.steal.saturating_sub(earlier.steal) as f64 / all as f64)
    }
}

/// Fewest ticks (10 ms of one processor) whose stolen share means anything: a single one of 100 is
/// half of what makes a trial noisy.
const FEWEST_TICKS: u64 = 100;

/// Ticks of all processors and those that were stolen, from `/proc/stat`.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    // user nice system idle iowait irq softirq steal; guest time is in user time already.
    let numbers: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .map_while(|word| word.parse().ok())
        .collect();
    Some((numbers.iter().sum(), numbers.get(7).copied().unwrap_or(0)))
}

/// `total=` of the `some` line of a pressure file.
fn pressure(text: &str) -> Option<u64> {
    text.lines()
        .find(|line| line.starts_with("some "))?
        .rsplit_once("total=")?
        .1
        .trim()
        .parse()
        .ok()
}

/// Threads come and go while they are listed; one that is gone is left out.
fn driver_threads() -> BTreeMap<i32, ThreadUse> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return BTreeMap::new();
    };
    tasks
        .flatten()
        .filter_map(|task| {
            let name = fs::read_to_string(task.path().join("comm")).ok()?;
            DRIVER_THREADS
                .iter()
                .any(|own| name.starts_with(own))
                .then_some(())?;
            let id = task.file_name().to_str()?.parse().ok()?;
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            Some((id, schedstat(&text)?))
        })
        .collect()
}

/// Time on a processor and time waiting for one: the first two numbers, in nanoseconds.
fn schedstat(text: &str) -> Option<ThreadUse> {
    let mut words = text.split_whitespace();
    Some(ThreadUse {
        run_ns: words.next()?.parse().ok()?,
        wait_ns: words.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
        let stat = "cpu  100 1 20 300 4 0 5 70 9 9\ncpu0 1 2 3 4 5 6 7 8 0 0\n";
        assert_eq!(ticks(stat), Some((500, 70)));
        let psi = "some avg10=19.94 avg60=44.82 avg300=64.81 total=2065\nfull avg10=0 total=7\n";
        assert_eq!(pressure(psi), Some(2_065));
        let used = schedstat("1500 30 2\n").unwrap();
        assert_eq!((used.run_ns, used.wait_ns), (1_500, 30));
        assert_eq!(schedstat(""), None);
    }

    #[test]
    fn stolen_time_is_a_share_of_all_time() {
        let at = |ticks, steal| Machine {
            ticks,
            steal,
            ..Machine::default()
        };
        assert_eq!(at(300, 15).steal_since(&at(100, 5)), Some(0.05));
        assert_eq!(at(100, 5).steal_since(&at(100, 5)), None);
        assert_eq!(at(137, 6).steal_since(&at(100, 5)), None);
    }

    #[test]
    fn a_thread_of_the_driver_is_seen_by_its_name_and_others_are_not() {
        let (done, wait) = std::sync::mpsc::sync_channel::<()>(1);
        let worker = std::thread::Builder::new()
            .name("worker-7".to_owned())
            .spawn(move || wait.recv())
            .unwrap();
        // The name is set by the thread itself, as its first act.
        let seen = (0..2_000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            !Machine::read().threads.is_empty()
        });
        drop(done);
        worker.join().unwrap().unwrap_err();
        assert!(seen);
        assert!(Machine::read().ticks > 0);
    }
}
