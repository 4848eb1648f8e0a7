//! Runs a series of blocks, repeats a block once where a trial cannot be trusted, and compares
//! the arms. Writes no file: each trial is handed on as it ends.

use std::time::Instant;

use super::{
    arm_spec::ArmSpec,
    decide::decide,
    design::{BlockOrder, PlannedBlock, design},
    feasibility::blocks_wanted,
    file::Experiment,
    finished::Finished,
    metrics::{EffectMetric, MetricScope, metrics},
    multiple_claims::{hold_in_table, hold_together},
    replacements::Replacements,
    series_arm::SeriesArm,
    totals::failures_in_one_arm,
    warnings::{noise_warning, trial_warnings, why_invalid},
};
use crate::{
    schema::{Effect, Trial, ValidityWord},
    trial::{self, CommandClock, TestEnv, TrialError, TrialOutcome, TrialSpec},
    verdict,
};
use loadgen_stats::seed::sub_seed;

/// Takes each trial as it ends: the store keeps it, so that a later failure cannot lose it.
pub type OnTrial<'a> = &'a mut dyn FnMut(&TrialOutcome);

/// One series of blocks on two profiles: the experiment itself, or one of its controls.
pub(super) struct BlockSeries<'a> {
    env: &'a TestEnv,
    experiment: &'a Experiment,
    workers: usize,
    /// What folders begin with, and what orders are drawn from: empty for the experiment itself.
    label: &'static str,
    /// Blocks that are planned by now.
    planned: u32,
    /// Time of the whole command, controls included.
    pub(super) clock: CommandClock,
    /// Before, then after.
    arms: [SeriesArm; 2],
    /// Every trial in the order in which it ran.
    trials: Vec<Trial>,
    /// The blocks that count: where their trials of the first and of the second arm are in `trials`.
    pairs: Vec<[usize; 2]>,
    /// Folders of the trials that stayed invalid.
    invalid_folders: Vec<String>,
    /// Blocks that stayed invalid.
    replacements: Replacements<PlannedBlock>,
    /// Blocks that were repeated for noise alone.
    noisy_repeats: u32,
    /// Whether a repetition was as noisy as what it repeated.
    repetition_was_noisy: bool,
    warnings: Vec<String>,
    interrupted: bool,
    error: Option<TrialError>,
}

impl<'a> BlockSeries<'a> {
    pub(super) fn new(
        env: &'a TestEnv,
        experiment: &'a Experiment,
        workers: usize,
        [before, after]: [ArmSpec; 2],
        label: &'static str,
    ) -> Self {
        let application = env.system.application();
        let arm = |name: &str, spec: ArmSpec| SeriesArm::new(spec.config(name, application));
        Self {
            env,
            experiment,
            workers,
            label,
            planned: experiment.blocks,
            clock: CommandClock::start(2 * experiment.blocks),
            arms: [arm("before", before), arm("after", after)],
            trials: Vec::new(),
            pairs: Vec::new(),
            invalid_folders: Vec::new(),
            replacements: Replacements::none(),
            noisy_repeats: 0,
            repetition_was_noisy: false,
            warnings: Vec::new(),
            interrupted: false,
            error: None,
        }
    }

    /// So many blocks, or as many as there can be.
    pub(super) async fn blocks(&mut self, blocks: u32, on_trial: OnTrial<'_>) {
        self.planned = blocks;
        self.planned_blocks(design(blocks, self.root()), on_trial)
            .await;
    }

    /// After the planned blocks: as many more as their spread asks for, where that is not more than
    /// the experiment allows.
    pub(super) async fn more_blocks(&mut self, on_trial: OnTrial<'_>) {
        if self.interrupted || self.error.is_some() {
            return;
        }
        let (planned, most) = (self.planned, self.experiment.most_blocks);
        let Some(wanted) = self.wanted().map(|wanted| wanted as u32) else {
            return;
        };
        if wanted <= planned {
            return;
        }
        let after = format!(
            "after {planned} blocks: by their spread, about {wanted} blocks tell a difference of the margin"
        );
        if wanted > most {
            self.env.events.note(format!(
                "{after}; that is more than the {most} of this experiment: --blocks {wanted}, or longer trials"
            ));
            return;
        }
        self.env
            .events
            .note(format!("{after}: {} more are run", wanted - planned));
        self.planned = wanted;
        self.clock.add_trials(2 * (wanted - planned));
        let mut more = design(wanted - planned, sub_seed(self.root(), "more blocks"));
        for planned_block in &mut more {
            planned_block.block += planned;
        }
        self.planned_blocks(more, on_trial).await;
    }

    async fn planned_blocks(&mut self, planned_blocks: Vec<PlannedBlock>, on_trial: OnTrial<'_>) {
        for planned_block in planned_blocks {
            if !Box::pin(self.block(planned_block, ["", "r"], on_trial)).await {
                return;
            }
        }
        while let Some(replacement) = self.replacement() {
            self.clock.add_trials(2);
            let block = replacement.block;
            self.env.events.note(format!(
                "block {block} stays INVALID: another one is run in its place, both arms"
            ));
            if !Box::pin(self.block(replacement, ["s", "sr"], on_trial)).await {
                return;
            }
        }
    }

    /// The next block that is run in the place of one that stayed invalid, with its order and a seed of
    /// its own.
    fn replacement(&mut self) -> Option<PlannedBlock> {
        let lost = self.replacements.take(self.planned)?;
        let seed = sub_seed(lost.seed, "replacement");
        Some(PlannedBlock { seed, ..lost })
    }

    /// What the orders and seeds of its blocks are derived from.
    fn root(&self) -> u64 {
        match self.label {
            "" => self.experiment.suite.seed,
            label => sub_seed(self.experiment.suite.seed, label),
        }
    }

    /// Blocks that the spread of those that ran asks for.
    fn wanted(&self) -> Option<usize> {
        let metrics = self.metrics();
        let effects = self.effects(&metrics);
        let claims: Vec<(&Effect, f64)> = effects
            .iter()
            .filter(|effect| effect.primary)
            .filter_map(|effect| {
                let metric = metrics.iter().find(|one| one.id == effect.metric)?;
                Some((effect, metric.margin))
            })
            .collect();
        blocks_wanted(&claims)
    }

    /// Notes what ends the experiment early.
    pub(super) fn fail(&mut self, error: TrialError) {
        match error {
            TrialError::Stopped => self.interrupted = true,
            error => self.error = Some(error),
        }
    }

    /// One block, twice if need be, under these names. False: the experiment ends here.
    async fn block(
        &mut self,
        planned_block: PlannedBlock,
        attempts: [&str; 2],
        on_trial: OnTrial<'_>,
    ) -> bool {
        let replaces = !attempts[0].is_empty();
        for (attempt, again) in attempts.into_iter().zip([false, true]) {
            let both = Box::pin(self.both_arms(planned_block, attempt, on_trial));
            let Some(both) = both.await else {
                return false;
            };
            let doubts = both.each_ref().map(|one| why_invalid(&one.trial));
            let trusted = doubts.iter().all(Option::is_none);
            // A trial that an overload ended has another length than its partner, and a repetition
            // would have one too.
            let ended = |one: &&TrialOutcome| one.trial.validity.overload().is_some();
            if trusted && both.iter().any(|one| ended(&one)) {
                for one in both.iter().filter(ended) {
                    let what = verdict::overload_ended(&one.trial);
                    self.warn(format!("{what}: its block does not count"));
                }
                // It is not replaced: that an arm was overloaded is a result, and blocks in which it was not
                // would be chosen by it.
                self.add_unpaired(both.each_ref().map(Some));
                return true;
            }
            let mut words = both.iter().map(|one| one.trial.validity.word);
            let quiet = words.all(|word| word == ValidityWord::Valid);
            // One repetition that did not help says that the next would not either.
            self.repetition_was_noisy |= !quiet && again;
            let may_repeat =
                !self.repetition_was_noisy && self.noisy_repeats < self.noisy_repeats_most();
            // The machine's bad moments are worth one repetition, not an experiment without end:
            // what stays noisy counts, and the report says so.
            if quiet || (!may_repeat && trusted) {
                self.add_pair(planned_block.order, both.each_ref());
                return true;
            }
            for (one, doubt) in both.iter().zip(doubts) {
                let Some(codes) = doubt else { continue };
                let folder = &one.trial.folder;
                self.warn(format!("{folder} is not valid ({codes})"));
                if again {
                    self.invalid_folders.push(folder.clone());
                }
            }
            self.noisy_repeats += u32::from(trusted);
            self.add_unpaired(both.each_ref().map(Some));
            if !again {
                let block = planned_block.block;
                self.clock.add_trials(2);
                self.env
                    .events
                    .note(format!("block {block} is repeated once, both arms"));
            }
        }
        // A block that stays invalid does not stop the others.
        self.replacements.lose(planned_block, replaces);
        true
    }

    /// The trials of both arms, the first arm's first, run in the order of their block. `None`: the experiment
    /// ends here.
    async fn both_arms(
        &mut self,
        planned_block: PlannedBlock,
        attempt: &str,
        on_trial: OnTrial<'_>,
    ) -> Option<[TrialOutcome; 2]> {
        let series = match self.label {
            "" => String::new(),
            label => format!("{label}_"),
        };
        let order = match planned_block.order {
            BlockOrder::BeforeFirst => [0, 1],
            BlockOrder::AfterFirst => [1, 0],
        };
        let mut outcomes: [Option<TrialOutcome>; 2] = [None, None];
        for (position, arm) in order.into_iter().enumerate() {
            let folder = format!(
                "{series}b{:02}{attempt}_{}_{}",
                planned_block.block,
                position + 1,
                self.arms[arm].config.name
            );
            match self.trial(planned_block, arm, folder, on_trial).await {
                Ok(outcome) => outcomes[arm] = Some(outcome),
                Err(error) => self.fail(error),
            }
            if self.interrupted || self.error.is_some() {
                self.add_unpaired(outcomes.each_ref().map(Option::as_ref));
                return None;
            }
        }
        let [before, after] = outcomes;
        Some([before?, after?])
    }

    /// Blocks that are repeated for noise alone: a third of them, so that a machine that is
    /// seldom quiet costs a third as much time again and no more; none of a quick experiment.
    const fn noisy_repeats_most(&self) -> u32 {
        self.experiment.blocks / 3
    }

    /// The last two trials, which are a block that counts.
    fn add_pair(&mut self, order: BlockOrder, outcomes: [&TrialOutcome; 2]) {
        for (arm, outcome) in self.arms.iter_mut().zip(outcomes) {
            arm.counted.add(outcome);
        }
        let first = self.trials.len() - 2;
        self.pairs.push(match order {
            BlockOrder::BeforeFirst => [first, first + 1],
            BlockOrder::AfterFirst => [first + 1, first],
        });
    }

    /// Trials that count for no pair: their audits do count, an invariant once broken is broken.
    fn add_unpaired(&mut self, outcomes: [Option<&TrialOutcome>; 2]) {
        for (arm, outcome) in self.arms.iter_mut().zip(outcomes) {
            if let Some(outcome) = outcome {
                arm.other.add(outcome);
            }
        }
    }

    async fn trial(
        &mut self,
        planned_block: PlannedBlock,
        arm: usize,
        folder: String,
        on_trial: OnTrial<'_>,
    ) -> Result<TrialOutcome, TrialError> {
        let suite = &self.experiment.suite;
        let began = Instant::now();
        let spec = TrialSpec {
            suite,
            arm: &self.arms[arm].config,
            block: planned_block.block,
            blocks: self.planned,
            folder,
            seed: planned_block.seed,
            workers: self.workers,
            explained: self.label.is_empty() && planned_block.block == 1,
            course: self.clock.course(suite.windows.planned().duration()),
        };
        let mut outcome = Box::pin(trial::run(self.env, &spec)).await?;
        self.clock.trial_ended(began.elapsed());
        on_trial(&outcome);
        // They are on disk now, and large.
        outcome.data.samples = None;
        self.interrupted |= outcome.data.interrupted;
        self.trials.push(outcome.trial.clone());
        let of = &mut self.arms[arm];
        of.in_force.clone_from(&outcome.in_force);
        if !outcome.plans.is_empty() {
            of.plans.clone_from(&outcome.plans);
        }
        for warning in outcome.warnings.clone() {
            self.warn(warning);
        }
        Ok(outcome)
    }

    fn warn(&mut self, text: String) {
        if !self.warnings.contains(&text) {
            self.env.events.warning(text.clone());
            self.warnings.push(text);
        }
    }

    pub(super) fn finish(mut self) -> Finished {
        let metrics = self.metrics();
        let effects = self.effects(&metrics);
        for warning in failures_in_one_arm(&metrics, &self.paired()) {
            self.warn(warning);
        }
        for claim in &self.experiment.primary {
            if !self.pairs.is_empty() && !effects.iter().any(|effect| effect.metric == *claim) {
                self.warn(format!(
                    "no valid block has a figure of `{claim}`, on which a claim is made"
                ));
            }
        }
        if let Some(warning) = noise_warning(&self.paired()) {
            self.warn(warning);
        }
        for warning in trial_warnings(&self.trials) {
            self.warn(warning);
        }
        if let [Some(before), Some(after)] = self.arms.each_ref().map(|arm| &arm.in_force)
            && before.dataset != after.dataset
        {
            self.warn("the arms did not run on the same data: their digests differ".to_owned());
        }
        let valid_blocks = self.pairs.len();
        let replaced = &self.replacements;
        if let Some(warning) = replaced.sentence("block", valid_blocks, self.planned) {
            self.warn(warning);
        }
        // Where every planned block counts, an invalid trial was replaced as one that is repeated is.
        if valid_blocks >= self.planned as usize {
            self.invalid_folders.clear();
        }
        Finished {
            arms: self.arms.map(SeriesArm::finish),
            trials: self.trials,
            invalid: self.invalid_folders,
            blocks: self.planned,
            valid_blocks,
            effects,
            controls: Vec::new(),
            rate: None,
            capacities: None,
            warnings: self.warnings,
            interrupted: self.interrupted,
            error: self.error,
        }
    }

    /// What the arms are compared in.
    fn metrics(&self) -> Vec<EffectMetric> {
        let mut ops: Vec<_> = self
            .arms
            .iter()
            .flat_map(|arm| arm.counted.ops.keys())
            .copied()
            .collect();
        ops.sort_unstable();
        ops.dedup();
        let operations = self.env.system.application().catalog().operations;
        let trials = self
            .paired()
            .into_iter()
            .flat_map(|(before, after)| [before, after]);
        let scope = MetricScope {
            operations: ops.into_iter().map(|op| operations.name(op)).collect(),
            ..MetricScope::of(trials)
        };
        metrics(&scope, self.experiment.suite.timeout.0 as f64)
    }

    fn paired(&self) -> Vec<(&Trial, &Trial)> {
        self.pairs
            .iter()
            .map(|[before, after]| (&self.trials[*before], &self.trials[*after]))
            .collect()
    }

    fn effects(&self, metrics: &[EffectMetric]) -> Vec<Effect> {
        let pairs = self.paired();
        let (primary, why) = (&self.experiment.primary, self.experiment.why.as_ref());
        let mut effects: Vec<Effect> = metrics
            .iter()
            .filter_map(|metric| {
                let claimed = primary.contains(&metric.id);
                let wanted = claimed || metric.always || why == Some(&metric.id);
                wanted
                    .then(|| decide(metric, claimed, primary.len(), &pairs))
                    .flatten()
            })
            .collect();
        hold_together(&mut effects, primary, pairs.len());
        // A control looks at few figures, whether they are claims or not.
        if self.label.is_empty() {
            hold_in_table(&mut effects);
        }
        // The claims come first; the rest keeps its order.
        effects.sort_by_key(|effect| !effect.primary);
        effects
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
