//! One booking after the other, against the time that their statements and their commit take inside of
//! PostgreSQL, by the server's own account of the same bookings.

use std::{cell::RefCell, time::Duration};

use super::{
    comparison::{AimLimit, PartComparison, PartSide, PartUnit},
    interleaved::BenchSubject,
    own_load::{ClosedSpan, percentile},
    running::{RunningBench, next_side},
};
use loadgen_codeconnect::{
    bench_requests,
    database::{ServerCostReading, ServerCosts},
};
use loadgen_engine::{request::Request, sample::Outcome};
use loadgen_experiment::schema::Percentile;

/// Longest time of one round.
const ROUND_LIMIT: Duration = Duration::from_secs(30);

/// What the server spent on the bookings of one round.
#[derive(Debug, Clone, Copy, PartialEq)]
struct RoundCost {
    bookings: u64,
    spent: ServerCostReading,
}

/// Measures it; `None` where the measurement was stopped.
pub(super) fn measure(run: &RunningBench<'_>) -> Option<PartComparison> {
    let each = run.plan.bookings as usize;
    let wanted = each * run.plan.rounds as usize;
    let counts = run.bench.scale.counts();
    let requests: Result<Vec<Request>, String> = run
        .put(&[])
        .and_then(|_| run.wait(bench_requests::bookings(&run.bench.lab, counts, wanted)));
    let mut server = run.wait(ServerCosts::open(&run.bench.database_url));
    let costs: RefCell<Vec<Result<RoundCost, String>>> = RefCell::default();
    let mut round = 0;
    let ours = BenchSubject {
        what: "POST /api/v1/bookings, 1 connection, median of a round".to_owned(),
        program: None,
        measure: Box::new(|| {
            let all = requests.as_ref().map_err(Clone::clone)?;
            let some = all.chunks(each).nth(round).unwrap_or_default();
            round += 1;
            let before = read_costs(run, &mut server);
            let data = run.own.closed((some, 201), 1, span(some.len()))?;
            let after = read_costs(run, &mut server);
            let bookings = data.total.count(Outcome::Ok);
            costs.borrow_mut().push(before.and_then(|before| {
                Ok(RoundCost {
                    bookings,
                    spent: after?.since(&before),
                })
            }));
            match percentile(&data.total, 0.5) {
                Percentile::Known(ms) => Ok(ms),
                Percentile::BeyondTimeout | Percentile::TooFew { .. } => {
                    let fewest = Percentile::fewest_samples(0.5);
                    Err(format!(
                        "{bookings} bookings a round have no median: {fewest} are needed"
                    ))
                }
            }
        }),
    };
    let mut sides = run.interleaved("booking", vec![ours])?.into_iter();
    let ours = next_side(&mut sides);
    let bare = server_side(costs.into_inner());
    let part = (
        "booking, one client",
        PartUnit::Milliseconds,
        AimLimit::AtMost(1.5),
    );
    Some(PartComparison::of(part, ours, bare, run.plan.quick))
}

fn span(bookings: usize) -> ClosedSpan {
    ClosedSpan {
        warm_up: Duration::ZERO,
        measure: ROUND_LIMIT,
        tail: Duration::ZERO,
        iterations: Some(bookings as u64),
    }
}

fn read_costs(
    run: &RunningBench<'_>,
    server: &mut Result<ServerCosts, String>,
) -> Result<ServerCostReading, String> {
    match server {
        Ok(server) => run.wait(server.read()),
        Err(why) => Err(why.clone()),
    }
}

/// The bare side: in each round the mean time of the statements of a booking, and to each the mean time of
/// the log's write at its commit over all rounds, because the server reports that up to a second late.
fn server_side(rounds: Vec<Result<RoundCost, String>>) -> PartSide {
    let mut side = PartSide::of("the time of its statements in PostgreSQL");
    let rounds: Vec<RoundCost> = match rounds.into_iter().collect() {
        Ok(rounds) => rounds,
        Err(why) => {
            side.fail(why);
            return side;
        }
    };
    if rounds.is_empty() {
        return side;
    }
    let all = |of: fn(&RoundCost) -> f64| rounds.iter().map(of).sum::<f64>();
    let bookings = all(|round| round.bookings as f64);
    let statements = all(|round| round.spent.statements as f64) / bookings;
    let commits = all(|round| round.spent.commits as f64) / bookings;
    let log = ServerCostReading {
        log_syncs: rounds.iter().map(|round| round.spent.log_syncs).sum(),
        log_ms: all(|round| round.spent.log_ms),
        ..ServerCostReading::default()
    };
    let commit_ms = log.log_write_ms().map(|ms| ms * commits);
    side.what = match commit_ms {
        Some(ms) => format!(
            "its {statements:.1} statements in PostgreSQL, and {ms:.2} ms for the log's write at commit (means)"
        ),
        None => format!(
            "its {statements:.1} statements in PostgreSQL (mean), without the log's write at commit, which the server does not tell"
        ),
    };
    for round in &rounds {
        let statement_ms = round.spent.statement_ms / round.bookings as f64;
        side.push(statement_ms + commit_ms.unwrap_or_default());
    }
    side
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "rounds are collected as results")]
    fn round(statement_ms: f64, log_syncs: i64, log_ms: f64) -> Result<RoundCost, String> {
        Ok(RoundCost {
            bookings: 10,
            spent: ServerCostReading {
                statements: 80,
                statement_ms,
                commits: 10,
                log_syncs,
                log_ms,
            },
        })
    }

    #[test]
    fn a_booking_costs_its_statements_and_one_write_of_the_log() {
        // The syncs of the first round are reported with those of the second.
        let side = server_side(vec![round(10.0, 0, 0.0), round(30.0, 20, 40.0)]);
        assert_eq!(side.rounds, [3.0, 5.0]);
        assert!(side.what.contains("8.0 statements"), "{}", side.what);
        assert!(side.what.contains("2.00 ms"), "{}", side.what);
    }

    #[test]
    fn a_server_that_does_not_time_its_log_is_said_to() {
        let side = server_side(vec![round(10.0, 0, 0.0)]);
        assert_eq!(side.rounds, [1.0]);
        assert!(side.what.contains("without the log"), "{}", side.what);
    }

    #[test]
    fn a_round_that_the_server_did_not_account_for_leaves_no_figure() {
        let side = server_side(vec![
            round(1.0, 1, 1.0),
            Err("no pg_stat_statements".to_owned()),
        ]);
        assert_eq!((side.figure, side.rounds.len()), (None, 0));
        assert_eq!(side.missing.as_deref(), Some("no pg_stat_statements"));
        let none = server_side(Vec::new());
        assert_eq!(none.figure, None);
    }
}
