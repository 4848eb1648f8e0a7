//! Made-up trials, for tests of decisions.

use super::{MetricScope, decide, metrics};
use crate::metric::MetricId;
use crate::schema::{Effect, Operation, Percentile, Percentiles, Server, Trial};

/// Time limit of a request, in milliseconds.
pub(super) const TIMEOUT_MS: f64 = 10_000.0;
/// Requests of a trial.
pub(super) const PLANNED: u64 = 1_000;

/// A trial with this median; without one, more than half of its requests failed.
pub(super) fn trial(p50: Option<f64>, queries: f64) -> Trial {
    let operation = |name: &str| Operation {
        name: name.to_owned(),
        planned: PLANNED,
        rate_per_s: 10.0,
        success: if p50.is_some() { 1.0 } else { 0.2 },
        response: Percentiles {
            p50: p50.map_or(Percentile::BeyondTimeout, Percentile::Known),
            ..Percentiles::default()
        },
        ..Operation::default()
    };
    Trial {
        folder: "b01_1_before".into(),
        arm: "before".into(),
        block: 1,
        seed: 1,
        total: operation("total"),
        operations: vec![operation("orders.list")],
        server: Server {
            requests: Some(PLANNED),
            queries: (queries * PLANNED as f64) as u64,
            ..Server::default()
        },
        ..Trial::default()
    }
}

/// So many of a thousand reads were stale.
pub(super) fn with_stale(mut trial: Trial, stale: u64) -> Trial {
    trial.consistency.reads = 1_000;
    trial.consistency.stale_reads = stale;
    trial
}

/// So many of the requests failed.
pub(super) fn with_failures(mut trial: Trial, failed: u64) -> Trial {
    trial.operations[0].success = 1.0 - failed as f64 / PLANNED as f64;
    trial
}

pub(super) fn scope() -> MetricScope<'static> {
    MetricScope {
        operations: vec!["orders.list"],
        caches: vec!["orders"],
        processes: Vec::new(),
    }
}

/// The effects in these metrics, which are the claims of an experiment.
pub(super) fn pairs_of(claims: &[MetricId], pairs: &[(Trial, Trial)]) -> Vec<Effect> {
    let pairs: Vec<(&Trial, &Trial)> = pairs.iter().map(|(a, b)| (a, b)).collect();
    let all = metrics(&scope(), TIMEOUT_MS);
    claims
        .iter()
        .filter_map(|claim| {
            let metric = all.iter().find(|metric| metric.id == *claim).unwrap();
            decide(metric, true, claims.len(), &pairs)
        })
        .collect()
}

/// The effect in one metric, the only claim.
pub(super) fn effect_of(name: &str, pairs: &[(Trial, Trial)]) -> Option<Effect> {
    pairs_of(&[name.parse().unwrap()], pairs).pop()
}
