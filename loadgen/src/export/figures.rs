//! The figures of a command, accumulated from its events. The counters of a trial start at zero;
//! here they grow over all trials of a command, as a monitoring system expects of a counter.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    catalogue,
    family::{BucketCounts, MetricFamily, PointValue},
};
use loadgen_engine::{driver::BUCKET_BOUNDS_MS, sample::Outcome};
use loadgen_experiment::{
    events::{Begun, Event, OperationNow, TargetNow, Tick},
    schema::{ArmName, Trial},
};

/// Most arms: those of five factors in every combination, and some.
const MAX_ARMS: usize = 64;
/// Most wait events.
const MAX_WAITS: usize = 64;

/// The figures of a command so far.
#[derive(Debug, Default)]
pub(super) struct CommandFigures {
    begun: Option<Begun>,
    /// Newest tick of the running trial; `None` between trials.
    now: Option<Tick>,
    /// By arm, of the trials that have ended.
    completed: BTreeMap<ArmName, ArmCounts>,
    /// Ended trials by arm and validity.
    trials: BTreeMap<(ArmName, String), u64>,
    violations: BTreeMap<ArmName, u64>,
    warnings: u64,
    blocks: u32,
    elapsed_s: f64,
    planned_s: f64,
}

/// The figures of the command, shared by those who write and read them. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedFigures(Arc<Mutex<CommandFigures>>);

impl SharedFigures {
    pub(super) fn lock(&self) -> MutexGuard<'_, CommandFigures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts of one arm.
#[derive(Debug, Clone, Default, PartialEq)]
struct ArmCounts {
    iterations: u64,
    operations: BTreeMap<String, OperationCounts>,
}

/// Counts of one operation.
#[derive(Debug, Clone, Default, PartialEq)]
struct OperationCounts {
    outcomes: BTreeMap<String, u64>,
    response: BucketCounts,
}

impl CommandFigures {
    /// Applies an event.
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Begun(begun) => self.begun = Some(begun),
            Event::Tick(tick) => self.tick(*tick),
            Event::TrialDone(trial) => self.trial_done(&trial),
            Event::Warning(_) => self.warnings += 1,
            Event::Ended(_) => self.complete_trial(),
            _ => {}
        }
    }

    /// Name of the result folder and of the suite or experiment, once they are known.
    pub(super) fn run(&self) -> Option<(&str, &str)> {
        let begun = self.begun.as_ref()?;
        Some((&begun.folder, &begun.name))
    }

    fn tick(&mut self, tick: Tick) {
        let another = self.now.as_ref().is_some_and(|now| {
            (&now.arm, now.block) != (&tick.arm, tick.block)
                || now.completed > tick.completed
                // A trial that ended before its first answer shows itself by nothing else.
                || now.started > tick.started
        });
        if another {
            self.complete_trial();
        }
        self.blocks = tick.blocks;
        self.elapsed_s = tick.elapsed.as_secs_f64();
        self.planned_s = tick.total.as_secs_f64();
        self.now = Some(tick);
    }

    fn trial_done(&mut self, trial: &Trial) {
        self.complete_trial();
        let key = (trial.arm.clone(), trial.validity.word.to_string());
        if self.trials.contains_key(&key) || self.trials.len() < 3 * MAX_ARMS {
            *self.trials.entry(key).or_default() += 1;
            if let Some(found) = trial.violations {
                *self.violations.entry(trial.arm.clone()).or_default() += found;
            }
        }
    }

    /// Adds the counts of the running trial, which has ended.
    fn complete_trial(&mut self) {
        if let Some(tick) = self.now.take() {
            add(&mut self.completed, &tick);
        }
    }

    /// Every metric that has a value, in the order of the catalogue.
    pub(super) fn families(&self) -> Vec<MetricFamily> {
        let mut arms = self.completed.clone();
        if let Some(tick) = &self.now {
            add(&mut arms, tick);
        }
        let mut families = vec![
            self.run_info(),
            self.trial_info(),
            gauge(&catalogue::BLOCKS, f64::from(self.blocks)),
            gauge(&catalogue::ELAPSED, self.elapsed_s),
            gauge(&catalogue::PLANNED, self.planned_s),
        ];
        families.extend(of_arms(&arms));
        let now = |figure: fn(&Tick) -> f64| self.now.as_ref().map_or(0.0, figure);
        families.push(gauge(
            &catalogue::IN_FLIGHT,
            now(|now| now.in_flight as f64),
        ));
        families.push(gauge(
            &catalogue::DOUBTS,
            now(|now| now.doubts.len() as f64),
        ));
        families.push(
            MetricFamily::new(&catalogue::WARNINGS).with([], PointValue::Counter(self.warnings)),
        );
        let mut trials = MetricFamily::new(&catalogue::TRIALS);
        for ((arm, validity), count) in &self.trials {
            trials = trials.with([arm.as_str(), validity], PointValue::Counter(*count));
        }
        let mut violations = MetricFamily::new(&catalogue::VIOLATIONS);
        for (arm, count) in &self.violations {
            violations = violations.with([arm.as_str()], PointValue::Counter(*count));
        }
        families.extend([trials, violations]);
        if let Some(target) = self.now.as_ref().and_then(|now| now.target.as_ref()) {
            families.extend(of_target(target));
        }
        families.retain(|family| !family.points.is_empty());
        families
    }

    fn run_info(&self) -> MetricFamily {
        let family = MetricFamily::new(&catalogue::RUN);
        let Some(begun) = &self.begun else {
            return family;
        };
        let labels = [
            begun.command.as_str(),
            &begun.name,
            &begun.folder,
            env!("CARGO_PKG_VERSION"),
        ];
        family.with(labels, PointValue::Gauge(1.0))
    }

    fn trial_info(&self) -> MetricFamily {
        let family = MetricFamily::new(&catalogue::TRIAL);
        let Some(now) = &self.now else {
            return family;
        };
        let (block, phase) = (now.block.to_string(), now.phase.replace(' ', "_"));
        family.with([now.arm.as_str(), &block, &phase], PointValue::Gauge(1.0))
    }
}

fn gauge(metric: &'static catalogue::ExportedMetric, value: f64) -> MetricFamily {
    MetricFamily::new(metric).with([], PointValue::Gauge(value))
}

fn of_arms(arms: &BTreeMap<ArmName, ArmCounts>) -> [MetricFamily; 3] {
    let mut iterations = MetricFamily::new(&catalogue::ITERATIONS);
    let mut requests = MetricFamily::new(&catalogue::REQUESTS);
    let mut response = MetricFamily::new(&catalogue::RESPONSE);
    for (arm, counts) in arms {
        iterations = iterations.with([arm.as_str()], PointValue::Counter(counts.iterations));
        for (name, operation) in &counts.operations {
            for (outcome, count) in &operation.outcomes {
                let labels = [arm.as_str(), name, outcome];
                requests = requests.with(labels, PointValue::Counter(*count));
            }
            let labels = [arm.as_str(), name];
            response = response.with(labels, PointValue::Histogram(operation.response.clone()));
        }
    }
    [iterations, requests, response]
}

fn of_target(target: &TargetNow) -> [MetricFamily; 5] {
    let mut cpu = MetricFamily::new(&catalogue::CPU);
    for (process, cores) in &target.cpu_cores {
        cpu = cpu.with([process.as_str()], PointValue::Gauge(*cores));
    }
    let mut backends = MetricFamily::new(&catalogue::POSTGRES_BACKENDS);
    for (wait, count) in target.waits.iter().take(MAX_WAITS) {
        backends = backends.with([wait.as_str()], PointValue::Gauge(f64::from(*count)));
    }
    [
        cpu,
        backends,
        gauge(&catalogue::POSTGRES_WAL, target.wal_bytes_per_s),
        gauge(&catalogue::POSTGRES_STATEMENTS, target.queries_per_s),
        gauge(&catalogue::REDIS_COMMANDS, target.redis_per_s),
    ]
}

/// Adds the counts of a trial so far.
fn add(arms: &mut BTreeMap<ArmName, ArmCounts>, tick: &Tick) {
    if !arms.contains_key(&tick.arm) && arms.len() >= MAX_ARMS {
        return;
    }
    let counts = arms.entry(tick.arm.clone()).or_default();
    counts.iterations += tick.started;
    for done in &tick.operations {
        let operation = counts.operations.entry(done.name.clone()).or_default();
        operation.add(done);
    }
}

impl OperationCounts {
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
        // A failure counts as infinitely slow.
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

    fn value(figures: &CommandFigures, metric: &str, labels: &[&str]) -> Option<PointValue> {
        let families = figures.families();
        let family = families
            .iter()
            .find(|family| family.metric.name == metric)?;
        let point = family.points.iter().find(|point| point.labels == labels)?;
        Some(point.value.clone())
    }

    #[test]
    fn counters_grow_over_all_trials_of_a_command() {
        let mut figures = CommandFigures::default();
        // A repeated block starts again from zero, and nothing else shows that.
        for event in [
            tick("before", 1, 10, 0),
            tick("before", 1, 40, 2),
            tick("after", 1, 5, 0),
            tick("before", 2, 7, 1),
            tick("before", 2, 3, 0),
        ] {
            figures.apply(event);
        }
        let ok = ["before", "mentors.list", "ok"];
        assert_eq!(
            value(&figures, "loadgen_requests_total", &ok),
            Some(PointValue::Counter(50))
        );
        let late = ["before", "mentors.list", "timeout"];
        assert_eq!(
            value(&figures, "loadgen_requests_total", &late),
            Some(PointValue::Counter(3))
        );
        assert_eq!(
            value(&figures, "loadgen_iterations_total", &["after"]),
            Some(PointValue::Counter(5))
        );
        let response = value(&figures, "loadgen_response_seconds", &ok[..2]);
        let Some(PointValue::Histogram(buckets)) = response else {
            panic!("{response:?}")
        };
        assert_eq!(
            (buckets.counts[3], buckets.counts[BUCKET_BOUNDS_MS.len()]),
            (50, 3)
        );
        assert_eq!(buckets.counts.iter().sum::<u64>(), 53);
    }

    #[test]
    fn a_trial_without_an_answer_counts_its_iterations_too() {
        let mut figures = CommandFigures::default();
        let begun = |started: u64| {
            Event::Tick(Box::new(Tick {
                arm: "run".into(),
                started,
                ..Tick::default()
            }))
        };
        for event in [begun(5), begun(9), begun(2)] {
            figures.apply(event);
        }
        assert_eq!(
            value(&figures, "loadgen_iterations_total", &["run"]),
            Some(PointValue::Counter(11))
        );
    }

    #[test]
    fn figures_of_the_moment_are_gone_when_the_trial_has_ended() {
        let mut figures = CommandFigures::default();
        figures.apply(tick("run", 0, 4, 0));
        let labels = ["run", "0", "warm_up"];
        assert!(value(&figures, "loadgen_trial_info", &labels).is_some());
        figures.apply(Event::Ended(loadgen_experiment::events::Ended {
            verdict: loadgen_experiment::schema::Verdict::new(
                loadgen_experiment::schema::VerdictWord::Passed,
                Vec::new(),
            ),
            folder: String::new(),
        }));
        assert!(value(&figures, "loadgen_trial_info", &labels).is_none());
        assert_eq!(
            value(&figures, "loadgen_iterations_total", &["run"]),
            Some(PointValue::Counter(4))
        );
    }

    #[test]
    fn arms_are_bounded() {
        let mut figures = CommandFigures::default();
        for arm in 0..2 * MAX_ARMS {
            figures.apply(tick(&format!("arm {arm}"), 1, 1, 0));
        }
        let families = figures.families();
        let requests = families
            .iter()
            .find(|family| family.metric.name == "loadgen_iterations_total");
        assert_eq!(requests.unwrap().points.len(), MAX_ARMS);
    }
}
