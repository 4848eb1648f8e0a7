//! Runs the load of one trial: starts the threads, follows the schedule, drains, merges the shards.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use http::HeaderValue;
use tokio::{
    runtime::{Builder, LocalOptions},
    sync::mpsc::{self, Receiver},
};
use tokio_util::sync::CancellationToken;

use super::{
    client_endpoint::{ClientEndpoint, Endpoint},
    closed::{self, ClosedMode, ClosedReport},
    cookie_client::CookieClients,
    http2::Http2Connections,
    open::{self, OpenReport},
    options::{DriverOptions, IterationBudget},
    pacer::{self, DueArrival, PacerReport},
    ramp::Ramp,
    setup::{DriverError, DriverSetup},
    worker_context::WorkerContext,
    worker_share::{WorkerShare, part_of},
};
use crate::{
    aggregator::TrialData,
    clock::TrialClock,
    recorder::{Shard, Window, response_histogram},
    sample::OpId,
    schedule::{FlowMixes, Schedule},
    suite::InFlight,
    thread_priority::{self, ThreadPrecedence, ThreadRole},
    units::Nanos,
};
use loadgen_stats::seed;

/// Time for the threads to start before the epoch of the trial.
const START_DELAY: Duration = Duration::from_millis(50);
/// Most arrivals between the pacer and a worker; a worker takes them at once.
const QUEUE: usize = 65_536;

/// What one worker reports at its end.
struct WorkerReport {
    /// How its thread was scheduled.
    precedence: ThreadPrecedence,
    shard: Shard,
    /// Connections opened to each endpoint.
    opened: Vec<u64>,
    /// When each arrival of an open model was due, and when the worker took it.
    taken: Vec<(Nanos, Nanos)>,
    /// Whether it stopped the load because too many requests were in flight.
    overloaded: bool,
    /// When it saw that the load was stopped, if that was before the end.
    stopped: Option<Nanos>,
    /// Report of a closed model.
    closed: Option<ClosedReport>,
}

/// The threads of the workers. Where one fails, the others end early and are waited for: nothing is sent any
/// more when the caller has the error.
struct WorkerThreads {
    running: VecDeque<JoinHandle<Result<WorkerReport, DriverError>>>,
    stop: CancellationToken,
}

impl WorkerThreads {
    /// What every worker reports, in order, or the first error.
    fn reports(mut self) -> Result<Vec<WorkerReport>, DriverError> {
        let mut reports = Vec::new();
        while let Some(worker) = self.running.pop_front() {
            let report = worker.join().map_err(|_| DriverError::Panicked("worker"))?;
            reports.push(report?);
        }
        Ok(reports)
    }
}

impl Drop for WorkerThreads {
    fn drop(&mut self) {
        if !self.running.is_empty() {
            self.stop.cancel();
        }
        for worker in self.running.drain(..) {
            // The error that is known came first.
            let _ended = worker.join();
        }
    }
}

/// Runs the load of one trial and blocks until it is over. Failed requests are in the data; an
/// error means that there is no trial.
pub fn run(setup: DriverSetup) -> Result<TrialData, DriverError> {
    run_with(setup, &DriverOptions::default())
}

/// The same with options.
pub fn run_with(mut setup: DriverSetup, options: &DriverOptions) -> Result<TrialData, DriverError> {
    let share = options.share;
    if !share.is_whole() {
        // The thread of a process is to those of the others what a worker is to the other workers.
        setup.workers = share.of() as usize;
    }
    if let Schedule::Open(plan) = &mut setup.schedule {
        plan.keep(share);
    }
    setup.check()?;
    let budget = IterationBudget::of(options.iterations);
    let options = Arc::new(options.clone());
    let setup = Arc::new(setup);
    let clock = TrialClock::start_in(delay(options.start)?);
    setup.progress.begin(clock);
    let mut workers = WorkerThreads {
        running: VecDeque::new(),
        stop: setup.stop.clone(),
    };
    // Dropped before the workers are waited for, who take arrivals as long as one is there.
    let mut senders = Vec::new();
    let own = |number: &usize| share.is_whole() || *number == share.index() as usize;
    for number in (0..setup.workers).filter(own) {
        let arrivals = match &setup.schedule {
            Schedule::Open(_) => {
                let (sender, arrivals) = mpsc::channel(QUEUE);
                senders.push(sender);
                Some(arrivals)
            }
            Schedule::Closed(_) => None,
        };
        let setup = Arc::clone(&setup);
        let budget = budget.clone();
        let options = Arc::clone(&options);
        workers
            .running
            .push_back(spawn(&format!("worker-{number}"), move || {
                worker(&setup, number, clock, arrivals, budget, &options)
            })?);
    }
    let paced = match &setup.schedule {
        Schedule::Open(_) => {
            let setup = Arc::clone(&setup);
            let control = options.control.clone();
            let pacer = spawn("pacer", move || match &setup.schedule {
                Schedule::Open(plan) => Some(pacer::run(
                    plan,
                    clock,
                    &senders,
                    &setup.progress,
                    &setup.stop,
                    control,
                )),
                Schedule::Closed(_) => None,
            })?;
            pacer.join().map_err(|_| DriverError::Panicked("pacer"))?
        }
        Schedule::Closed(_) => None,
    };
    let reports = workers.reports()?;
    Ok(collect(&setup, &options, clock, paced, reports))
}

/// Time until the epoch of the trial.
fn delay(start: Option<Instant>) -> Result<Duration, DriverError> {
    let Some(start) = start else {
        return Ok(START_DELAY);
    };
    start.checked_duration_since(Instant::now()).ok_or_else(|| {
        DriverError::Setup("the instant at which the load is to begin has passed".to_owned())
    })
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, DriverError> {
    Ok(thread::Builder::new().name(name.to_owned()).spawn(work)?)
}

fn worker(
    setup: &DriverSetup,
    number: usize,
    clock: TrialClock,
    arrivals: Option<Receiver<DueArrival>>,
    budget: IterationBudget,
    options: &DriverOptions,
) -> Result<WorkerReport, DriverError> {
    // What is refused shows as waits, which are checked.
    let precedence = thread_priority::raise_priority(ThreadRole::Worker);
    let window = setup.schedule.window();
    let drain = Nanos::from_millis(setup.drain.0);
    let end = match &setup.schedule {
        Schedule::Open(plan) => plan.last().unwrap_or_default().max(window.to),
        Schedule::Closed(rule) => Nanos::from_millis(rule.duration.0),
    };
    let shard = empty_shard(setup, options, end.max(window.to) + drain);
    let worker = Rc::new(worker_context(setup, options, number, clock, shard)?);
    let share = worker_share(setup, options, number);
    // Users are tasks of the runtime itself. A `LocalSet` would poll the future that is blocked on below,
    // and with it all that it waits for, whenever any user is woken.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    let stop = setup.stop.clone();
    // The clock reads zero until the common start: requests sent before it would have wrong times.
    clock.sleep_until(Nanos(1));
    let (taken, closed, panicked, overloaded, stopped) = match (&setup.schedule, arrivals) {
        (Schedule::Open(_), Some(arrivals)) => {
            let work = open::work(Rc::clone(&worker), share, arrivals, end, drain, stop);
            let OpenReport {
                taken,
                panicked,
                overloaded,
                stopped,
            } = runtime.block_on(work);
            (taken, None, panicked, overloaded, stopped)
        }
        (Schedule::Closed(rule), _) => {
            let weights: Vec<f64> = setup.flows.iter().map(|load| load.weight).collect();
            let mixes = FlowMixes::of_users(&weights, &options.ramp)?;
            let mode = ClosedMode {
                budget,
                pace: options.pace.map(|pace| Nanos::from_millis(pace.0)),
                ramp: Ramp::new(&options.ramp),
                control: options.control.clone(),
            };
            let work = closed::work(Rc::clone(&worker), share, *rule, mixes, mode, drain, stop);
            let report = runtime.block_on(work);
            let (panicked, stopped) = (report.panicked, report.stopped);
            (Vec::new(), Some(report), panicked, false, stopped)
        }
        (Schedule::Open(_), None) => return Err(DriverError::Panicked("worker")),
    };
    // Drops the remaining tasks; each records its open requests.
    drop(runtime);
    if panicked {
        return Err(DriverError::Panicked("flow"));
    }
    let (shard, opened) = worker.into_shard().ok_or(DriverError::Panicked("worker"))?;
    Ok(WorkerReport {
        precedence,
        shard,
        opened,
        taken,
        overloaded,
        stopped,
        closed,
    })
}

/// What a worker records into, until `end`.
fn empty_shard(setup: &DriverSetup, options: &DriverOptions, end: Nanos) -> Shard {
    let operations: Vec<OpId> = setup
        .flows
        .iter()
        .flat_map(|load| load.flow.operations())
        .copied()
        .collect();
    let mut shard = Shard::new(setup.schedule.window(), &operations, end);
    shard.keep_phases(options.phases.iter().map(|(_, from, to)| (*from, *to)));
    shard.keep_iterations(setup.flows.len());
    if let Some(count) = options.samples {
        shard.keep_samples(count / setup.workers);
    }
    shard
}

/// What the iterations of a worker share.
fn worker_context(
    setup: &DriverSetup,
    options: &DriverOptions,
    number: usize,
    clock: TrialClock,
    shard: Shard,
) -> Result<WorkerContext, DriverError> {
    let endpoint = |endpoint: &Endpoint| {
        let host = HeaderValue::from_str(&endpoint.host).map_err(|_| {
            DriverError::Setup(format!("`{}` is not a valid host name", endpoint.host))
        })?;
        Ok::<_, DriverError>(ClientEndpoint {
            clock,
            address: endpoint.address,
            host,
            client: options.client.clone(),
            connections: Cell::new(0),
        })
    };
    Ok(WorkerContext {
        clock,
        endpoints: setup
            .endpoints
            .iter()
            .map(endpoint)
            .collect::<Result<_, _>>()?,
        place: (number as u32, setup.workers as u32),
        timeout: Nanos::from_millis(setup.timeout.0),
        flows: setup.flows.clone(),
        seed: seed::sub_seed(setup.seed, "iterations"),
        progress: Arc::clone(&setup.progress),
        shard: RefCell::new(shard),
        users: Cell::new(0),
        http2: Http2Connections::default(),
        cookie_clients: CookieClients::default(),
        trace: options.trace.clone(),
    })
}

/// The part of the load's limits that is this worker's.
fn worker_share(setup: &DriverSetup, options: &DriverOptions, number: usize) -> WorkerShare {
    let part = |limit| part_of(limit, number as u32, setup.workers as u32);
    WorkerShare {
        worker: number as u32,
        workers: setup.workers as u32,
        max_users: part(setup.max_users),
        in_flight: InFlight {
            max: options.in_flight.max.map(part),
            ..options.in_flight
        },
    }
}

fn collect(
    setup: &DriverSetup,
    options: &DriverOptions,
    clock: TrialClock,
    paced: Option<PacerReport>,
    reports: Vec<WorkerReport>,
) -> TrialData {
    let window: Window = setup.schedule.window();
    let mut lag = response_histogram();
    let mut started = 0;
    let mut stopped: Option<Nanos> = None;
    let mut shards = Vec::new();
    let mut taken = Vec::new();
    let mut phases = Vec::new();
    let mut iterations = Vec::new();
    let mut overloaded = false;
    let mut changes = Vec::new();
    let mut opened = vec![0; setup.endpoints.len()];
    // The window ends early only where the users of every worker ended early.
    let mut ended = Some(Nanos(0));
    let mut precedence = paced.as_ref().map(|report| report.precedence);
    for report in reports {
        precedence = precedence.max(Some(report.precedence));
        taken.extend(report.taken);
        overloaded |= report.overloaded;
        stopped = stopped.max(report.stopped);
        for (all, one) in opened.iter_mut().zip(&report.opened) {
            *all += one;
        }
        phases.push(report.shard.phases().cloned().collect());
        iterations.push(report.shard.iterations().to_vec());
        shards.push(report.shard);
        let Some(closed) = report.closed else {
            ended = None;
            continue;
        };
        lag.add(&closed.lag).expect("equal bounds");
        started += closed.started;
        // Every worker receives the same events; those of the first one are kept.
        if changes.is_empty() {
            changes = closed.changes;
        }
        ended = ended.zip(closed.ended).map(|(one, other)| one.max(other));
    }
    // A pacer that was stopped says up to where the plan was kept. One that has let the last arrival go has
    // ended by then, as before a pause at the end of the load, and the workers alone see the stop.
    let paced_up_to = paced.as_ref().and_then(|report| report.stopped);
    let stopped = paced_up_to.or(stopped);
    let mut data = TrialData::from_shards(clock.epoch(), window, shards);
    data.precedence = precedence;
    // A load that its own limit stopped counts as overloaded, not as interrupted.
    data.overloaded = overloaded;
    data.interrupted = stopped.is_some() && !overloaded;
    data.opened = opened;
    data.name_phases(&options.phases, &phases);
    for one in &iterations {
        data.add_iterations(setup.flows.iter().map(|load| load.flow.name()), one);
    }
    if let Some(at) = stopped.or(ended) {
        data.window.1 = window.to.min(at.max(window.from));
    }
    (data.planned_arrivals, data.emitted) = (started, started);
    if let (Some(report), Schedule::Open(plan)) = (paced, &setup.schedule) {
        lag = report.lag;
        data.emitted = report.emitted;
        changes = report.changes;
        data.planned_arrivals = if changes.is_empty() {
            plan.between(data.window.0, data.window.1)
        } else {
            // The plan was changed while the load ran; every arrival of the new plan was released.
            report.emitted
        };
    }
    data.changes = changes
        .into_iter()
        .map(|(at, event)| (at, event.to_string()))
        .collect();
    data.lag = lag;
    taken.sort_unstable();
    data.taken = taken;
    data
}
