//! What the `load` key may say, and how a wrong one is refused.

use super::*;
use crate::flow::shop;
use crate::suite::{Suite, Think, load::parse};

fn suite(load: &str) -> Result<Suite, BadFile> {
    let text = format!(
        "name: x\nload:\n{load}\nflows: [ {{ flow: orders.buy }} ]\nthresholds: [ p95 < 1s ]\n"
    );
    parse(&text, "x.yaml", &shop())
}

fn refused(load: &str) -> String {
    suite(load).unwrap_err().to_string()
}

#[test]
fn an_open_load_has_named_phases_a_unit_and_a_policy() {
    let suite = suite(
        "  { model: open, unit: requests, arrivals: constant, in_flight: { policy: drop, max: 40 }, phases: [ { name: warm up, duration: 1s, rate: 10/s, to: 50/s }, { name: peak, duration: 2s, rate: 50/s } ] }",
    )
    .unwrap();
    let LoadModel::Open { phases, arrivals } = &suite.load else {
        panic!("open")
    };
    assert_eq!(*arrivals, Arrivals::Constant);
    // orders.buy sends two requests an iteration.
    assert!((phases[1].rate.as_per_second() - 25.0).abs() < 1e-9);
    assert_eq!(suite.options.in_flight.policy, Policy::Drop);
    assert_eq!(suite.options.in_flight.max, Some(40));
    assert_eq!(
        suite.phase_spans(),
        [("peak".to_owned(), Millis(1_000), Millis(3_000))]
    );
}

#[test]
fn a_word_that_is_none_of_a_closed_list_is_refused_with_the_list() {
    let load = |load: &str| format!("load: {{ {load} }}\nflows: [ {{ flow: orders.buy }} ]\n");
    let open = "model: open, rate: 9/s, warmup: 1s, duration: 1s";
    let threshold = |text: &str| format!("{}thresholds: [ \"{text}\" ]\n", load(open));
    let table: [(String, &[&str]); 9] = [
        (load("model: x"), &["open", "closed"]),
        (
            load(&format!("{open}, arrivals: x")),
            &["constant", "poisson"],
        ),
        (load(&format!("{open}, unit: x")), &["users", "requests"]),
        (
            load(&format!("{open}, in_flight: {{ policy: x }}")),
            &["backlog", "drop", "abort"],
        ),
        (
            format!("load: {{ {open} }}\nflows: [ {{ flow: x }} ]\n"),
            &["orders.buy"],
        ),
        (threshold("x < 1s"), &["p95", "mean", "success", "errors"]),
        (
            threshold("x:y: p95 < 1s"),
            &["phase", "flow", "method", "status"],
        ),
        (
            threshold("method:X: p95 < 1s"),
            &["GET", "POST", "PUT", "PATCH", "DELETE"],
        ),
        (threshold("status:x: rate < 1/s"), &["404", "5xx"]),
    ];
    for (text, right) in table {
        let error = parse(&format!("name: x\n{text}"), "x.yaml", &shop())
            .unwrap_err()
            .to_string();
        for word in right {
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}

#[test]
fn a_closed_load_rises_paces_and_shares_its_iterations() {
    let suite = suite(
        "  model: closed\n  phases:\n    - { name: rise, duration: 3s, users: 1, to: 5 }\n    - { name: hold, duration: 6s, users: 5 }\n  warmup: 3s\n  pace: 500ms\n  shared_iterations: 100\n  graceful_stop: 4s",
    )
    .unwrap();
    assert!(matches!(
        suite.load,
        LoadModel::Closed {
            users: 5,
            duration: Millis(9_000),
            ..
        }
    ));
    assert_eq!(suite.options.ramp.len(), 2);
    assert_eq!(suite.options.ramp[0].to, Some(5));
    assert_eq!(suite.options.pace, Some(Millis(500)));
    assert_eq!(suite.options.shared_iterations, Some(100));
    assert_eq!(suite.windows.drain, Millis(4_000));
    assert_eq!(suite.windows.measure, Millis(6_000));
}

#[test]
fn digits_of_rates_users_and_weights_may_be_parted() {
    let text = |load: &str| {
        format!("name: x\nload: {load}\nflows: [ {{ flow: orders.buy, weight: 1_000 }} ]\n")
    };
    let read = |load: &str| parse(&text(load), "x.yaml", &shop()).unwrap();
    let open = "{ model: open, rate: RATE, duration: 1s }";
    let parted = read(&open.replace("RATE", "1_000/s"));
    let bare = read(&open.replace("RATE", "1000/s"));
    assert_eq!(format!("{:?}", parted.load), format!("{:?}", bare.load));
    assert_eq!(parted.flows[0].weight.to_string(), "1000");
    let rising = "{ model: closed, phases: [ { duration: 1s, users: 1_000, to: 2_000 } ] }";
    assert_eq!(read(rising).options.ramp[0].to, Some(2_000));
}

#[test]
fn a_pause_is_fixed_between_two_lengths_or_exponential() {
    let think = |text: &str| {
        let load = format!("  {{ model: closed, users: 2, duration: 1s, think: {text} }}");
        match suite(&load).unwrap().load {
            LoadModel::Closed { think, .. } => think.unwrap(),
            LoadModel::Open { .. } => panic!("closed"),
        }
    };
    assert_eq!(
        (think("2s").min, think("2s").max),
        (Millis(2_000), Millis(2_000))
    );
    assert_eq!(
        think("exp(2s)"),
        Think {
            min: Millis(0),
            max: Millis(20_000),
            mean: Some(Millis(2_000))
        }
    );
    assert!(
        refused("  { model: closed, users: 2, duration: 1s, think: exp(2s }").contains("x.yaml:3:")
    );
}

#[test]
fn what_does_not_go_together_is_refused_with_file_and_line() {
    for (load, why) in [
        (
            "  model: open\n  rate: 5/s\n  duration: 1s\n  pace: 1s",
            "x.yaml:6:9: `pace` belongs to the closed model",
        ),
        (
            "  model: closed\n  users: 2\n  duration: 1s\n  unit: users",
            "x.yaml:6:9: `unit` belongs to the open model",
        ),
        (
            "  model: open\n  duration: 1s\n  rate: 5/s\n  unit: user",
            "x.yaml:6:9: unknown unit `user`; did you mean `users`",
        ),
        (
            "  model: open\n  duration: 1s\n  rate: 5/s\n  in_flight: { policy: dorp }",
            "x.yaml:6:24: unknown policy `dorp`; did you mean `drop`",
        ),
        (
            "  model: open\n  duration: 1s\n  rate: 5/s\n  in_flight: { policy: backlog, max: 3 }",
            "x.yaml:6:38: a backlog has no limit",
        ),
        (
            "  model: closed\n  users: 2\n  duration: 1s\n  think: 1s\n  pace: 1s",
            "x.yaml:7:9: write either `think`",
        ),
        (
            "  model: closed\n  users: 2\n  duration: 1s\n  iterations: 0",
            "x.yaml:6:15: no iteration at all",
        ),
        (
            "  model: closed\n  phases:\n    - { duration: 1s, rate: 5/s }",
            "x.yaml:5:29: a phase of a closed model has `users`",
        ),
        (
            "  model: open\n  phases:\n    - { duration: 1s, users: 5 }",
            "x.yaml:5:30: a phase of an open model has a `rate`",
        ),
        (
            "  model: open\n  phases:\n    - { duration: 1s, rate: 5/s, to: 9 }",
            "x.yaml:5:38: `9` is not a rate",
        ),
        (
            "  model: open\n  phases:\n    - { duration: 1s }",
            "x.yaml:5:19: this phase has no `rate`",
        ),
        ("  model: open\n  phases: []", "`phases` is empty"),
        (
            "  model: opne",
            "x.yaml:3:10: unknown model `opne`; did you mean `open`",
        ),
    ] {
        let error = refused(load);
        assert!(error.contains(why), "{error}");
        assert!(!error.contains('\n'));
    }
}

#[test]
fn a_threshold_on_a_phase_that_is_not_measured_is_refused() {
    let text = |phase: &str| {
        format!(
            "name: x\nload: {{ model: open, phases: [ {{ name: warm up, duration: 1s, rate: 5/s }}, {{ name: peak, duration: 1s, rate: 5/s }} ] }}\nflows: [ {{ flow: orders.buy }} ]\nthresholds:\n  - \"phase:{phase}: p95 < 1s\"\n"
        )
    };
    assert!(parse(&text("peak"), "x.yaml", &shop()).is_ok());
    let error = parse(&text("paek"), "x.yaml", &shop())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("x.yaml:5:5: unknown measured phase `paek`; did you mean `peak`"),
        "{error}"
    );
}

#[test]
fn a_phase_may_name_the_flows_that_start_in_it() {
    let text = "name: x\nload:\n  model: closed\n  phases:\n    - { name: buy, duration: 1s, users: 4, flows: [orders.buy] }\n    - { name: all, duration: 1s, users: 2 }\nflows: [ { flow: orders.browse }, { flow: orders.buy } ]\n";
    let mut suite = parse(text, "x.yaml", &shop()).unwrap();
    assert_eq!(suite.phase_flows(), [("buy", vec!["orders.buy"])]);
    // With another number of users the phases keep their proportions.
    suite.set_users(10);
    let users: Vec<u32> = suite.options.ramp.iter().map(|phase| phase.users).collect();
    assert_eq!(users, [10, 5]);
    suite.set_flows(suite.flows[..1].to_vec());
    assert!(suite.phase_flows().is_empty());
    for (wrong, message) in [
        (
            "flows: [orders.bye]",
            "unknown flow of this suite `orders.bye`",
        ),
        ("flows: []", "`flows` of this phase is empty"),
    ] {
        let text = text.replace("flows: [orders.buy]", wrong);
        let error = parse(&text, "x.yaml", &shop()).unwrap_err().to_string();
        assert!(
            error.contains(message) && error.contains("x.yaml:5"),
            "{error}"
        );
    }
}
