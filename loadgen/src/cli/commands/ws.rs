//! `loadgen ws`: sockets that stay open and messages that come back: chat on an own stack or a running
//! target-app, echo at any other server.

use shared::paths;

use super::{
    http::{encryption, refuse_trust},
    single_load::SingleLoad,
};
use crate::{
    cli::{
        failure::Failure,
        flags::{SocketPreset, WsArgs},
        plan::{add_thresholds, drain_of, resolve_settings},
        session::{ServiceSource, refuse_remote},
    },
    library::{self, SourceFile},
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::{
    driver::{ClientOptions, TargetAddresses, TargetUrl},
    flow::{Catalog, EchoSocket},
    request::Request,
    suite::{FlowShare, LoadModel, Suite, Topology},
    threshold::Threshold,
};
use loadgen_experiment::{
    paired::shorten,
    system::{Application as _, Endpoints, HttpService, Settings, SystemUnderTest as _},
    trial::ArmConfig,
};

/// What an echo does not show.
const NOT_TESTED: [&str; 2] = [
    "what the server does with a message beyond sending it back",
    "the service itself: nothing in it was reset, observed or audited",
];

/// Measures, stores and prints; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &WsArgs) -> Result<u8, Failure> {
    Failure::unless_files_suffice()?;
    let trust = |encrypted: bool| {
        if encrypted {
            return Ok(());
        }
        refuse_trust(args.insecure, args.cacert.is_some(), "wss")
    };
    let Some(text) = &args.url else {
        trust(false)?;
        let services = ServiceSource::OwnStack {
            scale: args.scale,
            topology: None,
            arms: None,
            target_bin: args.target_bin.clone(),
            keep_in: None,
            crash: None,
            faults: Vec::new(),
            database_pool: None,
        };
        return chat(args, &services, "an own stack");
    };
    let url = socket_url(text)?;
    trust(url.encrypted)?;
    let addresses = TargetAddresses::find(&url, &[]).map_err(Failure::usage)?;
    refuse_remote(text, &addresses, args.allow_remote_target)?;
    if url.path != paths::CHAT_SOCKET {
        return echo(args, text, &url, &addresses);
    }
    if args.token.is_some() || url.encrypted {
        return Err(Failure::Usage(format!(
            "{text} is the chat of a target-app, where seeded students sign in by themselves over plain http: omit --token, and write it with ws://"
        )));
    }
    let services = ServiceSource::Running {
        targets: vec![addresses],
        instances: Vec::new(),
        token: None,
        topology: Topology::SINGLE,
    };
    chat(args, &services, text)
}

/// The chat rooms of a target-app.
fn chat(args: &WsArgs, services: &ServiceSource, target: &str) -> Result<u8, Failure> {
    let (mut suite, source) = library::find_suite(args.preset.suite())?;
    replace(&mut suite, args, CodeConnect.catalog())?;
    let settings = resolve_settings("after", &[])?;
    let load = SingleLoad {
        command: "ws",
        target: target.to_owned(),
        suite: &suite,
        arm: ArmConfig::new("ws", settings, &CodeConnect),
        operations: CodeConnect.catalog().operations,
        source: &source,
        workers: args.workers,
        warnings: services.warnings(),
        not_tested: Vec::new(),
        json: args.json,
    };
    load.run(services, &args.result)
}

/// A server that sends back what it receives.
fn echo(
    args: &WsArgs,
    text: &str,
    url: &TargetUrl,
    addresses: &TargetAddresses,
) -> Result<u8, Failure> {
    let mut handshake = Request::new(http::Method::GET, &url.path);
    if let Some(token) = &args.token {
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::usage(
                "--token has a character that no header may have",
            ));
        }
        handshake = handshake.bearer(token);
    }
    let mut suite = echo_suite(args.preset)?;
    replace(&mut suite, args, &EchoSocket::catalog())?;
    let tls = encryption(url, args.insecure, args.cacert.as_deref(), false)?;
    let endpoint = addresses.connect().map_err(|error| {
        Failure::of_error(&error, |why| {
            Failure::Usage(format!("cannot connect to {}: {why}", url.host))
        })
    })?;
    let client = ClientOptions {
        tls,
        ..ClientOptions::default()
    };
    // A query may hold a secret: it is not stored.
    let shown = text.split('?').next().unwrap_or_default().to_owned();
    let settings: Settings = [
        ("socket".to_owned(), shown.clone()),
        (
            "protocol".to_owned(),
            "each text comes back as it was sent".to_owned(),
        ),
    ]
    .into_iter()
    .collect();
    let service = HttpService::echo(Endpoints::one(endpoint), client, EchoSocket::new(handshake));
    let arm = ArmConfig::new("ws", settings, service.application());
    let services = ServiceSource::Http {
        service,
        trace: None,
    };
    let source = SourceFile {
        name: "socket.txt".to_owned(),
        text: format!("socket: {shown}\n"),
    };
    let load = SingleLoad {
        command: "ws",
        target: shown,
        suite: &suite,
        arm,
        operations: EchoSocket::catalog().operations,
        source: &source,
        workers: args.workers,
        warnings: Vec::new(),
        not_tested: NOT_TESTED.map(str::to_owned).to_vec(),
        json: args.json,
    };
    load.run(&services, &args.result)
}

/// `ws://` and `wss://` are HTTP until the socket is open.
fn socket_url(text: &str) -> Result<TargetUrl, Failure> {
    let lower = text.to_ascii_lowercase();
    let http = match (lower.starts_with("ws://"), lower.starts_with("wss://")) {
        (true, _) => format!("http{}", &text[2..]),
        (_, true) => format!("https{}", &text[3..]),
        _ => {
            return Err(Failure::Usage(format!(
                "`{}` is not the URL of a socket: write it like ws://127.0.0.1:9000/echo",
                text.split('?').next().unwrap_or_default()
            )));
        }
    };
    TargetUrl::parse(&http)
        .map_err(|error| Failure::Usage(format!("{error} (with ws:// in the place of http://)")))
}

/// The preset with an echo in place of the chat: the same users, pauses and limits.
fn echo_suite(preset: SocketPreset) -> Result<Suite, Failure> {
    let (mut suite, _) = library::find_suite(preset.suite())?;
    let chat = suite.flows.first();
    let share = FlowShare {
        flow: "ws.echo".to_owned(),
        weight: 1.0,
        think: chat.and_then(|share| share.think),
    };
    "ws_echo".clone_into(&mut suite.name);
    "Are sockets opened and messages returned in time?".clone_into(&mut suite.question);
    suite.flows = vec![share];
    let renamed = suite.thresholds.iter().map(|threshold| {
        let text = threshold.to_string().replace("chat.", "ws.");
        text.parse::<Threshold>()
    });
    suite.thresholds = renamed
        .collect::<Result<_, _>>()
        .map_err(Failure::internal)?;
    suite.accounts = 0;
    Ok(suite)
}

/// Applies the flags to the load of a preset.
fn replace(suite: &mut Suite, args: &WsArgs, catalog: &Catalog) -> Result<(), Failure> {
    if let Some(duration) = args.duration {
        // A warm-up as long as the load would be the greater part of it.
        let warm_up = suite.windows.warm_up.min(duration);
        shorten(suite, warm_up, duration);
    }
    if let Some(users) = args.users {
        suite.set_users(users);
    }
    if let (Some(pause), LoadModel::Closed { think, .. }) = (args.think, &mut suite.load) {
        *think = Some(pause);
    }
    suite.timeout = args.timeout;
    suite.windows.drain = drain_of(args.timeout);
    suite.seed = args.seed;
    add_thresholds(suite, &args.thresholds, catalog)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use loadgen_engine::suite::load::check_scope;

    use super::*;

    #[test]
    fn a_socket_has_a_url_of_its_own_and_nothing_else_is_one() {
        let url = socket_url("ws://127.0.0.1:9000/echo?x=1").unwrap();
        assert_eq!(
            (url.port, url.path.as_str(), url.encrypted),
            (9_000, "/echo?x=1", false)
        );
        assert!(socket_url("WSS://localhost/").unwrap().encrypted);
        for text in ["http://127.0.0.1/", "127.0.0.1:80", "wsx://a", ""] {
            let error = socket_url(text).unwrap_err().to_string();
            assert!(error.contains("ws://127.0.0.1:9000/echo"), "{error}");
        }
    }

    #[test]
    fn an_echo_has_the_users_pauses_and_limits_of_the_chat() {
        for (preset, users) in [
            (SocketPreset::Quick, 10),
            (SocketPreset::Full, 100),
            (SocketPreset::Stress, 200),
        ] {
            let suite = echo_suite(preset).unwrap();
            let LoadModel::Closed {
                users: found,
                think,
                ..
            } = suite.load
            else {
                panic!("closed")
            };
            assert_eq!(found, users);
            assert!(think.is_some());
            let thresholds: Vec<String> =
                suite.thresholds.iter().map(ToString::to_string).collect();
            let (many, others) = match preset {
                SocketPreset::Quick => (None, &thresholds[..]),
                _ => (thresholds.first().map(String::as_str), &thresholds[1..]),
            };
            assert!(many.is_none_or(|one| one == "status:101: count >= 100 warn 50"));
            assert_eq!(
                others,
                [
                    "ws.deliver: p95 < 2s warn 3s",
                    "ws.connect: success > 95% warn 90%",
                    "ws.delivery > 95% warn 90%",
                    "success > 95% warn 90%",
                    "warn: success > 99%"
                ]
            );
            for threshold in &suite.thresholds {
                check_scope(threshold, &suite, &EchoSocket::catalog()).unwrap();
            }
        }
    }
}
