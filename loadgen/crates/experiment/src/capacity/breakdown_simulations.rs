//! The rules of what happens past the capacity on a simulated server of which that is known: no network,
//! no clock, fixed seeds.

use std::{collections::VecDeque, time::SystemTime};

use rand::RngExt as _;

use super::{
    breakdown_rules::policy_breakdown, breakdown_trial::figures, fixture::kept, outcome::KeptTrial,
};
use crate::{
    schema::{
        BreakdownTrial, BreakdownWord, FaultRecovery, LoadVote, PolicyBreakdown, SpikeRecovery,
        TrialPurpose, ValidityWord,
    },
    trial::spike_recovery,
};
use loadgen_engine::{
    aggregator::TrialData,
    flow::shop,
    recorder::{Shard, Window},
    sample::{OpId, Outcome, Sample},
    threshold::Threshold,
    units::Nanos,
};
use loadgen_stats::seed;

/// What an answer takes; the server gives one at a time.
const SERVICE_S: f64 = 0.002_5;
/// Requests a second that it can answer.
const SPEED: f64 = 1.0 / SERVICE_S;
/// The lower bound of a search: a little below.
const LOWER: f64 = 0.9 * SPEED;
const LOADS: [f64; 3] = [LOWER, 1.5 * LOWER, 2.0 * LOWER];
const SLO: &str = "p95 < 50ms";
const TIMEOUT_S: f64 = 10.0;
const WARM_UP_S: f64 = 2.0;
const MEASURED_S: f64 = 20.0;
/// Begin and end of a spike in the window, and the length of the window.
const SPIKE: (f64, f64) = (10.0, 13.0);
const SPIKE_WINDOW_S: f64 = 45.0;

/// A server.
#[derive(Debug, Clone, Copy)]
struct SimulatedServer {
    /// Most requests in it; more are refused. Absent: everybody waits.
    limit: Option<usize>,
    /// What a refusal costs it.
    refusal_s: f64,
}

/// A server that lets everybody in, and one that answers as many in time as it can.
const UNLIMITED: SimulatedServer = SimulatedServer {
    limit: None,
    refusal_s: 0.0,
};
const LIMITED: SimulatedServer = SimulatedServer {
    limit: Some(10),
    refusal_s: 0.0,
};

/// A trial with the load that `rate` says, in seconds of the window.
fn trial(
    server: SimulatedServer,
    window_s: f64,
    rate: impl Fn(f64) -> f64,
    run: &str,
) -> TrialData {
    let nanos = |seconds: f64| Nanos(((seconds + WARM_UP_S) * 1e9) as u64);
    let window = Window {
        from: nanos(0.0),
        to: nanos(window_s),
    };
    let mut shard = Shard::new(window, &[OpId(0)], nanos(window_s + 2.0 * TIMEOUT_S));
    let mut chance = seed::rng(seed::sub_seed(7, run));
    let (mut now, mut free_at) = (-WARM_UP_S, -WARM_UP_S);
    let mut inside: VecDeque<f64> = VecDeque::new();
    loop {
        now += -(1.0 - chance.random::<f64>()).ln() / rate(now);
        if now >= window_s {
            break;
        }
        while inside.front().is_some_and(|done| *done <= now) {
            inside.pop_front();
        }
        let refused = server.limit.is_some_and(|limit| inside.len() >= limit);
        let takes = if refused { server.refusal_s } else { SERVICE_S };
        free_at = f64::max(free_at, now) + takes;
        let (done, outcome, status) = if refused {
            (now + 0.001, Outcome::HttpError, 503)
        } else if free_at - now > TIMEOUT_S {
            (now + TIMEOUT_S, Outcome::Timeout, 0)
        } else {
            (free_at, Outcome::Ok, 200)
        };
        if !refused {
            // Also what its client does not wait for any more is worked on.
            inside.push_back(free_at);
        }
        let (intended, done) = (nanos(now), nanos(done));
        let sample = Sample {
            outcome,
            status,
            ..Sample::answered(intended, done)
        };
        shard.begin(OpId(0), intended);
        shard.settle(&sample, None);
    }
    TrialData::from_shards(SystemTime::UNIX_EPOCH, window, vec![shard])
}

/// Two rounds with a server; `server` says which one in which round.
fn breakdown(server: impl Fn(u32) -> SimulatedServer) -> PolicyBreakdown {
    let slo: Vec<Threshold> = vec![SLO.parse().unwrap()];
    let mut trials: Vec<KeptTrial> = Vec::new();
    for round in 0..2 {
        for load in LOADS {
            let run = format!("{round} {load}");
            let data = trial(server(round), MEASURED_S, |_| load, &run);
            let (figures, answered_in_time) = figures(&slo, &shop(), &data);
            let mut one = kept(load, LoadVote::Missed);
            one.step.purpose = TrialPurpose::Breakdown;
            one.breakdown = Some(BreakdownTrial {
                folder: run,
                policy: "simulated".into(),
                load,
                answered_in_time,
                figures,
                validity: ValidityWord::Valid,
                doubts: Vec::new(),
                spike: None,
            });
            trials.push(one);
        }
    }
    policy_breakdown("simulated", LOWER, &LOADS, &trials)
}

#[test]
fn a_server_that_lets_everybody_in_collapses() {
    let found = breakdown(|_| UNLIMITED);
    assert_eq!(found.word, BreakdownWord::Collapse, "{}", found.why);
    let double = found.loads[2].median.unwrap();
    assert!(double.in_time < 0.02 && double.refused < 1e-9, "{double:?}");
    assert!(double.late > 0.3, "{double:?}");
}

#[test]
fn a_server_with_a_short_queue_keeps_its_goodput_and_refuses_the_rest() {
    let found = breakdown(|_| LIMITED);
    assert_eq!(found.word, BreakdownWord::Plateau, "{}", found.why);
    let double = found.loads[2].median.unwrap();
    // Of 1.8 times its speed it refuses 0.8.
    assert!((double.refused - 0.8 / 1.8).abs() < 0.02, "{double:?}");
    assert!(
        (double.goodput_per_s / SPEED - 1.0).abs() < 0.02,
        "{double:?}"
    );
}

#[test]
fn a_server_that_refusals_cost_time_declines_as_its_balance_of_time_says() {
    // g answers and 2 L - g refusals fill a second, of which 70 % of the goodput at L are left.
    let (kept_per_s, offered) = (0.7 * LOWER, 2.0 * LOWER);
    let refusal_s = (1.0 - kept_per_s * SERVICE_S) / (offered - kept_per_s);
    let found = breakdown(|_| SimulatedServer {
        refusal_s,
        ..LIMITED
    });
    assert_eq!(found.word, BreakdownWord::Decline, "{}", found.why);
    let double = found.loads[2].median.unwrap().goodput_per_s;
    assert!(
        (double / kept_per_s - 1.0).abs() < 0.1,
        "{double} of {kept_per_s}"
    );
}

#[test]
fn rounds_that_disagree_have_no_word() {
    let found = breakdown(|round| if round == 0 { LIMITED } else { UNLIMITED });
    assert_eq!(found.word, BreakdownWord::Unknown);
    assert!(
        found.why.starts_with("the rounds disagree"),
        "{}",
        found.why
    );
}

/// The recovery from a spike of twice the lower bound between loads of half of it.
fn spiked(server: SimulatedServer) -> SpikeRecovery {
    let rate = |at: f64| {
        if (SPIKE.0..SPIKE.1).contains(&at) {
            2.0 * LOWER
        } else {
            0.5 * LOWER
        }
    };
    let data = trial(server, SPIKE_WINDOW_S, rate, "spike");
    spike_recovery(&data, SPIKE.0, SPIKE.1)
}

fn seconds(recovery: &FaultRecovery) -> f64 {
    match recovery {
        FaultRecovery::After { seconds } => *seconds,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_queue_is_recovered_from_when_it_is_worked_off() {
    let spike = spiked(UNLIMITED);
    // It grows by 2 L - speed in the spike, and shrinks by speed - L / 2 after it.
    let queue = (2.0 * LOWER - SPEED) * (SPIKE.1 - SPIKE.0);
    let truth = queue / (SPEED - 0.5 * LOWER);
    let found = seconds(&spike.p95);
    // The first whole second without the queue.
    assert!(
        found >= truth - 0.2 && found <= truth + 1.5,
        "{found} of {truth}"
    );
    // Right answers come all the time.
    assert!(seconds(&spike.goodput.recovery) < 1.5, "{spike:?}");
}

#[test]
fn a_server_that_refuses_is_back_at_once() {
    let spike = spiked(LIMITED);
    assert!(seconds(&spike.p95) < 1.5, "{spike:?}");
    assert!(seconds(&spike.goodput.recovery) < 1.5, "{spike:?}");
    assert!(spike.goodput.failed > 500, "{spike:?}");
}

#[test]
fn a_server_that_never_works_off_its_queue_has_not_recovered() {
    // Afterwards more comes than it can answer, as if the spike had made it slower.
    let rate = |at: f64| match at {
        at if at < SPIKE.0 => 0.5 * LOWER,
        at if at < SPIKE.1 => 2.0 * LOWER,
        _ => 1.05 * SPEED,
    };
    let data = trial(UNLIMITED, SPIKE_WINDOW_S, rate, "slower");
    let spike = spike_recovery(&data, SPIKE.0, SPIKE.1);
    assert_eq!(spike.p95, FaultRecovery::NotRecovered);
}
