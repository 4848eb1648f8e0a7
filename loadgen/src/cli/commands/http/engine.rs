//! Runs the load of `loadgen http` and observes it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    runtime::Builder,
    time::{MissedTickBehavior, interval},
};

use super::{
    load::PreparedLoad,
    verdict::{LoadShape, MachineObservation},
};
use crate::cli::{
    failure::Failure,
    flags::{HttpArgs, TRACED_EXCHANGES},
    session::{CleanupSlot, EventSinks, listen},
};
use loadgen_engine::{
    aggregator::TrialData,
    driver::{self, ClientOptions, ControlReceiver, DriverOptions, HttpTrace, Progress},
    schedule::Schedule,
    suite::Windows,
    units::Rate,
};
use loadgen_experiment::{
    events::{Adjustable, Begun, Event, LoadControl, Publisher, Tick},
    observer::{Host, Machine, Observation, Sleeper, Timeline},
    trial::{Ticks, highest_rate},
};
use loadgen_report::store::MOST_SAMPLES;

/// Interval of observations of the running load.
const OBSERVE_EVERY: Duration = Duration::from_millis(250);
/// Message of the first Ctrl-C.
const STOPPING: &str =
    "stopping: the figures of what was measured follow; once more to stop at once";

/// Sends the load; returns what was recorded, and what was observed of the machine meanwhile.
pub(super) fn run(
    args: &HttpArgs,
    prepared: PreparedLoad,
    client: ClientOptions,
) -> Result<(TrialData, MachineObservation, LoadShape), Failure> {
    let PreparedLoad {
        setup,
        load,
        windows,
        onward,
    } = prepared;
    let open = matches!(setup.schedule, Schedule::Open(_));
    let even = open && !args.poisson;
    let level = args.to.is_none_or(|to| Some(to) == args.rate);
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::internal)?;
    let progress = Arc::clone(&setup.progress);
    let stop = setup.stop.clone();
    let steering = LoadControl::new(stop.clone());
    // Traced exchanges are printed at once, which the full-screen view would overwrite.
    let sinks = EventSinks::attach_terminal(args.quiet, args.plain || args.http_debug, &steering);
    let events = sinks.events();
    let helm = match onward {
        Ok(onward) => {
            let now = args.rate.map_or(0.0, Rate::as_per_second);
            let most = highest_rate(onward.end());
            steering.begin(Adjustable::Rate { now, most });
            Some(ControlReceiver::new(steering.events(), Some(onward)))
        }
        Err(why) => {
            let why = why.to_owned();
            steering.begin(Adjustable::Nothing { why });
            None
        }
    };
    let options = DriverOptions {
        iterations: args.count().filter(|_| !open),
        trace: args.http_debug.then(|| HttpTrace::first(TRACED_EXCHANGES)),
        client,
        samples: args.samples.then_some(MOST_SAMPLES),
        control: helm,
        ..DriverOptions::default()
    };
    let driven = runtime.block_on(async {
        let services = CleanupSlot::<()>::empty();
        listen(STOPPING, stop, services, events.clone()).map_err(Failure::internal)?;
        events.send(Event::Begun(begun(args, &load)));
        let mut driving = tokio::task::spawn_blocking(move || driver::run_with(setup, &options));
        let mut watch = HttpWatch {
            progress,
            windows,
            events: events.clone(),
            ticks: Ticks::default(),
            host: Host::new([]),
            timeline: Timeline::default(),
        };
        let sleeper = Sleeper::start().ok();
        let mut looks = interval(OBSERVE_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let data = loop {
            tokio::select! {
                biased;
                done = &mut driving => break done.map_err(Failure::internal)?,
                _ = looks.tick() => watch.observe(),
            }
        };
        watch.observe();
        let seen = MachineObservation {
            timeline: watch.timeline,
            hiccups: sleeper.map(Sleeper::finish).unwrap_or_default(),
        };
        Ok::<_, Failure>((data.map_err(Failure::internal)?, seen))
    });
    drop(events);
    sinks.flush(None);
    let (data, seen) = driven?;
    if data.total.planned == 0 && data.interrupted {
        return Err(Failure::Interrupted);
    }
    Ok((data, seen, LoadShape { even, level, open }))
}

/// The start of the command for the event sinks. There is no result folder.
fn begun(args: &HttpArgs, load: &str) -> Begun {
    Begun {
        command: "http".to_owned(),
        name: args.url.clone(),
        question: String::new(),
        load: load.to_owned(),
        at: SystemTime::now().into(),
        folder: String::new(),
    }
}

/// Observes the running load.
struct HttpWatch {
    progress: Arc<Progress>,
    windows: Windows,
    events: Publisher,
    ticks: Ticks,
    host: Host,
    timeline: Timeline,
}

impl HttpWatch {
    fn observe(&mut self) {
        self.timeline.push(Observation {
            at: SystemTime::now(),
            snapshot: None,
            host: self.host.read(),
            machine: Machine::read(),
        });
        let now = self.progress.snapshot();
        let tick = self.ticks.tick(now, self.windows, &self.timeline);
        self.events.tick(Tick {
            arm: "http".to_owned(),
            ..tick
        });
    }
}
