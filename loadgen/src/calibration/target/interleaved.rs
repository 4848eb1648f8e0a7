//! What is measured in turn, round after round, so that what disturbs the machine disturbs all of it, and
//! the processor time that each process takes meanwhile.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{
    super::{children_cpu::children_cpu_us, spread::turns},
    comparison::PartSide,
};
use loadgen_experiment::observer::{Host, Usage};

/// Processors that a process used at least where it is shown.
const LEAST_CORES: f64 = 0.01;

/// One thing that takes its turn.
pub(super) struct BenchSubject<'a> {
    /// What it measures, for people.
    pub(super) what: String,
    /// The program that it runs to its end, where it runs one.
    pub(super) program: Option<&'static str>,
    /// The figure of one turn, or why there is none.
    pub(super) measure: Box<dyn FnMut() -> Result<f64, String> + 'a>,
}

/// Measures each once a round. One that fails is not tried again: its side says why. `None` where
/// `stop` was cancelled.
pub(super) fn interleaved(
    mut subjects: Vec<BenchSubject<'_>>,
    rounds: u32,
    host: &Host,
    stop: &CancellationToken,
    mut progress: impl FnMut(String),
) -> Option<Vec<PartSide>> {
    let mut sides: Vec<PartSide> = subjects.iter().map(|one| PartSide::of(&one.what)).collect();
    let mut spent: Vec<CpuSpent> = subjects.iter().map(|_| CpuSpent::default()).collect();
    for round in 0..rounds {
        progress(format!("round {} of {rounds}", round + 1));
        for turn in turns(round, subjects.len()) {
            if stop.is_cancelled() {
                return None;
            }
            let (one, side) = (&mut subjects[turn], &mut sides[turn]);
            if side.missing.is_some() {
                continue;
            }
            let before = CpuObservation::now(host);
            let measured = (one.measure)();
            spent[turn].add(&before, &CpuObservation::now(host), one.program);
            match measured {
                Ok(figure) if figure.is_finite() && figure > 0.0 => side.push(figure),
                Ok(figure) => side.fail(format!("a round gave {figure}, which is no figure")),
                Err(why) => side.fail(why),
            }
        }
    }
    if stop.is_cancelled() {
        return None;
    }
    for (side, spent) in sides.iter_mut().zip(&spent) {
        side.cpu_cores = spent.cores();
    }
    Some(sides)
}

/// What the processes have used at one instant.
struct CpuObservation {
    at: Instant,
    used: BTreeMap<String, Usage>,
    /// Of the programs that have ended, in microseconds; absent where the kernel does not tell.
    ended_us: Option<u64>,
}

impl CpuObservation {
    fn now(host: &Host) -> Self {
        Self {
            at: Instant::now(),
            used: host.read(),
            ended_us: children_cpu_us().ok(),
        }
    }
}

/// Processor time of several turns.
#[derive(Default)]
struct CpuSpent {
    elapsed: Duration,
    seconds: BTreeMap<String, f64>,
}

impl CpuSpent {
    fn add(&mut self, before: &CpuObservation, after: &CpuObservation, program: Option<&str>) {
        self.elapsed += after.at.duration_since(before.at);
        for (name, usage) in &after.used {
            // A service that was restarted meanwhile has no difference.
            if let Some(earlier) = before.used.get(name) {
                *self.seconds.entry(name.clone()).or_default() += usage.roughly_since(earlier);
            }
        }
        if let (Some(program), Some(before), Some(after)) =
            (program, before.ended_us, after.ended_us)
        {
            let spent = after.saturating_sub(before) as f64 / 1e6;
            *self.seconds.entry(program.to_owned()).or_default() += spent;
        }
    }

    fn cores(&self) -> BTreeMap<String, f64> {
        let elapsed = self.elapsed.as_secs_f64();
        self.seconds
            .iter()
            .map(|(name, seconds)| (name.clone(), seconds / elapsed))
            .filter(|(_, cores)| *cores >= LEAST_CORES)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn subject<'a>(
        what: &str,
        measure: impl FnMut() -> Result<f64, String> + 'a,
    ) -> BenchSubject<'a> {
        BenchSubject {
            what: what.to_owned(),
            program: None,
            measure: Box::new(measure),
        }
    }

    fn run(subjects: Vec<BenchSubject<'_>>, rounds: u32) -> Option<Vec<PartSide>> {
        let stop = CancellationToken::new();
        interleaved(subjects, rounds, &Host::default(), &stop, |_| {})
    }

    #[test]
    fn each_has_one_turn_a_round_and_another_one_begins() {
        let log = RefCell::new(String::new());
        let note = |letter: char, figure: f64| {
            let log = &log;
            move || {
                log.borrow_mut().push(letter);
                Ok(figure)
            }
        };
        let sides = run(
            vec![subject("a", note('a', 1.0)), subject("b", note('b', 2.0))],
            3,
        )
        .unwrap();
        assert_eq!(log.borrow().as_str(), "abbaab");
        assert_eq!(sides[0].rounds, [1.0; 3]);
        assert!((sides[1].figure.unwrap().median - 2.0).abs() < 1e-9);
    }

    #[test]
    fn one_that_fails_is_not_tried_again_and_the_other_goes_on() {
        let mut tried = 0;
        let fails_in_the_second_round = subject("a", || {
            tried += 1;
            if tried == 2 {
                Err("it ended with 1".to_owned())
            } else {
                Ok(1.0)
            }
        });
        let nothing = subject("b", || Ok(0.0));
        let sides = run(
            vec![fails_in_the_second_round, nothing, subject("c", || Ok(5.0))],
            4,
        )
        .unwrap();
        assert_eq!(sides[0].missing.as_deref(), Some("it ended with 1"));
        assert!(sides[0].rounds.is_empty() && sides[0].figure.is_none());
        assert!(sides[1].missing.as_ref().unwrap().contains("no figure"));
        assert_eq!(sides[2].rounds.len(), 4);
        drop(sides);
        assert_eq!(tried, 2);
    }

    #[test]
    fn a_stop_ends_the_rounds_without_figures() {
        let stop = CancellationToken::new();
        let cancelling = subject("a", || {
            stop.cancel();
            Ok(1.0)
        });
        let never = subject("b", || panic!("the load was stopped"));
        let sides = interleaved(vec![cancelling, never], 2, &Host::default(), &stop, |_| {});
        assert_eq!(sides, None);
    }

    #[test]
    fn processor_time_is_that_of_the_turn_and_of_the_program_it_ran() {
        let host = Host::new([]);
        let stop = CancellationToken::new();
        let busy = || {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(200) {
                std::hint::black_box(begun.elapsed());
            }
            Ok(1.0)
        };
        let sides = interleaved(vec![subject("busy", busy)], 1, &host, &stop, |_| {}).unwrap();
        // Others may want the processors too: some of it is enough to know whose time is counted.
        assert!(sides[0].cpu_cores["loadgen"] > 0.05, "{:?}", sides[0]);

        let script = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let child = BenchSubject {
            program: Some("sh"),
            ..subject("child", || {
                let mut command = std::process::Command::new("sh");
                let status = command.args(["-c", script]).status();
                status.map(|_| 1.0).map_err(|error| error.to_string())
            })
        };
        let sides = interleaved(vec![child], 1, &host, &stop, |_| {}).unwrap();
        assert!(sides[0].cpu_cores["sh"] > 0.05, "{:?}", sides[0]);
    }
}
