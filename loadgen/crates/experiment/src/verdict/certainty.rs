//! What few requests say about a limit. With ten samples beyond a percentile it is compared as it
//! was measured; of fewer it is one of the largest samples, and only their exact distribution may
//! decide.

use crate::schema::{Percentile, ThresholdWord};
use loadgen_engine::{
    threshold::{Level, Threshold, ThresholdMetric},
    units::Quantile,
};
use loadgen_stats::{
    binomial_at_least, binomial_at_most, exceeds_at_any_look, largest_share_of_none,
};

/// Chance of a wrong word that is accepted, on either side.
const LEVEL: f64 = 0.05;

/// Whether a percentile meets its threshold, with the figure that is shown.
///
/// `beyond` counts the samples whose response time, in nanoseconds, its argument is true of;
/// failures are infinitely slow.
pub fn percentile_word(
    threshold: &Threshold,
    quantile: Quantile,
    samples: u64,
    figure: f64,
    beyond: impl Fn(&dyn Fn(f64) -> bool) -> u64,
) -> (String, ThresholdWord) {
    let share = quantile.share();
    // A maximum is what it is, however few there are.
    if share >= 1.0 || Percentile::is_supported(share, samples) {
        return (threshold.display(figure), threshold.word(figure));
    }
    let comparison = threshold.comparison;
    let less = comparison.wants_less();
    let count = |limit: f64| beyond(&|ns| comparison.holds(ns, limit) != less);
    let meets = |limit: f64| {
        let count = count(limit);
        let few = binomial_at_most(count, samples, 1.0 - share) < LEVEL;
        let many = binomial_at_least(count, samples, 1.0 - share) < LEVEL;
        match (few, many) {
            (true, _) => Some(less),
            (_, true) => Some(!less),
            _ => None,
        }
    };
    let counted = |limit: f64| format!("{} of {samples} beyond the limit", count(limit));
    let laxer = threshold.tolerated.unwrap_or(threshold.limit);
    match (meets(threshold.limit), meets(laxer)) {
        (Some(true), _) => (counted(threshold.limit), ThresholdWord::Pass),
        (_, Some(true)) => (counted(laxer), ThresholdWord::Warn),
        (_, Some(false)) => (
            counted(laxer),
            match threshold.level {
                Level::Warn => ThresholdWord::Warn,
                Level::Fail => ThresholdWord::Fail,
            },
        ),
        (_, None) => (
            format!(
                "–  n={samples} (needs {})",
                Percentile::fewest_samples(share)
            ),
            ThresholdWord::Unknown,
        ),
    }
}

/// Whether so many failures of so many requests show that more fail than the threshold tolerates, however
/// often it is asked while they come in; `None` where it is not about the share of failures or successes.
pub fn failures_exceed(threshold: &Threshold, failures: u64, requests: u64) -> Option<bool> {
    let limit = threshold.tolerated.unwrap_or(threshold.limit);
    let allowed = allowed_failures(threshold, limit)?;
    Some(exceeds_at_any_look(failures, requests, allowed, LEVEL))
}

/// Whether samples show that a percentile misses its threshold, however often it is asked while they come in:
/// more of them miss the limit than the percentile leaves there.
///
/// `beyond` is that of [`percentile_word`].
pub fn percentile_exceeds(
    threshold: &Threshold,
    quantile: Quantile,
    samples: u64,
    beyond: impl Fn(&dyn Fn(f64) -> bool) -> u64,
) -> bool {
    let limit = threshold.tolerated.unwrap_or(threshold.limit);
    let comparison = threshold.comparison;
    let missing = beyond(&|ns| !comparison.holds(ns, limit));
    let allowed = if comparison.wants_less() {
        1.0 - quantile.share()
    } else {
        quantile.share()
    };
    exceeds_at_any_look(missing, samples, allowed, LEVEL)
}

/// What a threshold on the share of failures or successes rests on where it holds for so few
/// requests that even none failed does not exclude a share beyond its limit: `n=5 (needs 299)`.
/// Absent where there are enough, where it tolerates no failure, and for other thresholds.
pub(super) fn too_few_for_share(threshold: &Threshold, requests: u64) -> Option<String> {
    let allowed = allowed_failures(threshold, threshold.limit)?;
    let is_share = 0.0 < allowed && allowed < 1.0;
    if !is_share || largest_share_of_none(requests, 1.0 - LEVEL) <= allowed {
        return None;
    }
    // (1 - allowed)^n <= LEVEL
    let fewest = (LEVEL.ln() / (-allowed).ln_1p()).ceil();
    Some(format!("n={requests} (needs {fewest:.0})"))
}

/// The share of failures up to this limit of a threshold on the share of failures or successes.
fn allowed_failures(threshold: &Threshold, limit: f64) -> Option<f64> {
    match threshold.metric {
        ThresholdMetric::Errors if threshold.percent && threshold.comparison.wants_less() => {
            Some(limit)
        }
        ThresholdMetric::Success if !threshold.comparison.wants_less() => Some(1.0 - limit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The word on so many samples, the first `slow` of which take 3 s and the others 1 ms.
    fn word(text: &str, samples: u64, slow: u64) -> (ThresholdWord, String) {
        let threshold: Threshold = text.parse().unwrap();
        let ThresholdMetric::Quantile(quantile) = threshold.metric else {
            panic!("{text} is about no percentile");
        };
        let figure = if samples - slow >= quantile.rank(samples) {
            1e6
        } else {
            3e9
        };
        let beyond = |is: &dyn Fn(f64) -> bool| {
            u64::from(is(3e9)) * slow + u64::from(is(1e6)) * (samples - slow)
        };
        let (shown, word) = percentile_word(&threshold, quantile, samples, figure, beyond);
        (word, shown)
    }

    #[test]
    fn a_percentile_of_few_is_decided_only_where_chance_does_not_explain_it() {
        use ThresholdWord::{Fail, Pass, Unknown, Warn};
        for (text, samples, slow, expected, shown) in [
            // Enough: as measured.
            ("p95 < 1s", 200, 10, Pass, "1.00 ms"),
            ("p95 < 1s", 200, 11, Fail, "3.00 s"),
            // 0.95^59 is below 0.05, 0.95^58 is not.
            ("p95 < 1s", 59, 0, Pass, "0 of 59 beyond the limit"),
            ("p95 < 1s", 58, 0, Unknown, "–  n=58 (needs 200)"),
            ("p95 < 1s", 24, 1, Unknown, "–  n=24 (needs 200)"),
            ("p95 < 1s", 24, 5, Fail, "5 of 24 beyond the limit"),
            ("p95 < 1s", 1, 1, Unknown, "–  n=1 (needs 200)"),
            ("warn: p95 < 1s", 24, 5, Warn, "5 of 24 beyond the limit"),
            ("warn: p95 < 1s", 24, 1, Unknown, "–  n=24 (needs 200)"),
            ("p95 < 1s warn 5s", 59, 5, Warn, "0 of 59 beyond the limit"),
            ("p95 < 1s warn 2s", 24, 5, Fail, "5 of 24 beyond the limit"),
            ("p95 < 1s warn 5s", 24, 5, Unknown, "–  n=24 (needs 200)"),
            ("p95 > 1s", 24, 5, Pass, "5 of 24 beyond the limit"),
            ("p95 > 1s", 59, 0, Fail, "0 of 59 beyond the limit"),
            ("p100 < 5s", 3, 1, Pass, "3.00 s"),
        ] {
            assert_eq!(
                word(text, samples, slow),
                (expected, shown.to_owned()),
                "{text} with {slow} of {samples}"
            );
        }
    }

    #[test]
    fn a_share_of_few_requests_is_said_with_how_many_it_needs() {
        let few = |text: &str, requests| too_few_for_share(&text.parse().unwrap(), requests);
        let said = |text: &str| Some(text.to_owned());
        // 0.99^299 is below 0.05, 0.99^298 is not.
        assert_eq!(few("success > 99%", 5), said("n=5 (needs 299)"));
        assert_eq!(few("errors < 1%", 298), said("n=298 (needs 299)"));
        assert_eq!(few("errors < 1%", 299), None);
        assert_eq!(few("errors < 10%", 28), said("n=28 (needs 29)"));
        assert_eq!(few("errors < 10%", 29), None);
        for other in [
            "success >= 100%",
            "errors < 3",
            "errors <= 0%",
            "errors > 1%",
            "p95 < 1s",
        ] {
            assert_eq!(few(other, 5), None, "{other}");
        }
    }

    #[test]
    fn a_percentile_that_is_asked_again_and_again_needs_more_than_one_look_would() {
        for (text, samples, slow, expected) in [
            // Five of 24 would do at a single look.
            ("p95 < 1s", 24, 5, false),
            ("p95 < 1s", 24, 8, true),
            ("p95 < 1s", 400, 24, false),
            ("p95 < 1s", 400, 60, true),
            ("p95 < 1s warn 5s", 24, 8, false),
            ("p95 > 1s", 59, 0, false),
            ("p95 > 1s", 200, 0, true),
            ("p95 > 1s", 200, 40, false),
            ("p100 < 5s", 3, 1, false),
            ("p100 < 2s", 3, 1, true),
        ] {
            let threshold: Threshold = text.parse().unwrap();
            let ThresholdMetric::Quantile(quantile) = threshold.metric else {
                panic!("{text} is about no percentile");
            };
            let beyond = |is: &dyn Fn(f64) -> bool| {
                u64::from(is(3e9)) * slow + u64::from(is(1e6)) * (samples - slow)
            };
            assert_eq!(
                percentile_exceeds(&threshold, quantile, samples, beyond),
                expected,
                "{text} with {slow} of {samples}"
            );
        }
    }

    #[test]
    fn few_failures_do_not_show_that_too_many_fail() {
        let exceed = |text: &str, failures, requests| {
            failures_exceed(&text.parse().unwrap(), failures, requests)
        };
        assert_eq!(exceed("errors < 10%", 2, 10), Some(false));
        assert_eq!(exceed("errors < 10%", 5, 10), Some(true));
        assert_eq!(exceed("success > 90%", 5, 10), Some(true));
        assert_eq!(exceed("errors < 1% warn 60%", 5, 10), Some(false));
        assert_eq!(exceed("errors < 3", 5, 10), None);
        assert_eq!(exceed("rate > 3/s", 5, 10), None);
    }
}
