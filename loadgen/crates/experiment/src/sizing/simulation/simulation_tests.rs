//! The model of a plan: what it takes from a run, what it says of others, and what it projects.

use loadgen_stats::simulation::{SimulationLimits, simulate};

use super::{
    PlanSimulation, SimulationBounds,
    calibration::calibrate,
    layout::{Layout, Machines, fitted_mix, network},
};
use crate::{
    schema::{CacheLookUps, Hashing, LoadResult, Percentile, VerdictWord},
    sizing::{
        MeasuredRun, PlanFigure, SimulationRequest, SizingPlan, fixture, parse_assumptions, plan,
    },
};
use shared::timing::ServerPart;

const BOUNDS: SimulationBounds<'static> = SimulationBounds {
    requests: 1_000,
    replications: 3,
    seed: 7,
    expired: &|| false,
};

/// A small database, so that few instances reach its limit.
const SMALL: &str = "largest_database_cores: 4\n";

fn planned(validate: &[MeasuredRun], more: &str) -> Result<SizingPlan, String> {
    let text = format!("users: 3000\nrequests_per_user_hour: 120\n{more}");
    let request = SimulationRequest {
        validate,
        bounds: BOUNDS,
    };
    let assumed = parse_assumptions(&text, "a.yaml").unwrap();
    plan(&[fixture::run()], &assumed, Some(request))
}

fn simulation(plan: &SizingPlan) -> &PlanSimulation {
    plan.simulation.as_ref().unwrap()
}

fn figure<'a>(plan: &'a SizingPlan, id: &str) -> &'a PlanFigure {
    plan.figure(id).unwrap_or_else(|| panic!("{id}"))
}

fn near(found: f64, expected: f64, tolerance: f64) {
    let off = (found / expected - 1.0).abs();
    assert!(off <= tolerance, "{found} instead of {expected}");
}

/// The run of the fixture under another name, loaded with this rate and with this p95.
fn other(folder: &str, rate: f64, p95_ms: f64) -> MeasuredRun {
    let mut run = fixture::run();
    run.folder = folder.to_owned();
    let total = &mut run.summary.arms[0].total;
    total.rate_per_s = rate;
    total.response.p95 = Percentile::Known(p95_ms);
    run
}

#[test]
fn a_model_at_the_load_that_it_was_fitted_to_is_as_fast_as_what_was_measured() {
    let model = calibrate(&fixture::run()).unwrap();
    near(model.time.application, 4.0, 1e-9);
    near(model.time.database, 3.0, 1e-9);
    near(model.wait, 7.0, 0.01);
    assert_eq!((model.cores, model.pool), (4, Some(32)));
    assert!(!model.is_busy());
    let layout = Layout {
        machines: Machines::One { cores: 4 },
        instances: 1,
        pool: model.pool,
    };
    let limits = SimulationLimits {
        requests: 10_000,
        in_system: 1_000,
        events: 1_000_000,
        expired: &|| false,
    };
    let network = network(&model, &fitted_mix(&model), &layout);
    let run = simulate(&network, 100.0, &limits, 1).unwrap();
    // The mean, of the percentiles in the middle of equal shares.
    let shares = (0..10_000_u32).map(|at| (f64::from(at) + 0.5) / 10_000.0);
    let all: f64 = shares.map(|share| run.percentile_s(share).unwrap()).sum();
    near(all / 10_000.0, 0.014, 0.03);
    near(run.percentile_s(0.95).unwrap(), 0.030, 0.05);
    near(run.resources[0].utilization.unwrap(), 0.175, 0.05);
}

#[test]
fn hashing_and_hits_are_told_apart_from_what_else_an_operation_costs() {
    let mut run = fixture::run();
    let arm = &mut run.summary.arms[0];
    let [login, list, ..] = &mut arm.operations[..] else {
        panic!("too few operations")
    };
    // Half of the time of hashing is the queue for it, so 4 of 8 ms, of one request in four.
    login.cost.parts_ms[ServerPart::Hash] = 8.0;
    list.cost.cache_hit_ratio = Some(0.75);
    arm.server.hashing = Hashing {
        hashes: 1,
        busy_s: 1.0,
        cpu_s: 0.0,
        wait_s: 1.0,
    };
    let model = calibrate(&run).unwrap();
    near(model.time.hashing, 1.0, 0.01);
    near(model.operations[0].hashing, 4.0, 0.01);
    near(model.time.application, 4.0, 1e-9);
    // A miss costs four times what a request costs on average.
    near(
        model.operations[1].database,
        4.0 * model.operations[2].database,
        1e-9,
    );
    let [hit, miss] = &model.operations[1].factors;
    near(hit.mean(), 1.0, 1e-9);
    near(miss.mean(), 1.0, 1e-9);
    assert_eq!(model.operations[1].hits, Some(0.75));
    assert_eq!(model.operations[2].hits, None);
}

/// The run of the fixture whose first operation is 8 ms in hashing, in one request of four.
fn hashes(cpu_s: f64) -> MeasuredRun {
    let mut run = fixture::run();
    let arm = &mut run.summary.arms[0];
    arm.operations[0].cost.parts_ms[ServerPart::Hash] = 8.0;
    arm.server.hashing = Hashing {
        hashes: 250,
        busy_s: 2.0,
        cpu_s,
        wait_s: 0.0,
    };
    run
}

#[test]
fn hashing_costs_the_processor_time_that_the_target_reports() {
    // 1.5 s of 1,000 requests: each hash was on a processor for 6 ms of the 8 that the clock says.
    let model = calibrate(&hashes(1.5)).unwrap();
    near(model.time.hashing, 1.5, 1e-9);
    near(model.operations[0].hashing, 6.0, 1e-9);
    near(model.time.application, 4.0, 1e-9);
    assert!(model.operations[1..].iter().all(|one| one.hashing <= 0.0));
    // More than the application can have had is no more than that.
    near(calibrate(&hashes(9.0)).unwrap().time.hashing, 4.0, 1e-9);
    // Hashing that no operation has a part of is no step of any.
    let mut unknown = hashes(1.5);
    unknown.summary.arms[0].operations[0].cost.parts_ms[ServerPart::Hash] = 0.0;
    let model = calibrate(&unknown).unwrap();
    assert!(model.time.hashing <= 0.0 && model.operations[0].hashing <= 0.0);
}

#[test]
fn a_plan_says_whether_the_time_of_hashing_is_reported_or_estimated() {
    for (cpu_s, said) in [(1.5, "that the target reports"), (0.0, "estimated")] {
        let text = format!("users: 3000\nrequests_per_user_hour: 120\n{SMALL}");
        let assumed = parse_assumptions(&text, "a.yaml").unwrap();
        let request = SimulationRequest {
            validate: &[],
            bounds: BOUNDS,
        };
        let made = plan(&[hashes(cpu_s)], &assumed, Some(request)).unwrap();
        let origin = format!("{:?}", figure(&made, "sim_hash_ms").origin);
        assert!(origin.contains(said), "{origin}");
    }
}

#[test]
fn a_validation_says_how_far_the_model_is_off_and_the_largest_error_stands_beside_the_projections()
{
    let right = other("as_simulated", 200.0, 30.0);
    let slower = other("twice_as_slow", 50.0, 60.0);
    let plan = planned(&[right, slower], SMALL).unwrap();
    let found = simulation(&plan);
    let error = |number: usize| {
        let id = found.checks[number].response_error.as_deref().unwrap();
        figure(&plan, id).value
    };
    assert!(error(0).abs() < 8.0, "{}", error(0));
    assert!((-55.0..-45.0).contains(&error(1)), "{}", error(1));
    near(figure(&plan, "simulation_error").value, -error(1), 1e-9);
    assert_eq!(found.error.as_deref(), Some("simulation_error"));
    assert!(
        found.trust.contains("2 measured configurations"),
        "{}",
        found.trust
    );
    let differs = &found.checks[0].differs;
    assert_eq!(differs[..], ["requests a second 200 instead of 100"]);
}

#[test]
fn the_other_loads_of_a_search_validate_the_model_that_is_fitted_to_its_bound() {
    // 50 iterations a second at the bound are 100 requests a second.
    let load = |load: f64, met, response_ms| LoadResult {
        load,
        met,
        missed: 1 - met,
        undecided: 0,
        invalid: 0,
        goodput_per_s: 2.0 * load,
        response_ms: Some(response_ms),
        response_range_ms: None,
    };
    let mut run = fixture::run();
    let found = run.summary.capacity.as_mut().unwrap();
    found.loads = vec![
        load(20.0, 1, 30.0),
        load(50.0, 1, 30.0),
        load(80.0, 0, 2_000.0),
    ];
    let plan = planned(&[run], SMALL).unwrap();
    let found = simulation(&plan);
    assert_eq!(found.checks.len(), 1, "{:?}", found.checks);
    assert_eq!(found.checks[0].of, "capacity_core, 20/s");
    near(figure(&plan, "check_1_load").value, 40.0, 1e-9);
    near(figure(&plan, "check_1_rate").value, 40.0, 1e-9);
    assert!(figure(&plan, "simulation_error").value < 10.0);
}

#[test]
fn a_load_that_the_model_cannot_carry_has_no_bounded_error_and_that_is_said() {
    // 7 ms of four processors allow 571 a second.
    let plan = planned(&[other("carried", 900.0, 30.0)], SMALL).unwrap();
    let found = simulation(&plan);
    assert_eq!(found.checks[0].simulated_response, None);
    assert!(
        found.trust.contains("carried, run too high"),
        "{}",
        found.trust
    );
    let rate = figure(&plan, &found.checks[0].simulated_rate).value;
    assert!(rate < 580.0, "{rate}");
}

#[test]
fn a_run_that_cannot_validate_is_refused_with_the_reason() {
    let refused = |run: MeasuredRun| planned(&[run], SMALL).unwrap_err();
    let same = refused(fixture::run());
    assert!(
        same.contains("capacity_core is the run") && same.contains("--validate"),
        "{same}"
    );
    let mut blind = other("blind", 100.0, 30.0);
    blind.summary.provenance = None;
    assert!(refused(blind).contains("how many processors"));
    let mut strange = other("strange", 100.0, 30.0);
    for one in &mut strange.summary.arms[0].operations {
        one.name.push_str(".other");
    }
    assert!(refused(strange).contains("only 0 %"));
    let mut waiting = other("waiting", 100.0, 30.0);
    waiting.summary.load = "closed: 16 users".to_owned();
    assert!(refused(waiting).contains("its load is closed"));
    let mut invalid = other("invalid", 100.0, 30.0);
    invalid.summary.verdict.word = VerdictWord::Invalid;
    assert!(refused(invalid).contains("INVALID"));
    let twice = [other("again", 200.0, 30.0), other("again", 200.0, 30.0)];
    assert!(
        planned(&twice, SMALL)
            .unwrap_err()
            .contains("again is named twice")
    );
    let mut failed = other("failed", 100.0, 30.0);
    failed.summary.arms[0].total.response.p95 = Percentile::BeyondTimeout;
    assert!(refused(failed).contains("p95 is not known"));
}

#[test]
fn without_a_validation_the_projections_say_so_and_how_to_get_one() {
    let plan = planned(&[], SMALL).unwrap();
    let found = simulation(&plan);
    assert_eq!(found.error, None);
    assert!(found.trust.contains("not validated") && found.trust.contains("--validate"));
}

#[test]
fn a_run_without_what_a_model_needs_leaves_the_plan_without_a_simulation() {
    let mut run = fixture::run();
    run.summary.provenance = None;
    let assumed = parse_assumptions("users: 1\nrequests_per_user_hour: 1\n", "a.yaml").unwrap();
    let request = SimulationRequest {
        validate: &[],
        bounds: BOUNDS,
    };
    let made = plan(&[run], &assumed, Some(request)).unwrap();
    assert_eq!(made.simulation, None);
    assert!(
        made.unknown
            .iter()
            .any(|one| one.contains("how many processors"))
    );
    let mut hidden = fixture::run();
    hidden.summary.arms[0].server.cpu_s.remove("postgres");
    let refused = calibrate(&hidden).unwrap_err();
    assert!(
        refused.contains("no processor time of PostgreSQL"),
        "{refused}"
    );
}

#[test]
fn instances_add_up_until_the_database_is_the_limit() {
    // An instance: 4 processors / 4 ms x 95 % = 950 a second; the database: 4 / 3 ms x 95 % = 1 267.
    let plan = planned(&[], SMALL).unwrap();
    let rate = |instances: u32| figure(&plan, &format!("sim_{instances}_rate")).value;
    near(rate(1), 950.0, 0.02);
    for instances in [2, 4, 8] {
        near(rate(instances), 1_266.7, 0.02);
    }
    near(figure(&plan, "sim_8_database_use").value, 95.0, 0.02);
    let found = simulation(&plan);
    assert!(found.instances[0].most_used.contains("instances"));
    assert!(found.instances[3].most_used.contains("database"));
    let limit = found.limit.as_deref().unwrap();
    assert!(
        limit.contains("processors of the database: more instances add nothing"),
        "{limit}"
    );
}

#[test]
fn at_internet_scale_one_database_does_not_suffice_and_the_parts_are_counted() {
    let plan = planned(&[], "").unwrap();
    let found = simulation(&plan);
    // 200 a second now; 200 000 x 3 ms / 0.65 = 923 cores, of which the largest database has 64.
    let value = |id: &str| figure(&plan, id).value;
    near(value("scale_1_rate"), 200.0, 1e-9);
    near(value("scale_1000_database_cores"), 923.1, 1e-3);
    near(value("scale_1000_databases"), 15.0, 1e-9);
    near(value("scale_1_databases"), 1.0, 1e-9);
    assert!(value("scale_1000_instances") > 200_000.0 / value("sim_1_rate"));
    let said = |row: usize| found.scales[row].said.as_str();
    assert!(said(0).contains("One database can serve it"), "{}", said(0));
    assert!(
        said(3).contains("One database cannot") && said(3).contains("among 15"),
        "{}",
        said(3)
    );
    let response = found.scales[3].response.as_deref().unwrap();
    assert!(
        (20.0..100.0).contains(&value(response)),
        "{}",
        value(response)
    );
}

#[test]
fn a_cache_that_hits_more_often_leaves_the_database_more_room() {
    let mut cached = fixture::run();
    let arm = &mut cached.summary.arms[0];
    for one in arm.operations.iter_mut().chain([&mut arm.total]) {
        one.cost.cache_hit_ratio = Some(0.5);
    }
    arm.server.cache_lookups = [("items".to_owned(), CacheLookUps { hits: 1, all: 2 })].into();
    let model = calibrate(&cached).unwrap();
    let layout = Layout {
        machines: Machines::One { cores: 4 },
        instances: 1,
        pool: model.pool,
    };
    let processors = |hits| {
        let mix: Vec<_> = fitted_mix(&model)
            .iter()
            .map(|(weight, _)| (*weight, hits))
            .collect();
        network(&model, &mix, &layout).demands()[0]
    };
    near(processors(Some(0.5)), 0.007, 1e-6);
    near(processors(None), 0.010, 1e-6);
    near(processors(Some(1.0)), 0.004, 1e-6);
}

#[test]
fn a_simulation_ends_when_its_time_is_over_and_says_what_is_missing() {
    let request = SimulationRequest {
        validate: &[],
        bounds: SimulationBounds {
            expired: &|| true,
            ..BOUNDS
        },
    };
    let assumed = parse_assumptions("users: 1\nrequests_per_user_hour: 1\n", "a.yaml").unwrap();
    let made = plan(&[fixture::run()], &assumed, Some(request)).unwrap();
    assert!(simulation(&made).instances.is_empty() && simulation(&made).limit.is_none());
    assert!(
        made.unknown
            .iter()
            .any(|one| one.contains("time for it was over")),
        "{:?}",
        made.unknown
    );
}
