//! Compares the thresholds of a suite with what was measured.

use std::collections::BTreeMap;

use super::certainty::{percentile_word, too_few_for_share};
use crate::schema::{ArmName, Server, ThresholdResult, ThresholdWord};
use loadgen_engine::{
    aggregator::OpData,
    flow::Catalog,
    sample::OpId,
    sample::Outcome,
    threshold::{Level, Scope, Threshold, ThresholdMetric},
};

/// The last word of the operations that `ws.delivery` speaks of: one's own message, received back.
const DELIVERY: &str = ".deliver";

/// What one arm measured, all its valid trials taken together.
#[derive(Debug, Clone, Copy)]
pub struct ThresholdFigures<'a> {
    /// What the operations and flows are called.
    pub catalog: &'a Catalog,
    /// Each operation.
    pub ops: &'a BTreeMap<OpId, OpData>,
    /// Each named phase, all operations together, with its seconds.
    pub phases: &'a BTreeMap<String, (OpData, f64)>,
    /// The iterations of each flow.
    pub flows: &'a BTreeMap<String, OpData>,
    /// Name of the target's process; absent where the application names none.
    pub target: Option<&'a str>,
    /// What the target said of itself.
    pub server: &'a Server,
    /// Seconds measured.
    pub window_s: f64,
}

/// What may fail where no threshold says it.
const DEFAULT: &str = "errors < 1%";

/// The thresholds that are given, and the default where none of them limits the failures of all
/// requests; with whether it is the default.
pub fn in_force(thresholds: &[Threshold]) -> Vec<(Threshold, bool)> {
    let given = thresholds
        .iter()
        .map(|threshold| (threshold.clone(), false));
    let default = (!thresholds.iter().any(limits_failures))
        .then(|| DEFAULT.parse::<Threshold>().expect("it is a threshold"));
    given
        .chain(default.map(|threshold| (threshold, true)))
        .collect()
}

/// Compares every threshold with one arm. Where none limits the failures of all requests, the
/// default does: what fails does not pass because no limit was given.
pub fn evaluate(
    thresholds: &[Threshold],
    arm: &ArmName,
    figures: ThresholdFigures<'_>,
) -> Vec<ThresholdResult> {
    let all = in_force(thresholds).into_iter();
    all.map(|(threshold, by_default)| {
        let threshold = &threshold;
        let found = figure(threshold, figures);
        let (text, word) = match found {
            Figure::Known(figure) => (threshold.display(figure), threshold.word(figure)),
            Figure::Judged(text, word) => (text, word),
            // Longer than any limit.
            Figure::Beyond => (
                threshold.display(f64::INFINITY),
                threshold.word(f64::INFINITY),
            ),
            // A limit of what was not sent or not seen is not met.
            Figure::Nothing(why) => (
                why.to_owned(),
                match threshold.level {
                    Level::Warn => ThresholdWord::Warn,
                    Level::Fail => ThresholdWord::Fail,
                },
            ),
        };
        ThresholdResult {
            text: threshold.text.clone(),
            arm: arm.clone(),
            figure: text,
            word,
            only_warns: threshold.level == Level::Warn,
            by_default,
        }
    })
    .collect()
}

/// Marks the threshold that ended the run early: its text, and the figure that broke it.
pub fn mark_abort(results: &mut [ThresholdResult], ended_by: Option<&(String, String)>) {
    let Some((text, figure)) = ended_by else {
        return;
    };
    for one in results.iter_mut().filter(|one| one.text == *text) {
        one.word = ThresholdWord::Fail;
        one.figure = format!("{figure}, which ended the run");
    }
}

/// Whether a threshold limits the failures of all requests together. One that only warns limits
/// nothing.
pub fn limits_failures(threshold: &Threshold) -> bool {
    threshold.scope == Scope::All
        && threshold.level == Level::Fail
        && matches!(
            threshold.metric,
            ThresholdMetric::Errors | ThresholdMetric::Success
        )
}

/// The largest share of failures that the thresholds of a suite allow; a hundredth where none
/// limits it.
pub fn error_limit(thresholds: &[Threshold]) -> f64 {
    thresholds
        .iter()
        .filter(|one| one.scope == Scope::All && one.level == Level::Fail && one.percent)
        .filter_map(|one| {
            let limit = one.tolerated.unwrap_or(one.limit);
            match one.metric {
                ThresholdMetric::Errors => Some(limit),
                ThresholdMetric::Success => Some(1.0 - limit),
                _ => None,
            }
        })
        .reduce(f64::min)
        .unwrap_or(0.01)
}

enum Figure {
    Known(f64),
    /// As it is shown, and whether it holds.
    Judged(String, ThresholdWord),
    Beyond,
    Nothing(&'static str),
}

fn figure(threshold: &Threshold, figures: ThresholdFigures<'_>) -> Figure {
    let server = figures.server;
    let seen = |figure: Option<f64>| figure.map_or(Figure::Nothing("not visible"), Figure::Known);
    match threshold.metric {
        ThresholdMetric::TargetCpu => {
            let spent = figures.target.and_then(|name| server.cpu_s.get(name));
            return seen(spent.map(|spent| spent / server.window_s.max(1e-9)));
        }
        ThresholdMetric::TargetMemory => {
            let bytes = figures.target.and_then(|name| server.rss_bytes.get(name));
            return seen(bytes.map(|bytes| *bytes as f64));
        }
        ThresholdMetric::PoolUse => {
            let size = f64::from(server.pool_max);
            return seen((size > 0.0).then(|| f64::from(server.pool_in_use_max) / size));
        }
        _ => {}
    }
    let (data, seconds) = requests(threshold, figures);
    if data.planned == 0 {
        return Figure::Nothing("no requests");
    }
    if let Scope::Status(class) = threshold.scope {
        let count: u64 = data
            .statuses
            .iter()
            .filter(|(status, _)| class.contains(**status))
            .map(|(_, count)| count)
            .sum();
        return Figure::Known(match threshold.metric {
            ThresholdMetric::Rate => count as f64 / seconds,
            _ => counted(count, data.planned, threshold.percent),
        });
    }
    of_requests(threshold, &data, seconds)
}

fn of_requests(threshold: &Threshold, data: &OpData, seconds: f64) -> Figure {
    let ok = data.count(Outcome::Ok);
    let count = |count: u64| Figure::Known(counted(count, data.planned, threshold.percent));
    // A share that holds says on how few requests it rests.
    let share = |part: u64, percent: bool| {
        let figure = counted(part, data.planned, percent);
        let word = threshold.word(figure);
        match too_few_for_share(threshold, data.planned) {
            Some(few) if word == ThresholdWord::Pass => {
                Figure::Judged(format!("{}  {few}", threshold.display(figure)), word)
            }
            _ => Figure::Known(figure),
        }
    };
    match threshold.metric {
        ThresholdMetric::Quantile(quantile) => {
            let figure = data.response_slo(quantile);
            let figure = figure.map_or(f64::INFINITY, |found| found.0 as f64);
            let beyond = |is_beyond: &dyn Fn(f64) -> bool| data.beyond(is_beyond);
            let (text, word) = percentile_word(threshold, quantile, data.planned, figure, beyond);
            Figure::Judged(text, word)
        }
        ThresholdMetric::Max if data.failures() > 0 => Figure::Beyond,
        ThresholdMetric::Max => Figure::Known(data.ok.max() as f64),
        ThresholdMetric::Mean if data.ok.is_empty() => Figure::Beyond,
        ThresholdMetric::Mean => Figure::Known(data.ok.mean()),
        ThresholdMetric::Success => share(ok, true),
        ThresholdMetric::Delivery => Figure::Known(counted(ok, data.planned, true)),
        ThresholdMetric::Errors => share(data.failures(), threshold.percent),
        ThresholdMetric::Timeouts => count(data.count(Outcome::Timeout)),
        ThresholdMetric::Dropped => count(data.count(Outcome::Dropped)),
        ThresholdMetric::Rate => Figure::Known(ok as f64 / seconds),
        ThresholdMetric::Bytes => Figure::Known(data.bytes_in as f64 / seconds),
        ThresholdMetric::Count
        | ThresholdMetric::TargetCpu
        | ThresholdMetric::TargetMemory
        | ThresholdMetric::PoolUse => Figure::Nothing("not a figure of requests"),
    }
}

/// A number, or its share of `whole`.
fn counted(part: u64, whole: u64, percent: bool) -> f64 {
    if percent {
        part as f64 / whole.max(1) as f64
    } else {
        part as f64
    }
}

/// The requests that a threshold speaks of, and the seconds in which they were made.
fn requests(threshold: &Threshold, figures: ThresholdFigures<'_>) -> (OpData, f64) {
    let named = |wanted: &dyn Fn(OpId) -> bool| {
        let mut all = OpData::default();
        for (_, data) in figures.ops.iter().filter(|(op, _)| wanted(**op)) {
            all.merge(data);
        }
        (all, figures.window_s.max(1e-9))
    };
    let operations = figures.catalog.operations;
    match &threshold.scope {
        _ if threshold.metric == ThresholdMetric::Delivery => {
            named(&|op| operations.name(op).ends_with(DELIVERY))
        }
        Scope::All | Scope::Status(_) => named(&|_| true),
        Scope::Subject(name) => match (operations.by_name(name), figures.catalog.flow(name)) {
            (Some(wanted), _) => named(&|op| op == wanted),
            (None, Some(flow)) => named(&|op| flow.operations.contains(&op)),
            (None, None) => named(&|_| false),
        },
        Scope::Flow(name) => {
            let data = figures.flows.get(name).cloned().unwrap_or_default();
            (data, figures.window_s.max(1e-9))
        }
        Scope::Method(method) => named(&|op| operations.method(op) == Some(method.as_str())),
        Scope::Phase(name) => figures.phases.get(name).map_or_else(
            || named(&|_| false),
            |(data, seconds)| (data.clone(), seconds.max(1e-9)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_engine::{flow::shop, units::Nanos};

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
        data.statuses = BTreeMap::from([(200, 100 - failures), (503, failures)]);
        data.bytes_in = 20_000;
        BTreeMap::from([(shop().operations.by_name("session.open").unwrap(), data)])
    }

    fn words(texts: &[&str], failures: u64) -> Vec<(String, String)> {
        let thresholds: Vec<Threshold> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let server = Server {
            cpu_s: BTreeMap::from([("shop".to_owned(), 12.0)]),
            rss_bytes: BTreeMap::from([("shop".to_owned(), 80_000_000)]),
            window_s: 10.0,
            pool_in_use_max: 4,
            pool_max: 5,
            ..Server::default()
        };
        let mut peak = OpData {
            planned: 50,
            ..OpData::default()
        };
        peak.outcomes[Outcome::Ok.index()] = 50;
        peak.ok.record(7_000_000).unwrap();
        let mut placed = OpData {
            planned: 200,
            ..OpData::default()
        };
        for _ in 0..200 {
            placed.record_time(Outcome::Ok, Nanos::from_millis(1_500));
        }
        let shop = shop();
        let figures = ThresholdFigures {
            catalog: &shop,
            ops: &ops(failures),
            phases: &BTreeMap::from([("peak".to_owned(), (peak, 5.0))]),
            flows: &BTreeMap::from([("session.start".to_owned(), placed)]),
            target: Some("shop"),
            server: &server,
            window_s: 10.0,
        };
        evaluate(&thresholds, &"run".into(), figures)
            .into_iter()
            .map(|one| (one.word.to_string(), one.figure))
            .collect()
    }

    #[test]
    fn thresholds_that_hold_pass_and_others_fail_or_warn() {
        let words = words(
            &[
                "p90 < 91ms",
                "p90 < 90ms",
                "warn: session.open: p99 < 1ms",
                "success >= 100%",
                "rate > 9/s",
            ],
            0,
        );
        let only: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(only, ["PASS", "FAIL", "WARN", "PASS", "PASS"]);
    }

    #[test]
    fn a_flow_is_judged_by_the_duration_of_its_iterations() {
        let words = words(
            &[
                "flow:session.start: p95 < 2s",
                "flow:session.start: p95 < 1s",
                "flow:session.start: rate > 19/s",
                "flow:unknown: p95 < 2s",
            ],
            0,
        );
        let only: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
        // The default limit of errors follows.
        assert_eq!(only[..4], ["PASS", "FAIL", "PASS", "FAIL"]);
        assert_eq!(words[3].1, "no requests");
    }

    #[test]
    fn a_percentile_that_failures_reach_into_lies_beyond_the_timeout() {
        let words = words(&["p90 < 60s", "p85 < 60s", "errors < 12%"], 11);
        assert_eq!(words[0], ("FAIL".into(), "beyond the timeout".into()));
        assert_eq!(words[1].0, "PASS");
        assert_eq!(words[2], ("PASS".into(), "11.000 %".into()));
    }

    #[test]
    fn a_percentile_without_the_data_is_not_known_and_failures_lie_beyond_every_limit() {
        let unknown = ("UNKNOWN".to_owned(), "–  n=100 (needs 200)".to_owned());
        assert_eq!(only("p95 < 96ms", 0), unknown);
        assert_eq!(only("warn: p95 < 96ms", 0), unknown);
        assert_eq!(
            only("p95 < 60s", 0),
            ("PASS".into(), "0 of 100 beyond the limit".into())
        );
        assert_eq!(
            only("p99 < 60s", 4),
            ("FAIL".into(), "4 of 100 beyond the limit".into())
        );
    }

    #[test]
    fn a_share_that_holds_for_few_requests_says_so_and_keeps_its_word() {
        for (text, failures, word, figure) in [
            ("success > 99%", 0, "PASS", "100.000 %  n=100 (needs 299)"),
            ("success > 90%", 0, "PASS", "100.000 %"),
            ("errors < 1%", 0, "PASS", "0.000 %  n=100 (needs 299)"),
            ("errors < 2%", 1, "PASS", "1.000 %  n=100 (needs 149)"),
            ("errors < 5%", 1, "PASS", "1.000 %"),
            ("errors < 3", 0, "PASS", "0"),
            ("success >= 100%", 0, "PASS", "100.000 %"),
            ("success > 99%", 2, "FAIL", "98.000 %"),
        ] {
            assert_eq!(only(text, failures), (word.into(), figure.into()), "{text}");
        }
    }

    #[test]
    fn a_limit_of_what_was_not_sent_is_not_met() {
        assert_eq!(
            words(&["chat.send: p95 < 1s"], 0)[0],
            ("FAIL".into(), "no requests".into())
        );
    }

    #[test]
    fn failures_of_all_requests_have_a_limit_whether_or_not_anybody_gave_one() {
        let last = |texts: &[&str], failures| words(texts, failures).pop().unwrap();
        assert_eq!(last(&[], 2), ("FAIL".into(), "2.000 %".into()));
        assert_eq!(
            last(&["p50 < 1s"], 0),
            ("PASS".into(), "0.000 %  n=100 (needs 299)".into())
        );
        let scoped = words(&["session.open: errors < 5%"], 2);
        assert_eq!(scoped.len(), 2);
        assert_eq!(words(&["errors < 5%"], 2).len(), 1);
        let warned = words(&["warn: success > 99%"], 2);
        assert_eq!(warned.len(), 2, "a warning limits nothing");
    }

    fn only(text: &str, failures: u64) -> (String, String) {
        words(&[text], failures).remove(0)
    }

    #[test]
    fn a_scope_narrows_to_phase_method_or_status() {
        for (text, word, figure) in [
            ("phase:peak: rate > 9/s", "PASS", "10.0/s"),
            ("phase:lull: rate > 9/s", "FAIL", "no requests"),
            ("method:POST: p50 < 51ms", "PASS", "50.0 ms"),
            ("method:GET: p50 < 51ms", "FAIL", "no requests"),
            ("status:5xx: count < 6", "FAIL", "6"),
            ("status:503: count < 7%", "PASS", "6.000 %"),
            ("warn: status:5xx: rate < 0.5/s", "WARN", "0.6/s"),
        ] {
            assert_eq!(only(text, 6), (word.into(), figure.into()), "{text}");
        }
    }

    #[test]
    fn the_target_s_own_figures_have_limits() {
        for (text, word, figure) in [
            ("cpu.target < 150%", "PASS", "120.000 %"),
            ("memory.target < 64MB", "FAIL", "80.0 MB"),
            ("pool.use < 75% warn 90%", "WARN", "80.000 %"),
            ("bytes > 1kB/s", "PASS", "2.0 kB/s"),
            ("timeouts < 7", "PASS", "6"),
            ("dropped < 1%", "PASS", "0.000 %"),
            ("ws.delivery > 99%", "FAIL", "no requests"),
        ] {
            assert_eq!(only(text, 6), (word.into(), figure.into()), "{text}");
        }
    }

    #[test]
    fn the_errors_that_a_suite_allows_are_those_of_its_strictest_threshold() {
        let all: Vec<Threshold> = [
            "success > 99%",
            "errors < 5%",
            "session.open: errors < 0.1%",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        assert!((error_limit(&all) - 0.01).abs() < 1e-9);
        assert!((error_limit(&all[1..]) - 0.05).abs() < 1e-9);
        assert!((error_limit(&[]) - 0.01).abs() < 1e-9);
    }
}
