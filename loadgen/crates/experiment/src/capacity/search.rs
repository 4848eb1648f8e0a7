//! The next load to try, as a pure function of the outcomes so far.
//!
//! Trials are noisy: near the capacity the same load meets the SLO in one trial and misses it in the
//! next. A single bisection takes one outcome for the truth at every step. So loads are decided by
//! votes, as MLRsearch does (draft-ietf-bmwg-mlrsearch-15, with a trial that misses the SLO in place of
//! a trial with loss, and trials of one length):
//!
//! 1. Bracket: double from the first load while the SLO holds, or halve while it does not (a coarse search
//!    takes smaller steps).
//! 2. Narrow, in stages with more votes and a smaller width each (by default 1 vote and 4 widths, 3 and 2,
//!    7 and 1). A stage first decides both bounds anew with its votes, and moves outward where one has
//!    changed sides; then it halves the distance on the logarithmic scale.
//! 3. Confirm both bounds with fresh trials that took no part in finding them. A bound that fails moves
//!    outward by a width, so that the bounds are as far apart as the noise makes them.
//!
//! Each step replays the outcomes through the whole rule. There is no other state: a search that was
//! stopped goes on from what is stored.

use std::collections::BTreeMap;

use super::search_plan::SearchPlan;
use crate::schema::{LoadVote, SearchEnding, TrialPurpose};

/// Trials that fail on the generator's side, at one load, before the load is beyond the generator.
const GENERATOR_FAILURES: u32 = 2;
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
        /// The bounds so far.
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

/// The bounds, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SearchBounds {
    /// The highest load that met the SLO.
    pub lower: Option<f64>,
    /// Whether fresh trials confirmed it.
    pub lower_confirmed: bool,
    /// The lowest load above it that missed the SLO.
    pub upper: Option<f64>,
    /// Whether fresh trials confirmed it.
    pub upper_confirmed: bool,
}

/// The next step of a search after these trials.
pub fn next_step(plan: &SearchPlan, tried: &[TriedLoad]) -> SearchStep {
    let mut replay = Replay {
        plan,
        left: tried.to_vec(),
        used: 0,
        spent_s: 0.0,
        votes: BTreeMap::new(),
        bounds: SearchBounds::default(),
        ceiling: None,
    };
    match replay.search() {
        Ok(ending) | Err(Halt::End(ending)) => SearchStep::Done {
            ending,
            bounds: replay.bounds,
        },
        Err(Halt::Wanted(load, purpose)) => SearchStep::Try {
            load,
            purpose,
            bounds: replay.bounds,
        },
        Err(Halt::NoTime) => SearchStep::Done {
            ending: SearchEnding::OutOfTime,
            bounds: replay.bounds,
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

/// Votes of the trials that search, without the fresh ones.
#[derive(Default)]
struct Votes {
    met: u32,
    missed: u32,
    invalid: u32,
}

/// The side of the capacity on which a load lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    Above,
}

struct Replay<'a> {
    plan: &'a SearchPlan,
    /// Trials that are not replayed yet, in order.
    left: Vec<TriedLoad>,
    /// Number of those that are, and the seconds that they took.
    used: u32,
    spent_s: f64,
    /// By the bits of the load: loads are positive, so their bits have their order.
    votes: BTreeMap<u64, Votes>,
    bounds: SearchBounds,
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
        if self.is_ceiling(self.bounds.upper) {
            return Err(Halt::End(SearchEnding::GeneratorLimit));
        }
        self.confirm_upper()?;
        Ok(if narrowed || self.is_narrow(self.plan.width) {
            SearchEnding::Found
        } else {
            SearchEnding::OutOfTime
        })
    }

    /// Finds a load that meets the SLO and one that misses it.
    fn bracket(&mut self) -> Result<(), Halt> {
        let mut load = self.plan.rounded(self.plan.first);
        loop {
            let side = self.side(load, 1, TrialPurpose::Bracket)?;
            match side {
                Side::Below => self.bounds.lower = Some(load),
                Side::Above => self.bounds.upper = Some(load),
            }
            match (self.bounds.lower, self.bounds.upper) {
                (Some(lower), None) if lower >= self.plan.highest => {
                    self.above_highest()?;
                    // It was luck: the capacity lies below, and the lucky vote decides nothing later.
                    self.votes.remove(&lower.to_bits());
                    self.bounds = SearchBounds {
                        upper: Some(lower),
                        ..SearchBounds::default()
                    };
                    load = self.plan.rounded(lower / self.plan.growth);
                }
                (None, Some(upper)) if upper <= self.plan.lowest => {
                    return Err(self.below_lowest());
                }
                (Some(lower), None) => load = self.plan.rounded(lower * self.plan.growth),
                (None, Some(upper)) => load = self.plan.rounded(upper / self.plan.growth),
                (Some(_), Some(_)) | (None, None) => return Ok(()),
            }
        }
    }

    /// The highest load meets the SLO by its votes: the search ends there only where fresh trials say the
    /// same.
    fn above_highest(&mut self) -> Result<(), Halt> {
        let highest = self.plan.highest;
        if self.agree(highest, LoadVote::Met, TrialPurpose::ConfirmLower)? {
            self.bounds = SearchBounds {
                lower: Some(highest),
                lower_confirmed: true,
                ..SearchBounds::default()
            };
            return Err(Halt::End(SearchEnding::AboveHighest));
        }
        Ok(())
    }

    /// The lowest load misses the SLO, or the generator fails there.
    fn below_lowest(&mut self) -> Halt {
        if self.is_ceiling(self.bounds.upper) {
            return Halt::End(SearchEnding::GeneratorLimit);
        }
        match self.agree(
            self.plan.lowest,
            LoadVote::Missed,
            TrialPurpose::ConfirmUpper,
        ) {
            Ok(agreed) => {
                self.bounds.upper_confirmed = agreed;
                Halt::End(SearchEnding::BelowLowest)
            }
            Err(halt) => halt,
        }
    }

    fn narrow(&mut self) -> Result<(), Halt> {
        for stage in self.plan.stages.clone() {
            let width = self.plan.width * f64::from(stage.widths);
            self.settle_lower(stage.votes, width)?;
            self.settle_upper(stage.votes, width)?;
            while !self.is_narrow(width) {
                let Some(middle) = self.middle() else { break };
                match self.side(middle, stage.votes, TrialPurpose::Narrow)? {
                    Side::Below => self.bounds.lower = Some(middle),
                    Side::Above => self.bounds.upper = Some(middle),
                }
            }
        }
        Ok(())
    }

    /// Decides the lower bound with more votes; moves down while it lies above the capacity.
    fn settle_lower(&mut self, votes: u32, width: f64) -> Result<(), Halt> {
        let mut step = 1.0 + 2.0 * width;
        while let Some(lower) = self.bounds.lower {
            if self.side(lower, votes, TrialPurpose::Narrow)? == Side::Below {
                return Ok(());
            }
            self.bounds.upper = Some(lower);
            if lower <= self.plan.lowest {
                self.bounds.lower = None;
                return Err(self.below_lowest());
            }
            self.bounds.lower = Some(self.lower_than(lower, step));
            step *= step;
        }
        Ok(())
    }

    /// Decides the upper bound with more votes; moves up while it lies below the capacity.
    fn settle_upper(&mut self, votes: u32, width: f64) -> Result<(), Halt> {
        let mut step = 1.0 + 2.0 * width;
        while let Some(upper) = self.bounds.upper {
            if self.side(upper, votes, TrialPurpose::Narrow)? == Side::Above {
                return Ok(());
            }
            if upper >= self.plan.highest {
                // Where fresh trials disagree it stays the bound: the end confirms it or does not.
                return self.above_highest();
            }
            self.bounds.lower = Some(upper);
            self.bounds.upper = Some(self.higher_than(upper, step));
            step *= step;
        }
        Ok(())
    }

    fn confirm_lower(&mut self) -> Result<(), Halt> {
        for _ in 0..MOST_MOVES {
            let Some(lower) = self.bounds.lower else {
                return Ok(());
            };
            if self.agree(lower, LoadVote::Met, TrialPurpose::ConfirmLower)? {
                self.bounds.lower_confirmed = true;
                return Ok(());
            }
            if lower <= self.plan.lowest {
                return Ok(());
            }
            self.bounds.lower = Some(self.lower_than(lower, 1.0 + self.plan.width));
        }
        Ok(())
    }

    fn confirm_upper(&mut self) -> Result<(), Halt> {
        for _ in 0..MOST_MOVES {
            let Some(upper) = self.bounds.upper else {
                return Ok(());
            };
            if self.agree(upper, LoadVote::Missed, TrialPurpose::ConfirmUpper)? {
                self.bounds.upper_confirmed = true;
                return Ok(());
            }
            if self.is_ceiling(Some(upper)) {
                return Err(Halt::End(SearchEnding::GeneratorLimit));
            }
            if upper >= self.plan.highest {
                return Ok(());
            }
            self.bounds.upper = Some(self.higher_than(upper, 1.0 + self.plan.width));
        }
        Ok(())
    }

    /// Whether enough fresh trials at a load say `expected`; stops as soon as that is decided.
    fn agree(
        &mut self,
        load: f64,
        expected: LoadVote,
        purpose: TrialPurpose,
    ) -> Result<bool, Halt> {
        let (mut yes, mut no) = (0, 0);
        while yes < self.plan.agreeing && no <= self.plan.fresh - self.plan.agreeing {
            match self.trial(load, purpose)? {
                LoadVote::Invalid => {
                    self.lower_ceiling(load);
                    return Ok(false);
                }
                vote if vote == expected => yes += 1,
                _ => no += 1,
            }
        }
        Ok(yes >= self.plan.agreeing)
    }

    /// The side of a load by the majority of its votes; tries it until that is decided.
    fn side(&mut self, load: f64, needed: u32, purpose: TrialPurpose) -> Result<Side, Halt> {
        loop {
            if let Some(side) = self.decided(load, needed) {
                return Ok(side);
            }
            let vote = self.trial(load, purpose)?;
            let votes = self.votes.entry(load.to_bits()).or_default();
            match vote {
                LoadVote::Met => votes.met += 1,
                LoadVote::Missed => votes.missed += 1,
                LoadVote::Invalid => {
                    votes.invalid += GENERATOR_FAILURES;
                    self.lower_ceiling(load);
                }
            }
        }
    }

    /// The side of a load where its votes decide it: the others could not change the majority. A load
    /// that the generator cannot send bounds the search as one that misses the SLO does.
    fn decided(&self, load: f64, needed: u32) -> Option<Side> {
        let votes = self.votes.get(&load.to_bits())?;
        if votes.invalid >= GENERATOR_FAILURES {
            return Some(Side::Above);
        }
        let whole = needed.max(votes.met + votes.missed);
        let (met, missed) = (2 * votes.met, 2 * votes.missed);
        if met >= whole {
            Some(Side::Below)
        } else if missed > whole {
            Some(Side::Above)
        } else {
            None
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

    fn lower_ceiling(&mut self, load: f64) {
        self.ceiling = Some(self.ceiling.map_or(load, |known| known.min(load)));
    }

    fn is_ceiling(&self, load: Option<f64>) -> bool {
        match (load, self.ceiling) {
            (Some(load), Some(ceiling)) => load >= ceiling,
            _ => false,
        }
    }

    fn is_narrow(&self, width: f64) -> bool {
        match (self.bounds.lower, self.bounds.upper) {
            (Some(lower), Some(upper)) => upper / lower <= 1.0 + width + 1e-9,
            _ => true,
        }
    }

    /// The load in the middle of the bounds, by its logarithm; absent where none lies between.
    fn middle(&self) -> Option<f64> {
        let (lower, upper) = (self.bounds.lower?, self.bounds.upper?);
        let middle = self.plan.rounded((lower * upper).sqrt());
        (middle > lower && middle < upper).then_some(middle)
    }

    fn lower_than(&self, load: f64, factor: f64) -> f64 {
        let next = self.plan.rounded(load / factor);
        if next < load {
            next
        } else if self.plan.whole {
            (load - 1.0).max(self.plan.lowest)
        } else {
            self.plan.lowest
        }
    }

    fn higher_than(&self, load: f64, factor: f64) -> f64 {
        let next = self.plan.rounded(load * factor);
        if next > load {
            next
        } else if self.plan.whole {
            (load + 1.0).min(self.plan.highest)
        } else {
            self.plan.highest
        }
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "search_simulations.rs"]
mod simulations;
