//! What the arms are compared in, and which way is better.

use crate::schema::{Operation, Trial};

/// Takes a metric's figure from a trial; absent where the trial has none.
type Figure = Box<dyn Fn(&Trial) -> Option<f64>>;

/// One figure that every trial has.
pub struct Metric {
    /// `orders.list p97.5`.
    pub name: String,
    /// Unit of the figure: `ms`, `%`, `1/s` or empty.
    pub unit: &'static str,
    /// Whether less is better; `None` where neither is.
    pub less_is_better: Option<bool>,
    /// Relative difference that matters.
    pub margin: f64,
    /// What stands for a figure that lies beyond the timeout.
    pub beyond: Option<f64>,
    /// The figure of one trial.
    pub(super) figure: Figure,
}

impl Metric {
    /// Its figure in a trial; absent where the trial has none, or where it lies beyond the timeout.
    pub fn figure_of(&self, trial: &Trial) -> Option<f64> {
        (self.figure)(trial)
    }
}

/// Margins of the method, section 2.3.
const MARGIN_P50: f64 = 0.05;
const MARGIN_TAIL: f64 = 0.10;
const MARGIN_CPU: f64 = 0.03;
const MARGIN_SUCCESS: f64 = 0.001;

/// The metrics of an experiment that sends these operations, in the order of the report.
/// A response percentile beyond the timeout counts as the timeout: a lower bound.
pub fn metrics(operations: &[&str], caches: &[&str], timeout_ms: f64) -> Vec<Metric> {
    let mut all = Vec::new();
    for name in operations {
        all.push(percentile(name, "p50", MARGIN_P50, timeout_ms, |one| {
            one.response.p50
        }));
        all.push(percentile(name, "p97.5", MARGIN_TAIL, timeout_ms, |one| {
            one.response.p97_5
        }));
        let wanted = (*name).to_owned();
        all.push(success(name, move |trial| {
            of(trial, &wanted).map(|one| one.success)
        }));
    }
    all.push(total("p50", MARGIN_P50, timeout_ms, |one| one.response.p50));
    all.push(total("p95", MARGIN_TAIL, timeout_ms, |one| {
        one.response.p95
    }));
    all.push(total("p97.5", MARGIN_TAIL, timeout_ms, |one| {
        one.response.p97_5
    }));
    all.push(success("total", |trial| {
        (trial.total.planned > 0).then_some(trial.total.success)
    }));
    all.push(server(
        "queries per request",
        "",
        Some(true),
        MARGIN_CPU,
        |trial| (trial.server.requests > 0).then_some(trial.server.queries_per_request),
    ));
    all.push(server(
        "bytes per answer",
        "",
        Some(true),
        MARGIN_CPU,
        |trial| {
            let answers: u64 = trial.total.statuses.values().sum();
            (answers > 0).then(|| trial.total.bytes_in as f64 / answers as f64)
        },
    ));
    all.push(server(
        "redis commands per request",
        "",
        Some(true),
        MARGIN_CPU,
        |trial| {
            let requests = trial.server.requests;
            (requests > 0).then(|| trial.server.redis_commands as f64 / requests as f64)
        },
    ));
    for kind in caches {
        let wanted = (*kind).to_owned();
        all.push(server(
            &format!("cache hit ratio {kind}"),
            "%",
            Some(false),
            MARGIN_TAIL,
            move |trial| {
                let ratio = trial.server.cache_hit_ratio.get(&wanted).copied().flatten();
                ratio.map(|ratio| ratio * 100.0)
            },
        ));
    }
    all.push(server(
        "pool wait",
        "ms",
        Some(true),
        MARGIN_TAIL,
        |trial| (trial.server.requests > 0).then_some(trial.server.pool_wait_ms),
    ));
    all.push(server(
        "stale reads",
        "%",
        Some(true),
        MARGIN_TAIL,
        |trial| trial.promised.stale_share().map(|share| share * 100.0),
    ));
    all.push(server(
        "stale age p99",
        "ms",
        Some(true),
        MARGIN_TAIL,
        |trial| trial.promised.stale_p99_ms,
    ));
    for process in ["target-app", "postgres", "redis", "loadgen"] {
        all.push(server(
            &format!("{process} cpu per request"),
            "ms",
            Some(true),
            MARGIN_CPU,
            move |trial| cpu_per_request(trial, process),
        ));
    }
    all
}

/// The metrics of what a trial sent, and of the caches that it found.
pub fn metrics_of(trial: &Trial, timeout_ms: f64) -> Vec<Metric> {
    let operations: Vec<&str> = trial
        .operations
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let caches: Vec<&str> = trial
        .server
        .cache_hit_ratio
        .keys()
        .map(String::as_str)
        .collect();
    metrics(&operations, &caches, timeout_ms)
}

/// CPU milliseconds that a process spent on a request, by the target's own count of requests.
fn cpu_per_request(trial: &Trial, process: &str) -> Option<f64> {
    let spent = trial.server.cpu_s.get(process)?;
    (trial.server.requests > 0).then(|| spent * 1_000.0 / trial.server.requests as f64)
}

fn of<'a>(trial: &'a Trial, name: &str) -> Option<&'a Operation> {
    trial
        .operations
        .iter()
        .find(|one| one.name == name && one.planned > 0)
}

fn percentile(
    name: &str,
    which: &str,
    margin: f64,
    timeout_ms: f64,
    pick: fn(&Operation) -> Option<f64>,
) -> Metric {
    let wanted = name.to_owned();
    Metric {
        name: format!("{name} {which}"),
        unit: "ms",
        less_is_better: Some(true),
        margin,
        beyond: Some(timeout_ms),
        figure: Box::new(move |trial| of(trial, &wanted).and_then(pick)),
    }
}

fn total(which: &str, margin: f64, timeout_ms: f64, pick: fn(&Operation) -> Option<f64>) -> Metric {
    Metric {
        name: format!("total {which}"),
        unit: "ms",
        less_is_better: Some(true),
        margin,
        beyond: Some(timeout_ms),
        figure: Box::new(move |trial| pick(&trial.total)),
    }
}

fn success(name: &str, pick: impl Fn(&Trial) -> Option<f64> + 'static) -> Metric {
    Metric {
        name: format!("{name} success"),
        unit: "%",
        less_is_better: Some(false),
        margin: MARGIN_SUCCESS,
        beyond: None,
        figure: Box::new(move |trial| pick(trial).map(|share| share * 100.0)),
    }
}

fn server(
    name: &str,
    unit: &'static str,
    less_is_better: Option<bool>,
    margin: f64,
    pick: impl Fn(&Trial) -> Option<f64> + 'static,
) -> Metric {
    Metric {
        name: name.to_owned(),
        unit,
        less_is_better,
        margin,
        beyond: None,
        figure: Box::new(pick),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_three_metrics_and_names_are_unique() {
        let all = metrics(&["orders.list", "session.open"], &["orders"], 10_000.0);
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        for wanted in [
            "orders.list p50",
            "orders.list p97.5",
            "session.open success",
            "total p95",
            "queries per request",
            "cache hit ratio orders",
            "pool wait",
            "target-app cpu per request",
        ] {
            assert_eq!(
                names.iter().filter(|name| **name == wanted).count(),
                1,
                "{wanted}"
            );
        }
    }
}
