//! Plans beside figures that were computed by hand, and where each figure comes from.

use serde_json::Value;

use super::{
    MeasuredRun,
    assumptions::{Assumptions, parse_assumptions},
    figure::{FigureOrigin, PlanFigure},
    fixture,
    planned::{SimulationRequest, SizingPlan, plan},
    simulation::SimulationBounds,
};
use crate::schema::{
    CapacityFactor, CheckCode, ThresholdResult, ThresholdWord, ValidityCheck, VerdictWord,
    WhatIfCapacity,
};

fn assumed(users: u64, more: &str) -> Assumptions {
    let text = format!("users: {users}\nrequests_per_user_hour: 120\n{more}");
    parse_assumptions(&text, "a.yaml").unwrap()
}

const ALL: &str = "growth_per_month: 0.05\nredis_keys_factor: 10\nprices: { currency: EUR, instance_hour: 0.1, database_hour: 0.4, redis_hour: 0.05 }\n";

fn planned(users: u64, more: &str) -> SizingPlan {
    plan(&[fixture::run()], &assumed(users, more), None).unwrap()
}

/// The same with a small simulation that another run validates.
fn simulated(users: u64, more: &str) -> SizingPlan {
    let mut other = fixture::run();
    other.folder = "other_load".to_owned();
    other.summary.arms[0].total.rate_per_s = 200.0;
    let request = SimulationRequest {
        validate: &[other],
        bounds: SimulationBounds {
            requests: 300,
            replications: 2,
            seed: 1,
            expired: &|| false,
        },
    };
    let more = format!("{more}largest_database_cores: 4\n");
    plan(&[fixture::run()], &assumed(users, &more), Some(request)).unwrap()
}

fn near(plan: &SizingPlan, id: &str, value: f64, ends: Option<(f64, f64)>) {
    let found = plan.figure(id).unwrap_or_else(|| panic!("{id}: {plan:#?}"));
    let close = |one: f64, other: f64| (one - other).abs() <= 1e-3 * other.abs().max(1e-9);
    assert!(close(found.value, value), "{id}: {found:?}");
    match (found.low.zip(found.high), ends) {
        (Some((low, high)), Some((least, most))) => {
            assert!(close(low, least) && close(high, most), "{id}: {found:?}");
        }
        (found, wanted) => assert_eq!(found, wanted, "{id}"),
    }
}

#[test]
fn a_measured_change_of_a_switch_has_its_own_number_of_instances() {
    let mut run = fixture::run();
    let as_set = run.summary.capacity.clone().unwrap();
    let changed = |settings: &str, lower: Option<f64>| {
        let mut found = as_set.clone();
        (found.lower, found.goodput_per_s) = (lower, lower);
        found.upper = Some(27.5);
        WhatIfCapacity {
            settings: settings.to_owned(),
            factor: CapacityFactor::of(&as_set, &found),
            found,
        }
    };
    run.summary.what_if = vec![changed("cache=off", Some(25.0)), changed("pool=1", None)];
    let plan = plan(&[run], &assumed(3_000, ALL), None).unwrap();
    near(&plan, "capacity_with_cache=off", 25.0, Some((25.0, 27.5)));
    // 359.171/s / (25/s x 0.65) = 22.1
    let id = "loaded_instances_with_cache=off";
    near(&plan, id, 23.0, Some((21.0, 23.0)));
    let rests: Vec<&str> = plan
        .assumptions_of(id)
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert!(
        rests.contains(&"headroom") && rests.contains(&"users"),
        "{rests:?}"
    );
    assert!(plan.unknown.iter().any(|one| one.contains("pool=1")));
}

#[test]
fn a_plan_for_3000_users_is_what_the_formulas_give_by_hand() {
    let plan = planned(3_000, ALL);
    near(&plan, "peak_rate", 200.0, Some((200.0, 200.0)));
    near(&plan, "planned_rate", 359.171, Some((359.171, 359.171)));
    near(&plan, "usable_capacity", 65.0, Some((65.0, 71.5)));
    near(&plan, "instances", 7.0, Some((7.0, 7.0)));
    // 359.171/s x 3 ms / 0.65, and the trials cost 2.5 to 3.5 ms.
    near(&plan, "cores_postgres", 1.657_71, Some((1.381_43, 1.934_0)));
    near(
        &plan,
        "busy_connections",
        14.366_8,
        Some((14.366_8, 14.366_8)),
    );
    near(&plan, "pooler_connections", 23.0, Some((23.0, 23.0)));
    near(&plan, "pool_size", 4.0, Some((4.0, 4.0)));
    near(&plan, "max_connections", 38.0, Some((38.0, 38.0)));
    near(&plan, "max_connections_pooler", 33.0, Some((33.0, 33.0)));
    near(&plan, "redis_memory", 200.0, None);
    near(&plan, "months_of_one", 0.0, Some((0.0, 0.0)));
    near(
        &plan,
        "months_of_plan",
        13.687_7,
        Some((13.687_7, 15.641_2)),
    );
    near(&plan, "cost_month", 839.5, Some((839.5, 839.5)));
    near(&plan, "cost_1000_users", 155.822, Some((155.822, 155.822)));
    near(&plan, "users_of_one", 975.0, Some((975.0, 1_072.0)));
}

#[test]
fn each_figure_of_the_json_goes_back_to_a_measurement_or_an_assumption() {
    for users in [3_000, 30_000, 3_000_000] {
        let plan = serde_json::to_value(simulated(users, ALL)).unwrap();
        let figures = plan["figures"].as_array().unwrap();
        let mut known: Vec<&str> = Vec::new();
        for figure in figures {
            let id = figure["id"].as_str().unwrap();
            assert!(!known.contains(&id), "{id} is there twice");
            let origin = &figure["origin"];
            match origin["kind"].as_str() {
                Some("measured") => {
                    let validates = id.starts_with("check_");
                    let folder = if validates {
                        "other_load"
                    } else {
                        "capacity_core"
                    };
                    assert_eq!(origin["folder"], folder, "{id}");
                }
                Some("assumed") => assert_eq!(origin["key"], id),
                Some(kind @ ("derived" | "simulated")) => {
                    let from = origin["from"].as_array().unwrap();
                    assert!(!from.is_empty(), "{id} comes from nothing");
                    for one in from {
                        let one = one.as_str().unwrap();
                        assert!(
                            known.contains(&one),
                            "{id} comes from {one}, which is not known"
                        );
                        if kind == "simulated" {
                            assert!(origin["of"].as_str().is_some_and(|of| !of.is_empty()));
                            continue;
                        }
                        let formula = origin["formula"].as_str().unwrap();
                        assert!(
                            formula.contains(one),
                            "{id}: `{formula}` does not name {one}"
                        );
                    }
                }
                other => panic!("{id}: {other:?}"),
            }
            known.push(id);
        }
        for row in plan["projections"].as_array().unwrap() {
            for end in ["current", "projected"] {
                let id = row[end].as_str().unwrap();
                assert!(known.contains(&id), "{id} of {row}");
            }
            assert!(
                row["rests_on"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            );
        }
        walk_numbers(&plan, &mut Vec::new());
        let simulation = &plan["simulation"];
        let rows = |part: &str| simulation[part].as_array().unwrap().clone();
        let (checks, instances, scales) = (rows("checks"), rows("instances"), rows("scales"));
        assert_eq!((checks.len(), scales.len()), (1, 4));
        assert!(instances.len() >= 4, "{instances:?}");
        for (row, ids) in [
            (
                &checks,
                &[
                    "rate",
                    "simulated_rate",
                    "rate_error",
                    "response",
                    "simulated_response",
                ][..],
            ),
            (&instances, &["rate", "response", "database"][..]),
            (
                &scales,
                &["users", "rate", "instances", "database_cores", "databases"][..],
            ),
        ]
        .into_iter()
        .flat_map(|(rows, ids)| rows.iter().map(move |row| (row, ids)))
        {
            for id in ids {
                let id = row[*id].as_str().unwrap_or_else(|| panic!("{id} of {row}"));
                assert!(known.contains(&id), "{id} of {row}");
            }
        }
        assert_eq!(simulation["error"], "simulation_error");
        assert!(known.contains(&"simulation_error"));
    }
}

/// Numbers are only in figures: everything else names them.
fn walk_numbers(value: &Value, path: &mut Vec<String>) {
    match value {
        Value::Number(_) => assert_eq!(path[0], "figures", "{path:?}"),
        Value::Object(map) => {
            for (key, value) in map {
                path.push(key.clone());
                walk_numbers(value, path);
                path.pop();
            }
        }
        Value::Array(all) => {
            for value in all {
                walk_numbers(value, path);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn each_assumption_that_a_figure_rests_on_is_named_and_whether_it_is_a_default() {
    let plan = planned(3_000, ALL);
    let stated = |id: &str| -> Vec<(String, bool)> {
        let of = plan.assumptions_of(id).into_iter();
        of.map(|one| match one {
            PlanFigure {
                origin: FigureOrigin::Assumed { key, stated },
                ..
            } => (key.clone(), *stated),
            other => panic!("{other:?}"),
        })
        .collect()
    };
    let of_peak = [
        ("users".to_owned(), true),
        ("requests_per_user_hour".to_owned(), true),
        ("peak_factor".to_owned(), false),
    ];
    assert_eq!(stated("peak_rate"), of_peak);
    let of_instances = stated("instances");
    assert!(
        of_instances.contains(&("headroom".to_owned(), false)),
        "{of_instances:?}"
    );
    assert!(of_instances.contains(&("growth_per_month".to_owned(), true)));
    assert!(stated("capacity").is_empty());
}

#[test]
fn what_cannot_be_computed_is_said_with_the_way_to_it() {
    let mut run = fixture::run();
    run.summary.capacity = None;
    run.summary.arms[0].server.cpu_s.clear();
    run.summary.arms[0].server.pool_acquires = 0;
    let plan = plan(&[run], &assumed(3_000, ""), None).unwrap();
    for id in ["redis_memory", "cost_month", "months_of_plan", "pool_size"] {
        assert!(plan.figure(id).is_none(), "{id}");
    }
    for word in [
        "redis_keys_factor",
        "prices",
        "growth",
        "cores",
        "connections",
    ] {
        assert!(plan.unknown.iter().any(|one| one.contains(word)), "{word}");
    }
    // One load is a lower bound of the capacity, so the instances have only an upper one.
    let instances = plan.figure("instances").unwrap();
    assert!(
        instances.low.is_none() && instances.high.is_some(),
        "{instances:?}"
    );
    assert!(plan.doubts.iter().any(|one| one.contains("no capacity")));
}

#[test]
fn a_database_that_cannot_be_had_and_a_run_without_a_capacity_are_said() {
    let huge = planned(3_000_000, "");
    let said: Vec<&String> = huge
        .doubts
        .iter()
        .filter(|one| one.contains("one database"))
        .collect();
    assert_eq!(said.len(), 1, "{:?}", huge.doubts);
    let mut none = fixture::run();
    none.summary.capacity.as_mut().unwrap().lower = None;
    let refused = plan(&[none], &assumed(3_000, ""), None).unwrap_err();
    assert!(refused.contains("no load that meets its SLO"), "{refused}");
    assert!(plan(&[], &assumed(3_000, ""), None).is_err());
}

#[test]
fn a_run_that_missed_its_limits_is_no_capacity_to_plan_with() {
    let one_load = || {
        let mut run = fixture::run();
        run.summary.capacity = None;
        run.summary.verdict.word = VerdictWord::Measured;
        run
    };
    let planned = |run: MeasuredRun| plan(&[run], &assumed(3_000, ""), None);
    assert!(planned(one_load()).is_ok());
    for word in [
        VerdictWord::Failed,
        VerdictWord::Invalid,
        VerdictWord::Violated,
        VerdictWord::Interrupted,
    ] {
        let mut run = one_load();
        run.summary.verdict.word = word;
        let refused = planned(run).unwrap_err();
        assert!(refused.contains(word.label()), "{refused}");
    }
    // The rate of a target that fell behind is that of the load.
    for (behind, accepted) in [(1, true), (2, false)] {
        let mut run = one_load();
        for trial in &mut run.summary.trials[..behind] {
            trial.validity.checks = vec![ValidityCheck {
                code: CheckCode::Backlog,
                ok: false,
                figure: "grew by 80".into(),
                limit: "grows by <= 5".into(),
                advice: String::new(),
            }];
        }
        assert_eq!(planned(run).is_ok(), accepted, "{behind} of 3 fell behind");
    }
    // One that cannot be decided is none that is met; a warning decides nothing.
    for (only_warns, accepted) in [(false, false), (true, true)] {
        let mut run = one_load();
        run.summary.thresholds.push(ThresholdResult {
            text: "p99 < 1s".into(),
            arm: run.summary.arms[0].name.clone(),
            figure: "too few".into(),
            word: ThresholdWord::Unknown,
            only_warns,
            by_default: false,
        });
        assert_eq!(planned(run).is_ok(), accepted, "only warns: {only_warns}");
    }
}
