//! The files of `observability/` against what the two programs really export.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use loadgen::export::catalogue::{self, MetricType};
use serde_json::Value;

use crate::support::{finish, loadgen, start};

const DASHBOARD: &str = "observability/grafana/dashboards/codeconnect.json";
const ALERTS: &str = "observability/alerts.yml";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn dashboard() -> Value {
    serde_json::from_str(&read(DASHBOARD)).unwrap()
}

/// A YAML file as JSON.
pub(crate) fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every name that a scrape of either program can hold. Those of target-app are read from its
/// list, which a test over there compares with a real scrape.
fn exported() -> BTreeSet<String> {
    let mut names = BTreeSet::from(["up".to_owned(), "ALERTS".to_owned()]);
    let mut add = |name: &str, histogram: bool| {
        if histogram {
            let parts = ["_bucket", "_sum", "_count"];
            names.extend(parts.map(|part| format!("{name}{part}")));
        } else {
            names.insert(name.to_owned());
        }
    };
    for metric in catalogue::ALL {
        add(metric.name, metric.metric_type == MetricType::Histogram);
    }
    let list = read("target-app/src/metrics/names.rs");
    let constants = list
        .lines()
        .filter_map(|line| line.strip_prefix("pub const "));
    for name in constants.filter_map(|line| line.split('"').nth(1)) {
        let histogram = name.ends_with("_seconds") && !name.starts_with("process_");
        add(name, histogram);
    }
    assert!(names.len() > 60, "{names:?}");
    names
}

/// Names of metrics in an expression: the words outside of texts, labels and functions.
fn metrics_of(expression: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut quoted = false;
    let mut word = String::new();
    for letter in expression.chars().chain([' ']) {
        if letter == '"' {
            quoted = !quoted;
        }
        if !quoted && (letter.is_ascii_alphanumeric() || letter == '_') {
            word.push(letter);
            continue;
        }
        let known = ["targetapp_", "loadgen_", "process_"];
        if known.iter().any(|begin| word.starts_with(begin)) || ["up", "ALERTS"].contains(&&*word) {
            names.insert(word.clone());
        }
        word.clear();
    }
    assert!(!quoted, "a text has no end: {expression}");
    for (open, close) in ['(', '{', '['].into_iter().zip([')', '}', ']']) {
        let count = |letter| expression.matches(letter).count();
        assert_eq!(count(open), count(close), "{expression}");
    }
    names
}

/// Panels that are not rows.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let all = dashboard["panels"].as_array().unwrap();
    all.iter().filter(|panel| panel["type"] != "row").collect()
}

fn expressions() -> Vec<String> {
    let (dashboard, rules) = (dashboard(), yaml(ALERTS));
    let shown = panels(&dashboard)
        .into_iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap().clone())
        .chain(dashboard["annotations"]["list"].as_array().unwrap().clone());
    let ruled = rules["groups"].as_array().unwrap().iter();
    let ruled = ruled.flat_map(|group| group["rules"].as_array().unwrap().clone());
    let expressions: Vec<String> = shown
        .chain(ruled)
        .map(|value| value["expr"].as_str().expect("an expression").to_owned())
        .collect();
    assert!(expressions.len() > 30, "{}", expressions.len());
    expressions
}

#[test]
fn dashboard_and_alerts_name_only_metrics_that_are_exported() {
    let exported = exported();
    for expression in expressions() {
        let names = metrics_of(&expression);
        assert!(!names.is_empty(), "no metric in {expression}");
        for name in names {
            assert!(
                exported.contains(&name),
                "nothing exports {name}: {expression}"
            );
        }
    }
}

#[test]
fn a_metric_that_nobody_exports_would_be_noticed() {
    let names = metrics_of(r#"sum by (le) (rate(loadgen_respons_seconds_bucket{a="up"}[1m]))"#);
    let wrong: Vec<_> = names.difference(&exported()).cloned().collect();
    assert_eq!(wrong, ["loadgen_respons_seconds_bucket"]);
}

#[test]
fn the_dashboard_is_whole() {
    let dashboard = dashboard();
    let source = yaml("observability/grafana/provisioning/datasources/prometheus.yml");
    let source = source["datasources"][0]["uid"].as_str().unwrap().to_owned();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "{title}: its id is there twice"
        );
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title} is beyond the edge");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{title} lies over another");
            }
        }
    }
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap();
        assert_eq!(panel["datasource"]["uid"], source.as_str(), "{title}");
        assert!(
            panel["description"].as_str().unwrap().ends_with('.'),
            "{title}"
        );
        assert!(
            panel["fieldConfig"]["defaults"]["unit"].is_string(),
            "{title}"
        );
        let targets = panel["targets"].as_array().unwrap();
        let refs: BTreeSet<_> = targets
            .iter()
            .map(|target| target["refId"].as_str())
            .collect();
        assert_eq!(refs.len(), targets.len(), "{title}");
        assert!(
            targets
                .iter()
                .all(|target| target["datasource"]["uid"] == source.as_str())
        );
    }
    let home = read("docker-compose.yml");
    let name = Path::new(DASHBOARD).file_name().unwrap().to_str().unwrap();
    assert!(home.contains(&format!("/var/lib/grafana/dashboards/{name}")));
}

#[test]
fn each_alert_says_what_happened_and_what_to_do_and_is_tested_and_documented() {
    let (rules, tests) = (yaml(ALERTS), yaml("observability/alerts_test.yml"));
    let document = read("docs/OBSERVABILITY.md");
    // By alert: tests that want it to fire, and tests that want it silent.
    let mut tried: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let cases = tests["tests"].as_array().unwrap().iter();
    for case in cases.flat_map(|test| test["alert_rule_test"].as_array().unwrap()) {
        let name = case["alertname"].as_str().unwrap().to_owned();
        let counts = tried.entry(name).or_default();
        if case["exp_alerts"].is_array() {
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
    }
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 7);
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        for part in ["summary", "runbook"] {
            let text = rule["annotations"][part].as_str();
            assert!(
                text.is_some_and(|text| text.len() > 20),
                "{name} has no {part}"
            );
        }
        assert!(
            rule["labels"]["severity"].is_string() && rule["for"].is_string(),
            "{name}"
        );
        let (fires, silent) = tried.remove(name).unwrap_or_default();
        assert!(fires > 0 && silent > 0, "{name} is not tested both ways");
        assert!(
            document.contains(&format!("| `{name}` |")),
            "{name} is not documented"
        );
    }
    assert!(
        tried.is_empty(),
        "tests of alerts that are not there: {tried:?}"
    );
}

#[test]
fn what_prometheus_scrapes_is_where_it_is_served() {
    let config = yaml("observability/prometheus.yml");
    let mut targets = BTreeMap::new();
    for job in config["scrape_configs"].as_array().unwrap() {
        let name = job["job_name"].as_str().unwrap().to_owned();
        targets.insert(name, job["static_configs"][0]["targets"][0].clone());
    }
    assert_eq!(targets["target-app"], "target-app:8080");
    assert_eq!(targets["loadgen"], "target-app:9464");
    let compose = yaml("docker-compose.yml");
    let further = &config["scrape_configs"][0]["dns_sd_configs"][0];
    let service = further["names"][0].as_str().unwrap();
    assert_eq!(compose["services"][service]["profiles"][0], "scale");
    assert_eq!(further["port"], 8080);
    let loadgen = &compose["services"]["loadgen"];
    assert_eq!(loadgen["network_mode"], "service:target-app");
    assert!(read("deploy/loadgen.sh").contains(" --metrics 0.0.0.0:9464"));
    for (service, inside) in [("prometheus", ":9090"), ("grafana", ":3000")] {
        let service = &compose["services"][service];
        assert_eq!(service["profiles"][0], "observability");
        let port = service["ports"][0].as_str().unwrap();
        assert!(
            port.starts_with("127.0.0.1:") && port.ends_with(inside),
            "{port}"
        );
    }
}

#[test]
fn a_wrong_address_ends_with_2_before_anything_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, named) in [
        (["--metrics", "nowhere"], "nowhere"),
        (["--metrics", &taken], "another port"),
        (["--otlp", "grpc://127.0.0.1:4317"], "http://127.0.0.1:4318"),
    ] {
        // A target that is not there would be the next mistake.
        let fixed = ["run", "smoke", "--target", "http://127.0.0.1:1"];
        let ran = finish(start(loadgen(fixed.into_iter().chain(arguments))));
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(named), "{arguments:?}: {}", ran.stderr);
    }
}
