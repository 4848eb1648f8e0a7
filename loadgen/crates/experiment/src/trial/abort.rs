//! Thresholds that end a run as soon as they are broken: a target that is down need not be loaded
//! to the planned end.

use super::live_thresholds;
use crate::{
    schema::ThresholdWord,
    verdict::{failures_exceed, percentile_exceeds},
};
use loadgen_engine::{
    driver::ProgressSnapshot,
    flow::Catalog,
    threshold::{Threshold, ThresholdMetric},
};

/// Interim looks in a row at which a threshold has to be broken: one may be a bad moment.
const LOOKS: u32 = 2;

/// The thresholds that are watched, each with the interim looks in a row at which it was broken.
#[derive(Debug, Default)]
pub(super) struct AbortConditions<'a>(Vec<(&'a Threshold, u32)>);

impl<'a> AbortConditions<'a> {
    /// Watches those that say `abort`.
    pub(super) fn new(thresholds: &'a [Threshold]) -> Self {
        Self(
            thresholds
                .iter()
                .filter(|threshold| threshold.abort_after.is_some())
                .map(|threshold| (threshold, 0))
                .collect(),
        )
    }

    /// The threshold that ends the run now, if one does, with the figure that misses it. Figures
    /// are those since the begin of the load.
    pub(super) fn broken(
        &mut self,
        catalog: &Catalog,
        now: &ProgressSnapshot,
    ) -> Option<(&'a Threshold, String)> {
        for (threshold, looks) in &mut self.0 {
            let after = threshold.abort_after.map_or(0, |delay| delay.0);
            if now.at.0 / 1_000_000 < after {
                continue;
            }
            let Some(counts) = live_thresholds::counts(threshold, catalog, now) else {
                continue;
            };
            let Some((figure, word)) = live_thresholds::figure(threshold, &counts, now) else {
                continue;
            };
            // What chance explains at some look of a long run ends none.
            let by_chance = match threshold.metric {
                ThresholdMetric::Quantile(quantile) => {
                    let beyond = |is_beyond: &dyn Fn(f64) -> bool| counts.beyond(is_beyond);
                    !percentile_exceeds(threshold, quantile, counts.count(), beyond)
                }
                _ => failures_exceed(threshold, counts.failed(), counts.count()) == Some(false),
            };
            if word != ThresholdWord::Fail || by_chance {
                *looks = 0;
                continue;
            }
            *looks += 1;
            if *looks >= LOOKS {
                return Some((threshold, figure));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;
    use loadgen_engine::{
        driver::Progress,
        flow::shop,
        sample::{OpId, Outcome},
        units::Nanos,
    };
    use loadgen_stats::seed;

    fn at(ms: u64, completed: u64, failed: u64) -> ProgressSnapshot {
        let progress = Progress::new(shop().operations);
        for number in 0..completed {
            let outcome = if number < failed {
                Outcome::Timeout
            } else {
                Outcome::Ok
            };
            progress.done(OpId(0), outcome, Nanos::from_millis(1));
        }
        ProgressSnapshot {
            at: Nanos::from_millis(ms),
            ..progress.snapshot()
        }
    }

    #[test]
    fn a_threshold_ends_the_run_after_its_delay_and_two_looks() {
        let thresholds = ["abort after 5s: errors < 10%".parse().unwrap()];
        let mut abort = AbortConditions::new(&thresholds);
        assert!(abort.broken(&shop(), &at(4_000, 100, 50)).is_none());
        assert!(abort.broken(&shop(), &at(5_000, 100, 50)).is_none());
        let (broken, figure) = abort.broken(&shop(), &at(5_500, 100, 50)).unwrap();
        assert_eq!((broken, figure.as_str()), (&thresholds[0], "50.000 %"));
    }

    #[test]
    fn a_single_bad_look_few_answers_and_other_thresholds_do_not() {
        let thresholds = [
            "abort: errors < 10%".parse().unwrap(),
            "p95 < 1ms".parse().unwrap(),
        ];
        let mut abort = AbortConditions::new(&thresholds);
        assert!(abort.broken(&shop(), &at(1_000, 5, 5)).is_none());
        assert!(abort.broken(&shop(), &at(1_500, 100, 30)).is_none());
        assert!(abort.broken(&shop(), &at(2_000, 300, 20)).is_none());
        assert!(abort.broken(&shop(), &at(2_500, 300, 60)).is_none());
    }

    #[test]
    fn what_chance_explains_ends_no_run_and_a_number_is_a_number() {
        let ends = |text: &str, completed, failed| {
            let thresholds = [text.parse().unwrap()];
            let mut abort = AbortConditions::new(&thresholds);
            let now = at(1_000, completed, failed);
            let _first = abort.broken(&shop(), &now);
            abort.broken(&shop(), &now).map(|(_, figure)| figure)
        };
        assert_eq!(ends("abort: errors < 10%", 10, 2), None);
        assert_eq!(
            ends("abort: errors < 10%", 10, 5).as_deref(),
            Some("50.000 %")
        );
        assert_eq!(ends("abort: p95 < 60s", 20, 2), None);
        assert_eq!(
            ends("abort: p95 < 60s", 20, 6).as_deref(),
            Some("6 of 20 beyond the limit")
        );
        assert_eq!(ends("abort: errors < 10", 100, 9), None);
        assert_eq!(ends("abort: errors < 10", 100, 10).as_deref(), Some("10"));
    }

    #[test]
    fn failures_count_as_endless_in_a_percentile() {
        let thresholds = ["abort: p95 < 60s".parse().unwrap()];
        let mut abort = AbortConditions::new(&thresholds);
        let all_failed = at(1_000, 100, 100);
        assert!(abort.broken(&shop(), &all_failed).is_none());
        assert!(abort.broken(&shop(), &all_failed).is_some());
    }

    /// How many of so many runs are ended within so many looks, where each request fails with this chance.
    /// Fifty requests a second, and a look each half second.
    fn ended(text: &str, share: f64, runs: u64, looks: u64) -> usize {
        let thresholds = [text.parse().unwrap()];
        let mut chance = seed::rng(5);
        let mut is_ended = || {
            let mut abort = AbortConditions::new(&thresholds);
            let progress = Progress::new(shop().operations);
            (1..=looks).any(|look| {
                for _ in 0..25 {
                    let outcome = if chance.random_bool(share) {
                        Outcome::Timeout
                    } else {
                        Outcome::Ok
                    };
                    progress.done(OpId(0), outcome, Nanos::from_millis(1));
                }
                let now = ProgressSnapshot {
                    at: Nanos::from_millis(look * 500),
                    ..progress.snapshot()
                };
                abort.broken(&shop(), &now).is_some()
            })
        };
        (0..runs).filter(|_| is_ended()).count()
    }

    /// A test at 5 % at each look ends more than a quarter of the runs of two minutes.
    #[test]
    fn a_share_at_the_limit_ends_few_runs_and_twice_the_limit_ends_all_soon() {
        let (errors, tail) = ("abort: errors < 10%", "abort: p90 < 60s");
        for text in [errors, tail] {
            let by_chance = ended(text, 0.1, 100, 240);
            assert!(by_chance <= 10, "{by_chance} of 100 at the limit: {text}");
            assert_eq!(ended(text, 0.2, 100, 60), 100, "{text}");
            let soon = ended(text, 0.2, 100, 12);
            assert!(soon > 50, "{soon} of 100 within six seconds: {text}");
        }
    }
}
