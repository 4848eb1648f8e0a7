//! The thresholds of a running trial, with what they measure so far. What counts in the end is the
//! measured window.

use crate::{events::ThresholdNow, schema::ThresholdWord};
use loadgen_engine::{
    driver::{OperationCounts, ProgressSnapshot},
    threshold::{Threshold, ThresholdMetric},
};

/// Fewest answers of which anything is said.
pub(super) const FEWEST: u64 = 10;

/// Each threshold with its figure since the begin of the load.
pub(super) fn so_far(thresholds: &[Threshold], now: &ProgressSnapshot) -> Vec<ThresholdNow> {
    thresholds
        .iter()
        .map(|threshold| {
            let figure = figure(threshold, now);
            ThresholdNow {
                text: threshold.text.clone(),
                figure: figure.map(|figure| threshold.display(figure)),
                broken: figure.is_some_and(|figure| threshold.word(figure) != ThresholdWord::Pass),
            }
        })
        .collect()
}

/// The figure of a threshold since the begin of the load; absent where too little was answered, or
/// where it can only be known at the end.
pub(super) fn figure(threshold: &Threshold, now: &ProgressSnapshot) -> Option<f64> {
    let counts = match threshold.subject() {
        None => &now.total,
        Some(name) => now.operation(name)?,
    };
    (counts.count() >= FEWEST)
        .then(|| of_counts(threshold.metric, counts, now))
        .flatten()
}

fn of_counts(
    metric: ThresholdMetric,
    counts: &OperationCounts,
    now: &ProgressSnapshot,
) -> Option<f64> {
    let (done, failed) = (counts.count(), counts.failed());
    let share = failed as f64 / done.max(1) as f64;
    match metric {
        ThresholdMetric::Quantile(quantile) => Some(counts.response_ms(quantile) * 1e6),
        ThresholdMetric::Success => Some(1.0 - share),
        ThresholdMetric::Errors => Some(share),
        ThresholdMetric::Rate => {
            let seconds = now.at.0 as f64 / 1e9;
            Some((done - failed) as f64 / seconds.max(1e-3))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_engine::{
        driver::Progress,
        flow::shop,
        sample::{OpId, Outcome},
        units::Nanos,
    };

    #[test]
    fn a_threshold_shows_its_figure_and_whether_it_is_broken_once_enough_was_answered() {
        let thresholds: Vec<Threshold> = ["errors < 10%", "p50 < 60s", "success > 99%"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let progress = Progress::new(shop().operations);
        let done = |outcome| progress.done(OpId(0), outcome, Nanos::from_millis(1));
        done(Outcome::Timeout);
        let shown = |progress: &Progress| {
            let now = ProgressSnapshot {
                at: Nanos::from_millis(1_000),
                ..progress.snapshot()
            };
            so_far(&thresholds, &now)
        };
        assert!(shown(&progress).iter().all(|one| one.figure.is_none()));
        for _ in 0..19 {
            done(Outcome::Ok);
        }
        let found = shown(&progress);
        assert_eq!(found[0].figure.as_deref(), Some("5.000 %"));
        let broken: Vec<bool> = found.iter().map(|one| one.broken).collect();
        assert_eq!(broken, [false, false, true]);
    }
}
