//! Runs the cells, every one once in each replicate, in a random order; an invalid trial is repeated
//! once, and a replicate that still has one is replaced. Writes no file: each trial is handed to the caller as it ends.

use std::time::Instant;

use super::plan::FactorialPlan;
use crate::{
    paired::{
        ArmResult, OnTrial, Replacements, TrialReading, metrics_of, trial_warnings, why_invalid,
    },
    schema::{Trial, ValidityWord},
    trial::{self, CommandClock, Measured, TestEnv, TrialError, TrialOutcome, TrialSpec},
    verdict,
};
use loadgen_stats::seed::sub_seed;

/// The result of a factorial experiment, whether it ran to its end or not.
#[derive(Debug)]
pub struct FactorialOutcome {
    /// The cells.
    pub arms: Vec<ArmResult>,
    /// Every trial in the order in which it ran.
    pub trials: Vec<Trial>,
    /// Folders of the trials that were still invalid when repeated; empty where every planned replicate counts.
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
        replacements: Replacements::none(),
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
    running.replicates(on_trial).await;
    running.finish()
}

struct FactorialRun<'a> {
    env: &'a TestEnv,
    plan: &'a FactorialPlan,
    workers: usize,
    clock: CommandClock,
    /// Valid trials on a machine that was not quiet.
    noisy: usize,
    /// Replicates with a trial that stayed invalid.
    replacements: Replacements<u32>,
    finished: FactorialOutcome,
}

impl FactorialRun<'_> {
    /// The planned replicates, and then those in the place of some that stayed invalid: whole ones, because the level
    /// of a replicate is that of the machine in its time.
    async fn replicates(&mut self, on_trial: OnTrial<'_>) {
        let plan = self.plan;
        for replicate in 1..=plan.replicates {
            let seed = plan.seed(replicate);
            if !self.replicate((replicate, seed), ["", "r"], on_trial).await {
                return;
            }
        }
        while let Some(replicate) = self.replacements.take(plan.replicates) {
            self.clock.add_trials(plan.arms.len() as u32);
            self.env.events.note(format!(
                "a trial of replicate {replicate} stays INVALID: another replicate is run in its place"
            ));
            let seed = sub_seed(plan.seed(replicate), "replacement");
            if !self
                .replicate((replicate, seed), ["s", "sr"], on_trial)
                .await
            {
                return;
            }
        }
    }

    /// One trial of each cell, twice if need be, under these names. False: the experiment ends here.
    async fn replicate(
        &mut self,
        (replicate, seed): (u32, u64),
        attempts: [&str; 2],
        on_trial: OnTrial<'_>,
    ) -> bool {
        let mut figures = vec![None; self.plan.arms.len()];
        let mut stays_invalid = false;
        for (position, cell) in self.plan.order(replicate).into_iter().enumerate() {
            for (attempt, again) in attempts.into_iter().zip([false, true]) {
                let name = &self.plan.arms[cell].name;
                let folder = format!("b{replicate:02}{attempt}_{:02}_{name}", position + 1);
                let outcome = match self.trial((replicate, seed), cell, folder, on_trial).await {
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
                if self.add_if_valid(cell, &outcome, again) {
                    figures[cell] = self.figure(&outcome.trial);
                    break;
                }
                stays_invalid |= again;
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
        // Where figures alone are missing it is not replaced: replicates would be chosen by what they show.
        if stays_invalid {
            let replaces = !attempts[0].is_empty();
            self.replacements.lose(replicate, replaces);
        }
        true
    }

    /// Adds a trial to its cell; false where it is invalid.
    fn add_if_valid(&mut self, cell: usize, outcome: &TrialOutcome, again: bool) -> bool {
        let trial = &outcome.trial;
        let measured = &mut self.finished.arms[cell].measured;
        let Some(codes) = why_invalid(trial) else {
            measured.add(outcome);
            self.noisy += usize::from(trial.validity.word == ValidityWord::Noisy);
            return true;
        };
        // A broken invariant counts, however late the trial's requests were.
        verdict::merge_audits(&mut measured.audit, &outcome.audit);
        self.warn(format!("{} is not valid ({codes})", trial.folder));
        if again {
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
        (replicate, seed): (u32, u64),
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
            seed,
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
        let (counted, planned) = (self.finished.values[0].len(), self.plan.replicates);
        if let Some(warning) = self.replacements.sentence("replicate", counted, planned) {
            self.warn(warning);
        }
        // Where every planned replicate counts, an invalid trial was replaced as one that is repeated is.
        if counted >= planned as usize {
            self.finished.invalid.clear();
        }
        self.finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{factorial::plan::tests::plan, trial::scripted_env};

    /// Four cells in three replicates, with these words of the first trials; replicate and attempt of each trial.
    async fn ran(words: &[ValidityWord]) -> (FactorialOutcome, Vec<String>) {
        let two = ["pool.max=5,200", "cache.orders=off,redis"];
        let plan = plan(&two, false, "total p50").unwrap();
        let mut attempts = Vec::new();
        let mut note = |outcome: &TrialOutcome| {
            let folder = &outcome.trial.folder;
            attempts.extend(folder.split('_').next().map(str::to_owned));
        };
        let finished = Box::pin(run(&scripted_env(words), &plan, 1, &mut note)).await;
        (finished, attempts)
    }

    const LOST: [ValidityWord; 2] = [ValidityWord::Invalid; 2];
    const WHOLE: [ValidityWord; 4] = [ValidityWord::Valid; 4];

    #[tokio::test]
    async fn a_replicate_with_a_trial_that_stays_invalid_is_replaced_as_a_whole() {
        let (finished, attempts) = ran(&[&WHOLE[..], &LOST].concat()).await;
        let wanted = "b01 b01 b01 b01 b02 b02r b02 b02 b02 b03 b03 b03 b03 b02s b02s b02s b02s";
        assert_eq!(attempts.join(" "), wanted);
        assert!(finished.values.iter().all(|row| row.len() == 3));
        assert!(finished.invalid.is_empty(), "{:?}", finished.invalid);
        let said =
            "1 replicate(s) with an INVALID trial were replaced: 3 of 3 planned replicates count";
        assert!(
            finished.warnings.iter().any(|one| one == said),
            "{:?}",
            finished.warnings
        );
        let seed = |attempt: &str| {
            let mut trials = finished.trials.iter();
            trials
                .find(|one| one.folder.starts_with(attempt))
                .unwrap()
                .seed
        };
        assert_eq!(seed("b02_"), seed("b02r_"));
        assert_ne!(seed("b02_"), seed("b02s_"));
    }

    #[tokio::test]
    async fn a_replicate_whose_replacement_stays_invalid_too_is_lost() {
        let whole = ValidityWord::Valid;
        let words = [&LOST[..], &[whole; 3], &WHOLE, &WHOLE, &LOST].concat();
        let (finished, attempts) = ran(&words).await;
        assert_eq!(attempts[13..], ["b01s", "b01sr", "b01s", "b01s", "b01s"]);
        assert!(finished.values.iter().all(|row| row.len() == 2));
        assert_eq!(finished.invalid.len(), 2, "{:?}", finished.invalid);
    }
}
