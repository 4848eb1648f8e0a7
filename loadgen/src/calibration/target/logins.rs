//! Logins that saturate the processors, against the password hash alone on as many threads as there are
//! processors; and what they do to the response times of a light load on another route.

use std::{cell::RefCell, process::Command, thread, time::Duration};

use super::{
    bare_load::hash_rate,
    comparison::{AimLimit, OtherRoutes, PartComparison, PartUnit},
    interleaved::BenchSubject,
    own_load::{ClosedSpan, percentile, rate_by_mean},
    running::{RunningBench, WARM_UP, next_side},
};
use loadgen_codeconnect::bench_requests;
use loadgen_engine::{recorder::OpData, sample::Outcome};
use loadgen_experiment::observer::cores;

/// Connections that log in, for each processor: one hashes, and one more waits so that none is ever idle. More
/// would only lengthen the logins, until a short window has none in it.
const LOGINS_PER_PROCESSOR: u32 = 2;
/// Students who log in, so that no two logins of one account run at once.
const STUDENTS: u32 = 512;
/// Fewest logins, and fewest bare hashes, of a turn: a mean of fewer is that of a few moments.
const FEWEST: u64 = 20;
/// Load after the window: about one login beside so many others on two processors.
const TAIL: Duration = Duration::from_millis(700);
/// Requests a second of the light load.
const LIGHT_RATE: u32 = 200;
/// Its warm-up: it begins with the logins, and is measured once they run.
const LIGHT_WARM_UP: Duration = Duration::from_millis(500);
/// The percentile that is shown of it.
const SHARE: f64 = 0.99;

/// Measures both; `None` where the measurement was stopped.
pub(super) fn measure(run: &RunningBench<'_>) -> Option<(PartComparison, OtherRoutes)> {
    let connections = LOGINS_PER_PROCESSOR * cores() as u32;
    let page = bench_requests::mentor_page();
    let logins = bench_requests::logins(run.bench.scale.counts(), STUDENTS);
    let scheme = run.put(&[]).and_then(|view| {
        let scheme = view.in_force.get("auth.hash").cloned();
        scheme.ok_or_else(|| "the backend does not tell how it hashes passwords".to_owned())
    });
    let shown = scheme.as_deref().unwrap_or("unknown").to_owned();
    let span = ClosedSpan {
        measure: run.plan.turn * 2,
        tail: TAIL,
        ..run.closed_span()
    };
    let (beside, alone) = (
        RefCell::new(OpData::default()),
        RefCell::new(OpData::default()),
    );
    let own = &run.own;
    let paced = |measure| own.paced(&page, LIGHT_RATE, (LIGHT_WARM_UP, measure));
    let ours = BenchSubject {
        what: format!(
            "POST /api/v1/auth/login, {connections} connections, {shown}, beside the light load"
        ),
        program: None,
        measure: Box::new(|| {
            scheme.clone()?;
            let (data, light) = thread::scope(|scope| {
                let light = scope.spawn(|| paced(span.measure));
                let data = own.closed((&logins, 200), connections, span);
                let light = light.join();
                (
                    data,
                    light.unwrap_or_else(|_| Err("the light load panicked".to_owned())),
                )
            });
            beside.borrow_mut().merge(&light?);
            let data = data?;
            let ended = data.total.count(Outcome::Ok);
            run.plan.enough(ended, FEWEST, "logins")?;
            Ok(rate_by_mean(&data, connections))
        }),
    };
    let threads = cores();
    let bare = BenchSubject {
        what: format!("target-app hash-rate: {shown} alone on {threads} threads"),
        program: Some("target-app hash-rate"),
        measure: Box::new(|| {
            let mut command = Command::new(&run.bench.target_program);
            command
                .args(["hash-rate", "--scheme", &scheme.clone()?])
                .args(["--threads", &threads.to_string()])
                .args(["--seconds", &span.measure.as_secs_f64().to_string()]);
            let (checked, per_s) = hash_rate(&run.run_program(command, span.measure)?)?;
            run.plan.enough(checked, FEWEST, "hashes")?;
            Ok(per_s)
        }),
    };
    let light = BenchSubject {
        what: format!("GET /api/v1/mentors, {LIGHT_RATE} requests a second"),
        program: None,
        measure: Box::new(|| {
            let data = paced(run.plan.turn.max(WARM_UP))?;
            alone.borrow_mut().merge(&data);
            Ok(data.planned as f64)
        }),
    };
    let mut sides = run
        .interleaved("logins", vec![ours, bare, light])?
        .into_iter();
    let (ours, bare) = (next_side(&mut sides), next_side(&mut sides));
    let light = next_side(&mut sides);
    let (beside, alone) = (beside.into_inner(), alone.into_inner());
    let others = OtherRoutes {
        what: "the cached page".to_owned(),
        rate: LIGHT_RATE,
        alone_p99: percentile(&alone, SHARE),
        alone_requests: alone.planned,
        beside_p99: percentile(&beside, SHARE),
        beside_requests: beside.planned,
        missing: ours.missing.clone().or(light.missing),
    };
    let part = ("logins", PartUnit::PerSecond, AimLimit::AtLeast(0.9));
    Some((PartComparison::of(part, ours, bare, run.plan.quick), others))
}
