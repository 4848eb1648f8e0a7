//! An indexed read of one row through the whole backend, against pgbench's read by key on the same server.

use std::{cell::Cell, time::Duration};

use shared::{profile::cache_switches, timing::ServerCount};

use super::{
    bare_load::pgbench_rate,
    comparison::{AimLimit, PartComparison, PartUnit},
    interleaved::BenchSubject,
    own_load::{count_each, counted_rate},
    running::{CONNECTIONS, FEWEST_REQUESTS, RunningBench, next_side},
};
use loadgen_codeconnect::bench_requests;
use loadgen_engine::sample::Outcome;

/// Different rows that are read.
const ROWS: usize = 128;

/// Measures it over the pool and pipelined; `None` where the measurement was stopped.
pub(super) fn measure(run: &RunningBench<'_>) -> Option<[PartComparison; 2]> {
    let counts = run.bench.scale.counts();
    let reads = run.wait(bench_requests::one_row_reads(&run.bench.lab, counts, ROWS));
    let filled = fill(run);
    // pgbench takes whole seconds.
    let seconds = run.plan.turn.as_secs_f64().ceil().max(1.0) as u32;
    let statements = Cell::new([None; 2]);
    let (reads, statements_of) = (&reads, &statements);
    let ours = |which: usize, driver: &'static str| BenchSubject {
        what: format!(
            "GET /api/v1/mentors/ID/availability of one slot ({ROWS} different ones), caches off, db.driver={driver}"
        ),
        program: None,
        measure: Box::new(move || {
            let reads = reads.as_ref().map_err(Clone::clone)?;
            let mut switches: Vec<_> = cache_switches().map(|kind| (kind, "off")).collect();
            switches.push(("db.driver", driver));
            run.put(&switches)?;
            let data = run
                .own
                .closed((reads, 200), CONNECTIONS, run.closed_span())?;
            let mut each = statements_of.get();
            each[which] = count_each(&data, ServerCount::Queries);
            statements_of.set(each);
            let answered = data.total.count(Outcome::Ok);
            run.plan.enough(answered, FEWEST_REQUESTS, "requests")?;
            Ok(counted_rate(&data))
        }),
    };
    let bare = BenchSubject {
        what: "pgbench -S -M prepared, 100 000 rows".to_owned(),
        program: Some("pgbench"),
        measure: Box::new(|| {
            filled.clone()?;
            let command = run.bench.bare.pgbench_select(CONNECTIONS, seconds);
            let command = command.map_err(|error| error.to_string())?;
            let span = Duration::from_secs(seconds.into());
            pgbench_rate(&run.run_program(command, span)?)
        }),
    };
    let subjects = vec![ours(0, "pooled"), ours(1, "pipelined(2)"), bare];
    let mut sides = run.interleaved("read by key", subjects)?.into_iter();
    let mut ours = [next_side(&mut sides), next_side(&mut sides)];
    let bare = next_side(&mut sides);
    for (side, each) in ours.iter_mut().zip(statements.get()) {
        if let Some(each) = each {
            side.what = format!("{}, {each:.2} statements a request", side.what);
        }
    }
    let [pooled, pipelined] = ours;
    let compare = |name, ours, bare| {
        let part = (name, PartUnit::PerSecond, AimLimit::AtLeast(0.6));
        PartComparison::of(part, ours, bare, run.plan.quick)
    };
    Some([
        compare("read by key, pooled", pooled, bare.clone()),
        compare("read by key, pipelined", pipelined, bare),
    ])
}

/// Makes the database of pgbench.
fn fill(run: &RunningBench<'_>) -> Result<(), String> {
    let commands = run.bench.bare.pgbench_setup();
    for command in commands.map_err(|error| error.to_string())? {
        run.run_program(command, Duration::from_secs(30))?;
    }
    Ok(())
}
