//! The first page of the mentor list from each cache: from Redis against redis-benchmark, and from the
//! tiered cache against memory alone.

use std::cell::Cell;

use shared::timing::ServerCount;

use super::{
    bare_load::redis_benchmark_rate,
    comparison::{AimLimit, PartComparison, PartUnit},
    interleaved::BenchSubject,
    own_load::{count_each, counted_rate},
    running::{CONNECTIONS, FEWEST_REQUESTS, RunningBench, next_side},
};
use loadgen_codeconnect::bench_requests;
use loadgen_engine::sample::Outcome;
use loadgen_stack::StackError;

/// Share of the pages that must come from the cache; the first one cannot.
const FEWEST_HITS: f64 = 0.98;
/// Requests of redis-benchmark in its first turn; in later ones as many as make a turn.
const FIRST_REQUESTS: f64 = 20_000.0;

/// Measures both; `None` where the measurement was stopped.
pub(super) fn measure(run: &RunningBench<'_>) -> Option<[PartComparison; 2]> {
    let page = bench_requests::mentor_page();
    let size = run
        .put(&[])
        .and_then(|_| run.wait(run.bench.lab.ask(page.clone())))
        .and_then(|reply| match reply.status {
            200 => Ok(reply.body.len()),
            status => Err(format!("the mentor list is answered with {status}")),
        });
    let kilobytes = size.as_ref().map_or(0.0, |size| *size as f64 / 1e3);
    let stored = |store: &'static str| BenchSubject {
        what: format!("GET /api/v1/mentors ({kilobytes:.1} kB), cache.mentors={store}"),
        program: None,
        measure: Box::new({
            let page = &page;
            move || {
                run.put(&[("cache.mentors", store)])?;
                let requests = std::slice::from_ref(page);
                let data = run
                    .own
                    .closed((requests, 200), CONNECTIONS, run.closed_span())?;
                let hits = count_each(&data, ServerCount::Hits).unwrap_or_default();
                if hits < FEWEST_HITS {
                    return Err(format!("{hits:.2} hits of the cache a page are too few"));
                }
                let answered = data.total.count(Outcome::Ok);
                run.plan.enough(answered, FEWEST_REQUESTS, "requests")?;
                Ok(counted_rate(&data))
            }
        }),
    };
    let requests = Cell::new(FIRST_REQUESTS);
    let redis_benchmark = BenchSubject {
        what: format!("redis-benchmark GET of {kilobytes:.1} kB"),
        program: Some("redis-benchmark"),
        measure: Box::new(|| {
            let bare = &run.bench.bare;
            let failed = |error: StackError| error.to_string();
            // A change of the profile may have removed it.
            bare.store_value(size.clone()?).map_err(failed)?;
            let command = bare
                .redis_benchmark_get(CONNECTIONS, requests.get() as u64)
                .map_err(failed)?;
            let rate = redis_benchmark_rate(&run.run_program(command, run.plan.turn)?)?;
            requests.set((rate * run.plan.turn.as_secs_f64()).max(FIRST_REQUESTS));
            Ok(rate)
        }),
    };
    let subjects = vec![
        stored("redis"),
        redis_benchmark,
        stored("tiered"),
        stored("memory"),
    ];
    let mut sides = run.interleaved("cached page", subjects)?.into_iter();
    let mut compare = |name, least| {
        let (ours, bare) = (next_side(&mut sides), next_side(&mut sides));
        let part = (name, PartUnit::PerSecond, AimLimit::AtLeast(least));
        PartComparison::of(part, ours, bare, run.plan.quick)
    };
    Some([
        compare("cached page, Redis", 0.5),
        compare("cached page, tiered", 0.7),
    ])
}
