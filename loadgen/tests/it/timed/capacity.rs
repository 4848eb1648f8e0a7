//! The capacity of servers whose capacity is programmed.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::support::{Answer, KnownServer, Ran, finish, loadgen, signal, start};

/// A search with these words, its results in a folder of its own.
fn search(results: &Path, words: &str) -> Ran {
    finish(start(loadgen(
        arguments(results, words).iter().map(String::as_str),
    )))
}

fn arguments(results: &Path, words: &str) -> Vec<String> {
    let all = format!(
        "capacity {words} --json --quiet --results {}",
        results.display()
    );
    all.split(' ').map(str::to_owned).collect()
}

fn bound(ran: &Ran, which: &str) -> f64 {
    ran.figures["capacity"][which]
        .as_f64()
        .unwrap_or_else(|| panic!("no {which}: {ran:?}"))
}

fn word(ran: &Ran) -> &str {
    ran.figures["verdict"]["word"].as_str().unwrap_or("none")
}

/// The first reason of the verdict.
fn reason(ran: &Ran) -> &str {
    ran.figures["verdict"]["reasons"][0]
        .as_str()
        .unwrap_or("none")
}

/// Trials that are on disk.
fn kept(folder: &Path) -> usize {
    let trials = fs::read_dir(folder.join("trials"));
    trials.map_or(0, |all| {
        all.flatten()
            .filter(|one| one.path().join("search.json").exists())
            .count()
    })
}

/// One request at a time, five milliseconds each: 200 a second and no more.
fn one_server() -> KnownServer {
    KnownServer {
        queue: true,
        ..KnownServer::after(Duration::from_millis(5))
    }
}

#[test]
fn the_limit_of_a_server_is_found_between_the_bounds_and_a_stopped_search_goes_on() {
    let server = one_server().serve();
    let results = tempfile::tempdir().unwrap();
    let words = format!(
        "{} --quick --slo p95<200ms,errors<1% --rate 50/s --warmup 500ms --duration 3s --max-load 2000",
        server.url()
    );
    // Stopped in the middle of a trial.
    let all = arguments(results.path(), &words);
    let running = start(loadgen(all.iter().map(String::as_str)));
    let folder = loop {
        std::thread::sleep(Duration::from_millis(50));
        let runs = fs::read_dir(results.path().join("runs"));
        let first = runs.ok().and_then(|mut all| all.next()?.ok());
        if let Some(folder) = first.map(|one| one.path()).filter(|path| kept(path) >= 2) {
            break folder;
        }
    };
    signal(running.id(), "-INT");
    let stopped = finish(running);
    assert_eq!(
        (stopped.code, word(&stopped)),
        (Some(130), "INTERRUPTED"),
        "{stopped:?}"
    );
    let before = kept(&folder);
    let first = fs::read(folder.join("trials/t001_50_s/search.json")).unwrap();

    let other = search(
        results.path(),
        &format!("{} --seed 7 --resume {}", words, folder.display()),
    );
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(other.stderr.contains("other arguments"), "{other:?}");

    let ran = search(
        results.path(),
        &format!("{words} --resume {}", folder.display()),
    );
    assert_eq!((ran.code, word(&ran)), (Some(0), "MEASURED"), "{ran:?}");
    let (lower, upper) = (bound(&ran, "lower"), bound(&ran, "upper"));
    // Short trials begin with an empty queue, so a little more than the limit still meets the SLO.
    assert!((150.0..=215.0).contains(&lower), "{lower}");
    assert!(
        upper > lower && (180.0..=250.0).contains(&upper),
        "{lower} {upper}"
    );
    let trials = ran.figures["capacity"]["trials"].as_array().unwrap();
    assert!(trials.len() > before && kept(&folder) == trials.len());
    assert_eq!(
        fs::read(folder.join("trials/t001_50_s/search.json")).unwrap(),
        first
    );
    assert_eq!(
        fs::read_dir(results.path().join("runs")).unwrap().count(),
        1
    );

    // What comes after it reads the folder as any other.
    let list = finish(start(loadgen([
        "results",
        "list",
        "--json",
        "--results",
        results.path().to_str().unwrap(),
    ])));
    let text = list.figures.to_string();
    assert!(
        text.contains("capacity") && text.contains("MEASURED"),
        "{list:?}"
    );
    let history = loadgen(["history", "--results", results.path().to_str().unwrap()])
        .output()
        .unwrap();
    let history = String::from_utf8_lossy(&history.stdout).into_owned();
    assert!(
        history.contains("capacity search") && history.contains("MEASURED"),
        "{history}"
    );
    let summary: Value =
        serde_json::from_slice(&fs::read(folder.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["kind"], "capacity");
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("chart-capacity-response") && page.contains("upper bound"));
}

#[test]
fn users_are_searched_to_the_last_one_that_fits() {
    let server = KnownServer {
        queue: true,
        ..KnownServer::after(Duration::from_millis(10))
    }
    .serve();
    let results = tempfile::tempdir().unwrap();
    // Ten users wait 100 ms each for a server that takes 10.
    let ran = search(
        results.path(),
        &format!(
            "{} --quick --search users --slo p50<105ms --warmup 300ms --duration 1500ms",
            server.url()
        ),
    );
    assert_eq!((ran.code, word(&ran)), (Some(0), "MEASURED"), "{ran:?}");
    let (lower, upper) = (bound(&ran, "lower"), bound(&ran, "upper"));
    assert!(
        (9.0..=10.0).contains(&lower) && (10.0..=12.0).contains(&upper),
        "{lower} {upper}"
    );
}

#[test]
fn each_way_to_find_no_capacity_says_so_in_one_sentence() {
    let results = tempfile::tempdir().unwrap();
    let short = "--quick --warmup 0s --duration 1s";
    let slow = KnownServer::after(Duration::from_millis(50)).serve();
    let ran = search(
        results.path(),
        &format!(
            "{} {short} --slo p50<10ms --rate 20 --min-load 20",
            slow.url()
        ),
    );
    assert_eq!((ran.code, word(&ran)), (Some(99), "FAILED"), "{ran:?}");
    assert!(
        reason(&ran).contains("not even hold at the lowest load, 20/s"),
        "{ran:?}"
    );

    let fast = KnownServer::default().serve();
    let ran = search(
        results.path(),
        &format!(
            "{} {short} --slo p50<500ms --rate 20 --max-load 40",
            fast.url()
        ),
    );
    assert_eq!(
        (ran.code, word(&ran)),
        (Some(96), "INCONCLUSIVE"),
        "{ran:?}"
    );
    assert!(reason(&ran).contains("raise --max-load"), "{ran:?}");

    // A suite whose checks fail on a server that answers something else.
    let wrong = KnownServer {
        answer: |_| Answer::Right,
        ..KnownServer::default()
    }
    .serve();
    let url = wrong.url();
    let ran = search(
        results.path(),
        &format!(
            "--flow mentors.browse --target {} {short} --slo errors<1% --rate 20 --min-load 20",
            url.trim_end_matches('/')
        ),
    );
    assert_eq!((ran.code, word(&ran)), (Some(99), "FAILED"), "{ran:?}");
    assert!(reason(&ran).contains("errors<1%"), "{ran:?}");

    let ran = search(results.path(), &format!("{} --slo p95", fast.url()));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr.contains("not a threshold") && ran.stderr.lines().count() == 1,
        "{ran:?}"
    );
}

#[test]
fn the_limit_of_the_generator_is_no_capacity_of_the_target() {
    let server = KnownServer::after(Duration::from_millis(400)).serve();
    let results = tempfile::tempdir().unwrap();
    let words = arguments(
        results.path(),
        &format!(
            "{} --quick --warmup 0s --duration 2s --slo p50<5s --rate 20 --max-load 2000",
            server.url()
        ),
    );
    // 400 ms each: 40 open files are too few for 100 a second.
    let mut command = std::process::Command::new("sh");
    let program = env!("CARGO_BIN_EXE_loadgen");
    command.args(["-c", &format!("ulimit -n 50; exec {program} \"$@\""), "sh"]);
    command.args(words);
    crate::support::alone(&mut command);
    let ran = finish(start(command));
    assert_eq!((ran.code, word(&ran)), (Some(97), "INVALID"), "{ran:?}");
    assert!(
        reason(&ran).contains("no capacity of the target"),
        "{ran:?}"
    );
}
