//! The search on simulated queues whose capacity is known: no network, no clock, fixed seeds.

use rand::Rng;
use rand::RngExt as _;

use super::tests::searched;
use super::*;
use loadgen_stats::seed;

/// Seconds of a trial that do not count, and that do.
const WARM_UP: f64 = 5.0;
const MEASURED: f64 = 30.0;
/// Searches of each target.
const RUNS: u64 = 10;
/// Searches that must be right.
const RIGHT: usize = 9;

fn exponential(chance: &mut impl Rng, rate: f64) -> f64 {
    -(1.0 - chance.random::<f64>()).ln() / rate
}

/// A trial on a queue with so many servers: whether the SLO `p95 < limit` held. `service` draws a time.
fn trial<R: Rng>(
    chance: &mut R,
    load: f64,
    servers: usize,
    limit: f64,
    service: impl Fn(&mut R) -> f64,
) -> LoadVote {
    let mut free_at = vec![0.0_f64; servers];
    let mut responses = Vec::new();
    let mut now = 0.0;
    while now < WARM_UP + MEASURED {
        now += exponential(chance, load);
        let first = (0..servers)
            .min_by(|a, b| free_at[*a].total_cmp(&free_at[*b]))
            .unwrap();
        let done = free_at[first].max(now) + service(chance);
        free_at[first] = done;
        if now >= WARM_UP {
            responses.push(done - now);
        }
        // The trial is ended when the queue is far too long, as with `in_flight: abort`.
        if done - now > limit * 10.0 {
            return LoadVote::Missed;
        }
    }
    let rank = (responses.len() as f64 * 0.95).ceil() as usize - 1;
    let (_, p95, _) = responses.select_nth_unstable_by(rank, f64::total_cmp);
    if *p95 < limit {
        LoadVote::Met
    } else {
        LoadVote::Missed
    }
}

/// The load at which a rising function reaches `level`, by bisection.
fn solved(mut low: f64, mut high: f64, level: f64, of: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if of(middle) < level {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// P(response > t) of M/M/c.
fn beyond_mmc(load: f64, servers: u32, mu: f64, t: f64) -> f64 {
    let (c, a) = (f64::from(servers), load / mu);
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..servers {
        term *= a / f64::from(k);
        sum += term;
    }
    let last = term * a / c / (1.0 - a / c);
    let waits = last / (sum + last);
    let spare = c - 1.0 - a;
    (-mu * t).exp() * (1.0 + waits * (1.0 - (-mu * t * spare).exp()) / spare)
}

/// P(wait > t) of M/D/1 (Erlang).
fn beyond_md1(load: f64, service: f64, t: f64) -> f64 {
    let mut sum = 0.0;
    let mut factorial = 1.0;
    for k in 0..=(t / service).floor() as i32 {
        if k > 0 {
            factorial *= f64::from(k);
        }
        let x = load * (f64::from(k) * service - t);
        sum += x.powi(k) / factorial * (-x).exp();
    }
    1.0 - (1.0 - load * service) * sum
}

/// Runs the search ten times: at least nine are within 5 % of the truth, and the bounds of at least nine
/// contain it. `make` makes a target of a seed, `truth` is its capacity after so many trials.
fn check<V: FnMut(f64) -> LoadVote>(
    what: &str,
    make: impl Fn(u64) -> V,
    truth: impl Fn(usize) -> f64,
) {
    let plan = SearchPlan::careful(25.0, 1.0, 100_000.0, false);
    let (mut close, mut inside, mut trials) = (0, 0, 0);
    let mut shown = Vec::new();
    for run in 0..RUNS {
        let (ending, bounds, tried) = searched(&plan, make(run));
        assert_eq!(ending, SearchEnding::Found, "{what} {run}");
        let (lower, upper) = (bounds.lower.unwrap(), bounds.upper.unwrap());
        let capacity = truth(tried.len());
        close += usize::from(((lower * upper).sqrt() / capacity - 1.0).abs() <= 0.05);
        inside += usize::from((lower..upper).contains(&capacity));
        trials += tried.len();
        shown.push(format!("[{lower}, {upper}] of {capacity:.1}"));
    }
    println!("{what}: {close} close, {inside} inside, {trials} trials: {shown:?}");
    assert!(
        close >= RIGHT,
        "{what}: {close} of {RUNS} within 5 %: {shown:?}"
    );
    assert!(
        inside >= RIGHT,
        "{what}: {inside} of {RUNS} contain it: {shown:?}"
    );
}

#[test]
fn the_capacity_of_several_servers_is_found() {
    const SERVERS: u32 = 4;
    const MU: f64 = 200.0;
    const LIMIT: f64 = 0.025;
    let truth = solved(1.0, f64::from(SERVERS) * MU - 0.01, 0.05, |load| {
        beyond_mmc(load, SERVERS, MU, LIMIT)
    });
    let make = |run| {
        let mut chance = seed::rng(seed::sub_seed(run, "m/m/c"));
        move |load| {
            trial(&mut chance, load, SERVERS as usize, LIMIT, |chance| {
                exponential(chance, MU)
            })
        }
    };
    check("M/M/4", make, |_| truth);
}

#[test]
fn the_capacity_of_a_server_with_a_hard_limit_is_found() {
    const SERVICE: f64 = 0.002_5;
    const LIMIT: f64 = 20.0 * SERVICE;
    let truth = solved(1.0, 1.0 / SERVICE - 0.01, 0.05, |load| {
        beyond_md1(load, SERVICE, LIMIT - SERVICE)
    });
    let make = |run| {
        let mut chance = seed::rng(seed::sub_seed(run, "m/d/1"));
        move |load| trial(&mut chance, load, 1, LIMIT, |_| SERVICE)
    };
    check("M/D/1", make, |_| truth);
}

#[test]
fn a_cliff_is_found_although_a_trial_in_twenty_says_the_opposite() {
    const CLIFF: f64 = 437.0;
    let make = |run| {
        let mut chance = seed::rng(seed::sub_seed(run, "cliff"));
        move |load: f64| {
            let disturbed = chance.random::<f64>() < 0.05;
            if (load <= CLIFF) == disturbed {
                LoadVote::Missed
            } else {
                LoadVote::Met
            }
        }
    };
    check("cliff", make, |_| CLIFF);
}

#[test]
fn the_capacity_of_a_server_that_becomes_slower_is_found_as_it_is_on_average() {
    const SERVICE: f64 = 0.002_5;
    const LIMIT: f64 = 20.0 * SERVICE;
    /// By how much a trial is slower than the one before.
    const DRIFT: f64 = 0.000_5;
    let first = solved(1.0, 1.0 / SERVICE - 0.01, 0.05, |load| {
        beyond_md1(load, SERVICE, LIMIT - SERVICE)
    });
    let make = |run| {
        let mut chance = seed::rng(seed::sub_seed(run, "drift"));
        let mut trials = 0.0;
        move |load| {
            trials += 1.0;
            let service = SERVICE * (1.0 + DRIFT * trials);
            trial(&mut chance, load, 1, LIMIT, |_| service)
        }
    };
    check("drift", make, |trials| {
        first / (1.0 + DRIFT * trials as f64 * 0.5)
    });
}

#[test]
fn a_coarse_search_of_two_arms_has_the_true_factor_between_its_bounds_after_few_trials() {
    const SERVERS: u32 = 4;
    const LIMIT: f64 = 0.05;
    /// Speed of one server of each arm.
    const MU: [f64; 2] = [40.0, 400.0];
    let truth = MU.map(|mu| {
        solved(1.0, f64::from(SERVERS) * mu - 0.01, 0.05, |load| {
            beyond_mmc(load, SERVERS, mu, LIMIT.max(8.0 / mu))
        })
    });
    let (mut inside, mut confirmed, mut trials) = (0, 0, 0);
    for run in 0..RUNS {
        let bounds = MU.map(|mu| {
            let mut chance = seed::rng(seed::sub_seed(run, "coarse"));
            // A probe with a closed load has shown about what the arm takes at its limit.
            let first = f64::from(SERVERS) * mu * 0.8;
            let plan = SearchPlan {
                // As much as an experiment has for each arm: five trials.
                budget_s: Some(50.0),
                ..SearchPlan::coarse(first, 0.5, 20_000.0, false)
            };
            let limit = LIMIT.max(8.0 / mu);
            let (_, bounds, tried) = searched(&plan, |load| {
                trial(&mut chance, load, SERVERS as usize, limit, |chance| {
                    exponential(chance, mu)
                })
            });
            trials += tried.len();
            confirmed += usize::from(bounds.lower_confirmed && bounds.upper_confirmed);
            (bounds.lower.unwrap(), bounds.upper.unwrap())
        });
        let [before, after] = bounds;
        let factor = truth[1] / truth[0];
        let range = after.0 / before.1..after.1 / before.0;
        inside += usize::from(range.contains(&factor));
        assert!(range.start > 3.0, "{range:?} of {factor}");
    }
    println!("coarse: {inside} inside, {confirmed} confirmed, {trials} trials");
    assert!(inside >= RIGHT, "{inside} of {RUNS}");
    let searches = 2 * RUNS as usize;
    assert!(
        10 * confirmed >= 8 * searches,
        "{confirmed} of {searches} have both bounds confirmed in {trials} trials"
    );
}

#[test]
fn the_truths_are_those_of_the_tables() {
    // M/M/1 at 0.8 of 1,000/s: p99 of the response is 23.0259 ms.
    assert!((beyond_mmc(800.0, 1, 1_000.0, 0.023_025_9) - 0.01).abs() < 1e-6);
    // M/D/1: a request waits with a chance of rho.
    assert!((beyond_md1(0.7, 1.0, 0.0) - 0.7).abs() < 1e-12);
}
