//! The figures as the events tell them. A trial's counters begin at nothing; here they go on
//! growing over all trials of a command, as a monitoring system expects of a counter.

use std::collections::BTreeMap;

use super::{
    catalogue,
    family::{Family, Spread, Value},
};
use loadgen_engine::{driver::BUCKET_BOUNDS_MS, sample::Outcome};
use loadgen_experiment::{
    events::{Begun, Event, OperationNow, TargetNow, Tick},
    schema::Trial,
};

/// Most arms that are told apart: those of five factors in every combination, and some.
const MOST_ARMS: usize = 64;
/// Most kinds of wait that are told apart.
const MOST_WAITS: usize = 64;

/// What has been heard.
#[derive(Debug, Default)]
pub(super) struct Figures {
    begun: Option<Begun>,
    /// The newest look at the trial under way; none between trials.
    now: Option<Tick>,
    /// Of the trials that are over.
    settled: BTreeMap<String, Counts>,
    /// Ended trials by arm and validity.
    trials: BTreeMap<(String, String), u64>,
    violations: BTreeMap<String, u64>,
    warnings: u64,
    blocks: u32,
    elapsed_s: f64,
    planned_s: f64,
}

/// What an arm has done.
#[derive(Debug, Clone, Default, PartialEq)]
struct Counts {
    iterations: u64,
    operations: BTreeMap<String, Operation>,
}

/// What was done of one operation.
#[derive(Debug, Clone, Default, PartialEq)]
struct Operation {
    outcomes: BTreeMap<String, u64>,
    response: Spread,
}

impl Figures {
    /// Takes in what was said.
    pub(super) fn hear(&mut self, event: Event) {
        match event {
            Event::Begun(begun) => self.begun = Some(begun),
            Event::Tick(tick) => self.look(*tick),
            Event::TrialDone(trial) => self.ended(&trial),
            Event::Warning(_) => self.warnings += 1,
            Event::Ended(_) => self.settle(),
            _ => {}
        }
    }

    /// Name of the result folder and of the suite or experiment, once they are known.
    pub(super) fn run(&self) -> Option<(&str, &str)> {
        let begun = self.begun.as_ref()?;
        Some((&begun.folder, &begun.name))
    }

    fn look(&mut self, tick: Tick) {
        let another = self.now.as_ref().is_some_and(|now| {
            (&now.arm, now.block) != (&tick.arm, tick.block) || now.completed > tick.completed
        });
        if another {
            self.settle();
        }
        self.blocks = tick.blocks;
        self.elapsed_s = tick.elapsed.as_secs_f64();
        self.planned_s = tick.total.as_secs_f64();
        self.now = Some(tick);
    }

    fn ended(&mut self, trial: &Trial) {
        self.settle();
        let key = (trial.arm.clone(), trial.validity.word.to_string());
        if self.trials.contains_key(&key) || self.trials.len() < 3 * MOST_ARMS {
            *self.trials.entry(key).or_default() += 1;
            if let Some(found) = trial.violations {
                *self.violations.entry(trial.arm.clone()).or_default() += found;
            }
        }
    }

    /// The trial under way is over: what it did stays.
    fn settle(&mut self) {
        if let Some(tick) = self.now.take() {
            add(&mut self.settled, &tick);
        }
    }

    /// Everything, in the order of the catalogue; metrics that have no figure yet are left out.
    pub(super) fn families(&self) -> Vec<Family> {
        let mut arms = self.settled.clone();
        if let Some(tick) = &self.now {
            add(&mut arms, tick);
        }
        let mut families = vec![
            self.run_info(),
            self.trial_info(),
            level(&catalogue::BLOCKS, f64::from(self.blocks)),
            level(&catalogue::ELAPSED, self.elapsed_s),
            level(&catalogue::PLANNED, self.planned_s),
        ];
        families.extend(of_arms(&arms));
        let now = |figure: fn(&Tick) -> f64| self.now.as_ref().map_or(0.0, figure);
        families.push(level(
            &catalogue::IN_FLIGHT,
            now(|now| now.in_flight as f64),
        ));
        families.push(level(
            &catalogue::DOUBTS,
            now(|now| now.doubts.len() as f64),
        ));
        families.push(Family::of(&catalogue::WARNINGS).with([], Value::Count(self.warnings)));
        let mut trials = Family::of(&catalogue::TRIALS);
        for ((arm, validity), count) in &self.trials {
            trials = trials.with([arm.as_str(), validity], Value::Count(*count));
        }
        let mut violations = Family::of(&catalogue::VIOLATIONS);
        for (arm, count) in &self.violations {
            violations = violations.with([arm.as_str()], Value::Count(*count));
        }
        families.extend([trials, violations]);
        if let Some(target) = self.now.as_ref().and_then(|now| now.target.as_ref()) {
            families.extend(of_target(target));
        }
        families.retain(|family| !family.points.is_empty());
        families
    }

    fn run_info(&self) -> Family {
        let family = Family::of(&catalogue::RUN);
        let Some(begun) = &self.begun else {
            return family;
        };
        let labels = [
            begun.command.as_str(),
            &begun.name,
            &begun.folder,
            env!("CARGO_PKG_VERSION"),
        ];
        family.with(labels, Value::Level(1.0))
    }

    fn trial_info(&self) -> Family {
        let family = Family::of(&catalogue::TRIAL);
        let Some(now) = &self.now else {
            return family;
        };
        let (block, phase) = (now.block.to_string(), now.phase.replace(' ', "_"));
        family.with([now.arm.as_str(), &block, &phase], Value::Level(1.0))
    }
}

fn level(metric: &'static catalogue::Metric, value: f64) -> Family {
    Family::of(metric).with([], Value::Level(value))
}

fn of_arms(arms: &BTreeMap<String, Counts>) -> [Family; 3] {
    let mut iterations = Family::of(&catalogue::ITERATIONS);
    let mut requests = Family::of(&catalogue::REQUESTS);
    let mut response = Family::of(&catalogue::RESPONSE);
    for (arm, counts) in arms {
        iterations = iterations.with([arm.as_str()], Value::Count(counts.iterations));
        for (name, operation) in &counts.operations {
            for (outcome, count) in &operation.outcomes {
                let labels = [arm.as_str(), name, outcome];
                requests = requests.with(labels, Value::Count(*count));
            }
            let labels = [arm.as_str(), name];
            response = response.with(labels, Value::Spread(operation.response.clone()));
        }
    }
    [iterations, requests, response]
}

fn of_target(target: &TargetNow) -> [Family; 5] {
    let mut cpu = Family::of(&catalogue::CPU);
    for (process, cores) in &target.cpu_cores {
        cpu = cpu.with([process.as_str()], Value::Level(*cores));
    }
    let mut backends = Family::of(&catalogue::POSTGRES_BACKENDS);
    for (wait, count) in target.waits.iter().take(MOST_WAITS) {
        backends = backends.with([wait.as_str()], Value::Level(f64::from(*count)));
    }
    [
        cpu,
        backends,
        level(&catalogue::POSTGRES_WAL, target.wal_bytes_per_s),
        level(&catalogue::POSTGRES_STATEMENTS, target.queries_per_s),
        level(&catalogue::REDIS_COMMANDS, target.redis_per_s),
    ]
}

/// Adds what a trial has done so far.
fn add(arms: &mut BTreeMap<String, Counts>, tick: &Tick) {
    if !arms.contains_key(&tick.arm) && arms.len() >= MOST_ARMS {
        return;
    }
    let counts = arms.entry(tick.arm.clone()).or_default();
    counts.iterations += tick.started;
    for done in &tick.operations {
        let operation = counts.operations.entry(done.name.clone()).or_default();
        operation.add(done);
    }
}

impl Operation {
    fn add(&mut self, done: &OperationNow) {
        let ok = done.count.saturating_sub(done.failed);
        *self
            .outcomes
            .entry(Outcome::Ok.as_str().to_owned())
            .or_default() += ok;
        for (outcome, count) in &done.errors {
            *self.outcomes.entry(outcome.clone()).or_default() += count;
        }
        let response = &mut self.response;
        response.counts.resize(BUCKET_BOUNDS_MS.len() + 1, 0);
        for (mine, theirs) in response.counts.iter_mut().zip(&done.bucket_counts) {
            *mine += theirs;
        }
        // A failure is slower than any bound.
        response.counts[BUCKET_BOUNDS_MS.len()] += done.errors.values().sum::<u64>();
        response.sum_s += done.response_sum_s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(arm: &str, block: u32, ok: u64, timeouts: u64) -> Event {
        let mut bucket_counts = vec![0; BUCKET_BOUNDS_MS.len() + 1];
        bucket_counts[3] = ok;
        Event::Tick(Box::new(Tick {
            arm: arm.into(),
            block,
            phase: "warm up".into(),
            started: ok,
            completed: ok + timeouts,
            operations: vec![OperationNow {
                name: "mentors.list".into(),
                count: ok + timeouts,
                failed: timeouts,
                errors: BTreeMap::from([("timeout".to_owned(), timeouts)]),
                bucket_counts,
                response_sum_s: 0.5,
                ..OperationNow::default()
            }],
            ..Tick::default()
        }))
    }

    fn value(figures: &Figures, metric: &str, labels: &[&str]) -> Option<Value> {
        let families = figures.families();
        let family = families
            .iter()
            .find(|family| family.metric.name == metric)?;
        let point = family.points.iter().find(|point| point.labels == labels)?;
        Some(point.value.clone())
    }

    #[test]
    fn counters_go_on_growing_over_the_trials_of_a_command() {
        let mut figures = Figures::default();
        // A repeated block begins again from nothing, and is told by nothing else.
        for event in [
            tick("before", 1, 10, 0),
            tick("before", 1, 40, 2),
            tick("after", 1, 5, 0),
            tick("before", 2, 7, 1),
            tick("before", 2, 3, 0),
        ] {
            figures.hear(event);
        }
        let ok = ["before", "mentors.list", "ok"];
        assert_eq!(
            value(&figures, "loadgen_requests_total", &ok),
            Some(Value::Count(50))
        );
        let late = ["before", "mentors.list", "timeout"];
        assert_eq!(
            value(&figures, "loadgen_requests_total", &late),
            Some(Value::Count(3))
        );
        assert_eq!(
            value(&figures, "loadgen_iterations_total", &["after"]),
            Some(Value::Count(5))
        );
        let spread = value(&figures, "loadgen_response_seconds", &ok[..2]);
        let Some(Value::Spread(spread)) = spread else {
            panic!("{spread:?}")
        };
        assert_eq!(
            (spread.counts[3], spread.counts[BUCKET_BOUNDS_MS.len()]),
            (50, 3)
        );
        assert_eq!(spread.counts.iter().sum::<u64>(), 53);
    }

    #[test]
    fn what_stands_for_now_is_gone_when_the_trial_is_over() {
        let mut figures = Figures::default();
        figures.hear(tick("run", 0, 4, 0));
        let labels = ["run", "0", "warm_up"];
        assert!(value(&figures, "loadgen_trial_info", &labels).is_some());
        figures.hear(Event::Ended(loadgen_experiment::events::Ended {
            verdict: loadgen_experiment::schema::Verdict {
                word: loadgen_experiment::schema::VerdictWord::Passed,
                reasons: Vec::new(),
            },
            folder: String::new(),
        }));
        assert!(value(&figures, "loadgen_trial_info", &labels).is_none());
        assert_eq!(
            value(&figures, "loadgen_iterations_total", &["run"]),
            Some(Value::Count(4))
        );
    }

    #[test]
    fn arms_are_bounded() {
        let mut figures = Figures::default();
        for arm in 0..2 * MOST_ARMS {
            figures.hear(tick(&format!("arm {arm}"), 1, 1, 0));
        }
        let families = figures.families();
        let requests = families
            .iter()
            .find(|family| family.metric.name == "loadgen_iterations_total");
        assert_eq!(requests.unwrap().points.len(), MOST_ARMS);
    }
}
