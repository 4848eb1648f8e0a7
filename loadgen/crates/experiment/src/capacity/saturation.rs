//! What was at its limit where the SLO was missed, from what trials observe anyway, and which of it
//! at the lowest load.
//!
//! A resource counts at a load where most of the trials there show it at its limit, and only if it is
//! also at its limit where the SLO was missed, at the upper bound: what is busy at a light load and not where
//! it fails limits nothing. Queues can miss an SLO long before anything is at its limit; then the next load at
//! which something is says what that would be.

use shared::timing::ServerPart;

use super::outcome::KeptTrial;
use crate::schema::{LoadUnit, LoadVote, SaturationSign, Server, Trial};

/// Share of a processor, or of all of them, from which it is busy.
const BUSY: f64 = 0.9;
/// Share of the samples of active backends in one kind of wait, from which that limits.
const WAITING: f64 = 0.3;
/// Share of the response time that a wait has to make up.
const OF_RESPONSE: f64 = 0.1;
/// Share of the requests that end in one way.
const OF_REQUESTS: f64 = 0.01;
/// A single-threaded service, as the observer names it.
const SINGLE_THREADED: &str = "redis";

/// Finds in a trial that a resource was at its limit; the number is that of the machine's processors.
type Sign = fn(&Trial, usize) -> Option<String>;

/// The resources. Of several at one load the first is named first: what causes others comes first.
const SIGNS: [(&str, Sign); 10] = [
    ("a service of one thread", single_thread),
    ("processors of the machine", processors),
    ("password hashing", hashing),
    ("row locks of the database", locks),
    ("write-ahead log", write_ahead_log),
    ("storage reads", storage),
    ("connection pool", pool),
    ("admission limit", admission),
    ("refused requests", refused),
    ("sockets", sockets),
];

/// What was at its limit, that of the lowest load first, and a sentence on the first. Without an upper
/// bound the lowest load that missed the SLO stands for it.
pub(super) fn saturation(
    trials: &[KeptTrial],
    unit: LoadUnit,
    cores: usize,
    upper: Option<f64>,
) -> (Vec<SaturationSign>, String) {
    let counted = || {
        trials
            .iter()
            .filter(|one| one.step.vote != LoadVote::Invalid)
    };
    let Some(failing) = upper.or_else(|| lowest_missed(trials)) else {
        return (
            Vec::new(),
            "nothing saturated: no load missed the SLO".to_owned(),
        );
    };
    let mut loads: Vec<f64> = counted().map(|one| one.step.load).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    let counted: Vec<&KeptTrial> = counted().collect();
    let beyond = loads.split_off(loads.partition_point(|load| *load <= failing));
    // What is busy below a load that shows nothing does not count beyond it either.
    let further = (1..=beyond.len()).map(|number| &beyond[..number]);
    let (shown_at, found) = std::iter::once((failing, loads.as_slice()))
        .chain(further.map(|up_to| (up_to[up_to.len() - 1], up_to)))
        .map(|(load, up_to)| (load, signs(&counted, up_to, load, cores)))
        .find(|(_, found)| !found.is_empty())
        .unwrap_or((failing, Vec::new()));
    let sentence = match found.first() {
        Some(first) if same(shown_at, failing) => format!(
            "saturated first: {}, from {} on; at {}: {}",
            first.resource,
            unit.show(first.load),
            unit.show(failing),
            first.evidence
        ),
        Some(first) => format!(
            "at {}, where the SLO is missed, nothing had reached its limit; beyond it saturated first: {}, at {}: {}",
            unit.show(failing),
            first.resource,
            unit.show(shown_at),
            first.evidence
        ),
        None if counted.iter().all(|one| is_blind(&one.trial.server)) => {
            "what saturated first is not known: the target reports nothing of itself".to_owned()
        }
        None => format!(
            "what saturated first is not known: at {} nothing that was observed had reached its limit",
            unit.show(failing)
        ),
    };
    (found, sentence)
}

/// What is at its limit at a load, that of the lowest of these loads up to it first.
fn signs(counted: &[&KeptTrial], up_to: &[f64], failing: f64, cores: usize) -> Vec<SaturationSign> {
    let mut found: Vec<SaturationSign> = Vec::new();
    for (resource, sign) in SIGNS {
        let at = |load: f64| {
            let here: Vec<Option<String>> = counted
                .iter()
                .filter(|one| same(one.step.load, load))
                .map(|one| sign(&one.trial, cores))
                .collect();
            let shown = here.iter().flatten().count();
            if 2 * shown > here.len() {
                here.into_iter().flatten().next_back()
            } else {
                None
            }
        };
        let Some(evidence) = at(failing) else {
            continue;
        };
        let lowest = up_to.iter().copied().find(|load| at(*load).is_some());
        found.push(SaturationSign {
            resource: resource.to_owned(),
            load: lowest.unwrap_or(failing),
            evidence,
        });
    }
    // Stable: at one load the order of the table.
    found.sort_by(|a, b| a.load.total_cmp(&b.load));
    found
}

/// The lowest load at which most trials missed the SLO.
pub fn lowest_missed(trials: &[KeptTrial]) -> Option<f64> {
    let votes = |load: f64, vote: LoadVote| {
        let here = trials.iter().filter(|one| same(one.step.load, load));
        here.filter(|one| one.step.vote == vote).count()
    };
    trials
        .iter()
        .map(|one| one.step.load)
        .filter(|load| votes(*load, LoadVote::Missed) > votes(*load, LoadVote::Met))
        .min_by(f64::total_cmp)
}

/// Whether two loads are the same.
pub(super) fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs()
}

/// Whether only the load generator itself was seen.
fn is_blind(server: &Server) -> bool {
    server.requests.is_none() && server.cpu_s.keys().all(|name| name == "loadgen")
}

fn cores_of(server: &Server, spent_s: f64) -> f64 {
    spent_s / server.window_s.max(1e-9)
}

fn processors(trial: &Trial, cores: usize) -> Option<String> {
    let server = &trial.server;
    let busy = cores_of(server, server.cpu_s.values().sum());
    let mut each: Vec<(&String, f64)> = server
        .cpu_s
        .iter()
        .map(|(name, spent)| (name, cores_of(server, *spent)))
        .collect();
    each.sort_by(|a, b| b.1.total_cmp(&a.1));
    let each: Vec<String> = each
        .iter()
        .map(|(name, busy)| format!("{name} {busy:.2}"))
        .collect();
    (busy >= BUSY * cores as f64)
        .then(|| format!("{busy:.2} of {cores} processors busy ({})", each.join(", ")))
}

fn single_thread(trial: &Trial, _cores: usize) -> Option<String> {
    let server = &trial.server;
    let busy = cores_of(server, *server.cpu_s.get(SINGLE_THREADED)?);
    (busy >= BUSY)
        .then(|| format!("{SINGLE_THREADED} used {busy:.2} of the one processor that it can use"))
}

fn pool(trial: &Trial, _cores: usize) -> Option<String> {
    let server = &trial.server;
    let full = server.pool_max > 0 && server.pool_in_use_max >= server.pool_max;
    let wait_ms = server.pool_wait_ms()?;
    let matters =
        server.pool_timeouts > 0 || wait_ms >= OF_RESPONSE * trial.total.cost.total_ms.max(1.0);
    (full && server.pool_waiters_max > 0 && matters).then(|| {
        format!(
            "all {} connections in use, up to {} requests waited for one, {wait_ms:.1} ms in mean; {} gave up",
            server.pool_max, server.pool_waiters_max, server.pool_timeouts
        )
    })
}

fn locks(trial: &Trial, _cores: usize) -> Option<String> {
    let waiting = trial.server.database.as_ref()?.lock_waiters_mean;
    let share = waits(&trial.server, |event| event.starts_with("Lock:"));
    (waiting >= 1.0 && share >= WAITING)
        .then(|| format!("{waiting:.1} backends in mean waited for a lock of another, {:.0} % of the active ones", share * 100.0))
}

fn write_ahead_log(trial: &Trial, _cores: usize) -> Option<String> {
    waiting(&trial.server, "the log", |event| event.contains("WAL"))
}

fn storage(trial: &Trial, _cores: usize) -> Option<String> {
    waiting(&trial.server, "a data file", |event| {
        event.starts_with("IO:DataFile")
    })
}

/// A device is at its limit where somebody waits for it all the time: at a light load most of the few active backends
/// may wait for the log, each for its own commit.
fn waiting(server: &Server, what: &str, of: impl Fn(&str) -> bool) -> Option<String> {
    let share = waits(server, of);
    let backends = share * server.database.as_ref()?.active_mean;
    (backends >= 1.0 && share >= WAITING).then(|| {
        format!(
            "{backends:.1} backends in mean waited for {what}, {:.0} % of the active ones",
            share * 100.0
        )
    })
}

fn waits(server: &Server, of: impl Fn(&str) -> bool) -> f64 {
    let events = server.waits.iter();
    events
        .filter(|(event, _)| of(event))
        .map(|(_, share)| share)
        .sum()
}

fn hashing(trial: &Trial, _cores: usize) -> Option<String> {
    let hashing = trial.server.hashing;
    let ms = |seconds: f64| seconds * 1_000.0 / hashing.hashes as f64;
    (hashing.hashes > 0 && hashing.wait_s >= hashing.busy_s).then(|| {
        format!(
            "a hash waited {:.0} ms for a place and took {:.0} ms",
            ms(hashing.wait_s),
            ms(hashing.busy_s)
        )
    })
}

fn admission(trial: &Trial, _cores: usize) -> Option<String> {
    let cost = &trial.total.cost;
    let waited = cost.parts_ms[ServerPart::Admission];
    (waited >= OF_RESPONSE * cost.total_ms && waited >= 1.0).then(|| {
        format!(
            "a request waited {waited:.1} ms for admission, of {:.1} ms in the target",
            cost.total_ms
        )
    })
}

fn refused(trial: &Trial, _cores: usize) -> Option<String> {
    let total = &trial.total;
    let of = |status: u16| total.statuses.get(&status).copied().unwrap_or(0);
    let refused = of(429) + of(503);
    let share = refused as f64 / total.planned.max(1) as f64;
    (share >= OF_REQUESTS).then(|| {
        format!(
            "{:.1} % of the requests were answered 429 or 503",
            share * 100.0
        )
    })
}

fn sockets(trial: &Trial, _cores: usize) -> Option<String> {
    let total = &trial.total;
    let of = |outcome: &str| total.outcomes.get(outcome).copied().unwrap_or(0);
    let lost = of("connect") + of("reset");
    let share = lost as f64 / total.planned.max(1) as f64;
    (share >= OF_REQUESTS).then(|| {
        format!(
            "{:.1} % of the requests found no connection or lost it",
            share * 100.0
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::fixture::{kept, trial};

    fn with(load: f64, vote: LoadVote, change: impl FnOnce(&mut Trial)) -> KeptTrial {
        let mut one = kept(load, vote);
        one.trial = trial();
        one.trial.server.window_s = 10.0;
        change(&mut one.trial);
        one
    }

    fn full_pool(trial: &mut Trial) {
        let server = &mut trial.server;
        (
            server.pool_max,
            server.pool_in_use_max,
            server.pool_waiters_max,
        ) = (5, 5, 30);
        (server.pool_acquires, server.pool_wait_s) = (1_000, 80.0);
    }

    fn busy(trial: &mut Trial, cores: f64) {
        trial.server.cpu_s = [("service".to_owned(), cores * 10.0)].into();
    }

    #[test]
    fn the_resource_that_is_at_its_limit_at_the_lowest_load_is_named_first() {
        let trials = [
            with(50.0, LoadVote::Met, |_| {}),
            with(100.0, LoadVote::Met, full_pool),
            with(200.0, LoadVote::Missed, |trial| {
                full_pool(trial);
                busy(trial, 1.95);
            }),
        ];
        let (found, sentence) = saturation(&trials, LoadUnit::Rate, 2, None);
        let names: Vec<(&str, f64)> = found
            .iter()
            .map(|one| (one.resource.as_str(), one.load))
            .collect();
        assert_eq!(
            names,
            [
                ("connection pool", 100.0),
                ("processors of the machine", 200.0)
            ]
        );
        assert!(
            sentence.starts_with("saturated first: connection pool, from 100/s on; at 200/s: all 5 connections in use"),
            "{sentence}"
        );
    }

    #[test]
    fn where_queues_miss_the_slo_first_the_next_load_says_what_is_short() {
        let trials = [
            // Disturbed: what is busy there and not at the next load limits nothing.
            with(5.0, LoadVote::Met, |trial| busy(trial, 1.95)),
            with(10.0, LoadVote::Missed, |trial| busy(trial, 1.4)),
            with(20.0, LoadVote::Missed, |trial| busy(trial, 1.95)),
            with(40.0, LoadVote::Missed, |trial| {
                busy(trial, 1.95);
                full_pool(trial);
            }),
        ];
        let (found, sentence) = saturation(&trials, LoadUnit::Rate, 2, Some(10.0));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].resource, "processors of the machine");
        assert!((found[0].load - 20.0).abs() < 1e-9, "{found:?}");
        let said = "at 10/s, where the SLO is missed, nothing had reached its limit; beyond it saturated first: processors of the machine, at 20/s: 1.95 of 2 processors busy";
        assert!(sentence.starts_with(said), "{sentence}");
    }

    #[test]
    fn what_is_busy_only_below_the_capacity_and_what_is_not_observed_is_not_named() {
        let passing = [
            with(100.0, LoadVote::Met, |trial| busy(trial, 1.95)),
            with(200.0, LoadVote::Missed, |trial| busy(trial, 0.5)),
        ];
        let (found, sentence) = saturation(&passing, LoadUnit::Rate, 2, None);
        assert!(
            found.is_empty() && sentence.contains("nothing that was observed"),
            "{sentence}"
        );
        let blind = [with(200.0, LoadVote::Missed, |_| {})];
        let (_, sentence) = saturation(&blind, LoadUnit::Rate, 2, None);
        assert!(sentence.contains("reports nothing of itself"), "{sentence}");
        let (_, sentence) = saturation(&[kept(5.0, LoadVote::Met)], LoadUnit::Rate, 2, None);
        assert!(sentence.contains("no load missed"), "{sentence}");
    }

    #[test]
    fn each_resource_has_its_sign() {
        let missed = |change: &dyn Fn(&mut Trial)| {
            let (found, _) = saturation(
                &[with(9.0, LoadVote::Missed, change)],
                LoadUnit::Rate,
                2,
                None,
            );
            found
                .first()
                .map(|one| one.resource.clone())
                .unwrap_or_default()
        };
        let waits = |event: &str| [(event.to_owned(), 0.6)].into();
        let waiting = |event: &str, active_mean: f64| {
            missed(&|one| {
                one.server.waits = waits(event);
                one.server.database = Some(crate::schema::Database {
                    active_mean,
                    ..Default::default()
                });
            })
        };
        assert_eq!(waiting("LWLock:WALWrite", 2.0), "write-ahead log");
        assert_eq!(waiting("IO:DataFileRead", 2.0), "storage reads");
        // Most of those that were active, and hardly one was.
        for event in ["LWLock:WALWrite", "IO:DataFileRead"] {
            assert_eq!(waiting(event, 0.1), "", "{event}");
        }
        assert_eq!(
            missed(&|one| {
                one.server.waits = waits("Lock:tuple");
                one.server.database = Some(crate::schema::Database {
                    lock_waiters_mean: 4.0,
                    ..Default::default()
                });
            }),
            "row locks of the database"
        );
        assert_eq!(
            missed(&|one| {
                let hashing = &mut one.server.hashing;
                (hashing.hashes, hashing.busy_s, hashing.wait_s) = (10, 1.0, 9.0);
            }),
            "password hashing"
        );
        assert_eq!(
            missed(&|one| one.server.cpu_s = [("redis".to_owned(), 9.9)].into()),
            "a service of one thread"
        );
        assert_eq!(
            missed(&|one| {
                one.total.cost.total_ms = 20.0;
                one.total.cost.parts_ms[ServerPart::Admission] = 15.0;
            }),
            "admission limit"
        );
        assert_eq!(
            missed(&|one| one.total.statuses = [(503, 80)].into()),
            "refused requests"
        );
        assert_eq!(
            missed(&|one| one.total.outcomes = [("connect".to_owned(), 80)].into()),
            "sockets"
        );
    }
}
