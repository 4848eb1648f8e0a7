//! Holds the promises of a suite against what was measured.

use std::collections::BTreeMap;

use crate::{
    aggregator::OpData,
    flows,
    sample::OpId,
    sample::Outcome,
    store::schema::ThresholdResult,
    threshold::{Level, Metric, Threshold},
};

/// Holds every threshold against one arm, all its valid trials taken together, which measured
/// for `window_s` seconds.
pub fn hold(
    thresholds: &[Threshold],
    arm: &str,
    ops: &BTreeMap<OpId, OpData>,
    window_s: f64,
) -> Vec<ThresholdResult> {
    thresholds
        .iter()
        .map(|threshold| {
            let data = subject(threshold.subject.as_deref(), ops);
            let found = figure(threshold.metric, &data, window_s);
            let held = match found {
                Figure::Known(figure) => threshold.comparison.holds(figure, threshold.limit),
                // Beyond the timeout: longer than any limit.
                Figure::Beyond => threshold.comparison.holds(f64::INFINITY, threshold.limit),
                // A promise about what was not asked is not kept.
                Figure::Nothing => false,
            };
            ThresholdResult {
                text: threshold.text.clone(),
                arm: arm.to_owned(),
                figure: match found {
                    Figure::Known(figure) => threshold.metric.display(figure),
                    Figure::Beyond => "beyond the timeout".to_owned(),
                    Figure::Nothing => "no requests".to_owned(),
                },
                word: match (held, threshold.level) {
                    (true, _) => "PASS",
                    (false, Level::Warn) => "WARN",
                    (false, Level::Fail) => "FAIL",
                }
                .to_owned(),
            }
        })
        .collect()
}

/// The largest share of failures that the promises of a suite allow; a hundredth where none
/// speaks of it.
pub fn error_limit(thresholds: &[Threshold]) -> f64 {
    thresholds
        .iter()
        .filter(|one| one.subject.is_none() && one.level == Level::Fail)
        .filter_map(|one| match one.metric {
            Metric::Errors => Some(one.limit),
            Metric::Success => Some(1.0 - one.limit),
            _ => None,
        })
        .reduce(f64::min)
        .unwrap_or(0.01)
}

enum Figure {
    Known(f64),
    Beyond,
    Nothing,
}

fn subject(subject: Option<&str>, ops: &BTreeMap<OpId, OpData>) -> OpData {
    let wanted: Vec<OpId> = match subject {
        None => ops.keys().copied().collect(),
        Some(name) => match (flows::operation(name), flows::flow(name)) {
            (Some(op), _) => vec![op],
            (None, Some(flow)) => flow.operations().to_vec(),
            (None, None) => Vec::new(),
        },
    };
    let mut all = OpData::default();
    for data in wanted.iter().filter_map(|op| ops.get(op)) {
        all.merge(data);
    }
    all
}

fn figure(metric: Metric, data: &OpData, window_s: f64) -> Figure {
    if data.planned == 0 {
        return Figure::Nothing;
    }
    let success = data.count(Outcome::Ok) as f64 / data.planned as f64;
    match metric {
        Metric::Quantile(quantile) => data
            .response_slo(quantile)
            .map_or(Figure::Beyond, |found| Figure::Known(found.as_ms())),
        Metric::Max if data.failures() > 0 => Figure::Beyond,
        Metric::Max => Figure::Known(data.ok.max() as f64 / 1e6),
        Metric::Mean if data.ok.is_empty() => Figure::Beyond,
        Metric::Mean => Figure::Known(data.ok.mean() / 1e6),
        Metric::Success => Figure::Known(success),
        Metric::Errors => Figure::Known(1.0 - success),
        Metric::Rate => Figure::Known(data.count(Outcome::Ok) as f64 / window_s.max(1e-9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 requests, the k-th takes k ms; the `failures` slowest fail.
    fn ops(failures: u64) -> BTreeMap<OpId, OpData> {
        let mut data = OpData {
            planned: 100,
            ..OpData::default()
        };
        for ms in 1..=100 - failures {
            data.ok.record(ms * 1_000_000).unwrap();
        }
        data.outcomes[Outcome::Ok.index()] = 100 - failures;
        data.outcomes[Outcome::Timeout.index()] = failures;
        BTreeMap::from([(flows::operation("auth.login").unwrap(), data)])
    }

    fn words(texts: &[&str], failures: u64) -> Vec<(String, String)> {
        let thresholds: Vec<Threshold> = texts.iter().map(|text| text.parse().unwrap()).collect();
        hold(&thresholds, "run", &ops(failures), 10.0)
            .into_iter()
            .map(|one| (one.word, one.figure))
            .collect()
    }

    #[test]
    fn promises_that_are_kept_pass_and_others_fail_or_warn() {
        let words = words(
            &[
                "p95 < 96ms",
                "p95 < 95ms",
                "warn: auth.login: p99 < 1ms",
                "success >= 100%",
                "rate > 9/s",
            ],
            0,
        );
        let only: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(only, ["PASS", "FAIL", "WARN", "PASS", "PASS"]);
    }

    #[test]
    fn a_percentile_that_failures_reach_into_lies_beyond_the_timeout() {
        let words = words(&["p95 < 60s", "p90 < 60s", "errors < 11%"], 6);
        assert_eq!(words[0], ("FAIL".into(), "beyond the timeout".into()));
        assert_eq!(words[1].0, "PASS");
        assert_eq!(words[2], ("PASS".into(), "6.000 %".into()));
    }

    #[test]
    fn a_promise_about_what_was_not_asked_is_not_kept() {
        assert_eq!(
            words(&["chat.send: p95 < 1s"], 0)[0],
            ("FAIL".into(), "no requests".into())
        );
    }
}
