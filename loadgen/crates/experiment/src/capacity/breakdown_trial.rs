//! One trial at the capacity or past it: what happened to its requests.
//!
//! *Goodput in time* is the number of right answers within the time limit of the SLO, a second. The limit
//! of an operation is that on its highest percentile: of the limits on the operation itself, else of those
//! on a flow that sends it, else of those on its method, else of those on all requests. Where none limits
//! the time of an operation, each of its right answers is in time.

use super::plan::CapacityPlan;
use crate::{
    schema::{BreakdownFigures, BreakdownTrial, LoadTrial, LoadVote, Percentile, TrialPurpose},
    system::Application,
    trial::{TrialOutcome, spike_recovery},
};
use loadgen_engine::{
    aggregator::{OpData, TrialData},
    flow::Catalog,
    sample::OpId,
    threshold::{Scope, Threshold, ThresholdMetric},
    units::{Nanos, Quantile},
};

/// The status of a request that is refused under overload.
const REFUSED: u16 = 503;
/// The percentile that is shown, as a share.
const TAIL: f64 = 0.95;

/// What happened in a trial of a breakdown; absent of another trial.
pub(super) fn breakdown_trial(
    plan: &CapacityPlan,
    application: &dyn Application,
    step: &LoadTrial,
    outcome: &TrialOutcome,
) -> Option<BreakdownTrial> {
    let breakdown = plan.breakdown.as_ref();
    let breakdown = breakdown.filter(|_| step.purpose.is_breakdown())?;
    let mut policies = breakdown.policies.iter();
    let policy = policies.find(|one| one.settings == plan.settings)?;
    let data = &outcome.data;
    let (figures, answered_in_time) = figures(&plan.slo, application.catalog(), data);
    let counts = step.vote != LoadVote::Invalid;
    let is_spike = counts && step.purpose == TrialPurpose::Spike;
    Some(BreakdownTrial {
        folder: step.folder.clone(),
        policy: policy.name.clone(),
        load: step.load,
        answered_in_time,
        figures,
        validity: step.validity,
        doubts: if counts { Vec::new() } else { step.why.clone() },
        spike: is_spike.then(|| {
            let times = breakdown.spike;
            let began = times.before.duration().as_secs_f64();
            spike_recovery(data, began, began + times.spike.duration().as_secs_f64())
        }),
    })
}

/// What happened to the requests, and how many were answered in time.
pub(super) fn figures(
    slo: &[Threshold],
    catalog: &Catalog,
    data: &TrialData,
) -> (BreakdownFigures, u64) {
    let in_time: u64 = data
        .ops
        .iter()
        .map(|(op, one)| answered_in_time(time_limit(slo, catalog, *op), one))
        .sum();
    let total = &data.total;
    let refused = total.statuses.get(&REFUSED).copied().unwrap_or(0);
    // Where 503 is what was asked for it is no failure.
    let refused = refused.min(total.failures());
    let failed = total.failures() - refused;
    let late = total.planned.saturating_sub(in_time + refused + failed);
    let share = |count: u64| count as f64 / total.planned.max(1) as f64;
    let seconds = data.window_s().max(1e-9);
    let response = Quantile::of(TAIL)
        .ok()
        .and_then(|tail| total.response_slo(tail));
    let answered = (!total.ok.is_empty()).then(|| Nanos(total.ok.value_at_quantile(TAIL)).as_ms());
    let figures = BreakdownFigures {
        offered_per_s: total.planned as f64 / seconds,
        goodput_per_s: in_time as f64 / seconds,
        in_time: share(in_time),
        late: share(late),
        refused: share(refused),
        failed: share(failed),
        p95_ms: Percentile::of(TAIL, total.planned, response.map(Nanos::as_ms)),
        answered_p95_ms: Percentile::of(TAIL, total.ok.len(), answered),
    };
    (figures, in_time)
}

/// Right answers that meet a limit, all of them without one.
fn answered_in_time(limit: Option<&Threshold>, data: &OpData) -> u64 {
    let missed = |ns: f64| limit.is_some_and(|one| !one.comparison.holds(ns, one.limit));
    // A failure is infinitely slow.
    let beyond = |ns: f64| ns.is_infinite() || missed(ns);
    data.planned.saturating_sub(data.beyond(beyond))
}

/// The limits within which an answer is in time, each once, in the order of the SLO; of all operations of
/// these flows.
pub(super) fn time_limits(slo: &[Threshold], catalog: &Catalog, flows: &[&str]) -> Vec<String> {
    let operations: Vec<OpId> = flows
        .iter()
        .filter_map(|name| catalog.flow(name))
        .flat_map(|flow| flow.operations.iter().copied())
        .collect();
    let counts = |one: &&Threshold| {
        let mut limits = operations.iter().map(|op| time_limit(slo, catalog, *op));
        limits.any(|limit| limit.is_some_and(|limit| limit.text == one.text))
    };
    slo.iter()
        .filter(counts)
        .map(|one| one.text.clone())
        .collect()
}

/// The limit on the time of an operation's answers.
fn time_limit<'a>(slo: &'a [Threshold], catalog: &Catalog, op: OpId) -> Option<&'a Threshold> {
    let operations = catalog.operations;
    let is_of = |scope: &Scope| match scope {
        Scope::Subject(name) if operations.by_name(name).is_some() => {
            (operations.by_name(name) == Some(op)).then_some(3)
        }
        Scope::Subject(name) => {
            let flow = catalog.flow(name);
            flow.is_some_and(|flow| flow.operations.contains(&op))
                .then_some(2)
        }
        Scope::Method(method) => (operations.method(op) == Some(method.as_str())).then_some(1),
        Scope::All => Some(0),
        Scope::Flow(_) | Scope::Phase(_) | Scope::Status(_) => None,
    };
    let nearest_and_highest = |one: &'a Threshold| {
        let percentile = match one.metric {
            ThresholdMetric::Quantile(quantile) => quantile.share(),
            ThresholdMetric::Max => 1.0,
            // Neither a mean nor a count limits the time of an answer.
            _ => return None,
        };
        Some((is_of(&one.scope)?, percentile, one))
    };
    slo.iter()
        .filter_map(nearest_and_highest)
        .max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .map(|(_, _, one)| one)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use loadgen_engine::{
        flow::shop,
        recorder::{Shard, Window},
        sample::{Outcome, Sample},
    };

    use super::*;

    fn slo(texts: &[&str]) -> Vec<Threshold> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// A trial of ten seconds with these requests: operation, milliseconds, outcome, status.
    fn trial(requests: &[(u16, u64, Outcome, u16)]) -> TrialData {
        let window = Window {
            from: Nanos(0),
            to: Nanos::from_secs(10),
        };
        let mut shard = Shard::new(window, &[OpId(0), OpId(1)], Nanos::from_secs(60));
        for (number, (op, ms, outcome, status)) in requests.iter().enumerate() {
            let intended = Nanos::from_millis(number as u64 % 10_000);
            let done = Nanos(intended.0 + ms * 1_000_000);
            shard.begin(OpId(*op), intended);
            let sample = Sample {
                op: OpId(*op),
                outcome: *outcome,
                status: *status,
                ..Sample::answered(intended, done)
            };
            shard.settle(&sample, None);
        }
        TrialData::from_shards(SystemTime::UNIX_EPOCH, window, vec![shard])
    }

    #[test]
    fn goodput_in_time_leaves_out_what_is_late_refused_or_failed() {
        let mut requests = vec![(0, 40, Outcome::Ok, 200); 50];
        requests.extend([(0, 140, Outcome::Ok, 200); 20]);
        requests.extend([(0, 1, Outcome::HttpError, 503); 25]);
        requests.extend([(0, 10_000, Outcome::Timeout, 0); 5]);
        let (found, in_time) = figures(
            &slo(&["p95 < 100ms", "errors < 1%"]),
            &shop(),
            &trial(&requests),
        );
        assert_eq!(in_time, 50);
        let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(near(found.offered_per_s, 10.0) && near(found.goodput_per_s, 5.0));
        let shares = [found.in_time, found.late, found.refused, found.failed];
        for (share, wanted) in shares.into_iter().zip([0.5, 0.2, 0.25, 0.05]) {
            assert!(near(share, wanted), "{shares:?}");
        }
        assert_eq!(found.p95_ms, Percentile::TooFew { n: 100 });
        assert_eq!(found.answered_p95_ms, Percentile::TooFew { n: 70 });
    }

    #[test]
    fn the_limit_nearest_to_an_operation_counts_and_of_several_that_on_the_highest_percentile() {
        let all = slo(&[
            "p50 < 20ms",
            "p95 < 100ms",
            "mean < 5ms",
            "orders.create: p90 < 500ms",
            "errors < 1%",
        ]);
        let requests = [
            (0, 80, Outcome::Ok, 200),
            (0, 400, Outcome::Ok, 200),
            (1, 400, Outcome::Ok, 200),
            (1, 700, Outcome::Ok, 200),
        ];
        assert_eq!(figures(&all, &shop(), &trial(&requests)).1, 2);
        assert_eq!(
            time_limits(&all, &shop(), &["orders.buy"]),
            ["p95 < 100ms", "orders.create: p90 < 500ms"]
        );
        assert_eq!(
            time_limits(&all, &shop(), &["orders.browse"]),
            ["p95 < 100ms"]
        );
        let of_flow = slo(&["p99 < 50ms", "orders.buy: p90 < 500ms"]);
        assert_eq!(figures(&of_flow, &shop(), &trial(&requests)).1, 3);
    }

    #[test]
    fn without_a_limit_of_time_every_right_answer_is_in_time() {
        let requests = [
            (0, 8_000, Outcome::Ok, 200),
            (0, 8_000, Outcome::BodyMismatch, 200),
        ];
        let errors = slo(&["errors < 1%"]);
        assert_eq!(figures(&errors, &shop(), &trial(&requests)).1, 1);
        assert!(time_limits(&errors, &shop(), &["orders.browse"]).is_empty());
    }
}
