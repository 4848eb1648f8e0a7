//! Runs a search: one trial after the other, each stored before the next begins.

use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use shared::{hex, invariant::InvariantResult};

use super::{
    breakdown_plan::BreakdownPlan,
    evaluate::evaluate,
    outcome::{CapacityOutcome, KeptTrial},
    plan::{CapacityPlan, LEVELS},
    saturation::{same, saturation},
    scaling_levels::{fitted, knees},
    search::{SearchStep, TriedLoad, next_step},
    search_range::SearchBounds,
    soak::{self, SoakPlan},
};
use crate::{
    observer,
    schema::{Capacity, LoadResult, LoadTrial, LoadVote, SearchEnding, TrialPurpose, ValidityWord},
    trial::{self, ArmConfig, CommandClock, TestEnv, TrialError, TrialOutcome, TrialSpec},
    verdict,
};
use loadgen_engine::suite::Suite;
use loadgen_stats::{median, seed::sub_seed};

/// Receives every trial as it ends, and all trials so far.
pub type OnSearchTrial<'a> = &'a mut dyn FnMut(&TrialOutcome, &[KeptTrial]);

/// Pause after a load that a target without a control plane could not take: nothing else lets it
/// recover.
const RECOVERY: Duration = Duration::from_secs(1);

/// Runs the search from where `earlier` trials left it, then the scaling levels and the soak. Where the
/// soak's load is given nothing is searched. Returns the time of the command too, for what follows.
pub(super) async fn run(
    env: &TestEnv,
    plan: &CapacityPlan,
    workers: usize,
    earlier: Vec<KeptTrial>,
    on_trial: OnSearchTrial<'_>,
) -> (CapacityOutcome, CommandClock) {
    let mut running = Running::new(env, plan, workers, None);
    let expected = expected_trials(plan).saturating_sub(earlier.len() as u32);
    running.clock = CommandClock::start(expected.max(1)).within(longest(plan, &earlier));
    running.outcome.trials = earlier;
    let bounds = if plan.soak.is_some_and(|soak| soak.load.is_some()) {
        running.outcome.capacity.ending = SearchEnding::NotSearched;
        SearchBounds::default()
    } else {
        loop {
            if let Some(bounds) = running.step(on_trial).await {
                break bounds;
            }
        }
    };
    if running.outcome.goes_on() && plan.level_trials > 0 {
        running.levels(bounds, on_trial).await;
    }
    if let Some(soak) = plan.soak.filter(|_| running.outcome.goes_on()) {
        running.soak(soak, bounds, on_trial).await;
    }
    let clock = running.clock.clone();
    (running.finish(bounds), clock)
}

/// How many trials a search takes, roughly: for the time that is shown.
pub(super) fn expected_trials(plan: &CapacityPlan) -> u32 {
    if plan.soak.is_some_and(|soak| soak.load.is_some()) {
        return 1;
    }
    let search = &plan.search;
    let votes: u32 = search.stages.iter().map(|stage| 2 * stage.votes).sum();
    let past = plan.breakdown.as_ref().map_or(0, BreakdownPlan::trials);
    6 + votes + 2 * search.agreeing + plan.level_trials * LEVELS.len() as u32 + past
}

/// Longest time of what is left of a search with a budget; of what follows a search there is no bound.
fn longest(plan: &CapacityPlan, earlier: &[KeptTrial]) -> Option<Duration> {
    let budget = plan.search.budget_s?;
    let took: f64 = earlier.iter().map(|one| one.step.took_s).sum();
    let alone = plan.soak.is_none() && plan.breakdown.is_none();
    alone.then(|| Duration::from_secs_f64((budget - took).max(0.0)))
}

/// A search that runs.
pub(super) struct Running<'a> {
    env: &'a TestEnv,
    plan: &'a CapacityPlan,
    workers: usize,
    /// The arm of an experiment that is searched; absent where there is only one.
    arm: Option<&'a str>,
    /// Time of the whole command.
    pub(super) clock: CommandClock,
    /// Whether this command has run a trial.
    began: bool,
    pub(super) outcome: CapacityOutcome,
}

impl<'a> Running<'a> {
    pub(super) fn new(
        env: &'a TestEnv,
        plan: &'a CapacityPlan,
        workers: usize,
        arm: Option<&'a str>,
    ) -> Self {
        Self {
            env,
            plan,
            workers,
            arm,
            clock: CommandClock::start(expected_trials(plan)),
            began: false,
            outcome: CapacityOutcome::of(nothing_yet(plan), Vec::new()),
        }
    }

    /// Runs the next trial; the bounds once both are known, or it is over for another reason.
    pub(super) async fn step(&mut self, on_trial: OnSearchTrial<'_>) -> Option<SearchBounds> {
        let (load, purpose, known) = match next_step(&self.plan.search, &self.tried()) {
            SearchStep::Done { ending, bounds } => {
                self.outcome.capacity.ending = ending;
                return Some(bounds);
            }
            SearchStep::Try {
                load,
                purpose,
                bounds,
            } => (load, purpose, bounds),
        };
        self.announce(load, purpose, known);
        if self.trial(load, purpose, on_trial).await {
            return None;
        }
        self.outcome.capacity.ending = SearchEnding::Stopped;
        Some(known)
    }

    /// Measures below and above the capacity, several times each, in order of the load: what an overload
    /// leaves behind disturbs no lighter level.
    async fn levels(&mut self, bounds: SearchBounds, on_trial: OnSearchTrial<'_>) {
        let Some(lower) = bounds.lower else { return };
        if !self.has_time_for_levels() {
            self.outcome.warnings.push(
                "the scaling levels were not measured: the time was over; give a longer --budget"
                    .to_owned(),
            );
            return;
        }
        for share in LEVELS {
            let load = self.plan.search.rounded(lower * share);
            let of_level = |one: &&KeptTrial| {
                one.step.purpose == TrialPurpose::Level && same(one.step.load, load)
            };
            let done = self.outcome.trials.iter().filter(of_level).count() as u32;
            for _ in done..self.plan.level_trials {
                self.announce(load, TrialPurpose::Level, bounds);
                if !self.trial(load, TrialPurpose::Level, on_trial).await {
                    return;
                }
            }
        }
    }

    /// Measures one load for long, unless an earlier command has.
    async fn soak(&mut self, soak: SoakPlan, bounds: SearchBounds, on_trial: OnSearchTrial<'_>) {
        let below = |lower: f64| self.plan.search.rounded(lower * soak::SHARE);
        let Some(load) = soak.load.or(bounds.lower.map(below)) else {
            let why = "there was no soak: no load is known to meet the SLO";
            self.outcome.warnings.push(why.to_owned());
            return;
        };
        let mut earlier = self.outcome.trials.iter();
        if earlier.any(|one| soak.is_done_by(one, load)) {
            return;
        }
        self.announce(load, TrialPurpose::Soak, bounds);
        let _ended_early = self.trial(load, TrialPurpose::Soak, on_trial).await;
    }

    /// Whether all levels fit into what is left of the time.
    fn has_time_for_levels(&self) -> bool {
        let Some(budget) = self.plan.search.budget_s else {
            return true;
        };
        let all = self.outcome.trials.iter();
        let took: f64 = all.map(|one| one.step.took_s).sum();
        let one = took / self.outcome.trials.len().max(1) as f64;
        let levels = self.plan.level_trials * LEVELS.len() as u32;
        took + one * f64::from(levels) <= budget
    }

    fn tried(&self) -> Vec<TriedLoad> {
        let searched = self.outcome.trials.iter();
        searched
            .map(|one| &one.step)
            .filter(|step| !step.purpose.is_past_search())
            .map(|step| TriedLoad {
                load: step.load,
                purpose: step.purpose,
                vote: step.vote,
                took_s: step.took_s,
            })
            .collect()
    }

    /// What comes next and why, in one line.
    pub(super) fn announce(&self, load: f64, purpose: TrialPurpose, bounds: SearchBounds) {
        let show = |load: f64| self.plan.unit.show(load);
        let known = match (bounds.lower, bounds.upper) {
            (Some(lower), Some(upper)) => {
                format!(
                    "so far the capacity lies between {} and {}",
                    show(lower),
                    show(upper)
                )
            }
            (Some(lower), None) => format!("so far {} meets the SLO", show(lower)),
            (None, Some(upper)) => format!("so far {} misses the SLO", show(upper)),
            (None, None) => "nothing is known yet".to_owned(),
        };
        self.env.events.note(format!(
            "trial {}: {}, to {}; {known}",
            self.outcome.trials.len() + 1,
            self.named(&show(load)),
            purpose.words()
        ));
    }

    /// A load, after the arm where there are several.
    fn named(&self, load: &str) -> String {
        self.arm
            .map_or_else(|| load.to_owned(), |arm| format!("{arm} at {load}"))
    }

    /// Runs one trial. False: the search ends here.
    pub(super) async fn trial(
        &mut self,
        load: f64,
        purpose: TrialPurpose,
        on_trial: OnSearchTrial<'_>,
    ) -> bool {
        let began = Instant::now();
        let outcome = match self.measure(load, purpose).await {
            Ok(outcome) if outcome.data.interrupted => {
                self.outcome.interrupted = true;
                return false;
            }
            Ok(outcome) => outcome,
            Err(TrialError::Stopped) => {
                self.outcome.interrupted = true;
                return false;
            }
            Err(error) => {
                self.outcome.error = Some(error);
                return false;
            }
        };
        let took = began.elapsed();
        self.clock.trial_ended(took);
        let application = self.env.system.application();
        let one = evaluate(
            self.plan,
            application,
            (load, purpose),
            &outcome,
            took.as_secs_f64(),
        );
        self.note(&one.step);
        for text in &outcome.warnings {
            if !self.outcome.warnings.contains(text) {
                self.outcome.warnings.push(text.clone());
            }
        }
        self.outcome.in_force.clone_from(&outcome.in_force);
        if !outcome.plans.is_empty() {
            self.outcome.plans.clone_from(&outcome.plans);
        }
        let missed = one.step.vote == LoadVote::Missed;
        let broken = verdict::violations(&one.audit) > 0;
        self.outcome.trials.push(one);
        on_trial(&outcome, &self.outcome.trials);
        if missed && !self.env.system.has_control_plane() {
            tokio::time::sleep(RECOVERY).await;
        }
        !broken
    }

    async fn measure(
        &mut self,
        load: f64,
        purpose: TrialPurpose,
    ) -> Result<TrialOutcome, TrialError> {
        let show = self.plan.unit.show(load);
        let number = self.outcome.trials.len() + 1;
        let suite = Suite {
            name: format!("{} at {show}", self.plan.suite.name),
            ..self
                .plan
                .suite_at(load, purpose)
                .map_err(|error| TrialError::NoRate(error.to_string()))?
        };
        let application = self.env.system.application();
        let named = self.named(&show);
        let arm = ArmConfig::new(&named, self.plan.settings.clone(), application);
        let spec = TrialSpec {
            suite: &suite,
            arm: &arm,
            block: 0,
            blocks: 0,
            folder: format!(
                "{}t{number:03}_{}",
                self.arm.map(in_file_name).map_or_else(String::new, |arm| {
                    match purpose {
                        TrialPurpose::PastCapacity => format!("past_{arm}_"),
                        purpose if purpose.is_breakdown() => format!("breakdown_{arm}_"),
                        _ => format!("capacity_{arm}_"),
                    }
                }),
                show.replace(['/', ' '], "_")
            ),
            seed: sub_seed(self.plan.suite.seed, &format!("capacity {number}")),
            workers: self.workers,
            explained: !self.began && !purpose.is_breakdown(),
            course: self.clock.course(suite.windows.planned().duration()),
        };
        let mut outcome = trial::run(self.env, &spec).await?;
        self.began = true;
        // They are on disk now, and take much memory.
        outcome.data.samples = None;
        Ok(outcome)
    }

    /// What a trial said, in one line.
    fn note(&self, step: &LoadTrial) {
        let word = match step.vote {
            LoadVote::Met => "met the SLO".to_owned(),
            LoadVote::Missed => format!("missed the SLO ({})", step.why.join("; ")),
            LoadVote::Undecided => format!("does not tell ({})", step.why.join("; ")),
            LoadVote::Invalid => format!("does not count ({})", step.why.join("; ")),
        };
        self.env.events.note(format!(
            "{} {word}",
            self.named(&self.plan.unit.show(step.load))
        ));
    }

    pub(super) fn finish(mut self, bounds: SearchBounds) -> CapacityOutcome {
        let trials = &self.outcome.trials;
        let steps: Vec<LoadTrial> = trials.iter().map(|one| one.step.clone()).collect();
        let cores = observer::cores();
        let (saturated, sentence) = saturation(trials, self.plan.unit, cores, bounds.upper);
        let loads = by_load(&steps);
        let at_lower = |one: &&LoadResult| bounds.lower.is_some_and(|lower| same(one.load, lower));
        let ending = self.outcome.capacity.ending;
        let seen_here = trials.iter().any(|one| one.trial.server.cpu_s.len() > 1);
        self.outcome.capacity = Capacity {
            lower: bounds.lower,
            lower_confirmed: bounds.lower_confirmed,
            upper: bounds.upper,
            upper_confirmed: bounds.upper_confirmed,
            width: bounds
                .lower
                .zip(bounds.upper)
                .map(|(lower, upper)| upper / lower - 1.0),
            ending,
            goodput_per_s: loads.iter().find(at_lower).map(|one| one.goodput_per_s),
            knees: knees(&loads, bounds.lower),
            loads,
            trials: steps,
            saturated,
            saturation: sentence,
            scaling: fitted(trials, self.plan.suite.seed, seen_here),
            soak: soak::soak(trials, bounds.lower),
            ..nothing_yet(self.plan)
        };
        let noisy = |one: &&LoadTrial| one.validity == ValidityWord::Noisy;
        let noisy = self.outcome.capacity.trials.iter().filter(noisy).count();
        if noisy > 0 {
            self.outcome.warnings.push(format!(
                "{noisy} trial(s) are noisy and count all the same: the machine was not quiet, and its capacity is lower then"
            ));
        }
        self.outcome
    }
}

/// Longest name of an arm in a folder's: the store cuts names after 60 letters, and what tells the trials of an arm
/// apart stands behind it.
const MOST_LETTERS: usize = 24;

/// The name of an arm as part of a folder's; of a long one its begin and a digest, so that no other arm has it.
fn in_file_name(arm: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = arm.chars().map(plain).collect();
    if name.len() <= MOST_LETTERS {
        return name;
    }
    let digest = hex::of(&Sha256::digest(arm)[..4]);
    format!("{}_{digest}", &name[..MOST_LETTERS - 9])
}

/// A result without a trial.
pub(super) fn nothing_yet(plan: &CapacityPlan) -> Capacity {
    Capacity {
        unit: plan.unit,
        slo: plan.slo.iter().map(|one| one.text.clone()).collect(),
        percentile: plan.quantile().share(),
        lower: None,
        lower_confirmed: false,
        upper: None,
        upper_confirmed: false,
        width: None,
        asked_width: plan.search.width,
        ending: SearchEnding::Stopped,
        goodput_per_s: None,
        loads: Vec::new(),
        trials: Vec::new(),
        saturated: Vec::new(),
        saturation: String::new(),
        knees: Vec::new(),
        scaling: None,
        soak: None,
        breakdown: None,
    }
}

/// The trials by their load, ascending.
fn by_load(steps: &[LoadTrial]) -> Vec<LoadResult> {
    let mut loads: Vec<f64> = steps.iter().map(|one| one.load).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    loads.into_iter().map(|load| of_load(load, steps)).collect()
}

fn of_load(load: f64, steps: &[LoadTrial]) -> LoadResult {
    let here = || steps.iter().filter(|one| same(one.load, load));
    let count = |vote| here().filter(|one| one.vote == vote).count() as u32;
    let counted = || here().filter(|one| one.vote != LoadVote::Invalid);
    let goodput: Vec<f64> = counted().map(|one| one.goodput_per_s).collect();
    let responses: Vec<f64> = counted()
        .filter_map(|one| one.response_ms.in_order())
        .collect();
    let known = || responses.iter().copied().filter(|ms| ms.is_finite());
    LoadResult {
        load,
        met: count(LoadVote::Met),
        missed: count(LoadVote::Missed),
        undecided: count(LoadVote::Undecided),
        invalid: count(LoadVote::Invalid),
        goodput_per_s: median(&goodput).unwrap_or(0.0),
        response_ms: median(&responses).filter(|ms| ms.is_finite()),
        response_range_ms: known().reduce(f64::min).zip(known().reduce(f64::max)),
    }
}

/// What the audits of all trials found, added up.
pub fn audits<'a>(trials: impl IntoIterator<Item = &'a KeptTrial>) -> Vec<InvariantResult> {
    let mut all = Vec::new();
    for one in trials {
        verdict::merge_audits(&mut all, &one.audit);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_arms_with_long_names_differ_within_what_the_store_keeps_of_a_name() {
        let long = "cache.orders.store=redis,cache.orders.ttl=60s,pool.max=";
        let names = ["5", "50"].map(|end| in_file_name(&format!("{long}{end}")));
        assert_ne!(names[0], names[1]);
        for name in &names {
            assert_eq!(name.len(), MOST_LETTERS, "{name}");
        }
        let longest = format!("breakdown_{}_t001_12345.67_s", names[0]);
        assert!(longest.len() < 60, "{longest}");
        assert_eq!(in_file_name("pool.max=5"), "pool_max_5");
    }
}
