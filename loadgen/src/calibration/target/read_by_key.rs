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

/// Measures it; `None` where the measurement was stopped.
pub(super) fn measure(run: &RunningBench<'_>) -> Option<PartComparison> {
    let counts = run.bench.scale.counts();
    let caches_off: Vec<_> = cache_switches().map(|kind| (kind, "off")).collect();
    let reads = run
        .put(&caches_off)
        .and_then(|_| run.wait(bench_requests::one_row_reads(&run.bench.lab, counts, ROWS)));
    let filled = fill(run);
    // pgbench takes whole seconds.
    let seconds = run.plan.turn.as_secs_f64().ceil().max(1.0) as u32;
    let statements = Cell::new(None);
    let ours = BenchSubject {
        what: format!(
            "GET /api/v1/mentors/ID/availability of one slot ({ROWS} different ones), caches off"
        ),
        program: None,
        measure: Box::new(|| {
            let reads = reads.as_ref().map_err(Clone::clone)?;
            let data = run
                .own
                .closed((reads, 200), CONNECTIONS, run.closed_span())?;
            statements.set(count_each(&data, ServerCount::Queries));
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
    let mut sides = run
        .interleaved("read by key", vec![ours, bare])?
        .into_iter();
    let (mut ours, bare) = (next_side(&mut sides), next_side(&mut sides));
    if let Some(each) = statements.get() {
        ours.what = format!("{}, {each:.2} statements a request", ours.what);
    }
    let part = ("read by key", PartUnit::PerSecond, AimLimit::AtLeast(0.6));
    Some(PartComparison::of(part, ours, bare, run.plan.quick))
}

/// Makes the database of pgbench.
fn fill(run: &RunningBench<'_>) -> Result<(), String> {
    let commands = run.bench.bare.pgbench_setup();
    for command in commands.map_err(|error| error.to_string())? {
        run.run_program(command, Duration::from_secs(30))?;
    }
    Ok(())
}
