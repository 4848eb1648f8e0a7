//! Which metrics the trials of a planned load will have: a claim on another one would be measured, and
//! decide nothing.

use loadgen_engine::suite::{Suite, Topology};
use shared::text::unknown;

use super::metrics::{MetricScope, metrics};
use crate::{
    metric::{MetricId, TargetFigure},
    services::TopologyPart,
    system::{Application, Settings},
};

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

/// Refuses figures of a part that the stack of the first or of the second arm does not have, with where it is named.
pub fn check_topologies<'a>(
    figures: impl IntoIterator<Item = &'a MetricId>,
    topologies: [Topology; 2],
) -> Result<(), String> {
    let [before, after] = topologies;
    for figure in figures {
        let Some(part) = part_of(figure) else {
            continue;
        };
        let (whose, topology, place) = match topologies.map(|one| part.is_in(one)) {
            [true, true] => continue,
            _ if before == after => (
                "the topology",
                before,
                "`topology` in the file, or --topology",
            ),
            [false, _] => ("that of `before`", before, "`topology` of the arm"),
            [true, false] => ("that of `after`", after, "`topology` of the arm"),
        };
        return Err(format!(
            "no trial can have `{figure}`: it needs `{part}` in the topology, and {whose} is {topology}; name one that has it ({place}), or another figure"
        ));
    }
    Ok(())
}

/// Refuses a figure that the trials of an arm cannot have under its switches: the hit ratio of a cache that is off.
pub fn check_arm(
    figure: &MetricId,
    arm: &str,
    settings: &Settings,
    application: &dyn Application,
) -> Result<(), String> {
    let MetricId::CacheHitRatio(kind) = figure else {
        return Ok(());
    };
    let mut caches = application.hints().caches.iter();
    let off = caches.find(|one| one.kind == kind && settings.get(one.switch) == Some(one.off));
    off.map_or(Ok(()), |cache| {
        let (switch, value) = (cache.switch, cache.off);
        Err(format!(
            "no trial of `{arm}` can have `{figure}`: with {switch}={value} nothing is looked up; set another value, or name another figure"
        ))
    })
}

/// The metrics in the order of the report, without those of what runs in some topologies alone.
fn planned_metrics(suite: &Suite, application: &dyn Application) -> Vec<MetricId> {
    let info = application.info();
    let scope = MetricScope {
        operations: suite.operation_names(application.catalog()),
        caches: info.cache_kinds.keys().map(String::as_str).collect(),
        processes: info.processes.iter().map(String::as_str).collect(),
    };
    let all = metrics(&scope, f64::INFINITY);
    all.into_iter().map(|metric| metric.id).collect()
}

/// Whether it is of a process that a stack has in some topologies: which one it will be is decided later.
fn may_be_of_topology(id: &MetricId) -> bool {
    matches!(id, MetricId::CpuPerRequest(_)) && part_of(id).is_some()
}

/// The part of a stack that a figure is of; absent where every stack has it.
fn part_of(id: &MetricId) -> Option<TopologyPart> {
    use TargetFigure::{
        PoolerServers, PoolerWait, PoolerWaiters, ReplicaFallbacks, ReplicaLag, ReplicaLagBytes,
        ReplicaShare,
    };
    match id {
        MetricId::CpuPerRequest(name) | MetricId::Memory(name) | MetricId::InstanceShare(name) => {
            TopologyPart::of_process(name)
        }
        MetricId::Target(PoolerWaiters | PoolerWait | PoolerServers) => Some(TopologyPart::Pooler),
        MetricId::Target(ReplicaLag | ReplicaLagBytes | ReplicaShare | ReplicaFallbacks) => {
            Some(TopologyPart::Replica)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        schema::{
            Database, MeasuredFigure, MeasuredFigures, PoolerFigures, ReplicaFigures, Server, Trial,
        },
        system::Shop,
    };
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

    #[test]
    fn a_figure_is_of_the_part_without_which_a_trial_does_not_have_it() {
        let all = Server {
            requests: Some(10),
            pool_acquires: 10,
            database: Some(Database::default()),
            pooler: Some(PoolerFigures {
                transactions: 10,
                ..PoolerFigures::default()
            }),
            replica: Some(ReplicaFigures {
                reads: 10,
                ..ReplicaFigures::default()
            }),
            ..Server::default()
        };
        let [no_pooler, no_replica] = [
            Server {
                pooler: None,
                ..all.clone()
            },
            Server {
                replica: None,
                ..all.clone()
            },
        ];
        for figure in TargetFigure::ALL {
            let id = MetricId::Target(figure);
            let has = |server: &Server| {
                let trial = Trial {
                    server: server.clone(),
                    ..Trial::default()
                };
                MeasuredFigures::from(&trial).figure(&id) != MeasuredFigure::Absent
            };
            let needed = match (has(&all), has(&no_pooler), has(&no_replica)) {
                (true, false, true) => Some(TopologyPart::Pooler),
                (true, true, false) => Some(TopologyPart::Replica),
                _ => None,
            };
            assert_eq!(part_of(&id), needed, "{id}");
        }
    }

    #[test]
    fn a_figure_of_what_a_stack_does_not_have_is_refused_with_what_it_needs() {
        let refusal = |figure: &str, topologies: [&str; 2]| {
            let topologies = topologies.map(|text| text.parse().unwrap());
            check_topologies([&figure.parse().unwrap()], topologies).err()
        };
        for (figure, part) in [
            ("pooler waiting", "pgbouncer"),
            ("replica fallbacks", "replica"),
            ("pgbouncer cpu per request", "pgbouncer"),
            ("replica cpu per request", "replica"),
            ("haproxy cpu per request", "scale=2"),
            ("target-app-3 cpu per request", "scale=3"),
        ] {
            let why = refusal(figure, ["scale=1"; 2]).unwrap();
            let said = format!(
                "`{figure}`: it needs `{part}` in the topology, and the topology is scale=1"
            );
            assert!(why.contains(&said) && why.contains("--topology"), "{why}");
            let with = "scale=3,pgbouncer,replica";
            assert_eq!(refusal(figure, [with; 2]), None);
            for (arms, arm) in [(["scale=1", with], "before"), ([with, "scale=1"], "after")] {
                let why = refusal(figure, arms).unwrap();
                assert!(
                    why.contains(&format!("that of `{arm}` is scale=1")),
                    "{why}"
                );
            }
        }
        for figure in [
            "total p50",
            "queries per request",
            "target-app cpu per request",
        ] {
            assert_eq!(refusal(figure, ["scale=1"; 2]), None);
        }
    }
}
