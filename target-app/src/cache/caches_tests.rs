//! Read-through in this process alone: lives, mutations, many at once.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::sync::Notify;

use super::*;
use crate::cache::kind::tests::USERS;

fn key() -> Key {
    Key::named(&USERS, "ann".to_owned(), "view")
}

fn group() -> Group {
    Group::new(&USERS, "ann")
}

fn caches(settings: &[&str]) -> Caches {
    let mut profile = Profile::after();
    profile.apply("cache.users=memory").unwrap();
    for setting in settings {
        profile.apply(setting).unwrap();
    }
    Caches::new(&profile, None, Arc::new(CacheCounters::new([&USERS])))
}

async fn read(caches: &Caches, text: &'static str) -> Bytes {
    let load = move || async move { Ok::<_, ()>(Bytes::from(text)) };
    let read = caches.read_through(key(), load).await.unwrap();
    read.bytes
}

#[tokio::test]
async fn a_value_is_loaded_once_and_again_after_its_group_is_invalidated() {
    let caches = caches(&[]);
    assert_eq!(read(&caches, "one").await, "one");
    assert_eq!(read(&caches, "two").await, "one");
    caches.invalidate(&[group()]).await;
    assert_eq!(read(&caches, "three").await, "three");
    let users = &caches.snapshot()["users"];
    assert_eq!((users.hits, users.misses, users.fills), (1, 2, 2));
    assert_eq!(users.invalidations, 1);
}

#[tokio::test]
async fn values_outlive_mutations_where_only_their_time_ends_them() {
    let caches = caches(&["cache.invalidation=ttl_only"]);
    read(&caches, "one").await;
    caches.invalidate(&[group()]).await;
    assert_eq!(read(&caches, "two").await, "one");
}

#[tokio::test]
async fn a_cache_that_is_off_loads_every_time() {
    let caches = caches(&["cache.users=off"]);
    read(&caches, "one").await;
    assert_eq!(read(&caches, "two").await, "two");
    assert_eq!(caches.snapshot()["users"], CacheSnapshot::default());
}

#[tokio::test]
async fn many_misses_at_once_are_one_load() {
    let caches = caches(&["cache.single_flight=on"]);
    let loads = Arc::new(AtomicU32::new(0));
    let readers = (0..50).map(|_| {
        let (caches, loads) = (caches.clone(), Arc::clone(&loads));
        tokio::spawn(async move {
            let load = move || async move {
                loads.fetch_add(1, Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, ()>(Bytes::from_static(b"value"))
            };
            caches.read_through(key(), load).await
        })
    });
    for reader in futures_util::future::join_all(readers).await {
        assert_eq!(reader.unwrap().unwrap().bytes, "value");
    }
    assert_eq!(loads.load(Relaxed), 1);
    let users = &caches.snapshot()["users"];
    assert_eq!(users.shared_loads + users.hits, 49);
}

/// A reader whose load has begun and ends when the test says so.
fn slow_reader(caches: &Caches) -> (tokio::task::JoinHandle<Bytes>, Arc<Notify>, Arc<Notify>) {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let reader = tokio::spawn({
        let (caches, begun, go) = (caches.clone(), Arc::clone(&begun), Arc::clone(&go));
        async move {
            let load = move || async move {
                begun.notify_one();
                go.notified().await;
                Ok::<_, ()>(Bytes::from_static(b"old"))
            };
            let read = caches.read_through(key(), load).await;
            read.unwrap().bytes
        }
    });
    (reader, begun, go)
}

#[tokio::test]
async fn a_load_that_a_mutation_overtook_is_refused_by_its_version_and_kept_by_a_plain_delete() {
    for (rule, after, refused) in [("versioned", "new", 1), ("delete", "old", 0)] {
        let caches = caches(&[
            &format!("cache.invalidation={rule}"),
            "cache.single_flight=off",
        ]);
        let (reader, begun, go) = slow_reader(&caches);
        begun.notified().await;
        caches.invalidate(&[group()]).await;
        go.notify_one();
        assert_eq!(reader.await.unwrap(), "old");
        assert_eq!(read(&caches, "new").await, after, "{rule}");
        assert_eq!(caches.snapshot()["users"].refused_fills, refused, "{rule}");
    }
}

#[tokio::test]
async fn a_value_tells_its_age_from_the_second_reader_on() {
    let caches = caches(&[]);
    let load = || async { Ok::<_, ()>(Bytes::from_static(b"value")) };
    let first = caches.read_through(key(), load).await.unwrap();
    assert_eq!(first.age, None);
    tokio::time::sleep(Duration::from_millis(30)).await;
    let second = caches.read_through(key(), load).await.unwrap();
    let age = second.age.unwrap();
    assert!(age >= Duration::from_millis(29) && age < Duration::from_secs(20));
}

#[tokio::test]
async fn absence_is_remembered_only_where_that_is_wanted_and_until_something_is_created() {
    for (negative, remembered) in [("off", false), ("5m", true)] {
        let caches = caches(&[&format!("cache.negative={negative}")]);
        assert_eq!(read(&caches, "").await, "");
        if remembered {
            assert_eq!(read(&caches, "there").await, "", "{negative}");
            assert_eq!(caches.snapshot()["users"].negative_hits, 1);
            caches.created(&[group()]).await;
        }
        assert_eq!(read(&caches, "there").await, "there", "{negative}");
    }
}

#[tokio::test]
async fn jitter_spreads_the_lives_of_values_and_lengthens_none() {
    let caches = caches(&["cache.jitter=50%", "cache.users.ttl=100s"]);
    let mut lives = Vec::new();
    for n in 0..40_u32 {
        let key = Key::named(&USERS, n.to_string(), "view");
        let load = || async { Ok::<_, ()>(Bytes::from_static(b"value")) };
        caches.read_through(key.clone(), load).await.unwrap();
        lives.push(caches.peek(&key).await.unwrap()[0].life);
    }
    let (least, most) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
    assert!(*least >= Duration::from_secs(50) && *most <= Duration::from_secs(100));
    // The chance that forty draws lie within a fifth of their range is below 1e-25.
    assert!(*most > *least + Duration::from_secs(10));
}

#[tokio::test]
async fn a_value_near_its_end_whose_load_is_dear_is_loaded_before_it_expires() {
    let caches = caches(&["cache.early_refresh=on", "cache.users.ttl=60s"]);
    let observed = caches.0.stores.look_up(&key(), None).await.observed;
    // A load that took a year, against a minute of life: only a draw within 2e-6 of 1 waits.
    let entry = Entry {
        body: Bytes::from_static(b"old"),
        loaded_ms: now_ms(),
        cost: Duration::from_hours(24 * 365),
        life: Duration::from_mins(1),
        question: String::new(),
    };
    assert!(caches.0.stores.fill(&key(), &observed, &entry).await);
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(read(&caches, "new").await, "new");
    assert_eq!(read(&caches, "newer").await, "new");
    let users = &caches.snapshot()["users"];
    assert_eq!((users.early_refreshes, users.misses, users.hits), (1, 1, 1));
}

#[tokio::test]
async fn a_load_from_before_a_mutation_is_neither_kept_nor_joined_after_it() {
    let caches = caches(&["cache.single_flight=on"]);
    let (slow, begun, go) = slow_reader(&caches);
    begun.notified().await;
    caches.invalidate(&[group()]).await;
    assert_eq!(read(&caches, "new").await, "new");
    go.notify_one();
    assert_eq!(slow.await.unwrap(), "old");
    assert_eq!(read(&caches, "newest").await, "new");
}

#[tokio::test]
async fn when_the_one_who_loads_breaks_down_the_others_load_for_themselves() {
    let caches = caches(&["cache.single_flight=on"]);
    let broken = tokio::spawn({
        let caches = caches.clone();
        async move {
            let load = || async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                panic!("broken down")
            };
            caches.read_through::<(), _, _>(key(), load).await
        }
    });
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(read(&caches, "own").await, "own");
    assert!(broken.await.is_err());
}

#[tokio::test]
async fn what_is_changed_through_one_of_two_caches_is_invalidated_in_the_other_too() {
    let (old, next, last) = (caches(&[]), caches(&[]), caches(&["cache.negative=5m"]));
    old.precede(&next);
    next.precede(&last);
    read(&next, "one").await;
    read(&last, "").await;
    old.invalidate(&[group()]).await;
    assert_eq!(read(&next, "two").await, "two");
    assert_eq!(read(&last, "").await, "");
    old.created(&[group()]).await;
    assert_eq!(read(&last, "there").await, "there");
    assert_eq!(read(&next, "three").await, "two", "only absence ends");
    read(&old, "four").await;
    last.invalidate(&[group()]).await;
    assert_eq!(read(&next, "five").await, "five");
    assert_eq!(read(&old, "six").await, "six");
    read(&last, "seven").await;
    drop(old);
    next.invalidate(&[group()]).await;
    assert_eq!(read(&last, "eight").await, "eight");
}

#[tokio::test]
async fn who_insists_on_the_primary_loads_for_itself_where_the_load_that_it_joined_failed() {
    let caches = caches(&["cache.single_flight=on"]);
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let leader = tokio::spawn({
        let (caches, begun, go) = (caches.clone(), Arc::clone(&begun), Arc::clone(&go));
        async move {
            let load = move || async move {
                begun.notify_one();
                go.notified().await;
                Err::<Bytes, &'static str>("cancelled")
            };
            caches.read_through(key(), load).await.err()
        }
    });
    begun.notified().await;
    let follower = |insists: bool| {
        let caches = caches.clone();
        tokio::spawn(timing::scope(timing::Timing::default(), async move {
            if insists {
                timing::insist_on_primary();
            }
            let load = || async { Ok::<Bytes, &'static str>(Bytes::from_static(b"primary")) };
            let read = caches.read_through(key(), load).await;
            read.map(|read| read.bytes)
        }))
    };
    let (any, insists) = (follower(false), follower(true));
    while caches.snapshot()["users"].shared_loads < 2 {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    assert_eq!(leader.await.unwrap(), Some("cancelled"));
    assert_eq!(any.await.unwrap(), Err("cancelled"));
    assert_eq!(insists.await.unwrap(), Ok(Bytes::from_static(b"primary")));
}
