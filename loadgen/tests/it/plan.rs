//! `loadgen plan` from published results: its forms, its simulation, and what it refuses.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::loadgen;

/// A small database, so that few instances reach its limit.
const ASSUMED: &str =
    "users: 3000\nrequests_per_user_hour: 120\ngrowth_per_month: 0.05\nlargest_database_cores: 2\n";

fn published(name: &str) -> String {
    format!("{}/../results/published/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What is printed, what is complained about, and the exit code.
fn plan(folder: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let file = folder.join("assumptions.yaml");
    fs::write(&file, ASSUMED).unwrap();
    let demo = published("demo");
    let output = loadgen(["plan", demo.as_str(), "--assume", file.to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

#[test]
fn a_plan_simulates_more_instances_and_says_how_far_the_model_is_off() {
    let folder = tempfile::tempdir().unwrap();
    let other = published("demo");
    let arguments = [
        "--replications",
        "2",
        "--validate",
        &other,
        "--format",
        "json",
    ];
    let (text, errors, code) = plan(folder.path(), &arguments);
    assert_eq!(code, Some(0), "{errors}");
    let made: Value = serde_json::from_str(&text).unwrap();
    let schema: Value =
        serde_json::from_slice(&loadgen(["plan", "--schema"]).output().unwrap().stdout).unwrap();
    assert!(jsonschema::is_valid(&schema, &made), "{text}");
    let simulation = &made["simulation"];
    // The model is fitted to `after`; `before` is a configuration that it does not know.
    assert_eq!(simulation["fitted"], "demo, after");
    assert_eq!(simulation["checks"][0]["of"], "demo, before");
    assert!(
        simulation["checks"][0]["differs"]
            .to_string()
            .contains("switches")
    );
    let figure = |id: &Value| {
        let figures = made["figures"].as_array().unwrap();
        let found = figures.iter().find(|one| one["id"] == *id);
        found.unwrap_or_else(|| panic!("{id}"))["value"]
            .as_f64()
            .unwrap()
    };
    let rates: Vec<f64> = simulation["instances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| figure(&row["rate"]))
        .collect();
    assert!(rates.len() >= 4, "{simulation}");
    // Two instances carry more than one, and where the database is the limit more add nothing.
    assert!(rates[1] > 1.2 * rates[0], "{rates:?}");
    assert!(rates[3] < 1.2 * rates[2], "{rates:?}");
    let last = &simulation["scales"][3];
    assert!(figure(&last["databases"]) > 1.0);
    assert!(
        last["said"]
            .as_str()
            .unwrap()
            .contains("One database cannot serve it")
    );
    assert!(figure(&simulation["error"]) > 0.0);
    let (again, _, _) = plan(folder.path(), &arguments);
    assert_eq!(text, again);
}

#[test]
fn each_form_has_the_simulation_and_the_page_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for (form, part) in [
        ("text", "Simulation"),
        ("md", "## Simulation"),
        ("html", "id=\"simulation\""),
    ] {
        let (text, errors, code) = plan(folder.path(), &["--replications", "1", "--format", form]);
        assert_eq!(code, Some(0), "{errors}");
        for part in [part, "not validated", "--validate"] {
            assert!(text.contains(part), "{form} lacks {part}");
        }
        if form == "html" {
            assert!(text.starts_with("<!doctype html>") && text.contains("<svg"));
            assert!(!text.contains("<script") && !text.contains("http://"));
        }
    }
    let (text, _, code) = plan(folder.path(), &["--replications", "0"]);
    assert!(code == Some(0) && !text.contains("Simulation"), "{text}");
}

#[test]
fn what_cannot_validate_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let strange = published("codeconnect_results");
    for (arguments, parts) in [
        (vec!["--validate", "nosuch"], vec!["nosuch"]),
        (
            vec!["--validate", strange.as_str()],
            vec![
                "codeconnect_results",
                "cannot be used to validate",
                "closed",
            ],
        ),
        (
            vec!["--validate", strange.as_str(), "--replications", "0"],
            vec!["--validate needs a simulation"],
        ),
        (vec!["--replications", "31"], vec!["from 0 to 30"]),
    ] {
        let (_, errors, code) = plan(folder.path(), &arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
        for part in parts {
            assert!(errors.contains(part), "{arguments:?}: {errors}");
        }
    }
}
