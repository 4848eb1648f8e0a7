//! The calibration: three loops in turn, round after round, so that what disturbs the machine
//! disturbs all of them; then the schedule at three rates, and allocations.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use serde::Serialize;
use shared::time::Millis;
use tokio_util::sync::CancellationToken;

use super::{
    allocations,
    reference::{ReferenceLoop, RunningLoop},
    spread::turns,
};
use loadgen_engine::{
    aggregator::TrialData,
    driver::{self, DriverSetup, Endpoint, FlowLoad, Progress},
    flow::{Flow, SingleRequest},
    request::Request,
    schedule,
    suite::{Arrivals, LoadModel, Phase, Windows},
    threshold::StatusSet,
    units::Rate,
};
use loadgen_experiment::{observer::Machine, schema::Percentile};
use loadgen_stats::median;

/// Connections of each loop.
const CONNECTIONS: u32 = 64;
/// Time for a loop to connect and to warm up.
const WARM_UP: Duration = Duration::from_millis(300);
/// Rates at which the schedule is watched.
const RATES: [u32; 3] = [1_000, 5_000, 20_000];

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct CalibrationPlan {
    /// How often each loop is measured.
    pub rounds: u32,
    /// How long each measurement lasts.
    pub turn: Duration,
    /// Whether it is no measurement, only a check that it works.
    pub quick: bool,
}

/// How late the pacer released requests, in microseconds; and how many of them failed or were not sent.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct LagQuantiles {
    pub p50: Percentile,
    pub p99: Percentile,
    pub p999: Percentile,
    pub max: f64,
    pub failures: u64,
}

/// The costs of the generator.
#[derive(Debug, Clone, Serialize)]
pub struct Calibration {
    /// Whether it is no measurement, only a check that everything works.
    pub quick: bool,
    /// Median CPU microseconds a request of the client's threads: `loadgen`, `hyper_loop`,
    /// `raw_tcp`.
    pub cpu_per_request_us: BTreeMap<&'static str, f64>,
    /// Median over the rounds of loadgen's CPU a request by the hyper loop's.
    pub ratio_to_hyper: f64,
    /// Every round's ratio.
    pub ratios: Vec<f64>,
    /// Requests for each second of one core's time.
    pub requests_per_s_per_core: BTreeMap<&'static str, f64>,
    /// By rate.
    pub schedule_lag_us: BTreeMap<String, LagQuantiles>,
    /// Resident bytes of a user that waits, by the number of users; filled by who can start
    /// fresh processes.
    pub bytes_per_idle_vu: BTreeMap<String, f64>,
    /// Allocations for each request in a steady closed loop.
    pub allocations_per_request: f64,
    /// Share of all processors that the hypervisor took meanwhile; filled by who measured all of it.
    pub stolen: Option<f64>,
}

/// CPU microseconds a request by round, of the generator, the hyper loop and the raw loop.
pub type Costs = [Vec<f64>; 3];

/// Measures what a request costs each of the three, on a target that is awake.
pub fn compare(
    target: SocketAddr,
    plan: CalibrationPlan,
    mut progress: impl FnMut(String),
) -> io::Result<Costs> {
    let mut costs = Costs::default();
    for round in 1..=plan.rounds {
        progress(format!("round {round} of {}", plan.rounds));
        for which in turns(round, 3) {
            let cost = match which {
                0 => generator(target, plan.turn)?.0,
                1 => reference(ReferenceLoop::Hyper, target, plan.turn)?,
                _ => reference(ReferenceLoop::RawTcp, target, plan.turn)?,
            };
            costs[which].push(cost);
        }
    }
    Ok(costs)
}

/// Measures all but the memory.
pub fn calibrate(
    target: SocketAddr,
    plan: CalibrationPlan,
    costs: Costs,
    mut progress: impl FnMut(String),
) -> io::Result<Calibration> {
    let ratios: Vec<f64> = costs[0]
        .iter()
        .zip(&costs[1])
        .map(|(own, hyper)| own / hyper)
        .collect();
    let names = ["loadgen", "hyper_loop", "raw_tcp"];
    let cpu: BTreeMap<&'static str, f64> = names
        .into_iter()
        .zip(&costs)
        .map(|(name, costs)| (name, median(costs).unwrap_or(f64::NAN)))
        .collect();
    let mut lags = BTreeMap::new();
    for rate in RATES {
        progress(format!("schedule lag at {rate} requests a second"));
        lags.insert(rate.to_string(), lag(target, rate, plan.turn * 4)?);
    }
    progress("allocations".to_owned());
    allocations::counting(true);
    let allocated = generator(target, plan.turn);
    allocations::counting(false);
    Ok(Calibration {
        quick: plan.quick,
        requests_per_s_per_core: cpu.iter().map(|(name, us)| (*name, 1e6 / us)).collect(),
        cpu_per_request_us: cpu,
        ratio_to_hyper: median(&ratios).unwrap_or(f64::NAN),
        ratios,
        schedule_lag_us: lags,
        bytes_per_idle_vu: BTreeMap::new(),
        allocations_per_request: allocated?.1,
        stolen: None,
    })
}

/// CPU microseconds and allocations for each request, seen from outside for a while.
fn watch(turn: Duration, done: impl Fn() -> u64) -> io::Result<(f64, f64)> {
    let cpu = || -> u64 {
        let threads = Machine::read().threads;
        threads.values().map(|thread| thread.run_ns).sum()
    };
    thread::sleep(WARM_UP);
    let (cpu_before, done_before) = (cpu(), done());
    let allocated_before = allocations::counted();
    thread::sleep(turn);
    let allocated = allocations::counted() - allocated_before;
    let (cpu, done) = (cpu().saturating_sub(cpu_before), done() - done_before);
    if done == 0 || cpu == 0 {
        return Err(io::Error::other(
            "nothing was answered, or the kernel does not tell what threads use (schedstat)",
        ));
    }
    Ok((
        cpu as f64 / 1e3 / done as f64,
        allocated as f64 / done as f64,
    ))
}

fn reference(kind: ReferenceLoop, target: SocketAddr, turn: Duration) -> io::Result<f64> {
    let running = RunningLoop::start(kind, target, CONNECTIONS)?;
    let seen = watch(turn, || running.done.load(Relaxed));
    running.finish()?;
    Ok(seen?.0)
}

/// The driver as every run uses it, with everything recorded.
fn generator(target: SocketAddr, turn: Duration) -> io::Result<(f64, f64)> {
    let span = Millis((WARM_UP + turn * 2).as_millis() as u64 + 1_000);
    let load = LoadModel::Closed {
        users: CONNECTIONS,
        duration: span,
        think: None,
        iterations: None,
    };
    let progress = counters();
    let setup = setup(target, &load, span, Arc::clone(&progress))?;
    let (seen, data) = during(setup, || watch(turn, || progress.snapshot().total.count()))?;
    if data.total.failures() > 0 || !data.conserved() {
        return Err(io::Error::other(format!(
            "requests to the null target failed: {:?}",
            data.examples
        )));
    }
    seen
}

/// Runs a load for as long as `work` takes; what that gave, and what was recorded.
pub(super) fn during<T>(
    setup: DriverSetup,
    work: impl FnOnce() -> T,
) -> io::Result<(T, TrialData)> {
    let stop = setup.stop.clone();
    let driving = thread::spawn(move || driver::run(setup));
    let done = work();
    stop.cancel();
    let data = driving
        .join()
        .map_err(|_| io::Error::other("the driver panicked"))?
        .map_err(io::Error::other)?;
    Ok((done, data))
}

fn lag(target: SocketAddr, rate: u32, span: Duration) -> io::Result<LagQuantiles> {
    let span = Millis(span.as_millis() as u64);
    let load = LoadModel::Open {
        phases: vec![Phase::level(
            Rate::per_second(rate).map_err(io::Error::other)?,
            span,
        )],
        arrivals: Arrivals::Constant,
    };
    let setup = setup(target, &load, span, counters())?;
    let data = driver::run(setup).map_err(io::Error::other)?;
    let at = |share: f64| data.lag.value_at_quantile(share) as f64 / 1e3;
    let max = data.lag.max() as f64 / 1e3;
    Ok(LagQuantiles {
        failures: data.total.failures(),
        ..quantiles(data.lag.len(), at, max)
    })
}

/// Those of so many requests that have ten or more beyond them.
fn quantiles(requests: u64, at: impl Fn(f64) -> f64, max: f64) -> LagQuantiles {
    let of = |share: f64| Percentile::of(share, requests, Some(at(share)));
    LagQuantiles {
        p50: of(0.5),
        p99: of(0.99),
        p999: of(0.999),
        max,
        failures: 0,
    }
}

/// Counters of the one operation that is sent.
pub(super) fn counters() -> Arc<Progress> {
    Arc::new(Progress::new(SingleRequest::operations(&http::Method::GET)))
}

/// `GET /` to the null target.
pub(super) fn setup(
    target: SocketAddr,
    load: &LoadModel,
    measure: Millis,
    progress: Arc<Progress>,
) -> io::Result<DriverSetup> {
    let windows = Windows {
        warm_up: Millis(0),
        measure,
        drain: Millis(5_000),
    };
    let flow = SingleRequest::new(Request::get("/"), Some(StatusSet::one(200)));
    one_flow(target.into(), Arc::new(flow), load, windows, progress)
}

/// One flow, sent by one thread.
pub(super) fn one_flow(
    endpoint: Endpoint,
    flow: Arc<dyn Flow>,
    load: &LoadModel,
    windows: Windows,
    progress: Arc<Progress>,
) -> io::Result<DriverSetup> {
    let schedule = schedule::plan(load, &[1.0], &windows, 1).map_err(io::Error::other)?;
    Ok(DriverSetup {
        endpoints: vec![endpoint],
        schedule,
        flows: vec![FlowLoad {
            flow,
            weight: 1.0,
            think: None,
        }],
        timeout: Millis(10_000),
        drain: windows.drain,
        max_users: CONNECTIONS,
        workers: 1,
        seed: 1,
        progress,
        stop: CancellationToken::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_of_few_requests_has_no_tail() {
        let of = |requests| {
            let found = quantiles(requests, |share| share * 100.0, 100.0);
            [found.p50, found.p99, found.p999].map(Percentile::ms)
        };
        assert_eq!(of(40_000), [Some(50.0), Some(99.0), Some(99.9)]);
        assert_eq!(of(2_000), [Some(50.0), Some(99.0), None]);
        assert_eq!(of(400), [Some(50.0), None, None]);
        assert_eq!(of(0), [None; 3]);
    }
}
