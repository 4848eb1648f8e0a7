//! The load of `loadgen http`: load model, request, and the driver's setup.

use std::sync::Arc;

use http::Method;
use shared::time::Millis;
use tokio_util::sync::CancellationToken;

use super::target::HttpTarget;
use crate::cli::{failure::Failure, flags::HttpArgs};
use loadgen_engine::{
    driver::{DriverSetup, FlowLoad, Progress},
    flow::SingleRequest,
    request::Request,
    schedule::{self, Replanner, Schedule},
    suite::{Arrivals, LoadModel, Phase, Windows},
    units::Nanos,
};
use loadgen_stats::seed::sub_seed;

/// Maximum duration of a closed loop that ends after a number of requests.
const MAX_DURATION: Millis = Millis(3_600_000);

fn request(args: &HttpArgs, target: &HttpTarget) -> Result<Request, Failure> {
    let body = args.body().map_err(Failure::Usage)?;
    let method = args.method.clone().unwrap_or(if args.body.is_some() {
        Method::POST
    } else {
        Method::GET
    });
    let mut request = Request::new(method, target.path.clone());
    request.headers.clone_from(&args.headers);
    request.body = body;
    Ok(request)
}

/// The load model, its windows, and its description.
fn load(args: &HttpArgs) -> (LoadModel, Windows, String) {
    let warm_up = args.warmup.unwrap_or(Millis(0));
    let connections = args.users();
    let Some(rate) = args.rate else {
        let measure = match (args.duration, args.count()) {
            (Some(duration), _) => duration,
            (None, Some(_)) => MAX_DURATION,
            (None, None) => Millis(10_000),
        };
        let model = LoadModel::Closed {
            users: connections,
            duration: Millis(warm_up.0 + measure.0),
            think: None,
            iterations: None,
        };
        let until = args.count().map_or_else(
            || format!("for {measure}"),
            |count| format!("{count} requests"),
        );
        let text = format!("closed loop, {connections} connections, {until}");
        return (model, windows(args, warm_up, measure), text);
    };
    let mean = args.to.map_or(rate.as_per_second(), |to| {
        f64::midpoint(rate.as_per_second(), to.as_per_second())
    });
    let measure = match (args.duration, args.count()) {
        (Some(duration), _) => duration,
        // One millisecond more than needed; surplus arrivals are cut off the plan.
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
        // The last timer may fire a little late; it is still a timeout.
        drain: Millis(args.timeout.0 + 250),
    }
}

/// A load that is ready to start.
pub(super) struct PreparedLoad {
    pub(super) setup: DriverSetup,
    /// Description of the load.
    pub(super) load: String,
    pub(super) windows: Windows,
    /// Replans the arrivals when the rate is changed during the run; or why it cannot be changed.
    pub(super) onward: Result<Replanner, &'static str>,
}

/// Plans the load.
pub(super) fn prepare(args: &HttpArgs, target: &HttpTarget) -> Result<PreparedLoad, Failure> {
    let (model, windows, text) = load(args);
    let mut schedule = schedule::plan(&model, &[1.0], &windows, sub_seed(args.seed, "plan"))
        .map_err(Failure::usage)?;
    if let (Schedule::Open(plan), Some(count)) = (&mut schedule, args.count()) {
        plan.arrivals
            .truncate(usize::try_from(count).unwrap_or(usize::MAX));
    }
    let onward = match (&model, args.count()) {
        (LoadModel::Open { arrivals, .. }, None) => {
            let end = Nanos::from_millis(windows.planned().0);
            let seed = sub_seed(args.seed, "plan");
            Ok(Replanner::new(*arrivals, &[1.0], end, seed).map_err(Failure::usage)?)
        }
        (LoadModel::Open { .. }, Some(_)) => {
            Err("the number of requests is fixed: so is their rate")
        }
        (LoadModel::Closed { .. }, _) => {
            Err("a closed loop is as fast as the responses: only a load with --rate can be changed")
        }
    };
    let flow = Arc::new(SingleRequest::new(request(args, target)?, args.expect));
    let setup = DriverSetup {
        target: target.address,
        host: target.host.clone(),
        schedule,
        flows: vec![FlowLoad {
            flow,
            weight: 1.0,
            think: None,
        }],
        timeout: args.timeout,
        drain: windows.drain,
        max_users: args.users(),
        workers: usize::from(args.workers),
        seed: sub_seed(args.seed, "users"),
        progress: Arc::new(Progress::new(SingleRequest::catalog().operations)),
        stop: CancellationToken::new(),
    };
    Ok(PreparedLoad {
        setup,
        load: text,
        windows,
        onward,
    })
}
