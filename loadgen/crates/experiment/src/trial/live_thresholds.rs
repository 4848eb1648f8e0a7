//! The thresholds of a running trial, with what they measure so far. What counts in the end is the
//! measured window.

use std::borrow::Cow;

use crate::{events::ThresholdNow, schema::ThresholdWord, verdict::percentile_word};
use loadgen_engine::{
    driver::{OperationCounts, ProgressSnapshot},
    flow::Catalog,
    threshold::{Scope, Threshold, ThresholdMetric},
};

/// Fewest answers of which anything is said.
pub(super) const FEWEST: u64 = 10;

/// Each threshold with its figure since the begin of the load.
pub(super) fn so_far(
    thresholds: &[Threshold],
    catalog: &Catalog,
    now: &ProgressSnapshot,
) -> Vec<ThresholdNow> {
    thresholds
        .iter()
        .map(|threshold| {
            let figure = counts(threshold, catalog, now)
                .and_then(|counts| figure(threshold, &counts, now))
                .filter(|(_, word)| *word != ThresholdWord::Unknown);
            ThresholdNow {
                text: threshold.text.clone(),
                broken: figure
                    .as_ref()
                    .is_some_and(|(_, word)| *word != ThresholdWord::Pass),
                figure: figure.map(|(text, _)| text),
            }
        })
        .collect()
}

/// The requests that a threshold is about; absent where only the end shows which they are, or where
/// too few were answered.
pub(super) fn counts<'a>(
    threshold: &Threshold,
    catalog: &Catalog,
    now: &'a ProgressSnapshot,
) -> Option<Cow<'a, OperationCounts>> {
    let operations = catalog.operations;
    let counts = match &threshold.scope {
        Scope::All => Cow::Borrowed(&now.total),
        Scope::Subject(name) => match catalog.flow(name) {
            Some(flow) if operations.by_name(name).is_none() => {
                let names = catalog.operation_names(flow);
                Cow::Owned(now.of_operations(|one| names.contains(&one)))
            }
            _ => Cow::Borrowed(now.operation(name)?),
        },
        Scope::Method(method) => Cow::Owned(now.of_operations(|one| {
            let op = operations.by_name(one);
            op.and_then(|op| operations.method(op)) == Some(method.as_str())
        })),
        Scope::Flow(_) | Scope::Phase(_) | Scope::Status(_) => return None,
    };
    (counts.count() >= FEWEST).then_some(counts)
}

/// What a threshold measures so far, and whether it holds; absent where it is known at the end only.
pub(super) fn figure(
    threshold: &Threshold,
    counts: &OperationCounts,
    now: &ProgressSnapshot,
) -> Option<(String, ThresholdWord)> {
    let (done, failed) = (counts.count(), counts.failed());
    let share = failed as f64 / done.max(1) as f64;
    let figure = match threshold.metric {
        ThresholdMetric::Quantile(quantile) => {
            let beyond = |is_beyond: &dyn Fn(f64) -> bool| counts.beyond(is_beyond);
            let figure = counts.response_ms(quantile) * 1e6;
            return Some(percentile_word(threshold, quantile, done, figure, beyond));
        }
        ThresholdMetric::Success => 1.0 - share,
        ThresholdMetric::Errors if threshold.percent => share,
        ThresholdMetric::Errors => failed as f64,
        ThresholdMetric::Rate => {
            let seconds = now.at.0 as f64 / 1e9;
            (done - failed) as f64 / seconds.max(1e-3)
        }
        _ => return None,
    };
    Some((threshold.display(figure), threshold.word(figure)))
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
            so_far(&thresholds, &shop(), &now)
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

    /// What is shown of one threshold, and whether it is broken.
    fn shown(text: &str, progress: &Progress) -> (Option<String>, bool) {
        let now = ProgressSnapshot {
            at: Nanos::from_millis(1_000),
            ..progress.snapshot()
        };
        let found = so_far(&[text.parse().unwrap()], &shop(), &now).remove(0);
        (found.figure, found.broken)
    }

    #[test]
    fn a_number_of_failures_is_compared_as_a_number() {
        let progress = Progress::new(shop().operations);
        for number in 0..20 {
            let outcome = if number < 3 {
                Outcome::Timeout
            } else {
                Outcome::Ok
            };
            progress.done(OpId(0), outcome, Nanos::from_millis(1));
        }
        assert_eq!(shown("errors < 3", &progress), (Some("3".into()), true));
        assert_eq!(shown("errors < 4", &progress), (Some("3".into()), false));
    }

    #[test]
    fn a_scope_shows_its_own_requests_or_none() {
        let shop = shop();
        let (op, with_method) = shop
            .operations
            .iter()
            .find(|(_, one)| one.method == Some("POST"))
            .unwrap();
        let other = shop
            .operations
            .iter()
            .find(|(_, one)| one.method == Some("GET"))
            .unwrap()
            .0;
        let flow = shop.flows.iter().find(|one| one.operations.contains(&op));
        let flow = flow.unwrap().name;
        let progress = Progress::new(shop.operations);
        for _ in 0..20 {
            progress.done(op, Outcome::Timeout, Nanos::from_millis(1));
        }
        for _ in 0..60 {
            progress.done(other, Outcome::Ok, Nanos::from_millis(1));
        }
        let all = Some("25.000 %".to_owned());
        let own = Some("100.000 %".to_owned());
        let name = with_method.name;
        assert_eq!(shown("errors < 50%", &progress), (all, false));
        assert_eq!(
            shown(&format!("{name}: errors < 50%"), &progress),
            (own.clone(), true)
        );
        assert_eq!(shown("method:POST: errors < 50%", &progress), (own, true));
        assert!(
            shown(&format!("{flow}: errors < 50%"), &progress)
                .0
                .is_some()
        );
        assert_eq!(
            shown("method:DELETE: errors < 50%", &progress),
            (None, false)
        );
        assert_eq!(shown("phase:peak: errors < 50%", &progress), (None, false));
        assert_eq!(shown("status:4xx: rate < 5/s", &progress), (None, false));
    }

    #[test]
    fn a_percentile_of_few_answers_is_not_known() {
        let progress = Progress::new(shop().operations);
        for _ in 0..58 {
            progress.done(OpId(0), Outcome::Ok, Nanos::from_millis(1));
        }
        assert_eq!(shown("p95 < 60s", &progress), (None, false));
        progress.done(OpId(0), Outcome::Ok, Nanos::from_millis(1));
        let held = Some("0 of 59 beyond the limit".to_owned());
        assert_eq!(shown("p95 < 60s", &progress), (held, false));
    }
}
