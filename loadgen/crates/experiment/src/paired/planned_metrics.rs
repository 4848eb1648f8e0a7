//! Which metrics the trials of a planned load will have: a claim on another one would be measured, and
//! decide nothing.

use loadgen_engine::suite::Suite;
use shared::text::unknown;

use super::metrics::{MetricScope, metrics};
use crate::{metric::MetricId, services::runs_in_some_topologies, system::Application};

/// The metric of that name; refuses one that no trial of this suite will have, with the nearest name.
pub fn planned_metric(
    name: &str,
    suite: &Suite,
    application: &dyn Application,
) -> Result<MetricId, String> {
    let planned = planned_metrics(suite, application);
    let named = name.parse::<MetricId>().ok();
    named
        .filter(|id| planned.contains(id) || may_be_of_topology(id))
        .ok_or_else(|| {
            let names: Vec<String> = planned.iter().map(ToString::to_string).collect();
            unknown(
                "metric of this load",
                name,
                names.iter().map(String::as_str),
            )
        })
}

/// Refuses claims on a metric that no trial of this suite will have, for example of an operation that
/// none of its flows sends.
pub fn check_planned(
    claims: &[MetricId],
    suite: &Suite,
    application: &dyn Application,
) -> Result<(), String> {
    claims
        .iter()
        .try_for_each(|claim| planned_metric(&claim.to_string(), suite, application).map(drop))
}

/// The metrics in the order of the report, without those of what runs in some topologies alone.
fn planned_metrics(suite: &Suite, application: &dyn Application) -> Vec<MetricId> {
    let catalog = application.catalog();
    let info = application.info();
    let scope = MetricScope {
        operations: suite
            .flows
            .iter()
            .filter_map(|share| catalog.flow(&share.flow))
            .flat_map(|flow| catalog.operation_names(flow))
            .collect(),
        caches: info.cache_kinds.keys().map(String::as_str).collect(),
        processes: info.processes.iter().map(String::as_str).collect(),
    };
    let all = metrics(&scope, f64::INFINITY);
    all.into_iter().map(|metric| metric.id).collect()
}

/// Whether it is of a process that a stack has in some topologies: which one it will be is decided later.
fn may_be_of_topology(id: &MetricId) -> bool {
    matches!(id, MetricId::CpuPerRequest(process) if runs_in_some_topologies(process))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Shop;
    use loadgen_engine::{flow::shop, suite::load};

    fn suite(flow: &str) -> Suite {
        let text = format!(
            "name: x\nload: {{ model: open, rate: 9/s, duration: 9s }}\nflows: [ {{ flow: {flow} }} ]\n"
        );
        load::parse(&text, "x.yaml", &shop()).unwrap()
    }

    #[test]
    fn a_metric_of_the_load_of_the_target_or_of_a_process_is_planned() {
        let suite = suite("orders.browse");
        for name in [
            "orders.list p97.5",
            "total success",
            "stale reads",
            "cache hit ratio orders",
            "shop cpu per request",
            "pgbouncer cpu per request",
            "target-app-2 cpu per request",
            "log per request",
            "rows per request",
            "orders.list queries per response",
        ] {
            let planned = planned_metric(name, &suite, &Shop).map(|id| id.to_string());
            assert_eq!(planned.as_deref(), Ok(name));
        }
    }

    #[test]
    fn a_metric_that_no_trial_will_have_is_refused_with_the_nearest_name() {
        let suite = suite("orders.browse");
        for (name, nearest) in [
            ("orders.lst p50", "orders.list p50"),
            ("totl p50", "total p50"),
            ("cache hit ratio order", "cache hit ratio orders"),
            ("shp cpu per request", "shop cpu per request"),
        ] {
            let why = planned_metric(name, &suite, &Shop).unwrap_err();
            let said = format!("unknown metric of this load `{name}`; did you mean `{nearest}`?");
            assert!(why.starts_with(&said), "{why}");
        }
        let printed = planned_metric("Redis per request", &suite, &Shop).unwrap();
        assert_eq!(printed.to_string(), "redis commands per request");
        // Reports have a figure of that name, and nothing is decided on it.
        assert!(planned_metric("orders.list goodput", &suite, &Shop).is_err());
    }

    #[test]
    fn a_claim_whose_flow_was_exchanged_is_refused() {
        let claims = ["total p50", "orders.list p50"].map(|one| one.parse::<MetricId>().unwrap());
        let check = |flow| check_planned(&claims, &suite(flow), &Shop);
        assert_eq!(check("orders.browse"), Ok(()));
        let why = check("session.open").unwrap_err();
        assert!(why.contains("`orders.list p50`"), "{why}");
    }
}
