//! The next load to try, as a pure function of the outcomes so far.
//!
//! Trials are noisy: near the capacity the same load meets the SLO in one trial and misses it in the
//! next. A single bisection takes one outcome for the truth at every step. So loads are decided by
//! votes, as MLRsearch does (draft-ietf-bmwg-mlrsearch-15, with a trial that misses the SLO in place of
//! a trial with loss, and trials of one length):
//!
//! 1. Bracket: double from the first load while the SLO holds, or halve while it does not (a coarse search
//!    takes smaller steps). A load with too few requests to tell is neither bound: from there it goes up,
//!    where there are more.
//! 2. Narrow, in stages with more votes and a smaller width each (by default 1 vote and 4 widths, 3 and 2,
//!    7 and 1). A stage first decides both bounds anew with its votes, and moves outward where one has
//!    changed sides; then it halves the distance on the logarithmic scale.
//! 3. Confirm both bounds with fresh trials that took no part in finding them. A bound that fails moves
//!    outward by a width, so that the bounds are as far apart as the noise makes them.
//!
//! Each step replays the outcomes through the whole rule. There is no other state: a search that was
//! stopped goes on from what is stored.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    search_plan::SearchPlan,
    search_range::{SearchBounds, SearchRange},
    search_votes::{Agreement, GENERATOR_FAILURES, LoadSide, LoadVotes},
};
use crate::schema::{LoadVote, SearchEnding, TrialPurpose};

/// Most moves of a bound while it is confirmed.
const MOST_MOVES: u32 = 8;

/// A trial of the search, as far as the search depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TriedLoad {
    /// Its load.
    pub load: f64,
    /// Why it was tried: a fresh trial is no vote of the search.
    pub purpose: TrialPurpose,
    /// What it said.
    pub vote: LoadVote,
    /// Seconds that it took.
    pub took_s: f64,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SearchStep {
    /// Try this load.
    Try {
        /// The load.
        load: f64,
        /// Why it is tried.
        purpose: TrialPurpose,
        /// The bounds so far, as far as trials of the target carry them.
        bounds: SearchBounds,
    },
    /// The search is over.
    Done {
        /// How it ended.
        ending: SearchEnding,
        /// What is known.
        bounds: SearchBounds,
    },
}

/// The next step of a search after these trials.
pub fn next_step(plan: &SearchPlan, tried: &[TriedLoad]) -> SearchStep {
    let mut replay = Replay {
        plan,
        left: tried.to_vec(),
        used: 0,
        spent_s: 0.0,
        votes: BTreeMap::new(),
        conclusive: BTreeSet::new(),
        range: SearchRange::default(),
        ceiling: None,
    };
    match replay.search() {
        Ok(ending) | Err(Halt::End(ending)) => SearchStep::Done {
            ending,
            bounds: replay.range.bounds,
        },
        Err(Halt::Wanted(load, purpose)) => SearchStep::Try {
            load,
            purpose,
            bounds: replay.known(),
        },
        Err(Halt::NoTime) => SearchStep::Done {
            ending: SearchEnding::OutOfTime,
            bounds: replay.known(),
        },
    }
}

/// Why the replay stops.
enum Halt {
    /// The outcomes are used up: this trial comes next.
    Wanted(f64, TrialPurpose),
    /// The next trial does not fit into the time.
    NoTime,
    /// The search is over.
    End(SearchEnding),
}

struct Replay<'a> {
    plan: &'a SearchPlan,
    /// Trials that are not replayed yet, in order.
    left: Vec<TriedLoad>,
    /// Number of those that are, and the seconds that they took.
    used: u32,
    spent_s: f64,
    /// By the bits of the load: loads are positive, so their bits have their order.
    votes: BTreeMap<u64, LoadVotes>,
    /// Bits of the loads of which a trial says whether they meet the SLO, fresh ones with them.
    conclusive: BTreeSet<u64>,
    range: SearchRange,
    /// The lowest load at which the generator failed.
    ceiling: Option<f64>,
}

impl Replay<'_> {
    fn search(&mut self) -> Result<SearchEnding, Halt> {
        self.bracket()?;
        let narrowed = match self.narrow() {
            // What is left of the time is for the confirmation.
            Err(Halt::NoTime) => false,
            other => other.map(|()| true)?,
        };
        self.confirm_lower()?;
        if self.is_ceiling(self.range.bounds.upper) {
            return Err(Halt::End(SearchEnding::GeneratorLimit));
        }
        self.confirm_upper()?;
        Ok(match (self.range.is_known(), narrowed) {
            (true, true) => SearchEnding::Found,
            (true, false) if self.range.is_narrow(self.plan.width) => SearchEnding::Found,
            (false, true) => SearchEnding::Undecided,
            (_, false) => SearchEnding::OutOfTime,
        })
    }

    /// Finds a load that meets the SLO and one that misses it. While loads are undecided it goes up, where
    /// there are more requests.
    fn bracket(&mut self) -> Result<(), Halt> {
        let plan = self.plan;
        let mut load = plan.rounded(plan.first);
        loop {
            let side = self.side(load, 1, TrialPurpose::Bracket)?;
            self.range.place(load, side);
            load = match (self.range.bounds.lower, self.range.bounds.upper) {
                (Some(_), Some(_)) => return Ok(()),
                (_, None) if load >= plan.highest => {
                    if side == LoadSide::Undecided {
                        return Ok(());
                    }
                    self.above_highest()?;
                    // It was luck: the capacity lies below, and the lucky vote decides nothing later.
                    self.votes.remove(&load.to_bits());
                    self.range = SearchRange::default();
                    self.range.place(load, LoadSide::Above);
                    plan.rounded(load / plan.growth)
                }
                (_, None) => plan.rounded(load * plan.growth),
                (None, Some(upper)) if upper <= plan.lowest => return Err(self.below_lowest()),
                // Everything below was undecided: still lower loads have still fewer requests.
                (None, Some(_)) if load <= plan.lowest || self.has_climbed(side) => return Ok(()),
                (None, Some(_)) => plan.rounded(load / plan.growth),
            };
        }
    }

    /// Whether a load that misses the SLO was found on the way up, past undecided ones.
    fn has_climbed(&self, side: LoadSide) -> bool {
        side == LoadSide::Above && self.range.undecided.is_some()
    }

    /// The highest load meets the SLO by its votes: the search ends there unless fresh trials refute it.
    fn above_highest(&mut self) -> Result<(), Halt> {
        let highest = self.plan.highest;
        let fresh = self.agree(highest, LoadVote::Met, TrialPurpose::ConfirmLower)?;
        let ending = match fresh {
            Agreement::Yes => SearchEnding::AboveHighest,
            Agreement::Undecided => SearchEnding::Undecided,
            Agreement::No => return Ok(()),
        };
        self.range.bounds = SearchBounds {
            lower: Some(highest),
            lower_confirmed: fresh == Agreement::Yes,
            ..SearchBounds::default()
        };
        Err(Halt::End(ending))
    }

    /// The lowest load misses the SLO, or the generator fails there.
    fn below_lowest(&mut self) -> Halt {
        if self.is_ceiling(self.range.bounds.upper) {
            return Halt::End(SearchEnding::GeneratorLimit);
        }
        match self.agree(
            self.plan.lowest,
            LoadVote::Missed,
            TrialPurpose::ConfirmUpper,
        ) {
            Ok(fresh) => {
                self.range.bounds.upper_confirmed = fresh == Agreement::Yes;
                Halt::End(SearchEnding::BelowLowest)
            }
            Err(halt) => halt,
        }
    }

    fn narrow(&mut self) -> Result<(), Halt> {
        for stage in self.plan.stages.clone() {
            let width = self.plan.width * f64::from(stage.widths);
            if self.range.is_known() {
                // With more votes it may be decided.
                self.range.undecided = None;
            }
            self.settle_lower(stage.votes, width)?;
            self.settle_upper(stage.votes, width)?;
            while let Some(middle) = self.range.middle(self.plan, width) {
                let side = self.side(middle, stage.votes, TrialPurpose::Narrow)?;
                self.range.place(middle, side);
            }
        }
        Ok(())
    }

    /// Decides the lower bound with more votes; moves down while it lies above the capacity, or is
    /// undecided.
    fn settle_lower(&mut self, votes: u32, width: f64) -> Result<(), Halt> {
        let mut step = 1.0 + 2.0 * width;
        while let Some(lower) = self.range.bounds.lower {
            let side = self.side(lower, votes, TrialPurpose::Narrow)?;
            if side == LoadSide::Below {
                return Ok(());
            }
            self.range.place(lower, side);
            if lower <= self.plan.lowest {
                self.range.bounds.lower = None;
                return match side {
                    LoadSide::Above => Err(self.below_lowest()),
                    LoadSide::Below | LoadSide::Undecided => Ok(()),
                };
            }
            self.range.bounds.lower = Some(self.plan.lower_than(lower, step));
            step *= step;
        }
        Ok(())
    }

    /// Decides the upper bound with more votes; moves up while it lies below the capacity, or is undecided.
    fn settle_upper(&mut self, votes: u32, width: f64) -> Result<(), Halt> {
        let mut step = 1.0 + 2.0 * width;
        while let Some(upper) = self.range.bounds.upper {
            let side = self.side(upper, votes, TrialPurpose::Narrow)?;
            match side {
                LoadSide::Above => return Ok(()),
                // Where fresh trials disagree it stays the bound: the end confirms it or does not.
                LoadSide::Below if upper >= self.plan.highest => return self.above_highest(),
                LoadSide::Below | LoadSide::Undecided => self.range.place(upper, side),
            }
            if upper >= self.plan.highest {
                self.range.bounds.upper = None;
                return Ok(());
            }
            self.range.bounds.upper = Some(self.plan.higher_than(upper, step));
            step *= step;
        }
        Ok(())
    }

    fn confirm_lower(&mut self) -> Result<(), Halt> {
        for left in (0..MOST_MOVES).rev() {
            let Some(lower) = self.range.bounds.lower else {
                return Ok(());
            };
            let fresh = self.agree(lower, LoadVote::Met, TrialPurpose::ConfirmLower)?;
            if fresh == Agreement::Yes {
                self.range.bounds.lower_confirmed = true;
                return Ok(());
            }
            if left == 0 || lower <= self.plan.lowest {
                return Ok(());
            }
            let factor = 1.0 + self.plan.width;
            self.range.bounds.lower = Some(self.plan.lower_than(lower, factor));
        }
        Ok(())
    }

    fn confirm_upper(&mut self) -> Result<(), Halt> {
        for left in (0..MOST_MOVES).rev() {
            let Some(upper) = self.range.bounds.upper else {
                return Ok(());
            };
            let fresh = self.agree(upper, LoadVote::Missed, TrialPurpose::ConfirmUpper)?;
            if fresh == Agreement::Yes {
                self.range.bounds.upper_confirmed = true;
                return Ok(());
            }
            if self.is_ceiling(Some(upper)) {
                return Err(Halt::End(SearchEnding::GeneratorLimit));
            }
            if left == 0 || upper >= self.plan.highest {
                return Ok(());
            }
            let factor = 1.0 + self.plan.width;
            self.range.bounds.upper = Some(self.plan.higher_than(upper, factor));
        }
        Ok(())
    }

    /// Whether enough fresh trials at a load say `expected`; stops as soon as that is decided.
    fn agree(
        &mut self,
        load: f64,
        expected: LoadVote,
        purpose: TrialPurpose,
    ) -> Result<Agreement, Halt> {
        let most = self.plan.fresh - self.plan.agreeing;
        let (mut yes, mut no, mut undecided) = (0, 0, 0);
        while yes < self.plan.agreeing && no + undecided <= most {
            match self.trial(load, purpose)? {
                LoadVote::Invalid => {
                    self.lower_ceiling(load);
                    return Ok(Agreement::No);
                }
                LoadVote::Undecided => undecided += 1,
                vote if vote == expected => yes += 1,
                LoadVote::Met | LoadVote::Missed => no += 1,
            }
        }
        Ok(if yes >= self.plan.agreeing {
            Agreement::Yes
        } else if no > most {
            Agreement::No
        } else {
            Agreement::Undecided
        })
    }

    /// The side of a load by the majority of its votes; tries it until that is decided.
    fn side(&mut self, load: f64, needed: u32, purpose: TrialPurpose) -> Result<LoadSide, Halt> {
        loop {
            let votes = self.votes.get(&load.to_bits());
            if let Some(side) = votes.and_then(|votes| votes.side(needed)) {
                return Ok(side);
            }
            let vote = self.trial(load, purpose)?;
            if vote == LoadVote::Invalid {
                self.lower_ceiling(load);
            }
            self.votes.entry(load.to_bits()).or_default().add(vote);
        }
    }

    /// The next outcome at a load. A trial in which the generator failed is repeated before it counts.
    fn trial(&mut self, load: f64, purpose: TrialPurpose) -> Result<LoadVote, Halt> {
        let mut failures = 0;
        loop {
            // The same check as when the trial was asked for: a replay goes the same way.
            if !self.fits(purpose) {
                return Err(Halt::NoTime);
            }
            // By load and purpose, not by place: with more time a search goes on narrowing where it
            // confirmed before.
            let same =
                |one: &TriedLoad| one.purpose == purpose && (one.load - load).abs() <= 1e-9 * load;
            let Some(at) = self.left.iter().position(same) else {
                return Err(Halt::Wanted(load, purpose));
            };
            let tried = self.left.remove(at);
            self.used += 1;
            self.spent_s += tried.took_s;
            if matches!(tried.vote, LoadVote::Met | LoadVote::Missed) {
                self.conclusive.insert(load.to_bits());
            }
            if tried.vote != LoadVote::Invalid {
                return Ok(tried.vote);
            }
            failures += 1;
            if failures >= GENERATOR_FAILURES {
                return Ok(LoadVote::Invalid);
            }
        }
    }

    /// Whether one more trial fits into the time. While the bounds are brought closer, the time of their
    /// confirmation is kept.
    fn fits(&self, purpose: TrialPurpose) -> bool {
        let Some(budget) = self.plan.budget_s else {
            return true;
        };
        let one = self.spent_s / f64::from(self.used.max(1));
        let kept = match purpose {
            TrialPurpose::Narrow => 2 * self.plan.agreeing,
            _ => 0,
        };
        self.spent_s + one * f64::from(1 + kept) <= budget
    }

    /// The bounds where the search stops before its end. In place of a bound at a load of which no trial says
    /// anything stands the next load of which one does; a load at which only the generator failed bounds nothing.
    fn known(&self) -> SearchBounds {
        let mut known = self.range.bounds;
        let inconclusive = |load: &f64| !self.conclusive.contains(&load.to_bits());
        let on = |side: LoadSide| {
            let votes = self.votes.iter();
            votes
                .filter(move |(_, votes)| votes.side(1) == Some(side))
                .map(|(bits, _)| f64::from_bits(*bits))
        };
        if let Some(lower) = known.lower.filter(inconclusive) {
            known.lower = on(LoadSide::Below).rfind(|load| *load < lower);
        }
        if let Some(upper) = known.upper.filter(inconclusive) {
            known.upper = on(LoadSide::Above).find(|load| *load > upper);
        }
        if self.is_ceiling(known.upper) && !known.upper_confirmed {
            known.upper = None;
        }
        known
    }

    fn lower_ceiling(&mut self, load: f64) {
        self.ceiling = Some(self.ceiling.map_or(load, |known| known.min(load)));
    }

    fn is_ceiling(&self, load: Option<f64>) -> bool {
        match (load, self.ceiling) {
            (Some(load), Some(ceiling)) => load >= ceiling,
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "search_simulations.rs"]
mod simulations;
