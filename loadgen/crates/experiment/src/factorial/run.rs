//! Runs the cells, every one once in each replicate, in a random order; an invalid trial is repeated
//! once. Writes no file: each trial is handed to the caller as it ends.

use std::time::Instant;

use super::plan::FactorialPlan;
use crate::{
    paired::{ArmResult, OnTrial, TrialReading, metrics_of, trial_warnings},
    schema::Trial,
    schema::ValidityWord,
    trial::{self, CommandClock, Measured, TestEnv, TrialError, TrialOutcome, TrialSpec},
    verdict,
};

/// The result of a factorial experiment, whether it ran to its end or not.
#[derive(Debug)]
pub struct FactorialOutcome {
    /// The cells.
    pub arms: Vec<ArmResult>,
    /// Every trial in the order in which it ran.
    pub trials: Vec<Trial>,
    /// Folders of the trials that were still invalid when repeated.
    pub invalid: Vec<String>,
    /// `values[cell][replicate]` of the replicates in which every cell has a figure.
    pub values: Vec<Vec<TrialReading>>,
    /// Warnings for the reader of the report.
    pub warnings: Vec<String>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Why it ended early, where the harness or the target failed.
    pub error: Option<TrialError>,
}

/// Runs every trial of the plan; `on_trial` takes each as it ends.
pub async fn run(
    env: &TestEnv,
    plan: &FactorialPlan,
    workers: usize,
    on_trial: OnTrial<'_>,
) -> FactorialOutcome {
    let arms = plan.arms.iter().map(|arm| ArmResult {
        arm: arm.clone(),
        measured: Measured::default(),
        in_force: None,
        plans: Vec::new(),
    });
    let mut running = FactorialRun {
        env,
        plan,
        workers,
        clock: CommandClock::start(plan.trials()),
        noisy: 0,
        finished: FactorialOutcome {
            arms: arms.collect(),
            trials: Vec::new(),
            invalid: Vec::new(),
            values: vec![Vec::new(); plan.arms.len()],
            warnings: Vec::new(),
            interrupted: false,
            error: None,
        },
    };
    for replicate in 1..=plan.replicates {
        if !running.replicate(replicate, on_trial).await {
            break;
        }
    }
    running.finish()
}

struct FactorialRun<'a> {
    env: &'a TestEnv,
    plan: &'a FactorialPlan,
    workers: usize,
    clock: CommandClock,
    /// Valid trials on a machine that was not quiet.
    noisy: usize,
    finished: FactorialOutcome,
}

impl FactorialRun<'_> {
    /// One trial of each cell. False: the experiment ends here.
    async fn replicate(&mut self, replicate: u32, on_trial: OnTrial<'_>) -> bool {
        let mut figures = vec![None; self.plan.arms.len()];
        for (position, cell) in self.plan.order(replicate).into_iter().enumerate() {
            for attempt in ["", "r"] {
                let name = &self.plan.arms[cell].name;
                let folder = format!("b{replicate:02}{attempt}_{:02}_{name}", position + 1);
                let outcome = match self.trial(replicate, cell, folder, on_trial).await {
                    Ok(outcome) => outcome,
                    Err(TrialError::Stopped) => {
                        self.finished.interrupted = true;
                        return false;
                    }
                    Err(error) => {
                        self.finished.error = Some(error);
                        return false;
                    }
                };
                if outcome.data.interrupted {
                    self.finished.interrupted = true;
                    return false;
                }
                if self.add_if_valid(cell, &outcome, attempt) {
                    figures[cell] = self.figure(&outcome.trial);
                    break;
                }
            }
        }
        let whole: Option<Vec<TrialReading>> = figures.into_iter().collect();
        if let Some(whole) = whole {
            for (row, figure) in self.finished.values.iter_mut().zip(whole) {
                row.push(figure);
            }
        } else {
            self.warn(format!(
                "replicate {replicate} does not count: not every cell has a figure of `{}` above 0 from a valid trial",
                self.plan.metric
            ));
        }
        true
    }

    /// Adds a trial to its cell; false where it is invalid.
    fn add_if_valid(&mut self, cell: usize, outcome: &TrialOutcome, attempt: &str) -> bool {
        let trial = &outcome.trial;
        let measured = &mut self.finished.arms[cell].measured;
        if trial.validity.word != ValidityWord::Invalid {
            measured.add(outcome);
            self.noisy += usize::from(trial.validity.word == ValidityWord::Noisy);
            return true;
        }
        // A broken invariant counts, however late the trial's requests were.
        verdict::merge_audits(&mut measured.audit, &outcome.audit);
        let codes = verdict::reasons(&trial.validity)
            .map(|check| check.code.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        self.warn(format!("{} is not valid ({codes})", trial.folder));
        if attempt == "r" {
            self.finished.invalid.push(trial.folder.clone());
        } else {
            self.env
                .events
                .note("this trial is repeated once".to_owned());
            self.clock.add_trials(1);
        }
        false
    }

    async fn trial(
        &mut self,
        replicate: u32,
        cell: usize,
        folder: String,
        on_trial: OnTrial<'_>,
    ) -> Result<TrialOutcome, TrialError> {
        let suite = &self.plan.suite;
        let began = Instant::now();
        let spec = TrialSpec {
            suite,
            arm: &self.plan.arms[cell],
            block: replicate,
            blocks: self.plan.replicates,
            folder,
            seed: self.plan.seed(replicate),
            workers: self.workers,
            explained: replicate == 1,
            course: self.clock.course(suite.windows.planned().duration()),
        };
        let mut outcome = trial::run(self.env, &spec).await?;
        self.clock.trial_ended(began.elapsed());
        on_trial(&outcome);
        // They are on disk now, and take much memory.
        outcome.data.samples = None;
        self.finished.trials.push(outcome.trial.clone());
        self.finished.arms[cell]
            .in_force
            .clone_from(&outcome.in_force);
        for warning in outcome.warnings.clone() {
            self.warn(warning);
        }
        Ok(outcome)
    }

    /// What the trial says of the metric; absent without a figure above 0, and where an overload
    /// ended it: its percentiles depend on when.
    fn figure(&mut self, trial: &Trial) -> Option<TrialReading> {
        if trial.validity.overload().is_some() {
            self.warn(format!(
                "{}: it has no figure",
                verdict::overload_ended(trial)
            ));
            return None;
        }
        let all = metrics_of(trial, self.plan.suite.timeout.0 as f64);
        let metric = all.iter().find(|one| one.id == self.plan.metric)?;
        let reading = metric.reading(trial)?;
        if let TrialReading::Beyond(_) = reading {
            self.warn(format!(
                "{}: `{}` lies beyond the timeout: effects have a bound or no figure, and no interval; take a rate that every combination sustains",
                trial.folder, self.plan.metric
            ));
        }
        let usable = !matches!(reading, TrialReading::Known(figure) if figure <= 0.0);
        usable.then_some(reading)
    }

    fn warn(&mut self, text: String) {
        if !self.finished.warnings.contains(&text) {
            self.env.events.warning(text.clone());
            self.finished.warnings.push(text);
        }
    }

    fn finish(mut self) -> FactorialOutcome {
        if self.noisy > 0 {
            let noisy = self.noisy;
            self.warn(format!(
                "{noisy} trial(s) are noisy and count all the same: the machine was not quiet"
            ));
        }
        for warning in trial_warnings(&self.finished.trials) {
            self.warn(warning);
        }
        self.finished
    }
}
