//! Every change, beside readers of everything that is cached: afterwards no cached value is stale.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use target_app::features;

use crate::{
    access::{
        operations::{CachedValue, mutations, values},
        stage::Stage,
    },
    support::together,
};

/// How often each change is made.
const ROUNDS: u32 = 2;
/// Readers beside the changes.
const READERS: usize = 3;

/// Reads every value in turn, from another one on than the other readers, until it is told to stop.
async fn read(values: Vec<CachedValue>, first: usize, stop: &AtomicBool) {
    let mut turn = values.iter().cycle().skip(first);
    while !stop.load(Relaxed) {
        let (name, client, path) = turn.next().expect("a cycle has no end");
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

/// Makes every change in turn, round after round.
async fn change(stage: &Stage) {
    for round in 1..=ROUNDS {
        for (operation, actor, _) in mutations() {
            let request = stage.request(operation).await;
            let answer = request.send(&actor.client(stage)).await;
            assert!(
                answer.status < 300,
                "{operation} in round {round}: {}",
                answer.text()
            );
        }
    }
}

/// Waits until the provider has told the outcome of every payment, and no request is being worked on: one
/// that changes something is answered after it has invalidated what shows that.
async fn settle(stage: &Stage) {
    let open = "select count(*) from payment where status in ('processing', 'refunding')";
    for _ in 0..1_500 {
        if stage.app.db.count(open).await == 0 && stage.app.state.http().snapshot().in_flight == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the payments should be settled by now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cached_value_is_stale_after_every_change_was_made_beside_readers() {
    for store in ["memory", "redis", "tiered"] {
        let stage = Stage::start(&["bookings.payment=required"], Some(store)).await;
        let stop = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..READERS)
            .map(|number| {
                let (values, stop) = (values(&stage), Arc::clone(&stop));
                let first = number * values.len() / READERS;
                tokio::spawn(async move { read(values, first, &stop).await })
            })
            .collect();
        Box::pin(change(&stage)).await;
        stop.store(true, Relaxed);
        for reader in together(readers).await {
            reader.expect("every read was answered");
        }
        settle(&stage).await;
        // What is not cached now is, and what is stale stays so.
        for (name, client, path) in values(&stage) {
            assert_eq!(client.get(path).await.status, 200, "{name}");
        }
        let report = stage.app.lab().audit().await;
        assert_eq!(report.failed, [], "{store}");
        let broken: Vec<_> = report.broken().collect();
        assert!(broken.is_empty(), "{store}: {broken:#?}");
        for kind in features::registry().cache_kinds() {
            let check = report.cached[kind.name];
            assert!(check.compared > 0, "{store}: no {} compared", kind.name);
            assert_eq!((check.stale, check.wrong), (0, 0), "{store}: {}", kind.name);
        }
        stage.app.finish().await;
    }
}
