//! Real processes, signals and folders. Needs PostgreSQL and Redis on the machine; without them the
//! tests print that they are skipped.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    ServiceSet, Stack, StackError, StackOptions, binaries, own_disk_refusal, process_stat::is_alive,
};
use loadgen_engine::suite::{DataService, FaultKind, LinkFault};
use shared::dataset::Scale;

/// Longest wait for a process to begin, to answer or to end, on a machine that is busy.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// How long one that is to give no answer is waited for.
const SILENCE: Duration = Duration::from_secs(3);
/// Set for the process that is to be killed.
const VICTIM: &str = "LOADGEN_TEST_STACK_VICTIM";
/// Its value where the services stand still when it is killed.
const PAUSED: &str = "paused";
/// Its value where PostgreSQL has a disk of its own.
const OWN_DISK: &str = "own disk";

pub(super) fn installed() -> bool {
    let installed = binaries::postgres().is_ok() && binaries::redis().is_ok();
    if !installed {
        println!("skipped: PostgreSQL or Redis is not installed");
    }
    installed
}

pub(super) fn options() -> StackOptions {
    StackOptions {
        services: ServiceSet {
            target: false,
            ..ServiceSet::ALL
        },
        ..StackOptions::default()
    }
}

pub(super) fn within(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
    true
}

pub(super) fn query(stack: &Stack, sql: &str) -> String {
    query_at(&stack.database_url, sql)
}

pub(super) fn query_at(url: &str, sql: &str) -> String {
    query_within(PATIENCE, url, sql)
}

/// Empty where there is no connection in this time.
fn query_within(limit: Duration, url: &str, sql: &str) -> String {
    let psql = binaries::postgres().unwrap().join("psql");
    let output = Command::new(psql)
        .args([url, "-Atc", sql])
        .env("PGCONNECT_TIMEOUT", limit.as_secs().to_string())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A temporary folder, which is closed to others, opened so that PostgreSQL's user may pass.
pub(super) fn open_folder() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let open = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o711);
    fs::set_permissions(root.path(), open).unwrap();
    root
}

#[test]
fn a_folder_whose_sockets_would_be_too_long_is_refused_before_anything_is_started() {
    if !installed() || binaries::haproxy().is_err() {
        return;
    }
    let root = open_folder();
    let folder = root.path().join("x".repeat(120));
    let started = Stack::start(StackOptions {
        keep_in: Some(folder.clone()),
        services: ServiceSet::ALL,
        topology: "scale=2".parse().unwrap(),
        // Any program: it is not started.
        target_bin: env::current_exe().ok(),
        ..StackOptions::default()
    });
    assert!(
        matches!(started, Err(StackError::LongPath(_))),
        "{:?}",
        started.err()
    );
    assert!(!folder.join("postgres").exists());
}

/// Every process has the nice value of services.
fn assert_niceness(stack: &Stack) {
    // They begin where this process is, which may be run by `nice` itself.
    let own = rustix::process::getpriority_process(None).unwrap();
    let expected = (own + loadgen_experiment::services::SERVICE_NICE).min(19);
    for one in stack.processes() {
        let pid = rustix::process::Pid::from_raw(one.pid.cast_signed());
        let found = rustix::process::getpriority_process(pid);
        assert_eq!(found, Ok(expected), "{}", one.name);
    }
}

#[test]
fn the_services_run_durably_and_leave_nothing_behind() {
    if !installed() {
        return;
    }
    let stack = Stack::start(options()).unwrap();
    assert_eq!(query(&stack, "show fsync"), "on");
    assert_eq!(query(&stack, "select current_database()"), "codeconnect");
    assert!(stack.redis_url.starts_with("redis://:"));
    assert!(
        !format!("{stack:?}").contains("postgres://"),
        "a password in a log"
    );
    let (folder, processes) = (stack.folder.clone(), stack.processes());
    let names: Vec<&str> = processes.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["postgres", "redis"]);
    assert!(processes.iter().all(|one| is_alive(one.pid)));
    assert_niceness(&stack);
    drop(stack);
    assert!(processes.iter().all(|one| !is_alive(one.pid)));
    assert!(!folder.exists());
}

#[test]
fn a_kept_folder_has_its_data_again_at_the_next_start() {
    if !installed() {
        return;
    }
    let root = open_folder();
    let start = || {
        let mut options = options();
        options.services.redis = false;
        options.keep_in = Some(root.path().join("stack"));
        Stack::start(options).unwrap()
    };
    let first = start();
    query(&first, "create table kept (id int)");
    drop(first);
    assert_eq!(query(&start(), "select count(*) from kept"), "0");
}

#[test]
fn a_service_that_fails_is_reported_with_the_end_of_its_log() {
    if !installed() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let program = root.path().join("target-app");
    // Written by a process of its own: a descriptor of this one that is open for writing may be inherited by
    // the child of another test in that moment, and then the file cannot be executed.
    let write =
        "printf '#!/bin/sh\\necho no table today >&2\\nexit 3\\n' >\"$0\" && chmod 755 \"$0\"";
    let written = Command::new("sh")
        .args(["-c", write])
        .arg(&program)
        .status();
    assert!(written.unwrap().success());
    let error = Stack::start(StackOptions {
        services: ServiceSet {
            postgres: false,
            redis: false,
            target: true,
        },
        database_url: Some("postgres://127.0.0.1:9/none".to_owned()),
        redis_url: Some("redis://127.0.0.1:9/0".to_owned()),
        target_bin: Some(program),
        ..StackOptions::default()
    })
    .unwrap_err()
    .to_string();
    assert!(error.contains("target-app migrate failed"), "{error}");
    assert!(error.contains("| no table today"), "{error}");
}

#[test]
fn a_replica_follows_takes_only_reads_and_is_copied_again_for_a_kept_folder() {
    if !installed() || binaries::basebackup().is_err() {
        return;
    }
    let root = open_folder();
    let start = || {
        let mut options = options();
        options.services.redis = false;
        options.durable = false;
        options.topology = "replica".parse().unwrap();
        options.keep_in = Some(root.path().join("stack"));
        Stack::start(options).unwrap()
    };
    let followed = |stack: &Stack, rows: &str| {
        within(PATIENCE, || {
            query_at(&stack.replica_url, "select count(*) from kept") == rows
        })
    };
    let mut stack = start();
    query(&stack, "create table kept (id int)");
    query(&stack, "insert into kept values (1)");
    assert!(followed(&stack, "1"));
    assert_eq!(
        query_at(
            &stack.replica_url,
            "insert into kept values (2) returning id"
        ),
        ""
    );
    stack.begin_fault(FaultKind::ReplicaKill).unwrap();
    query(&stack, "insert into kept values (2)");
    assert!(followed(&stack, "2"));
    let processes = stack.processes();
    let names: Vec<&str> = processes.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["postgres", "replica"]);
    drop(stack);
    assert!(processes.iter().all(|one| !is_alive(one.pid)));
    let again = start();
    assert!(followed(&again, "2"));
    let slots = "select count(*) from pg_replication_slots where active";
    assert!(within(PATIENCE, || query(&again, slots) == "1"));
}

#[test]
fn a_replica_without_its_primary_and_a_target_without_its_database_are_refused() {
    for (target, topology, needs) in [
        (false, "replica", "a replica"),
        (true, "scale=1", "target-app"),
    ] {
        let services = ServiceSet {
            postgres: false,
            redis: !target,
            target,
        };
        let error = Stack::start(StackOptions {
            services,
            topology: topology.parse().unwrap(),
            ..StackOptions::default()
        });
        let Err(StackError::Needs(refused, "PostgreSQL")) = error else {
            panic!("{error:?}");
        };
        assert_eq!(refused, needs);
    }
}

#[test]
fn an_interrupted_start_ends_what_it_started() {
    if !installed() {
        return;
    }
    let options = options();
    options.stop.cancel();
    let error = Stack::start(options).unwrap_err();
    assert!(matches!(error, StackError::Interrupted), "{error}");
}

/// Not a test of its own: the process that the next test kills.
#[test]
fn victim() {
    if env::var_os(VICTIM).is_none() {
        return;
    }
    let is = |wanted: &str| env::var_os(VICTIM).is_some_and(|how| how == wanted);
    let faults = Vec::from_iter(is(OWN_DISK).then_some(FaultKind::DiskFull));
    let options = StackOptions {
        scale: Scale::Tiny,
        faults,
        ..options()
    };
    let mut stack = Stack::start(options).unwrap();
    if is(OWN_DISK) {
        stack.begin_fault(FaultKind::DiskFull).unwrap();
    }
    if is(PAUSED) {
        for data in [DataService::Postgres, DataService::Redis] {
            stack.begin_fault(FaultKind::Paused(data)).unwrap();
        }
    }
    let processes = stack.processes();
    let pids: Vec<_> = processes.iter().map(|one| one.pid.to_string()).collect();
    println!("stack {} {}", stack.folder.display(), pids.join(" "));
    thread::sleep(Duration::from_mins(10));
}

#[test]
fn a_killed_loadgen_leaves_no_process_and_the_next_start_removes_its_folder() {
    let Some(folder) = killed("1") else {
        return;
    };
    removed_by_the_next_start(&folder);
}

#[test]
fn a_killed_loadgen_leaves_no_process_that_stands_still() {
    let _folder = killed(PAUSED);
}

#[test]
fn a_killed_loadgen_leaves_no_disk_in_memory() {
    if own_disk_refusal(Scale::Tiny).is_some() {
        println!("skipped: no disk can be mounted here");
        return;
    }
    let Some(folder) = killed(OWN_DISK) else {
        return;
    };
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&*folder.to_string_lossy()), "{mounts}");
    removed_by_the_next_start(&folder);
}

/// Other tests start stacks, too: the next start may be one of theirs, and may not have come to its end.
fn removed_by_the_next_start(folder: &Path) {
    drop(super::folder::StackFolder::temporary().unwrap());
    let is_gone = within(PATIENCE, || !folder.exists());
    assert!(is_gone, "{}", folder.display());
}

/// Kills a loadgen with a stack; returns when every process of the stack has ended.
fn killed(how: &str) -> Option<PathBuf> {
    if !installed() {
        return None;
    }
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "tests::victim"])
        .env(VICTIM, how)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(victim.stdout.take().unwrap());
    let line = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("stack /")?.1.to_owned()))
        .expect("the victim starts a stack");
    let mut words = line.split(' ');
    let folder = PathBuf::from(format!("/{}", words.next().unwrap()));
    let pids: Vec<u32> = words.map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 2);
    let workers = children(pids[0]);
    assert!(!workers.is_empty(), "PostgreSQL has background processes");
    victim.kill().unwrap();
    victim.wait().unwrap();
    let all = || pids.iter().chain(&workers).any(|pid| is_alive(*pid));
    assert!(within(PATIENCE, || !all()), "{pids:?} {workers:?}");
    Some(folder)
}

/// The answer of a port to a message, up to these last bytes; absent where none comes in this time.
fn answer(limit: Duration, url: &str, message: &[u8], last: &[u8]) -> Option<Vec<u8>> {
    let (_, place) = url.rsplit_once('@').unwrap();
    let mut stream = TcpStream::connect(place.split('/').next().unwrap()).ok()?;
    stream.set_read_timeout(Some(limit)).unwrap();
    stream.write_all(message).ok()?;
    let (mut whole, mut part) = (Vec::new(), [0; 256]);
    while let Ok(length) = stream.read(&mut part)
        && length > 0
    {
        whole.extend_from_slice(&part[..length]);
        if whole.ends_with(last) {
            break;
        }
    }
    (!whole.is_empty()).then_some(whole)
}

#[test]
fn faults_come_into_the_data_services_and_go_again() {
    if !installed() {
        return;
    }
    let mut stack = Stack::start(StackOptions {
        faults: vec![FaultKind::Link(DataService::Redis, LinkFault::Slow)],
        ..options()
    })
    .unwrap();
    let lacking = stack.begin_fault(FaultKind::Link(DataService::Postgres, LinkFault::Slow));
    let lacking = lacking.unwrap_err().to_string();
    assert!(lacking.contains("no proxy before PostgreSQL"), "{lacking}");

    // A start-up message of nobody is refused by a server that is there.
    let hello = [8_i32.to_be_bytes(), 196_608_i32.to_be_bytes()].concat();
    let postgres = stack.database_url.clone();
    let asks = |limit| answer(limit, &postgres, &hello, b"").map(|bytes| bytes[0]);
    assert_eq!(asks(PATIENCE), Some(b'E'));
    for (fault, during) in [
        (FaultKind::Down(DataService::Postgres), None),
        (FaultKind::Paused(DataService::Postgres), None),
        (FaultKind::PostgresConnections, Some(b'E')),
    ] {
        stack.begin_fault(fault).unwrap();
        let limit = if during.is_some() { PATIENCE } else { SILENCE };
        assert_eq!(asks(limit), during, "{fault}");
        let found = query_within(SILENCE, &postgres, "select 1");
        assert_eq!(found, "", "{fault}");
        stack.end_fault(fault).unwrap();
        let again = within(PATIENCE, || query(&stack, "select 1") == "1");
        assert!(again, "{fault}");
    }
    query(&stack, "create table kept as select 7 as number");
    for fault in [
        FaultKind::Restart(DataService::Postgres),
        FaultKind::PostgresKill,
    ] {
        stack.begin_fault(fault).unwrap();
        assert_eq!(query(&stack, "select number from kept"), "7", "{fault}");
    }

    let redis = stack.redis_url.clone();
    let password = redis.split([':', '@']).nth(2).unwrap().to_owned();
    let hears = |limit, command: &str| {
        let message = format!("AUTH {password}\r\n{command}\r\nPING\r\n");
        let bytes = answer(limit, &redis, message.as_bytes(), b"+PONG\r\n")?;
        Some(String::from_utf8(bytes).unwrap())
    };
    let says = |command: &str| hears(PATIENCE, command);
    let value = || says("GET key").is_some_and(|text| text.contains("$3\r\nold"));
    says("SET key old");
    assert!(value());
    for fault in [
        FaultKind::Paused(DataService::Redis),
        FaultKind::Down(DataService::Redis),
    ] {
        stack.begin_fault(fault).unwrap();
        assert_eq!(hears(SILENCE, "PING"), None, "{fault}");
        stack.end_fault(fault).unwrap();
    }
    assert!(!value(), "one that was down is empty");
    says("SET key old");
    stack.begin_fault(FaultKind::RedisFull).unwrap();
    let refused = says("SET key new").unwrap();
    assert!(refused.contains("OOM"), "{refused}");
    stack.end_fault(FaultKind::RedisFull).unwrap();
    assert!(value());
    stack
        .begin_fault(FaultKind::Restart(DataService::Redis))
        .unwrap();
    assert!(value(), "a restart keeps the data");
    stack.begin_fault(FaultKind::RedisEmpty).unwrap();
    assert!(!value(), "the dump of the restart is not read again");
    // Both were started anew several times.
    assert_niceness(&stack);
}

fn children(pid: u32) -> Vec<u32> {
    let list = Path::new("/proc").join(format!("{pid}/task/{pid}/children"));
    fs::read_to_string(list)
        .unwrap_or_default()
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}
