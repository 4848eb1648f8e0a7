//! `loadgen http`: one request against any HTTP service, with the schedule, the account and the
//! self-checks of every other run.

use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs as _},
    os::unix::net::UnixStream,
    process::id,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{Method, Uri};
use shared::{dataset::Scale, time::Millis};
use tokio::{
    runtime::Builder,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{http_args::HttpArgs, http_files, http_json, http_text, interrupt, outcome::Failure};
use crate::{
    aggregator::TrialData,
    driver::{self, FlowLoad, Options, Progress, Setup, Snapshot, Tls, Trust, Wire},
    events::{self, Publisher, Tick},
    flows::{AdHoc, World},
    live::{Live, Look},
    observer::{Course, Host, Machine, Observation, Sleeper, Timeline},
    request::Request,
    schedule::{self, Schedule},
    schema::{Server, ThresholdResult, Validity, Verdict},
    seed::sub_seed,
    suite::{Arrivals, LoadModel, Phase, Windows},
    verdict::{self, Evidence, Findings},
};

/// Time between two looks at the running load.
const LOOK: Duration = Duration::from_millis(250);
/// Longest time for a number of requests to be sent in a closed loop.
const PATIENCE: Millis = Millis(3_600_000);
/// What a first Ctrl-C does.
const STOPPING: &str =
    "stopping: the figures of what was measured follow; once more to stop at once";
/// Time in which a target that is there takes a connection.
const THERE: Duration = Duration::from_secs(3);

/// What was measured, for the two ways to print it.
pub(super) struct Measured {
    /// As it was given.
    pub(super) url: String,
    /// The load in a few words.
    pub(super) load: String,
    /// All figures.
    pub(super) data: TrialData,
    /// The self-checks.
    pub(super) validity: Validity,
    /// The promises.
    pub(super) thresholds: Vec<ThresholdResult>,
    /// The one word.
    pub(super) verdict: Verdict,
    /// What a reader must know.
    pub(super) warnings: Vec<String>,
}

/// A URL taken apart.
struct Place {
    address: SocketAddr,
    host: String,
    path: String,
    wire: Wire,
}

/// Measures and prints; the exit code is the verdict's.
pub(super) fn run(args: &HttpArgs) -> Result<u8, Failure> {
    let place = place(args)?;
    let setup = setup(args, &place)?;
    there(&place)
        .map_err(|error| Failure::usage(format!("nobody answers at {}: {error}", args.url)))?;
    let measured = measure(args, setup, place.wire)?;
    if let Some(folder) = &args.out {
        http_files::write(&measured, folder)?;
    }
    let text = if args.json {
        http_json::render(&measured)
    } else {
        http_text::render(&measured)
    };
    super::outcome::print(&text)?;
    Ok(measured.verdict.exit_code)
}

/// Whether anybody takes a connection.
fn there(place: &Place) -> io::Result<()> {
    match &place.wire.unix {
        Some(path) => UnixStream::connect(path).map(drop),
        None => TcpStream::connect_timeout(&place.address, THERE).map(drop),
    }
}

fn place(args: &HttpArgs) -> Result<Place, Failure> {
    let bad = |why: &str| {
        Failure::usage(format!(
            "`{}` is not a URL to send to: {why}; write it like http://127.0.0.1:8080/path",
            args.url
        ))
    };
    let uri: Uri = args.url.parse().map_err(|_| bad("it cannot be read"))?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(_) => return Err(bad("only http and https are spoken")),
        None => return Err(bad("it does not begin with http://")),
    }
    let authority = uri.authority().ok_or_else(|| bad("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(bad("it carries a password; give it as a header with -H"));
    }
    let encrypted = uri.scheme_str() == Some("https");
    let port = authority
        .port_u16()
        .unwrap_or(if encrypted { 443 } else { 80 });
    let name = authority.host().trim_matches(['[', ']']);
    let tls = if encrypted {
        let trust = match &args.cacert {
            _ if args.insecure => Trust::Anybody,
            Some(file) => Trust::File(file.clone()),
            None => Trust::Public,
        };
        Some(Tls::new(name, &trust).map_err(Failure::usage)?)
    } else {
        None
    };
    let address = if args.unix.is_some() {
        // Never connected to; the URL's host is only told to the target.
        SocketAddr::from(([127, 0, 0, 1], port))
    } else {
        (name, port)
            .to_socket_addrs()
            .map_err(|error| bad(&format!("its host is not known: {error}")))?
            .next()
            .ok_or_else(|| bad("its host has no address"))?
    };
    if !address.ip().is_loopback() && !args.allow_remote_target {
        return Err(Failure::Usage(format!(
            "the target {} is not on this machine ({}): load is only sent to machines that agreed to it; say so with --allow-remote-target",
            args.url,
            address.ip()
        )));
    }
    Ok(Place {
        address,
        host: authority.to_string(),
        wire: Wire {
            unix: args.unix.clone(),
            tls,
        },
        path: uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned(),
    })
}

fn request(args: &HttpArgs, place: &Place) -> Result<Request, Failure> {
    let body = args.body().map_err(Failure::Usage)?;
    let method = args.method.clone().unwrap_or(if args.body.is_some() {
        Method::POST
    } else {
        Method::GET
    });
    let mut request = Request::new(method, place.path.clone());
    request.headers.clone_from(&args.headers);
    request.body = body;
    Ok(request)
}

/// The load, its measured window, and its name for people.
fn load(args: &HttpArgs) -> (LoadModel, Windows, String) {
    let warm_up = args.warmup.unwrap_or(Millis(0));
    let connections = args.connections;
    let Some(rate) = args.rate else {
        let measure = match (args.duration, args.requests) {
            (Some(duration), _) => duration,
            (None, Some(_)) => PATIENCE,
            (None, None) => Millis(10_000),
        };
        let model = LoadModel::Closed {
            users: connections,
            duration: Millis(warm_up.0 + measure.0),
            think: None,
            iterations: None,
        };
        let until = args.requests.map_or_else(
            || format!("for {measure}"),
            |count| format!("{count} requests"),
        );
        let text = format!("closed loop, {connections} connections, {until}");
        return (model, windows(args, warm_up, measure), text);
    };
    let mean = args.to.map_or(rate.as_per_second(), |to| {
        f64::midpoint(rate.as_per_second(), to.as_per_second())
    });
    let measure = match (args.duration, args.requests) {
        (Some(duration), _) => duration,
        // One millisecond more than it takes; what is too much is cut off the plan.
        (None, Some(count)) => Millis((count as f64 / mean * 1_000.0).ceil() as u64 + 1),
        (None, None) => Millis(10_000),
    };
    let phase = |name: &str, duration, to| Phase {
        name: name.to_owned(),
        duration,
        rate,
        to,
    };
    let mut phases = vec![phase("measure", measure, args.to)];
    if warm_up.0 > 0 {
        phases.insert(0, phase("warm up", warm_up, None));
    }
    let arrivals = if args.poisson {
        Arrivals::Poisson
    } else {
        Arrivals::Constant
    };
    let to = args.to.map_or_else(String::new, |to| format!(" to {to}"));
    let how = if args.poisson {
        ", at random times"
    } else {
        ""
    };
    let text =
        format!("open loop, {rate}{to}{how} for {measure}, at most {connections} connections");
    (
        LoadModel::Open { phases, arrivals },
        windows(args, warm_up, measure),
        text,
    )
}

fn windows(args: &HttpArgs, warm_up: Millis, measure: Millis) -> Windows {
    Windows {
        warm_up,
        measure,
        drain: args.timeout,
    }
}

struct Prepared {
    setup: Setup,
    load: String,
    windows: Windows,
}

fn setup(args: &HttpArgs, place: &Place) -> Result<Prepared, Failure> {
    let (model, windows, text) = load(args);
    let mut schedule = schedule::plan(&model, &[1.0], &windows, sub_seed(args.seed, "plan"))
        .map_err(Failure::usage)?;
    if let (Schedule::Open(plan), Some(count)) = (&mut schedule, args.requests) {
        plan.arrivals
            .truncate(usize::try_from(count).unwrap_or(usize::MAX));
    }
    // One a process, for as long as it lives: the driver's threads share it.
    let flow: &'static AdHoc = Box::leak(Box::new(AdHoc::new(request(args, place)?, args.expect)));
    let setup = Setup {
        target: place.address,
        host: place.host.clone(),
        schedule,
        flows: vec![FlowLoad {
            flow,
            weight: 1.0,
            think: None,
        }],
        world: Arc::new(World::new(
            Scale::Tiny.counts(),
            Vec::new(),
            u64::from(id()),
            false,
        )),
        timeout: args.timeout,
        drain: windows.drain,
        max_users: args.connections,
        workers: usize::from(args.workers),
        seed: sub_seed(args.seed, "users"),
        progress: Arc::new(Progress::default()),
        stop: CancellationToken::new(),
    };
    Ok(Prepared {
        setup,
        load: text,
        windows,
    })
}

fn measure(args: &HttpArgs, prepared: Prepared, wire: Wire) -> Result<Measured, Failure> {
    let Prepared {
        setup,
        load,
        windows,
    } = prepared;
    let open = matches!(setup.schedule, Schedule::Open(_));
    let even = open && !args.poisson;
    let level = args.to.is_none_or(|to| Some(to) == args.rate);
    let options = Options {
        iterations: args.requests.filter(|_| !open),
        wire,
        ..Options::default()
    };
    let (events, heard) = if args.quiet {
        (Publisher::silent(), None)
    } else {
        let (events, heard) = events::channel();
        (events, Some(Live::start(heard, Look::of_stderr())))
    };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::internal)?;
    let progress = Arc::clone(&setup.progress);
    let stop = setup.stop.clone();
    let driven = runtime.block_on(async {
        let services = interrupt::held::<()>();
        interrupt::listen(STOPPING, stop, services, events.clone()).map_err(Failure::internal)?;
        events.stage(load.clone(), None);
        let mut driving = tokio::task::spawn_blocking(move || driver::run_with(setup, &options));
        let mut watch = Watch {
            progress,
            windows,
            events: events.clone(),
            last: None,
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
    if let Some(live) = heard {
        live.finish();
    }
    let (data, seen) = driven?;
    if data.total.planned == 0 && data.interrupted {
        return Err(Failure::Interrupted);
    }
    Ok(judged(args, load, data, &seen, (even, level, open)))
}

/// Looks at the running load.
struct Watch {
    progress: Arc<Progress>,
    windows: Windows,
    events: Publisher,
    last: Option<Snapshot>,
    host: Host,
    timeline: Timeline,
}

/// What was seen of the machine while the load ran.
struct Seen {
    timeline: Timeline,
    hiccups: Course,
}

impl Watch {
    fn look(&mut self) {
        let now = self.progress.snapshot();
        let at = Millis(now.at.0 / 1_000_000);
        let phase = if at < self.windows.warm_up {
            "warm up"
        } else if at < self.windows.planned() {
            "measure"
        } else {
            "drain"
        };
        self.timeline.push(Observation {
            at: SystemTime::now(),
            snapshot: None,
            host: self.host.read(),
            machine: Machine::read(),
        });
        let rates = self.last.as_ref().map(|last| now.since(last));
        self.events.tick(Tick {
            arm: "http".to_owned(),
            phase,
            elapsed: at.duration().min(self.windows.planned().duration()),
            total: self.windows.planned().duration(),
            offered: rates.map_or(0.0, |rates| rates.offered),
            achieved: rates.map_or(0.0, |rates| rates.achieved),
            in_flight: now.open,
            p50_ms: rates.and_then(|rates| rates.p50_ms),
            p95_ms: rates.and_then(|rates| rates.p95_ms),
            failed: now.failed,
            ..Tick::default()
        });
        self.last = Some(now);
    }
}

fn judged(
    args: &HttpArgs,
    load: String,
    data: TrialData,
    seen: &Seen,
    (even, level, open): (bool, bool, bool),
) -> Measured {
    let from = data.started_at + data.window.0.duration();
    let to = data.started_at + data.window.1.duration();
    let generator = seen.timeline.generator(from, to);
    let mut warnings = Vec::new();
    // A closed loop without pauses goes as fast as the slower side can: that this one is at its
    // limit makes no figure wrong, but it is not the target's limit that is seen then.
    let validity = verdict::validity(&Evidence {
        generator: generator.filter(|_| open),
        steal: seen.timeline.steal(from, to),
        cpu_pressure: seen.timeline.cpu_pressure(from, to),
        hiccups: seen.hiccups.between(from, to),
        even,
        level,
        error_limit: verdict::error_limit(&args.thresholds),
        ..Evidence::of(&data)
    });
    if let Some(used) = generator.filter(|used| !open && used.busiest > 0.7) {
        warnings.push(format!(
            "a thread of the generator used {:.0} % of a core: the rate is rather its own limit than the target's; give it more workers (-t), or a rate (-R) to compare response times",
            used.busiest * 100.0
        ));
    }
    if validity.word == verdict::NOISY {
        let disturbed: Vec<String> = verdict::reasons(&validity)
            .map(|check| format!("{} {} (limit {})", check.code, check.figure, check.limit))
            .collect();
        warnings.push(format!(
            "the machine was disturbed, measure again: {}",
            disturbed.join("; ")
        ));
    }
    if cfg!(debug_assertions) {
        warnings.push(
            "this is a debug build of loadgen: it is several times slower than a release build"
                .to_owned(),
        );
    }
    let thresholds = verdict::hold(
        &args.thresholds,
        "http",
        verdict::Figures {
            ops: &data.ops,
            phases: &std::collections::BTreeMap::new(),
            server: &Server::default(),
            window_s: data.window_s(),
        },
    );
    let invalid_reasons = if validity.word == verdict::INVALID {
        verdict::reasons(&validity)
            .map(|check| {
                format!(
                    "{}: {} (limit {}); {}",
                    check.code, check.figure, check.limit, check.advice
                )
            })
            .collect()
    } else {
        Vec::new()
    };
    let mut verdict = verdict::judge(&Findings {
        interrupted: data.interrupted,
        invalid_reasons,
        thresholds: &thresholds,
        valid_trials: 1,
        ..Findings::default()
    });
    if verdict.word == "PASSED" {
        verdict.reasons = vec![match thresholds.len() {
            0 => "the figures are valid; no threshold was given".to_owned(),
            n => format!("the figures are valid, and {n} threshold(s) were held against them"),
        }];
    }
    Measured {
        url: args.url.clone(),
        load,
        data,
        validity,
        thresholds,
        verdict,
        warnings,
    }
}
