//! The load of `loadgen http`: its request, and the flags as a suite.

use http::Method;
use shared::time::Millis;

use super::target::HttpTarget;
use crate::cli::{
    failure::Failure,
    flags::HttpArgs,
    plan::{MOST_COUNTED, drain_of},
};
use loadgen_engine::{
    flow::Catalog,
    request::Request,
    suite::{
        Arrivals, FlowShare, LoadModel, LoadOptions, Phase, Suite, Topology, Windows,
        load::check_scope,
    },
    units::Rate,
};
use loadgen_experiment::system::Settings;

/// The request of the command line.
pub(super) fn request(args: &HttpArgs, target: &HttpTarget) -> Result<Request, Failure> {
    let body = args.body().map_err(Failure::Usage)?;
    let method = args.method.clone().unwrap_or(if args.body.is_some() {
        Method::POST
    } else {
        Method::GET
    });
    let mut request = Request::new(method, target.path());
    request.headers.clone_from(&args.headers);
    request.body = body;
    request.check(args.http2).map_err(Failure::Usage)?;
    Ok(request)
}

/// The load model and its windows.
fn load(args: &HttpArgs) -> (LoadModel, Windows) {
    let warm_up = args.warmup.unwrap_or(Millis(0));
    let connections = args.users();
    let Some(rate) = args.rate else {
        let measure = match (args.duration, args.count()) {
            (Some(duration), _) => duration,
            (None, Some(_)) => MOST_COUNTED,
            (None, None) => Millis(10_000),
        };
        let model = LoadModel::Closed {
            users: connections,
            duration: Millis(warm_up.0 + measure.0),
            think: args.think,
            iterations: None,
        };
        return (model, windows(args, warm_up, measure));
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
        to,
        ..Phase::level(rate, duration)
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
    (
        LoadModel::Open { phases, arrivals },
        windows(args, warm_up, measure),
    )
}

fn windows(args: &HttpArgs, warm_up: Millis, measure: Millis) -> Windows {
    Windows {
        warm_up,
        measure,
        drain: drain_of(args.timeout),
    }
}

/// Refuses thresholds of figures that one request to a service of unknown kind does not have, and a
/// rate that never rises above zero.
pub(super) fn check(args: &HttpArgs, suite: &Suite, catalog: &Catalog) -> Result<(), Failure> {
    if args.rate.is_some_and(Rate::is_zero) && args.to.is_none_or(Rate::is_zero) {
        return Err(Failure::usage(
            "--rate 0/s sends nothing: give a rate above 0, or one to rise to with --to",
        ));
    }
    for threshold in &suite.thresholds {
        if !threshold.metric.is_of_requests() {
            return Err(Failure::Usage(format!(
                "--threshold `{threshold}`: this command sees requests only; it knows percentiles like p95, mean, max, success, errors, timeouts, dropped, rate, bytes, and count of a status"
            )));
        }
        check_scope(threshold, suite, catalog)
            .map_err(|why| Failure::Usage(format!("--threshold `{threshold}`: {why}")))?;
    }
    Ok(())
}

/// The load as a suite. Its name is the URL without the values of its query, by which later runs
/// of the same request are found.
pub(super) fn suite(args: &HttpArgs) -> Suite {
    let (model, windows) = load(args);
    let name = shown_url(&args.url);
    Suite {
        question: String::new(),
        name,
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
        topology: Topology::SINGLE,
        faults: Vec::new(),
    }
}

/// What was sent, as it is stored. Values of headers and of the query, and the body, may be secrets:
/// only their names and lengths are stored, and a digest of the URL, by which two of them differ.
pub(super) fn settings(args: &HttpArgs, request: &Request) -> Settings {
    let names: Vec<&str> = request
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let whole = Settings([("url".to_owned(), args.url.clone())].into());
    let mut stored = vec![
        (
            "request",
            format!("{} {}", request.method, shown_url(&args.url)),
        ),
        ("url digest", whole.fingerprint()),
        (
            "protocol",
            if args.http2 { "HTTP/2" } else { "HTTP/1.1" }.to_owned(),
        ),
        ("client", args.client.name().to_owned()),
    ];
    if !names.is_empty() {
        stored.push(("headers", names.join(", ")));
    }
    if !request.body.is_empty() {
        stored.push(("body", format!("{} bytes", request.body.len())));
    }
    if let Some(every) = args.bench_login_every {
        stored.push(("logins", format!("one of {every} requests")));
    }
    let entries = stored
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Settings(entries.collect())
}

/// The settings as lines, for the folder of inputs.
pub(super) fn description(settings: &Settings) -> String {
    let lines = settings
        .0
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    lines.collect()
}

/// A URL with the names of its query only.
fn shown_url(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let names: Vec<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .collect();
    format!("{path}?{}", names.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flags::one_command::flags_of;

    #[test]
    fn what_is_stored_of_a_request_tells_it_apart_and_holds_no_secret() {
        let stored = |token: &str| {
            let url = format!("http://127.0.0.1:1/a?page=2&token={token}");
            let words = ["http", &url, "-H", "x-key: hush", "-b", "hush"];
            let args: HttpArgs = flags_of(words).unwrap();
            let request = request(&args, &super::super::target::parse(&args).unwrap()).unwrap();
            let suite = suite(&args);
            assert_eq!(suite.name, "http://127.0.0.1:1/a?page&token");
            settings(&args, &request)
        };
        let (one, other) = (stored("hush"), stored("other"));
        assert_ne!(one, other);
        let text = description(&one);
        assert!(!text.contains("hush"), "{text}");
        assert!(
            text.contains("headers: x-key") && text.contains("body: 4 bytes"),
            "{text}"
        );
    }

    #[test]
    fn a_mixture_with_logins_is_stored_as_one() {
        let words = "http http://127.0.0.1:1/a --bench-login-every 50".split(' ');
        let args: HttpArgs = flags_of(words).unwrap();
        let request = request(&args, &super::super::target::parse(&args).unwrap()).unwrap();
        let text = description(&settings(&args, &request));
        assert!(text.contains("logins: one of 50 requests\n"), "{text}");
    }
}
