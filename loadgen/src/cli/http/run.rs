//! From the flags to the exit code: the load runs, is looked at meanwhile, and judged.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    runtime::Builder,
    time::{MissedTickBehavior, interval},
};

use super::{
    super::{
        audience::Audience,
        interrupt,
        outcome::{self, Failure},
    },
    args::{HttpArgs, SHOWN},
    files, json,
    judge::{Measured, Seen, judged},
    load::{self, Prepared},
    place::{self, place},
    text,
};
use crate::{
    driver::{self, Helm, Options, Progress, Showing, Wire},
    events::{Begun, Event, Publisher, Steerable, Steering, Tick},
    observer::{Host, Machine, Observation, Sleeper, Timeline},
    schedule::Schedule,
    store::MOST_SAMPLES,
    suite::Windows,
    trial::{Ticks, highest_rate},
    units::Rate,
};

/// Time between two looks at the running load.
const LOOK: Duration = Duration::from_millis(250);
/// What a first Ctrl-C does.
const STOPPING: &str =
    "stopping: the figures of what was measured follow; once more to stop at once";
/// Measures and prints; the exit code is the verdict's.
pub(in crate::cli) fn run(args: &HttpArgs) -> Result<u8, Failure> {
    let place = place(args)?;
    let prepared = load::prepare(args, &place)?;
    place::there(&place)
        .map_err(|error| Failure::usage(format!("nobody answers at {}: {error}", args.url)))?;
    if let Some(folder) = &args.out {
        files::prepare(folder)?;
    }
    let measured = measure(args, prepared, place.wire)?;
    if let Some(folder) = &args.out {
        files::write(&measured, folder)?;
    }
    let text = if args.json {
        json::render(&measured)
    } else {
        text::render(&measured)
    };
    outcome::print(&text)?;
    Ok(measured.verdict.exit_code())
}

fn measure(args: &HttpArgs, prepared: Prepared, wire: Wire) -> Result<Measured, Failure> {
    let Prepared {
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
    let steering = Steering::new(stop.clone());
    // Exchanges are printed as they are made, which needs a screen of its own.
    let audience = Audience::at_terminal(args.quiet, args.plain || args.http_debug, &steering);
    let events = audience.events();
    let helm = match onward {
        Ok(onward) => {
            let now = args.rate.map_or(0.0, Rate::as_per_second);
            let most = highest_rate(onward.end());
            steering.begin(Steerable::Rate { now, most });
            Some(Helm::new(steering.wishes(), Some(onward)))
        }
        Err(why) => {
            let why = why.to_owned();
            steering.begin(Steerable::Nothing { why });
            None
        }
    };
    let options = Options {
        iterations: args.count().filter(|_| !open),
        showing: args.http_debug.then(|| Showing::first(SHOWN)),
        wire,
        samples: args.samples.then_some(MOST_SAMPLES),
        helm,
        ..Options::default()
    };
    let driven = runtime.block_on(async {
        let services = interrupt::held::<()>();
        interrupt::listen(STOPPING, stop, services, events.clone()).map_err(Failure::internal)?;
        events.send(Event::Begun(begun(args, &load)));
        let mut driving = tokio::task::spawn_blocking(move || driver::run_with(setup, &options));
        let mut watch = Watch {
            progress,
            windows,
            events: events.clone(),
            ticks: Ticks::default(),
            host: Host::new([]),
            timeline: Timeline::default(),
        };
        let sleeper = Sleeper::start().ok();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let data = loop {
            tokio::select! {
                biased;
                done = &mut driving => break done.map_err(Failure::internal)?,
                _ = looks.tick() => watch.look(),
            }
        };
        watch.look();
        let seen = Seen {
            timeline: watch.timeline,
            hiccups: sleeper.map(Sleeper::finish).unwrap_or_default(),
        };
        Ok::<_, Failure>((data.map_err(Failure::internal)?, seen))
    });
    drop(events);
    audience.dismiss(None);
    let (data, seen) = driven?;
    if data.total.planned == 0 && data.interrupted {
        return Err(Failure::Interrupted);
    }
    Ok(judged(args, load, data, &seen, (even, level, open)))
}

/// What is about to run, for those who watch. There is no result folder.
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

/// Looks at the running load.
struct Watch {
    progress: Arc<Progress>,
    windows: Windows,
    events: Publisher,
    ticks: Ticks,
    host: Host,
    timeline: Timeline,
}

impl Watch {
    fn look(&mut self) {
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
