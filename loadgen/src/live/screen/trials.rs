//! The trials that have ended, in the few figures that are shown while others run.

use loadgen_experiment::schema::ValidityWord;
use std::collections::{BTreeMap, VecDeque};

use loadgen_experiment::schema::{ArmName, Trial};

/// Most trials that are kept.
const MOST: usize = 500;

/// One trial.
#[derive(Debug, Clone, Default)]
pub(super) struct FinishedTrial {
    pub(super) folder: String,
    pub(super) arm: ArmName,
    pub(super) block: u32,
    pub(super) word: ValidityWord,
    pub(super) rate_per_s: f64,
    /// Infinite where it is beyond the timeout; absent where there are too few requests.
    pub(super) p50_ms: Option<f64>,
    pub(super) p95_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
    /// Share of the requests that failed.
    pub(super) failed: f64,
}

impl From<&Trial> for FinishedTrial {
    fn from(trial: &Trial) -> Self {
        Self {
            folder: trial.folder.clone(),
            arm: trial.arm.clone(),
            block: trial.block,
            word: trial.validity.word,
            rate_per_s: trial.total.rate_per_s,
            p50_ms: trial.total.response.p50.in_order(),
            p95_ms: trial.total.response.p95.in_order(),
            p99_ms: trial.total.response.p99.in_order(),
            failed: 1.0 - trial.total.success,
        }
    }
}

/// All of them, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct FinishedTrials(VecDeque<FinishedTrial>);

/// Both arms of one block, as far as they have ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TrialPair<'a> {
    pub(super) before: Option<&'a FinishedTrial>,
    pub(super) after: Option<&'a FinishedTrial>,
}

impl FinishedTrials {
    /// Takes one in.
    pub(super) fn push(&mut self, trial: FinishedTrial) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(trial);
    }

    /// All, newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &FinishedTrial> {
        self.0.iter().rev()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// By block, where all trials are of the two arms of an experiment; of a block that was
    /// repeated, the newest trials.
    pub(super) fn pairs(&self) -> Option<BTreeMap<u32, TrialPair<'_>>> {
        let mut pairs: BTreeMap<u32, TrialPair<'_>> = BTreeMap::new();
        for trial in &self.0 {
            let pair = pairs.entry(trial.block).or_default();
            match trial.arm.as_str() {
                "before" => pair.before = Some(trial),
                "after" => pair.after = Some(trial),
                _ => return None,
            }
        }
        (!pairs.is_empty()).then_some(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(arm: &str, block: u32, p50_ms: f64) -> FinishedTrial {
        FinishedTrial {
            arm: arm.into(),
            block,
            p50_ms: Some(p50_ms),
            ..FinishedTrial::default()
        }
    }

    #[test]
    fn a_repeated_block_shows_its_newest_trials() {
        let mut trials = FinishedTrials::default();
        assert!(trials.pairs().is_none());
        trials.push(trial("before", 1, 5.0));
        trials.push(trial("after", 1, 3.0));
        trials.push(trial("before", 1, 6.0));
        let pairs = trials.pairs().unwrap();
        assert_eq!(pairs[&1].before.unwrap().p50_ms, Some(6.0));
        assert_eq!(pairs[&1].after.unwrap().p50_ms, Some(3.0));
        trials.push(trial("run", 0, 1.0));
        assert!(trials.pairs().is_none());
        for _ in 0..2 * MOST {
            trials.push(trial("run", 0, 1.0));
        }
        assert_eq!(trials.newest().count(), MOST);
    }
}
