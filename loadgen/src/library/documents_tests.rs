//! The suites that a document describes, compared with the numbers of the document. The table states
//! them again, independent of the files.

use super::find_suite;
use loadgen_engine::suite::{LoadModel, Suite};

/// Name of a suite, and what its document says: load by phase, flows with their share in per cent,
/// thresholds.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

/// "CodeConnect Load Testing Suite": 3000 concurrent users, 30 s a scenario, no pipelining;
/// p95 below 1000 ms, success above 99 %, errors below 1 %.
const SLO: &[&str] = &["p95 < 1000ms", "success > 99%", "errors < 1%"];
const ONE_SCENARIO: &[&str] = &["3000 users for 30s"];
/// "Wheels & Wins": PASS p95 below 2 s and connection success above 95 %; WARNING up to 3 s and down to
/// 90 %; FAIL beyond.
const WEBSOCKET: &[&str] = &[
    "chat.deliver: p95 < 2s warn 3s",
    "chat.connect: success > 95% warn 90%",
];

const ROWS: &[Row] = &[
    (
        "codeconnect",
        &[
            "auth: 3000 users for 30s, auth.login",
            "discovery: 3000 users for 30s, mentors.browse",
            "booking: 3000 users for 30s, bookings.book",
            "recordings: 3000 users for 30s, recordings.watch",
            "websocket: 3000 users for 30s, chat.room",
        ],
        &[],
        &[
            "p95 < 1000ms",
            "success > 99%",
            "errors < 1%",
            "phase:auth: p95 < 1000ms",
            "phase:discovery: success > 99%",
            "phase:booking: p95 < 1000ms",
            "phase:recordings: success > 99%",
            "phase:websocket: p95 < 1000ms",
        ],
    ),
    ("codeconnect_auth", ONE_SCENARIO, &["auth.login 100"], SLO),
    (
        "codeconnect_discovery",
        ONE_SCENARIO,
        &["mentors.browse 100"],
        SLO,
    ),
    (
        "codeconnect_booking",
        ONE_SCENARIO,
        &["bookings.book 100"],
        SLO,
    ),
    (
        "codeconnect_recordings",
        ONE_SCENARIO,
        &["recordings.watch 100"],
        SLO,
    ),
    (
        "codeconnect_websocket",
        ONE_SCENARIO,
        &["chat.room 100"],
        SLO,
    ),
    (
        "wheels_websocket_quick",
        &["10 users for 1m"],
        &["chat.room 100"],
        WEBSOCKET,
    ),
    (
        "wheels_websocket_full",
        &["100 users for 5m"],
        &["chat.room 100"],
        WEBSOCKET,
    ),
    (
        "wheels_websocket_stress",
        &["200 users for 10m"],
        &["chat.room 100"],
        WEBSOCKET,
    ),
];

/// What a suite's file says, in the words of the table.
struct Facts {
    load: Vec<String>,
    flows: Vec<String>,
    thresholds: Vec<String>,
}

impl Facts {
    fn of(suite: &Suite) -> Self {
        let all: f64 = suite.flows.iter().map(|share| share.weight).sum();
        let flows_of = |flows: &[u16]| {
            let names = |flow: &u16| suite.flows[usize::from(*flow)].flow.as_str();
            let names: Vec<&str> = flows.iter().map(names).collect();
            if names.is_empty() {
                String::new()
            } else {
                format!(", {}", names.join(", "))
            }
        };
        let named = |name: &str| match name {
            "" => String::new(),
            name => format!("{name}: "),
        };
        let load = match &suite.load {
            LoadModel::Open { phases, .. } => phases
                .iter()
                .map(|phase| {
                    let to = phase.to.map(|to| format!(" to {to}")).unwrap_or_default();
                    format!(
                        "{}{}{to} for {}{}",
                        named(&phase.name),
                        phase.rate,
                        phase.duration,
                        flows_of(&phase.flows)
                    )
                })
                .collect(),
            LoadModel::Closed { users, .. } if suite.options.ramp.is_empty() => {
                vec![format!("{users} users for {}", suite.windows.measure)]
            }
            LoadModel::Closed { .. } => suite
                .options
                .ramp
                .iter()
                .map(|phase| {
                    let to = phase.to.map(|to| format!(" to {to}")).unwrap_or_default();
                    format!(
                        "{}{}{to} users for {}{}",
                        named(&phase.name),
                        phase.users,
                        phase.duration,
                        flows_of(&phase.flows)
                    )
                })
                .collect(),
        };
        Self {
            load,
            flows: suite
                .flows
                .iter()
                .map(|share| format!("{} {:.0}", share.flow, share.weight / all * 100.0))
                .collect(),
            thresholds: suite.thresholds.iter().map(ToString::to_string).collect(),
        }
    }
}

#[test]
fn suites_have_the_numbers_of_their_documents() {
    for (name, load, flows, thresholds) in ROWS {
        let facts = Facts::of(&find_suite(name).unwrap().0);
        for (wanted, found) in [
            (load, &facts.load),
            (flows, &facts.flows),
            (thresholds, &facts.thresholds),
        ] {
            for text in *wanted {
                assert!(
                    found.iter().any(|one| one == text),
                    "{name}: `{text}` is not among {found:?}"
                );
            }
        }
    }
}
