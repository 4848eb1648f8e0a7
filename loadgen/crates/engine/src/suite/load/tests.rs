//! What a suite file may say, and how a wrong one is refused.

use super::*;
use crate::flow::shop;
use crate::suite::{Arrivals, LoadModel, Think};

const GOOD: &str = "\
name: evening
question: Does it carry the evening?
load: { model: open, rate: 20/s, warmup: 2s, duration: 10s }
flows:
  - { flow: orders.buy, weight: 20 }
  - { flow: orders.browse, weight: 45, think: 1s..3s }
thresholds:
  - p95 < 1000ms
  - \"orders.buy: p97.5 < 1000ms\"
";

fn refused(text: &str) -> String {
    parse(text, "suite.yaml", &shop()).unwrap_err().to_string()
}

#[test]
fn a_suite_is_read_with_its_windows_and_defaults() {
    let suite = parse(GOOD, "suite.yaml", &shop()).unwrap();
    assert_eq!(suite.windows.warm_up, Millis(2_000));
    assert_eq!(suite.windows.measure, Millis(10_000));
    assert_eq!(
        suite.flows[1].think,
        Some(Think {
            min: Millis(1_000),
            max: Millis(3_000),
            mean: None,
        })
    );
    assert_eq!(suite.thresholds.len(), 2);
    let LoadModel::Open { phases, arrivals } = suite.load else {
        panic!("open")
    };
    assert_eq!(phases.len(), 2);
    assert_eq!(arrivals, Arrivals::Poisson);
}

#[test]
fn a_star_is_every_flow_that_no_other_entry_names() {
    let text = GOOD.replace(
        "{ flow: orders.buy, weight: 20 }",
        "{ flow: '*', weight: 3 }",
    );
    let suite = parse(&text, "suite.yaml", &shop()).unwrap();
    let mut names: Vec<&str> = suite
        .flows
        .iter()
        .map(|share| share.flow.as_str())
        .collect();
    names.sort_unstable();
    let mut all = shop().flow_names();
    all.sort_unstable();
    assert_eq!(names, all);
    for share in &suite.flows {
        let weight = if share.flow == "orders.browse" {
            "45"
        } else {
            "3"
        };
        assert_eq!(share.weight.to_string(), weight, "{}", share.flow);
    }
}

#[test]
fn leading_phases_named_warm_are_the_warm_up() {
    let text = GOOD.replace(
        "rate: 20/s, warmup: 2s, duration: 10s",
        "phases: [ {name: warm up, duration: 60s, rate: 10/s, to: 50/s}, {duration: 90s, rate: 50/s} ]",
    );
    let suite = parse(&text, "suite.yaml", &shop()).unwrap();
    assert_eq!(suite.windows.warm_up, Millis(60_000));
    assert_eq!(suite.windows.measure, Millis(90_000));
}

#[test]
fn a_closed_model_has_users_and_a_duration_with_the_warm_up_in_it() {
    let text = GOOD.replace(
        "model: open, rate: 20/s, warmup: 2s, duration: 10s",
        "model: closed, users: 3000, warmup: 10s, duration: 30s",
    );
    let suite = parse(&text, "suite.yaml", &shop()).unwrap();
    assert!(matches!(
        suite.load,
        LoadModel::Closed {
            users: 3000,
            duration: Millis(40_000),
            ..
        }
    ));
}

#[test]
fn users_without_a_pause_are_unpaced_and_an_open_load_never_is() {
    let unpaced = |load: &str, think: &str| {
        let text = GOOD
            .replace("model: open, rate: 20/s, warmup: 2s, duration: 10s", load)
            .replace(", think: 1s..3s", think);
        parse(&text, "suite.yaml", &shop()).unwrap().is_unpaced()
    };
    let closed = "model: closed, users: 3, warmup: 1s, duration: 3s";
    assert!(unpaced(closed, ""));
    assert!(unpaced(closed, ", think: 1s..3s"), "one flow has no pause");
    assert!(!unpaced(&format!("{closed}, think: 2s"), ""));
    assert!(!unpaced(&format!("{closed}, pace: 2s"), ""));
    let open = "model: open, rate: 20/s, warmup: 2s, duration: 10s";
    assert!(!unpaced(open, ""));
}

#[test]
fn an_unknown_key_names_file_line_and_the_nearest_key() {
    let error = refused(&GOOD.replace("warmup", "warmpu"));
    assert!(error.starts_with("suite.yaml:3:"), "{error}");
    assert!(error.contains("`warmup`"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn an_unknown_flow_names_file_line_and_the_nearest_flow() {
    let error = refused(&GOOD.replace("orders.buy,", "orders.bu,"));
    assert!(error.starts_with("suite.yaml:5:"), "{error}");
    assert!(error.contains("did you mean `orders.buy`"), "{error}");
}

#[test]
fn bad_units_and_impossible_numbers_are_refused_where_they_stand() {
    for (from, to, line, why) in [
        ("rate: 20/s", "rate: 0/s", 3, "0"),
        ("rate: 20/s", "rate: 20", 3, "20"),
        ("duration: 10s", "duration: 10", 3, "not a duration"),
        ("duration: 10s", "duration: 0s", 3, "longer than nothing"),
        ("duration: 10s", "duration: 24h1ms", 3, "at most 24h"),
        ("warmup: 2s", "warmup: 8000h", 3, "at most 24h"),
        ("warmup: 2s", "warmup: 1_000_000h", 3, "at most 24h"),
        (
            "warmup: 2s",
            "graceful_stop: 10m1s",
            3,
            "the wait at the end is at most 10m",
        ),
        ("model: open", "model: opne", 3, "did you mean `open`"),
        ("weight: 20", "weight: 0", 5, "greater than 0"),
        ("think: 1s..3s", "think: 3s..1s", 6, "ends before it begins"),
        ("p95 < 1000ms", "p95 < 1000", 8, "not a duration"),
        (
            "orders.buy: p97.5",
            "orders.by: p97.5",
            9,
            "did you mean `orders.buy`",
        ),
        ("name: evening", "name: The Evening!", 1, "a-z"),
    ] {
        let error = refused(&GOOD.replace(from, to));
        assert!(
            error.starts_with(&format!("suite.yaml:{line}:")),
            "{to}: {error}"
        );
        assert!(error.contains(why), "{to}: {error}");
    }
}

#[test]
fn a_timeout_may_be_minutes_long_and_ends_at_its_bounds() {
    let with = |text: &str| {
        let text = format!("{GOOD}timeout: {text}\n");
        parse(&text, "suite.yaml", &shop()).map(|suite| suite.timeout)
    };
    for (text, ms) in [
        ("59s", 59_000),
        ("90s", 90_000),
        ("2m", 120_000),
        ("10m", 600_000),
    ] {
        assert_eq!(with(text), Ok(Millis(ms)), "{text}");
    }
    for wrong in ["99ms", "10m1s", "1_000_000h"] {
        let error = with(wrong).unwrap_err().to_string();
        assert!(error.starts_with("suite.yaml:10:10: "), "{error}");
        assert!(error.contains("100ms to 10m"), "{error}");
    }
}

#[test]
fn broken_yaml_is_one_line() {
    let error = refused("name: [\n");
    assert!(error.starts_with("suite.yaml"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn an_error_of_yaml_is_said_in_the_words_of_the_file_with_line_and_column() {
    let more = |line: &str| format!("{GOOD}{line}\n");
    for (text, said) in [
        (
            more("name: x"),
            "10:1: the key `name` is written twice: remove one",
        ),
        (
            GOOD.replace("rate: 20/s,", "rate: 20/s, rate: 5/s,"),
            "3:34: the key `rate` is written twice",
        ),
        (GOOD.replace("evening\n", "~\n"), "1:7: a value is missing"),
        (more("---\nname: x"), "11:1: a second document begins here"),
        (
            more("accounts: 010"),
            "10:11: `010` begins with a zero: write `10`",
        ),
        (
            more("accounts: 00"),
            "10:11: `00` begins with a zero: write `0`",
        ),
        (
            GOOD.replace("weight: 20", "weight: 010"),
            "`010` begins with a zero: write `10`",
        ),
        (
            GOOD.replace("weight: 20", "weight: ten"),
            "`ten` is not a number",
        ),
        (
            more("accounts: ten"),
            "10:11: `ten` is not a whole number of 0 or more",
        ),
        (more("accounts: -1"), "10:11: `-1` is not a whole number"),
        (
            more("accounts: 1.5 # about"),
            "10:11: `1.5` is not a whole number",
        ),
        (
            more("seed: 99999999999999999999"),
            "10:7: `99999999999999999999` is too large",
        ),
        (more("\tseed: 1"), "a tab: YAML is indented with blanks"),
        (
            more("accounts: *few"),
            "10:11: `*few` refers to an anchor that is not defined",
        ),
        (more("seed: [ 1 ]"), "one value is expected here"),
        ("flows: 3".to_owned(), "1:8: a list is expected here"),
        (
            "smoke".to_owned(),
            "1:1: keys with values are expected here",
        ),
        (String::new(), "the file has no keys"),
        ("# later\n---\n".to_owned(), "the file has no keys"),
        ("name: \"x\n".to_owned(), "a quote is not closed"),
        ("name: [\n".to_owned(), "suite.yaml:"),
        (more("\u{feff}seed: 1"), "10:1: a BOM"),
    ] {
        let error = refused(&text);
        assert!(error.contains(said), "{said}: {error}");
        assert!(error.starts_with("suite.yaml:"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        for word in [
            "DuplicateKeyPolicy",
            "Option",
            "from_str",
            "u32",
            "u64",
            "at line",
        ] {
            assert!(!error.contains(word), "{error}");
        }
    }
}

/// A suite with every number that a file may have, of either model.
const NUMBERS: [&str; 2] = [
    "\
name: open
load:
  model: open
  phases:
    - { name: rise, warmup: true, duration: 60s, rate: 0/s, to: 0.5/s }
    - { name: peak, duration: 1m30s, rate: 600/m }
  in_flight: { policy: drop, max: 500 }
  graceful_stop: 7s
flows: [ { flow: orders.buy, weight: 20, think: 1s..3s }, { flow: orders.browse, weight: 0.5 } ]
thresholds:
  - p97.5 < 2.4ms warn 1m30s
  - \"abort after 5s: errors < 10%\"
  - rate > 50/s
  - bytes > 2MB/s
  - memory.target < 512MB
  - timeouts <= 3
accounts: 64
timeout: 9s
max_users: 32
seed: 5
topology: scale=2,pgbouncer=6,replica=500ms
faults: [ { fault: redis.down, at: 4s, for: 3s } ]
",
    "\
name: closed
load:
  model: closed
  phases: [ { duration: 3s, users: 1, to: 5, warmup: true }, { duration: 6s, users: 5 } ]
  think: exp(2s)
  iterations: 8
  shared_iterations: 100
flows: [ { flow: orders.browse, think: 400ms } ]
drain: 4s
",
];

#[test]
fn no_number_of_a_file_may_begin_with_a_zero_that_it_does_not_need() {
    let mut tried = 0;
    for suite in NUMBERS {
        parse(suite, "suite.yaml", &shop()).unwrap();
        let is_digit = |at: usize| suite.as_bytes()[at].is_ascii_digit();
        // Not the digits behind a decimal point.
        let behind_point = |at: usize| &suite[at - 1..at] == "." && is_digit(at - 2);
        let begins = |at: &usize| is_digit(*at) && !is_digit(at - 1) && !behind_point(*at);
        for at in (2..suite.len()).filter(begins) {
            let error = refused(&format!("{}0{}", &suite[..at], &suite[at..]));
            assert!(
                error.contains("begins with a zero: write `"),
                "{}0{}: {error}",
                suite[..at].lines().last().unwrap_or_default(),
                suite[at..].lines().next().unwrap_or_default(),
            );
            assert_eq!(error.lines().count(), 1, "{error}");
            tried += 1;
        }
    }
    assert!(tried > 35, "{tried} numbers");
}

#[test]
fn an_anchor_a_bom_and_a_first_marker_change_nothing() {
    let suite = parse(GOOD, "suite.yaml", &shop()).unwrap();
    for text in [
        format!("\u{feff}{GOOD}"),
        format!("---\n{GOOD}"),
        format!("{GOOD}max_users: &most 64\naccounts: *most\n"),
        format!("{GOOD}accounts: ~\n"),
    ] {
        assert_eq!(
            parse(&text, "suite.yaml", &shop()).unwrap(),
            suite,
            "{text}"
        );
    }
}

#[test]
fn phases_are_warm_ups_by_their_mark_or_their_name() {
    let windows = |phases: &str| {
        let text = GOOD.replace(
            "rate: 20/s, warmup: 2s, duration: 10s",
            &format!("phases: [ {phases} ]"),
        );
        parse(&text, "suite.yaml", &shop()).map(|suite| suite.windows.warm_up.0)
    };
    let hold = "{duration: 9s, rate: 5/s}";
    for (phases, warm_up) in [
        (
            format!("{{name: Warm up phase, duration: 2s, rate: 5/s}}, {hold}"),
            2_000,
        ),
        (
            format!("{{name: rise, warmup: true, duration: 3s, rate: 0/s, to: 5/s}}, {hold}"),
            3_000,
        ),
        (
            format!("{{name: warm water, warmup: false, duration: 3s, rate: 5/s}}, {hold}"),
            0,
        ),
        (
            format!("{hold}, {{name: warm, duration: 3s, rate: 5/s}}"),
            0,
        ),
        (
            format!("{hold}, {{name: pause, duration: 3s, rate: 0/s}}"),
            0,
        ),
    ] {
        assert_eq!(windows(&phases).unwrap(), warm_up, "{phases}");
    }
    for (phases, why) in [
        (
            format!("{hold}, {{warmup: true, duration: 3s, rate: 5/s}}"),
            "comes before",
        ),
        ("{duration: 3s, rate: 0/s}".to_owned(), "above 0/s"),
        (
            "{warmup: true, duration: 3s, rate: 5/s}, {duration: 3s, rate: 0/s}".to_owned(),
            "above 0/s",
        ),
    ] {
        let error = windows(&phases).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_threshold_of_a_method_that_is_not_sent_is_refused() {
    let with = |threshold: &str| parse(&format!("{GOOD}  - \"{threshold}\"\n"), "s.yaml", &shop());
    assert!(with("method:POST: p95 < 1s").is_ok());
    let error = with("method:DELETE: p95 < 1s").unwrap_err().to_string();
    assert!(
        error.contains("no request of this load is a DELETE: it sends "),
        "{error}"
    );
}
