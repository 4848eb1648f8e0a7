//! The load of `loadgen http`: its request, and the flags as a suite.

use http::Method;
use shared::time::Millis;

use super::target::HttpTarget;
use crate::cli::{failure::Failure, flags::HttpArgs};
use loadgen_engine::{
    request::Request,
    suite::{Arrivals, FlowShare, LoadModel, LoadOptions, Phase, Suite, Windows},
};

/// Maximum duration of a closed loop that ends after a number of requests.
const MAX_DURATION: Millis = Millis(3_600_000);

/// The request of the command line.
pub(super) fn request(args: &HttpArgs, target: &HttpTarget) -> Result<Request, Failure> {
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

/// The load as a suite, and its description.
pub(super) fn suite(args: &HttpArgs) -> (Suite, String) {
    let (model, windows, text) = load(args);
    let suite = Suite {
        name: "http".to_owned(),
        question: String::new(),
        load: model,
        options: LoadOptions {
            shared_iterations: args.count(),
            ..LoadOptions::default()
        },
        windows,
        flows: vec![FlowShare {
            flow: "http.request".to_owned(),
            weight: 1.0,
            think: None,
        }],
        thresholds: args.thresholds.clone(),
        accounts: 0,
        timeout: args.timeout,
        max_users: args.users(),
        seed: args.seed,
    };
    (suite, text)
}
