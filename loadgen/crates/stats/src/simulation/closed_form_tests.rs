//! Simulated queues beside what queueing theory says of them exactly.

use super::{
    BadNetwork, NetworkResource, QueueingNetwork, RequestClass, ResourceKind, RouteStep,
    ServiceDistribution, ServiceTime, SimulatedRun, SimulationEnding, SimulationLimits,
    mean_interval, replicate, simulate, sustained_rate,
};
use crate::queueing::erlang_c;

const LIMITS: SimulationLimits<'static> = SimulationLimits {
    requests: 10_000,
    in_system: 2_000,
    events: 500_000,
    expired: &|| false,
};

const fn exponential(mean: f64) -> ServiceDistribution {
    ServiceDistribution::Exponential { mean }
}

/// Requests that go through these resources in turn.
fn tandem(stations: &[(ResourceKind, ServiceDistribution)]) -> QueueingNetwork {
    let resource = |(kind, _): &(ResourceKind, ServiceDistribution)| NetworkResource {
        name: String::new(),
        kind: *kind,
        per_instance: true,
    };
    let serve = |(resource, (_, time)): (usize, &(ResourceKind, ServiceDistribution))| {
        let time = ServiceTime::Drawn(time.clone());
        RouteStep::Serve { resource, time }
    };
    QueueingNetwork {
        instances: 1,
        resources: stations.iter().map(resource).collect(),
        classes: vec![RequestClass {
            weight: 1.0,
            factor: ServiceDistribution::Constant(1.0),
            steps: stations.iter().enumerate().map(serve).collect(),
        }],
    }
}

fn runs(network: &QueueingNetwork, rate: f64) -> Vec<SimulatedRun> {
    let runs = replicate(network, rate, &LIMITS, 7, 4).unwrap();
    assert!(
        runs.iter().all(SimulatedRun::is_carried),
        "{:?}",
        runs[0].ending
    );
    runs
}

fn mean_of(runs: &[SimulatedRun], figure: impl Fn(&SimulatedRun) -> f64) -> f64 {
    let values: Vec<f64> = runs.iter().map(figure).collect();
    mean_interval(&values).unwrap().mean
}

/// Mean response time of a run whose requests are all done, in seconds.
fn mean_s(run: &SimulatedRun) -> f64 {
    assert_eq!(run.ending, SimulationEnding::Finished);
    run.responses.iter().sum::<f64>() / run.responses.len() as f64
}

fn near(found: f64, exact: f64, tolerance: f64) {
    assert!(
        (found / exact - 1.0).abs() <= tolerance,
        "{found} instead of {exact}"
    );
}

#[test]
fn one_server_with_exponential_times_waits_as_long_as_the_formula_says() {
    // M/M/1: the response is exponential with mean 1 / (mu - lambda).
    let network = tandem(&[(ResourceKind::Servers(1), exponential(1.0))]);
    for rate in [0.3, 0.6] {
        let runs = runs(&network, rate);
        let mean = 1.0 / (1.0 - rate);
        near(mean_of(&runs, mean_s), mean, 0.05);
        for share in [0.5_f64, 0.95, 0.99] {
            let exact = -(1.0 - share).ln() * mean;
            near(
                mean_of(&runs, |run| run.percentile_s(share).unwrap()),
                exact,
                0.1,
            );
        }
        near(mean_of(&runs, |run| run.throughput), rate, 0.02);
        near(
            mean_of(&runs, |run| run.resources[0].utilization.unwrap()),
            rate,
            0.03,
        );
    }
}

#[test]
fn several_servers_wait_as_erlang_says() {
    // M/M/4 at 70 %: C = 0.4287, mean wait C / (4 mu - lambda).
    let network = tandem(&[(ResourceKind::Servers(4), exponential(1.0))]);
    let rate = 2.8;
    let waits = erlang_c(4, rate);
    near(waits, 0.4287, 1e-3);
    let found = mean_of(&runs(&network, rate), mean_s);
    near(found, 1.0 + waits / (4.0 - rate), 0.04);
}

#[test]
fn constant_times_wait_half_as_long_and_shared_processors_depend_on_the_mean_alone() {
    let constant = ServiceDistribution::Constant(1.0);
    let rate = 0.6;
    // M/D/1: wait rho S / (2 (1 - rho)).
    let in_turn = tandem(&[(ResourceKind::Servers(1), constant.clone())]);
    let found = mean_of(&runs(&in_turn, rate), mean_s);
    near(found, 1.0 + rate / (2.0 * (1.0 - rate)), 0.04);
    // M/G/1 with processor sharing: S / (1 - rho) whatever the distribution.
    for time in [constant, exponential(1.0)] {
        let shared = tandem(&[(ResourceKind::Processors(1), time)]);
        let found = mean_of(&runs(&shared, rate), mean_s);
        near(found, 1.0 / (1.0 - rate), 0.06);
    }
}

#[test]
fn two_stations_in_series_are_each_as_if_alone() {
    // Jackson: exponential servers in series see Poisson arrivals each.
    let network = tandem(&[
        (ResourceKind::Servers(1), exponential(1.0)),
        (ResourceKind::Servers(1), exponential(0.5)),
    ]);
    let runs = runs(&network, 0.6);
    near(
        mean_of(&runs, |run| run.resources[0].stay_s),
        1.0 / (1.0 - 0.6),
        0.05,
    );
    near(
        mean_of(&runs, |run| run.resources[1].stay_s),
        1.0 / (2.0 - 0.6),
        0.05,
    );
}

/// Two instances with processors and a pool each before one database.
fn system(pool: u32) -> QueueingNetwork {
    let resource = |name: &str, kind, per_instance| NetworkResource {
        name: name.to_owned(),
        kind,
        per_instance,
    };
    let serve = |resource, mean| RouteStep::Serve {
        resource,
        time: ServiceTime::OfRequest(mean),
    };
    let class = |weight, steps| RequestClass {
        weight,
        factor: exponential(1.0),
        steps,
    };
    QueueingNetwork {
        instances: 2,
        resources: vec![
            resource("processors", ResourceKind::Processors(2), true),
            resource("pool", ResourceKind::Pool(pool), true),
            resource("database", ResourceKind::Processors(4), false),
            resource("network", ResourceKind::Delay, false),
        ],
        classes: vec![
            class(
                3.0,
                vec![
                    serve(0, 0.01),
                    RouteStep::Acquire(1),
                    serve(2, 0.03),
                    serve(3, 0.05),
                    RouteStep::Release(1),
                    serve(0, 0.01),
                ],
            ),
            class(1.0, vec![serve(0, 0.02)]),
        ],
    }
}

#[test]
fn littles_law_holds_at_each_resource() {
    for run in runs(&system(20), 100.0) {
        for one in &run.resources {
            near(one.present, one.visits_per_s * one.stay_s, 0.02);
        }
        // Three of four requests hold a connection, and that for 80 ms at least.
        near(run.resources[1].visits_per_s, 75.0, 0.06);
        assert!(run.resources[1].stay_s > 0.075, "{:?}", run.resources[1]);
    }
}

#[test]
fn a_pool_that_is_too_small_saturates_where_it_must() {
    // 2 pools of 2, each held for 80 ms by 3 of 4 requests: 4 / (0.75 x 0.08) = 66.7 requests a second.
    let network = system(2);
    let bound = network.bottleneck().unwrap();
    assert_eq!(bound.resource, 1);
    near(bound.rate, 66.67, 1e-3);
    let over = simulate(&network, 130.0, &LIMITS, 7).unwrap();
    assert_eq!(over.ending, SimulationEnding::Overloaded);
    assert!(!over.is_carried() && over.percentile_s(0.5).is_none());
    let (first, used) = over.most_used().unwrap();
    assert!(first == 1 && used > 0.95, "{:?}", over.resources);
    // What needs no connection is served; of the rest as much as the connections allow, or a little less.
    let most = 130.0 / 4.0 + 50.0;
    assert!(
        (0.85 * most..1.05 * most).contains(&over.throughput),
        "{over:?}"
    );
    assert!(simulate(&network, 40.0, &LIMITS, 7).unwrap().is_carried());
}

#[test]
fn the_sustained_rate_is_the_one_at_which_the_formula_meets_the_limit() {
    // M/M/1: p95 = -ln(0.05) / (mu - lambda) is 10 s at lambda = 0.7004.
    let network = tandem(&[(ResourceKind::Servers(1), exponential(1.0))]);
    let found = |limit_s| {
        let rates = (1..=4)
            .filter_map(|seed| sustained_rate(&network, (0.95, limit_s), &LIMITS, seed).unwrap());
        mean_interval(&rates.collect::<Vec<f64>>()).map(|found| found.mean)
    };
    near(found(10.0).unwrap(), 0.7004, 0.05);
    // Even alone 5 % of the requests take longer than 3 s.
    assert_eq!(found(2.0), None);
    // No limit of time: the use of the server is the limit.
    near(found(1e6).unwrap(), 0.95, 1e-9);
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_one_does_not() {
    let network = system(20);
    let run = |seed| simulate(&network, 100.0, &LIMITS, seed).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_run_ends_at_each_of_its_limits() {
    let network = system(20);
    let ending =
        |limits: &SimulationLimits<'_>, rate| simulate(&network, rate, limits, 1).unwrap().ending;
    let few = SimulationLimits {
        events: 1_000,
        ..LIMITS
    };
    assert_eq!(ending(&few, 10.0), SimulationEnding::TooManyEvents);
    let over = SimulationLimits {
        expired: &|| true,
        ..LIMITS
    };
    assert_eq!(ending(&over, 10.0), SimulationEnding::OutOfTime);
    assert_eq!(ending(&LIMITS, 1e6), SimulationEnding::Overloaded);
    for rate in [0.0, -1.0, f64::NAN] {
        assert_eq!(
            simulate(&network, rate, &LIMITS, 1),
            Err(BadNetwork::WrongNumber)
        );
    }
}
