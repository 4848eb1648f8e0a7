//! A run whose load several worker processes generate, over a Redis: what they send together, what comes
//! of their parts, and what is said when one of them is killed.

use std::{
    collections::BTreeMap,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::Engine as _;
use hdrhistogram::{
    Histogram,
    serialization::{
        Deserializer,
        interval_log::{IntervalLogIterator, LogEntry},
    },
};
use serde_json::Value;

use crate::support::{Ran, finish, loadgen, start, until};

/// A Redis of a test's own, killed at its end.
struct TestRedis {
    process: Child,
    port: u16,
}

impl TestRedis {
    fn start(folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(port.to_string())
            .arg("--dir")
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        until("no Redis", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { process, port }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/1", self.port)
    }

    /// Names of all keys of the database.
    fn keys(&self) -> String {
        self.ask(&["keys", "*"])
    }

    /// The answer to a command.
    fn ask(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let mut command = Command::new("redis-cli");
        command.args(["-p", port.as_str(), "-n", "1"]).args(words);
        let answer = command.output().unwrap();
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _code = self.process.wait();
    }
}

/// A run of this load on an own stack, its results in `folder`.
fn run(load: &str, folder: &Path) -> Command {
    let fixed = "run --scale tiny --set auth.hash=bcrypt(4) --quiet --seed 11 --accounts 8";
    let mut command = loadgen(fixed.split_whitespace().chain(load.split_whitespace()));
    command.arg("--results").arg(folder);
    command
}

/// The same as the coordinator of so many workers.
fn coordinator(redis: &TestRedis, workers: &str, load: &str, folder: &Path) -> Command {
    let mut command = run(load, folder);
    command.args(["--workers", workers, "--coordinate"]);
    command.arg(redis.url());
    command.arg("--events-to").arg(folder.join("events"));
    command
}

fn worker(redis: &TestRedis, arguments: &[&str]) -> Command {
    let mut command = loadgen(["worker", "--wait", "2m"]);
    command.args(arguments);
    // As in a container, where a password is not to be seen in the list of processes.
    command.env("LOADGEN_COORDINATE", redis.url());
    command
}

fn summary(folder: &Path, ran: &Ran) -> Value {
    let text = fs::read(folder.join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    serde_json::from_slice(&text).unwrap()
}

/// Waits until a line of the events has this text.
fn wait_for_event(folder: &Path, text: &str) {
    until(&format!("no {text}"), || {
        let events = fs::read_to_string(folder.join("events"));
        events.is_ok_and(|events| events.contains(text))
    });
}

/// The distributions of an interval log, by tag and begin of the interval in milliseconds.
fn intervals(path: &Path) -> BTreeMap<(String, u128), Histogram<u64>> {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut all = BTreeMap::new();
    for entry in IntervalLogIterator::new(&text) {
        let LogEntry::Interval(interval) = entry.unwrap() else {
            continue;
        };
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(interval.encoded_histogram())
            .unwrap();
        let one: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
        let tag = interval.tag().unwrap().as_str().to_owned();
        all.insert((tag, interval.start_timestamp().as_millis()), one);
    }
    all
}

fn operation<'a>(summary: &'a Value, name: &str) -> &'a Value {
    let all = summary["trials"][0]["operations"].as_array().unwrap();
    let found = all.iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {all:?}"))
}

fn check<'a>(summary: &'a Value, code: &str) -> &'a Value {
    let all = summary["trials"][0]["validity"]["checks"]
        .as_array()
        .unwrap();
    let found = all.iter().find(|one| one["code"] == code);
    found.unwrap_or_else(|| panic!("no {code}: {all:?}"))
}

#[test]
fn four_workers_send_exactly_the_plan_and_their_distributions_add_up_to_the_reports() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let redis = TestRedis::start(folder);
    let load = "--flow health.check --flow bookings.book --flow chat.room --rate 60/s --duration 5s --warmup 1s";
    let coordinator = start(coordinator(&redis, "4", load, folder));
    let log = |number: usize| -> PathBuf { folder.join(format!("{number}.hlog")) };
    let workers: Vec<_> = (0..4)
        .map(|number| {
            let log = log(number);
            let log = log.to_str().unwrap();
            // Two with the last numbers; the others take the first that are free.
            let arguments = match number {
                0 => vec!["--log", log, "--index", "3"],
                1 => vec!["--log", log, "--index", "2"],
                _ => vec!["--log", log],
            };
            start(worker(&redis, &arguments))
        })
        .collect();
    wait_for_event(folder, "\"phase\":\"measure\"");
    let late = finish(start(worker(&redis, &[])));
    let taken = finish(start(worker(&redis, &["--index", "2"])));
    for (refused, why) in [(&late, "has all of its 4 workers"), (&taken, "is taken by")] {
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    }
    for worker in workers {
        let ran = finish(worker);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    let ran = finish(coordinator);
    let summary = summary(folder, &ran);
    assert_ne!(ran.code, Some(98), "{}", summary["verdict"]);

    // The plan has three hundred iterations in the window. This is the first request of some of them: of
    // exactly those that begin with it in one process with the same seed.
    let alone = tempfile::tempdir().unwrap();
    let ran = finish(start(run(load, alone.path())));
    let alone = self::summary(alone.path(), &ran);
    let planned = |summary| {
        operation(summary, "health.live")["planned"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(planned(&summary), planned(&alone));
    assert!(planned(&summary) > 3);
    let workers = check(&summary, "WORKERS");
    assert_eq!(workers["ok"], true, "{workers}");
    assert!(
        workers["figure"].as_str().unwrap().starts_with("4 of 4"),
        "{workers}"
    );
    assert_eq!(check(&summary, "HARNESS_BUG")["ok"], true);
    let offered = check(&summary, "OFFERED");
    assert!(
        offered["figure"].as_str().unwrap().contains("300"),
        "{offered}"
    );
    let cpu = check(&summary, "GEN_CPU")["figure"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(cpu.contains("worker 0"), "{cpu}");

    // One audit, on what the clients of all workers were acknowledged.
    let audit = summary["arms"][0]["audit"].as_array().unwrap();
    assert!(!audit.is_empty());
    for invariant in audit {
        assert_eq!(invariant["violations"], 0, "{invariant}");
    }
    let acknowledged = &summary["trials"][0]["consistency"]["acknowledged"];
    assert!(acknowledged.as_u64().unwrap() > 50, "{acknowledged}");

    let trials = fs::read_dir(folder.join("latest/trials")).unwrap();
    let trial = trials.map(|one| one.unwrap().path()).next().unwrap();
    let whole = intervals(&trial.join("latency.hlog"));
    let mut together: BTreeMap<(String, u128), Histogram<u64>> = BTreeMap::new();
    for part in (0..4).map(|number| intervals(&log(number))) {
        for (key, one) in part {
            match together.get_mut(&key) {
                Some(sum) => sum.add(one).unwrap(),
                None => drop(together.insert(key, one)),
            }
        }
    }
    assert_eq!(
        whole.keys().collect::<Vec<_>>(),
        together.keys().collect::<Vec<_>>()
    );
    for (key, one) in &whole {
        assert_eq!(one, &together[key], "{key:?}");
    }
    let ok = whole.iter().filter(|((tag, _), _)| tag == "ok");
    assert!(ok.map(|(_, one)| one.len()).sum::<u64>() > 300);
    assert_eq!(redis.keys(), "", "nothing of the run stays in Redis");
}

#[test]
fn a_worker_of_another_version_is_named_by_its_coordinator_who_does_not_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let redis = TestRedis::start(folder);
    let load = "--flow health.check --rate 5/s --duration 2s --warmup 1s";
    let coordinator = start(coordinator(&redis, "2", load, folder));
    let begun = Instant::now();
    let key = loop {
        let keys = redis.keys();
        if let Some(key) = keys.lines().find(|key| key.ends_with(":plan")) {
            break key.to_owned();
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "no plan: {keys}");
        std::thread::sleep(Duration::from_millis(50));
    };
    // As a coordinator of another version publishes it: the id of the entry, the name of the field, the plan.
    let entry = redis.ask(&["xrange", &key, "-", "+"]);
    let mut plan: Value = serde_json::from_str(entry.lines().nth(2).unwrap()).unwrap();
    plan["program"]["version"] = "9.9.9".into();
    redis.ask(&["del", &key]);
    redis.ask(&["xadd", &key, "*", "head", &plan.to_string()]);
    let refused = finish(start(worker(&redis, &[])));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let ran = finish(coordinator);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    for said in [
        "was refused: ",
        "9.9.9",
        "start workers of the same version",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}

#[test]
fn a_killed_worker_makes_the_run_invalid_and_is_named_with_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let redis = TestRedis::start(folder);
    let load = "--flow health.check --rate 40/s --duration 40s --warmup 1s";
    let coordinator = start(coordinator(&redis, "2", load, folder));
    // A disk is full where it writes its own log.
    let lasting = start(worker(&redis, &["--index", "0", "--log", "/dev/full"]));
    let killed = start(worker(&redis, &["--index", "1"]));
    wait_for_event(folder, "\"phase\":\"measure\"");
    // Dropping it kills it.
    drop(killed);
    let begun = Instant::now();
    let ran = finish(coordinator);
    assert!(
        begun.elapsed() < Duration::from_secs(35),
        "the load goes on"
    );
    let lasting = finish(lasting);
    assert_eq!(lasting.code, Some(1), "{lasting:?}");
    assert!(
        lasting.stderr.contains("--log /dev/full"),
        "{}",
        lasting.stderr
    );
    assert_eq!(ran.code, Some(97), "{ran:?}");
    let summary = summary(folder, &ran);
    assert_eq!(summary["verdict"]["word"], "INVALID");
    let reasons = summary["verdict"]["reasons"].to_string();
    assert!(reasons.contains("worker 1 on "), "{reasons}");
    assert!(
        reasons.contains("s into the load: nothing was heard of it"),
        "{reasons}"
    );
    // What its clients were acknowledged is not known: nothing can be said of the data.
    assert!(
        summary["warnings"]
            .to_string()
            .contains("no audit was made")
    );
    // What the other one measured is still there.
    assert!(
        operation(&summary, "health.live")["planned"]
            .as_u64()
            .unwrap()
            > 10
    );
}
