//! One trial's load from start to end: threads up, schedule through, drain, shards together.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use http::HeaderValue;
use tokio::{
    runtime::Builder,
    sync::mpsc::{self, Receiver},
    task::LocalSet,
};

use super::{
    bench::Bench,
    browser::Clients,
    closed::{self, Manner, Rounds},
    multiplex::Multiplexed,
    open::{self, Share},
    options::{Budget, Options},
    pacer::{self, Due, Pace},
    ramp::Ramp,
    setup::{DriverError, Setup},
};
use crate::{
    aggregator::TrialData,
    clock::Clock,
    recorder::{Shard, Window, response_histogram},
    sample::OpId,
    schedule::{Mix, Schedule},
    seed,
    suite::InFlight,
    units::Nanos,
};

/// Time for the threads to start before the first arrival.
const LEAD: Duration = Duration::from_millis(50);
/// Arrivals that may wait between pacer and a worker; a worker empties it at once.
const QUEUE: usize = 65_536;

/// What one worker brings home.
struct Work {
    shard: Shard,
    /// When each arrival of an open model was due, and when a user took it.
    taken: Vec<(Nanos, Nanos)>,
    /// Whether it ended the load because too many were under way.
    overloaded: bool,
    /// Of a closed model.
    rounds: Option<Rounds>,
}

/// Drives one trial and blocks until it is over. Requests that fail are in the data; an error
/// means that there is no trial.
pub fn run(setup: Setup) -> Result<TrialData, DriverError> {
    run_with(setup, &Options::default())
}

/// The same with options.
pub fn run_with(setup: Setup, options: &Options) -> Result<TrialData, DriverError> {
    setup.check()?;
    let budget = Budget::of(options.iterations);
    let options = Arc::new(options.clone());
    let setup = Arc::new(setup);
    let clock = Clock::start_in(LEAD);
    setup.progress.begin(clock);
    let mut senders = Vec::new();
    let mut workers = Vec::new();
    for number in 0..setup.workers {
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
        workers.push(spawn(&format!("worker-{number}"), move || {
            worker(&setup, number, clock, arrivals, budget, &options)
        })?);
    }
    let pace = match &setup.schedule {
        Schedule::Open(_) => {
            let setup = Arc::clone(&setup);
            let helm = options.helm.clone();
            let pacer = spawn("pacer", move || match &setup.schedule {
                Schedule::Open(plan) => Some(pacer::pace(
                    plan,
                    clock,
                    &senders,
                    &setup.progress,
                    &setup.stop,
                    helm,
                )),
                Schedule::Closed(_) => None,
            })?;
            pacer.join().map_err(|_| DriverError::Panicked("pacer"))?
        }
        Schedule::Closed(_) => None,
    };
    let mut works = Vec::new();
    for worker in workers {
        works.push(
            worker
                .join()
                .map_err(|_| DriverError::Panicked("worker"))??,
        );
    }
    Ok(collect(&setup, &options, clock, pace, works))
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, DriverError> {
    Ok(thread::Builder::new().name(name.to_owned()).spawn(work)?)
}

fn worker(
    setup: &Setup,
    number: usize,
    clock: Clock,
    arrivals: Option<Receiver<Due>>,
    budget: Budget,
    options: &Options,
) -> Result<Work, DriverError> {
    let window = setup.schedule.window();
    let drain = Nanos::from_millis(setup.drain.0);
    let end = match &setup.schedule {
        Schedule::Open(plan) => plan.arrivals.last().map_or(window.to, |last| last.intended),
        Schedule::Closed(rule) => Nanos::from_millis(rule.duration.0),
    };
    let operations: Vec<OpId> = setup
        .flows
        .iter()
        .flat_map(|load| load.flow.operations())
        .copied()
        .collect();
    let mut shard = Shard::new(window, &operations, end.max(window.to) + drain);
    shard.keep_phases(options.phases.iter().map(|(_, from, to)| (*from, *to)));
    if let Some(room) = options.samples {
        shard.keep_samples(room / setup.workers);
    }
    let host = HeaderValue::from_str(&setup.host)
        .map_err(|_| DriverError::Setup(format!("`{}` is not a host", setup.host)))?;
    let bench = Rc::new(Bench {
        clock,
        target: setup.target,
        host,
        wire: options.wire.clone(),
        timeout: Nanos::from_millis(setup.timeout.0),
        flows: setup.flows.clone(),
        seed: seed::sub_seed(setup.seed, "iterations"),
        progress: Arc::clone(&setup.progress),
        shard: RefCell::new(shard),
        users: Cell::new(0),
        multiplexed: Multiplexed::default(),
        clients: Clients::default(),
        showing: options.showing.clone(),
    });
    let share = Share {
        worker: number as u32,
        workers: setup.workers as u32,
        max_users: setup.max_users.div_ceil(setup.workers as u32),
        in_flight: InFlight {
            max: (options.in_flight.max).map(|most| most.div_ceil(setup.workers as u32)),
            ..options.in_flight
        },
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    let stop = setup.stop.clone();
    // Until the common start the clock reads zero; users that began before it would be timed
    // with a clock that stands still.
    clock.sleep_until(Nanos(1));
    let (taken, rounds, panicked, overloaded) = match (&setup.schedule, arrivals) {
        (Schedule::Open(_), Some(arrivals)) => {
            let work = open::work(Rc::clone(&bench), share, arrivals, end, drain, stop);
            let shift = local.block_on(&runtime, work);
            (shift.taken, None, shift.panicked, shift.overloaded)
        }
        (Schedule::Closed(rule), _) => {
            let weights: Vec<f64> = setup.flows.iter().map(|load| load.weight).collect();
            let mix = Mix::new(&weights)?;
            let manner = Manner {
                budget,
                pace: options.pace.map(|pace| Nanos::from_millis(pace.0)),
                ramp: Ramp::new(&options.ramp),
                helm: options.helm.clone(),
            };
            let work = closed::work(Rc::clone(&bench), share, *rule, mix, manner, drain, stop);
            let rounds = local.block_on(&runtime, work);
            let panicked = rounds.panicked;
            (Vec::new(), Some(rounds), panicked, false)
        }
        (Schedule::Open(_), None) => return Err(DriverError::Panicked("worker")),
    };
    // Ends the tasks that are left; each records what it had open.
    drop(local);
    drop(runtime);
    if panicked {
        return Err(DriverError::Panicked("flow"));
    }
    let shard = bench.into_shard().ok_or(DriverError::Panicked("worker"))?;
    Ok(Work {
        shard,
        taken,
        overloaded,
        rounds,
    })
}

fn collect(
    setup: &Setup,
    options: &Options,
    clock: Clock,
    pace: Option<Pace>,
    works: Vec<Work>,
) -> TrialData {
    let window: Window = setup.schedule.window();
    let mut lag = response_histogram();
    let mut started = 0;
    let mut stopped = pace.as_ref().and_then(|pace| pace.stopped);
    let mut shards = Vec::new();
    let mut taken = Vec::new();
    let mut phases = Vec::new();
    let mut overloaded = false;
    let mut changes = Vec::new();
    // The window ends early only where every worker's users did.
    let mut ended = Some(Nanos(0));
    for work in works {
        taken.extend(work.taken);
        overloaded |= work.overloaded;
        phases.push(work.shard.phases().cloned().collect());
        shards.push(work.shard);
        let Some(rounds) = work.rounds else {
            ended = None;
            continue;
        };
        lag.add(&rounds.lag).expect("equal bounds");
        started += rounds.started;
        // Every worker hears of the same wishes; they are told once.
        if changes.is_empty() {
            changes = rounds.changes;
        }
        stopped = stopped.max(rounds.stopped);
        ended = ended.zip(rounds.ended).map(|(one, other)| one.max(other));
    }
    let mut data = TrialData::from_shards(clock.epoch(), window, shards);
    // Its own limit ended the load, nobody else.
    data.overloaded = overloaded;
    data.interrupted = stopped.is_some() && !overloaded;
    data.name_phases(&options.phases, &phases);
    if let Some(at) = stopped.or(ended) {
        data.window.1 = window.to.min(at.max(window.from));
    }
    (data.planned_arrivals, data.emitted) = (started, started);
    if let (Some(pace), Schedule::Open(plan)) = (pace, &setup.schedule) {
        lag = pace.lag;
        data.emitted = pace.emitted;
        changes = pace.changes;
        let cut = |arrival: &&crate::schedule::Arrival| {
            data.window.0 <= arrival.intended && arrival.intended < data.window.1
        };
        data.planned_arrivals = if changes.is_empty() {
            plan.arrivals.iter().filter(cut).count() as u64
        } else {
            // The plan was made anew on the way, and every arrival of it was let go.
            pace.emitted
        };
    }
    data.changes = changes
        .into_iter()
        .map(|(at, wish)| (at, wish.to_string()))
        .collect();
    data.lag = lag;
    taken.sort_unstable();
    data.taken = taken;
    data
}
