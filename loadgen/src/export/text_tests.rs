//! The text, read by a strict parser.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::export::{catalogue, figures::CommandFigures};
use loadgen_experiment::events::{Begun, Event, OperationNow, TargetNow, Tick};

/// One line of figures: name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads a page strictly: every family has its help and type once and before its samples, no
/// family is torn apart, no sample is there twice, and histograms add up.
fn parse(text: &str) -> Vec<Sample> {
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line is cut"
    );
    let mut kinds = BTreeMap::new();
    let (mut seen, mut samples) = (BTreeSet::new(), Vec::new());
    let mut family = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help has words");
            assert!(!help.is_empty() && !help.ends_with('.'), "{line}");
            let kind = lines.next().and_then(|next| next.strip_prefix("# TYPE "));
            let (of, kind) = kind.expect("a type follows").split_once(' ').unwrap();
            assert_eq!(of, name);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
            let twice = kinds.insert(name.to_owned(), kind.to_owned());
            assert_eq!(twice, None, "{name} is there twice");
            name.clone_into(&mut family);
            continue;
        }
        let (head, value) = line.rsplit_once(' ').expect("a sample has a value");
        let value = match value {
            "+Inf" => f64::INFINITY,
            other => other.parse().expect("a value is a number"),
        };
        let (name, labels) = match head.split_once('{') {
            Some((name, rest)) => (name, labels_of(rest.strip_suffix('}').expect("a brace"))),
            None => (head, BTreeMap::new()),
        };
        let own = match kinds.get(&family).map(String::as_str) {
            Some("histogram") => ["_bucket", "_sum", "_count"]
                .iter()
                .any(|part| name == format!("{family}{part}")),
            Some(_) => name == family,
            None => false,
        };
        assert!(own, "`{line}` stands under {family}");
        assert!(
            seen.insert((name.to_owned(), labels.clone())),
            "`{line}` is there twice"
        );
        samples.push((name.to_owned(), labels, value));
    }
    for (name, _) in kinds.iter().filter(|(_, kind)| *kind == "histogram") {
        adds_up(name, &samples);
    }
    samples
}

/// `a="b",c="d"`, with its escapes undone.
fn labels_of(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut letters = text.chars().peekable();
    while letters.peek().is_some() {
        let name: String = letters.by_ref().take_while(|c| *c != '=').collect();
        let legal = |c: char| c.is_ascii_alphabetic() || c == '_';
        assert!(!name.is_empty() && name.chars().all(legal), "{text}");
        assert_eq!(letters.next(), Some('"'), "{text}");
        let mut value = String::new();
        loop {
            match letters.next().expect("a value ends") {
                '"' => break,
                '\\' => value.push(match letters.next() {
                    Some('n') => '\n',
                    Some(c @ ('\\' | '"')) => c,
                    other => panic!("no such escape: {other:?}"),
                }),
                c => value.push(c),
            }
        }
        assert_eq!(labels.insert(name, value), None, "{text}");
        if let Some(between) = letters.next() {
            assert_eq!(between, ',', "{text}");
        }
    }
    labels
}

fn adds_up(name: &str, samples: &[Sample]) {
    let mut buckets: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
    for (_, labels, value) in samples
        .iter()
        .filter(|(n, ..)| *n == format!("{name}_bucket"))
    {
        let mut labels = labels.clone();
        let bound = labels.remove("le").expect("a bucket has a bound");
        let bound = if bound == "+Inf" {
            f64::INFINITY
        } else {
            bound.parse().unwrap()
        };
        buckets.entry(labels).or_default().push((bound, *value));
    }
    assert!(!buckets.is_empty(), "{name} has no bucket");
    for (labels, buckets) in buckets {
        let rising = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        assert!(buckets.windows(2).all(rising), "{name} {buckets:?}");
        let last = buckets.last().unwrap();
        assert!(last.0.is_infinite(), "{name} has no last bucket");
        let count = samples
            .iter()
            .find(|(n, l, _)| *n == format!("{name}_count") && *l == labels);
        assert_eq!(count.unwrap().2.to_bits(), last.1.to_bits());
        let mut sums = samples.iter().filter(|(n, ..)| *n == format!("{name}_sum"));
        assert!(sums.any(|(_, l, sum)| *l == labels && *sum >= 0.0));
    }
}

fn figures() -> CommandFigures {
    let mut figures = CommandFigures::default();
    figures.apply(Event::Begun(Begun {
        command: "run".into(),
        name: "a \"quoted\\\nname\", arm=\"x\"".into(),
        question: String::new(),
        load: String::new(),
        at: chrono::DateTime::UNIX_EPOCH,
        folder: "one".into(),
    }));
    let mut bucket_counts = vec![0; BUCKET_BOUNDS_MS.len() + 1];
    (
        bucket_counts[0],
        bucket_counts[6],
        bucket_counts[BUCKET_BOUNDS_MS.len()],
    ) = (3, 4, 1);
    let operation = |name: &str| OperationNow {
        name: name.into(),
        count: 10,
        failed: 2,
        errors: BTreeMap::from([("reset".to_owned(), 2)]),
        bucket_counts: bucket_counts.clone(),
        response_sum_s: 40.25,
        ..OperationNow::default()
    };
    figures.apply(Event::Tick(Box::new(Tick {
        arm: "run".into(),
        phase: "measure".into(),
        completed: 20,
        started: 20,
        operations: vec![operation("auth.me"), operation("bookings.create")],
        target: Some(TargetNow {
            cpu_cores: BTreeMap::from([("postgres".to_owned(), 0.5)]),
            waits: BTreeMap::from([("Lock:tuple".to_owned(), 2)]),
            ..TargetNow::default()
        }),
        ..Tick::default()
    })));
    figures.apply(Event::Warning("x".into()));
    figures
}

#[test]
fn a_strict_parser_reads_the_page_and_finds_the_figures_of_the_events() {
    let text = render(&figures().families());
    let samples = parse(&text);
    let value = |name: &str, wanted: &[(&str, &str)]| {
        let found = samples.iter().find(|(n, labels, _)| {
            n == name
                && wanted
                    .iter()
                    .all(|(key, value)| labels.get(*key).is_some_and(|v| v == value))
        });
        found
            .unwrap_or_else(|| panic!("no {name} {wanted:?} in\n{text}"))
            .2
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    let me = ("operation", "auth.me");
    near(
        value("loadgen_requests_total", &[me, ("outcome", "ok")]),
        8.0,
    );
    near(
        value("loadgen_requests_total", &[me, ("outcome", "reset")]),
        2.0,
    );
    near(
        value("loadgen_response_seconds_bucket", &[me, ("le", "0.001")]),
        3.0,
    );
    near(
        value("loadgen_response_seconds_bucket", &[me, ("le", "1")]),
        7.0,
    );
    // One beyond every bound, and two failures.
    near(
        value("loadgen_response_seconds_bucket", &[me, ("le", "30")]),
        7.0,
    );
    near(value("loadgen_response_seconds_count", &[me]), 10.0);
    near(value("loadgen_response_seconds_sum", &[me]), 40.25);
    near(
        value(
            "loadgen_postgres_active_backends",
            &[("wait", "Lock:tuple")],
        ),
        2.0,
    );
    near(value("loadgen_warnings_total", &[]), 1.0);
    let name = "a \"quoted\\\nname\", arm=\"x\"";
    near(
        value("loadgen_run_info", &[("name", name), ("run", "one")]),
        1.0,
    );
}

#[test]
fn every_metric_of_the_page_is_in_the_catalogue_with_its_labels() {
    for family in figures().families() {
        assert!(catalogue::ALL.contains(&family.metric));
        for point in family.points {
            assert_eq!(point.labels.len(), family.metric.labels.len());
        }
    }
}

#[test]
#[should_panic(expected = "is there twice")]
fn the_parser_notices_a_sample_that_is_there_twice() {
    parse("# HELP a b\n# TYPE a gauge\na 1\na 2\n");
}
