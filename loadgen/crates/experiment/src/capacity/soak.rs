//! The soak: one load for long, and whether anything grows under it.

use shared::time::Millis;

use super::{outcome::KeptTrial, saturation::same};
use crate::schema::{Growth, Soak, TrialPurpose};

/// Which share of the lower bound is soaked: a load that holds for minutes and not for hours lies between.
pub(super) const SHARE: f64 = 0.8;

/// A soak that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoakPlan {
    /// Length of its measured window.
    pub duration: Millis,
    /// Its load, in the unit of the search; absent where it is a share of the lower bound.
    pub load: Option<f64>,
}

impl SoakPlan {
    /// Whether a trial is this soak, or a longer one of the same load.
    pub(super) fn is_done_by(&self, one: &KeptTrial, load: f64) -> bool {
        one.step.purpose == TrialPurpose::Soak
            && same(one.step.load, load)
            // An open load may have no arrival in its last second.
            && window_s(one) + 1.0 >= self.duration.0 as f64 / 1_000.0
    }
}

/// Length of a trial's measured window in seconds; where it is too short for a growth, up to the last
/// second in which a request was planned.
fn window_s(one: &KeptTrial) -> f64 {
    if let Some(growth) = one.trial.growth.first() {
        return growth.window_s;
    }
    let seconds = one.trial.series.iter();
    let measured = seconds.filter(|one| one.second >= 0 && one.planned > 0);
    measured.map(|one| one.second + 1).max().unwrap_or(0) as f64
}

/// What the last soak of a search says; absent where there was none. `lower` is the bound that it is a
/// share of.
pub(super) fn soak(trials: &[KeptTrial], lower: Option<f64>) -> Option<Soak> {
    let is_soak = |one: &&KeptTrial| one.step.purpose == TrialPurpose::Soak;
    let one = trials.iter().rev().find(is_soak)?;
    let growth = &one.trial.growth;
    Some(Soak {
        folder: one.step.folder.clone(),
        load: one.step.load,
        share: lower.map(|lower| one.step.load / lower),
        window_s: window_s(one),
        vote: one.step.vote,
        why: one.step.why.clone(),
        word: Growth::together(growth),
        growth: Growth::verdict(growth),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capacity::fixture::kept,
        schema::{GrowthWord, LoadVote, Resource, Second},
    };

    /// A soak of ten minutes at a load.
    fn soaked(load: f64, word: GrowthWord) -> KeptTrial {
        let mut one = kept(load, LoadVote::Met);
        one.step.purpose = TrialPurpose::Soak;
        one.trial.series = (-5..610)
            .map(|second| Second {
                second,
                planned: u64::from(second < 600),
                ..Second::default()
            })
            .collect();
        one.trial.growth = vec![Growth {
            process: "requests".into(),
            resource: Resource::ResponseTime,
            mean: 50.0,
            per_hour: Some(25.0),
            interval: Some((20.0, 30.0)),
            share_per_hour: Some(0.5),
            limit_per_hour: 5.0,
            blocks: 30,
            window_s: 600.0,
            word,
        }];
        one
    }

    #[test]
    fn the_last_soak_says_what_grew_and_which_share_of_the_bound_it_was() {
        let search = kept(100.0, LoadVote::Met);
        assert_eq!(soak(std::slice::from_ref(&search), Some(100.0)), None);
        let all = [
            search,
            soaked(70.0, GrowthWord::Flat),
            soaked(80.0, GrowthWord::Grows),
        ];
        let found = soak(&all, Some(100.0)).unwrap();
        assert_eq!(
            (found.load, found.share, found.window_s),
            (80.0, Some(0.8), 600.0)
        );
        assert_eq!(found.word, GrowthWord::Grows);
        assert_eq!(found.growth, "GROWS: response time (+50 % an hour)");
        assert_eq!(soak(&all, None).unwrap().share, None);
    }

    #[test]
    fn a_soak_that_ran_long_enough_is_not_run_again() {
        let one = soaked(80.0, GrowthWord::Flat);
        let asked = |minutes: u64| SoakPlan {
            duration: Millis(minutes * 60_000),
            load: None,
        };
        assert!(asked(10).is_done_by(&one, 80.0) && asked(5).is_done_by(&one, 80.0));
        assert!(!asked(30).is_done_by(&one, 80.0) && !asked(10).is_done_by(&one, 70.0));
        assert!(!asked(10).is_done_by(&kept(80.0, LoadVote::Met), 80.0));
        let mut short = one.clone();
        short.trial.growth.clear();
        assert!(asked(10).is_done_by(&short, 80.0) && !asked(11).is_done_by(&short, 80.0));
    }
}
