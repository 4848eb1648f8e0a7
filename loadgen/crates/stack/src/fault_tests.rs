//! Faults after which PostgreSQL is another one, or has had no space, on real processes.

use std::fs;

use super::{FaultKind, Stack, StackError};
use crate::{
    ServiceSet, StackOptions, binaries, own_disk_refusal,
    tests::{PATIENCE, installed, open_folder, options, query, query_at, within},
};
use shared::dataset::Scale;

const FAILOVER: FaultKind = FaultKind::PostgresFailover;
const COUNT: &str = "select count(*) from kept";

/// PostgreSQL alone with its replica.
fn with_replica() -> StackOptions {
    StackOptions {
        services: ServiceSet {
            redis: false,
            ..options().services
        },
        topology: "replica".parse().unwrap(),
        faults: vec![FAILOVER],
        ..options()
    }
}

fn names(stack: &Stack) -> Vec<String> {
    let processes = stack.processes().into_iter();
    processes.map(|one| one.name).collect()
}

#[test]
fn a_replica_takes_over_with_all_that_was_committed_and_the_stack_is_made_whole_again() {
    if !installed() || binaries::basebackup().is_err() {
        return;
    }
    let mut stack = Stack::start(with_replica()).unwrap();
    assert_eq!(query(&stack, "show synchronous_standby_names"), "*");
    query(&stack, "create table kept (id int)");
    // What faults have used up: nothing yet.
    stack.restore().unwrap();
    for round in 1..=2 {
        query(&stack, "insert into kept values (1)");
        stack.begin_fault(FAILOVER).unwrap();
        stack.end_fault(FAILOVER).unwrap();
        assert_eq!(query(&stack, "select pg_is_in_recovery()"), "f");
        assert_eq!(query(&stack, COUNT), (2 * round - 1).to_string());
        // Nothing waits for a replica that there is not.
        query(&stack, "insert into kept values (2)");
        assert_eq!(names(&stack), ["postgres"]);
        for lacking in [FAILOVER, FaultKind::ReplicaKill] {
            let error = stack.begin_fault(lacking).unwrap_err();
            assert!(matches!(error, StackError::Lacks("replica")), "{error}");
        }
        // Faults of PostgreSQL are those of the new one.
        stack.begin_fault(FaultKind::PostgresKill).unwrap();
        let rows = (2 * round).to_string();
        assert_eq!(query(&stack, COUNT), rows);

        stack.restore().unwrap();
        assert_eq!(query(&stack, COUNT), rows);
        let followed = || query_at(&stack.replica_url, COUNT) == rows;
        assert!(within(PATIENCE, followed), "{round}");
        assert_eq!(names(&stack), ["postgres", "replica"]);
        let follows = query_at(&stack.replica_url, "select pg_is_in_recovery()");
        assert_eq!(follows, "t");
    }
}

#[test]
fn a_kept_folder_has_the_data_of_the_replica_that_took_over() {
    if !installed() || binaries::basebackup().is_err() {
        return;
    }
    let root = open_folder();
    let start = || {
        Stack::start(StackOptions {
            keep_in: Some(root.path().join("stack")),
            ..with_replica()
        })
        .unwrap()
    };
    let mut stack = start();
    query(&stack, "create table kept (id int)");
    stack.begin_fault(FAILOVER).unwrap();
    query(&stack, "insert into kept values (1)");
    drop(stack);
    let again = start();
    assert_eq!(query(&again, COUNT), "1");
    assert_eq!(names(&again), ["postgres", "replica"]);
}

#[test]
fn a_failover_without_a_replica_or_without_a_way_to_it_leaves_everything_as_it_is() {
    if !installed() || binaries::basebackup().is_err() {
        return;
    }
    let mut stack = Stack::start(StackOptions {
        faults: Vec::new(),
        ..with_replica()
    })
    .unwrap();
    assert_eq!(query(&stack, "show synchronous_standby_names"), "");
    let error = stack.begin_fault(FAILOVER).unwrap_err();
    assert!(
        error.to_string().contains("no proxy before PostgreSQL"),
        "{error}"
    );
    assert_eq!(query(&stack, "select 1"), "1");
}

#[test]
fn a_full_disk_refuses_writes_until_it_is_freed_and_is_seen_by_nobody_else() {
    if !installed() {
        return;
    }
    if let Some(why) = own_disk_refusal(Scale::Tiny) {
        println!("skipped: {why}");
        return;
    }
    let fault = FaultKind::DiskFull;
    let mut stack = Stack::start(StackOptions {
        scale: Scale::Tiny,
        faults: vec![fault],
        ..options()
    })
    .unwrap();
    let folder = stack.folder.clone();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&*folder.to_string_lossy()), "{mounts}");
    assert_eq!(fs::read_dir(folder.join("postgres")).unwrap().count(), 0);
    query(&stack, "create table kept as select 7 as number");
    let grow = "create table grown as select repeat('x', 900) from generate_series(1, 300000)";
    for _ in 0..2 {
        stack.begin_fault(fault).unwrap();
        assert_eq!(query(&stack, grow), "", "270 MB do not fit");
        stack.end_fault(fault).unwrap();
        assert_eq!(query(&stack, "select number from kept"), "7");
        let tables = "select count(*) from pg_class where relname = 'grown'";
        assert_eq!(query(&stack, tables), "0");
    }
    // It is larger than that where nothing fills it.
    let less = "create table grown as select repeat('x', 900) from generate_series(1, 30000)";
    assert_eq!(query(&stack, less), "SELECT 30000");
    drop(stack);
    assert!(!folder.exists());
}

#[test]
fn a_disk_in_memory_is_refused_for_a_folder_that_stays() {
    let root = tempfile::tempdir().unwrap();
    let error = Stack::start(StackOptions {
        keep_in: Some(root.path().join("stack")),
        faults: vec![FaultKind::DiskFull],
        ..options()
    });
    assert!(matches!(error, Err(StackError::NoOwnDisk(_))), "{error:?}");
    assert!(!root.path().join("stack").exists());
}

#[test]
fn after_a_failover_off_a_disk_in_memory_there_is_no_other_trial() {
    if !installed() || binaries::basebackup().is_err() {
        return;
    }
    if let Some(why) = own_disk_refusal(Scale::Tiny) {
        println!("skipped: {why}");
        return;
    }
    let mut stack = Stack::start(StackOptions {
        scale: Scale::Tiny,
        faults: vec![FaultKind::DiskFull, FAILOVER],
        ..with_replica()
    })
    .unwrap();
    query(&stack, "create table kept as select 7 as number");
    stack.begin_fault(FaultKind::DiskFull).unwrap();
    stack.end_fault(FaultKind::DiskFull).unwrap();
    stack.begin_fault(FAILOVER).unwrap();
    assert_eq!(query(&stack, "select number from kept"), "7");
    let error = stack.restore().unwrap_err();
    assert!(matches!(error, StackError::NotRestored), "{error}");
    assert_eq!(query(&stack, "select number from kept"), "7");
}
