//! Putting another profile in force while requests run.

use shared::timing::ServerCount;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use serde_json::json;
use shared::{
    api::{bookings::BookingView, lab::ProfileView},
    dataset::{RowKind, id},
    ids::SlotId,
    page::Page,
    problem::Code,
};
use target_app::{
    cache::{Caches, Tier},
    features,
};

use crate::support::{NewSlot, Person, TestApp, lock_slot, together};

const SWAPS: u32 = 20;
const WORKERS: u32 = 4;

/// Profiles that are far apart, so that an exchange changes everything.
fn changes(n: u32) -> serde_json::Value {
    if n.is_multiple_of(2) {
        json!({
            "pool.max": 6, "pool.checkout": "per_query", "pool.ping_on_acquire": "on",
            "index.bookings_student": "off", "mentors.query": "n_plus_one",
            "mentors.pagination": "offset", "cache.mentors": "off", "cache.bookings": "memory",
            "cache.users": "off", "cache.connection": "pool", "bookings.strategy": "row_lock",
            "auth.placement": "blocking",
        })
    } else {
        json!({
            "pool.max": 10, "pool.checkout": "per_request", "pool.ping_on_acquire": "off",
            "index.bookings_student": "on", "mentors.query": "joined",
            "mentors.pagination": "keyset", "cache.mentors": "redis", "cache.bookings": "redis",
            "cache.users": "redis", "cache.connection": "multiplexed",
            "bookings.strategy": "unique_index", "auth.placement": "bounded(32)",
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_exchanges_under_load_fail_no_request() {
    let app = TestApp::start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicU32::new(0));
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (student, stop, served) = (app.student(worker), stop.clone(), served.clone());
            tokio::spawn(async move {
                // This worker's alone, taken and given back all the time.
                let slot = SlotId(id(RowKind::RaceSlot, worker));
                while !stop.load(Relaxed) {
                    let list = student.mentors("per_page=5").await;
                    assert_eq!(list.status, 200, "{}", list.text());
                    let booking: BookingView = student.book(slot).await.created();
                    let mine: Page<BookingView> = student.bookings("per_page=100").await.ok();
                    assert!(mine.items.contains(&booking), "it is in the next list");
                    let gone: BookingView = student.cancel(booking.id).await.ok();
                    let mine: Page<BookingView> = student.bookings("per_page=100").await.ok();
                    assert!(mine.items.contains(&gone), "as it is now");
                    served.fetch_add(5, Relaxed);
                    // Load, but no more than the exchange can be seen beside.
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
        })
        .collect();
    let lab = app.lab();
    for n in 0..SWAPS {
        let view: ProfileView = lab.put_profile(changes(n)).await.ok();
        assert_eq!(view.generation, u64::from(n) + 2);
        assert_eq!(view.differences, Vec::<String>::new());
    }
    stop.store(true, Relaxed);
    for worker in together(workers).await {
        worker.unwrap();
    }
    assert!(served.load(Relaxed) > 5 * SWAPS, "there was load");
    lab.audits_clean().await;
    // The old pools are gone: what is left fits the last one and the test's own.
    let open = async || {
        app.db
            .count(
                "select count(*) from pg_stat_activity
                 where datname = current_database() and application_name = 'target-app'",
            )
            .await
    };
    // A backend is listed until it has noticed that its client is gone.
    for _ in 0..6_000 {
        if open().await <= 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let open = open().await;
    assert!(open <= 10, "{open} connections");
    app.finish().await;
}

#[tokio::test]
async fn a_request_ends_on_the_engine_it_began_on() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let gate = lock_slot(&app.db, slot).await;
    let student = app.student(1);
    let slow = tokio::spawn(async move { student.book(slot).await });
    app.db.wait_for_blocked(1).await;
    let lab = app.lab();
    let exchange = tokio::spawn(async move { lab.put_profile(json!({"pool.max": 4})).await });
    // The new engine serves while the old one waits for its last request.
    for _ in 0..6_000 {
        if app.state.engine().generation == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(app.anonymous().mentors("").await.status, 200);
    assert!(!exchange.is_finished() && !slow.is_finished());
    gate.rollback().await.unwrap();
    slow.await.unwrap().created::<BookingView>();
    assert_eq!(exchange.await.unwrap().status, 200);
    app.lab().audits_clean().await;
    app.finish().await;
}

/// Values of lists of bookings that these caches have in this process.
async fn lists_in_memory(caches: &Caches) -> usize {
    let registry = features::registry();
    let kind = registry.cache_kinds().find(|kind| kind.name == "bookings");
    let kind = kind.expect("lists of bookings are cached");
    let mut lists = 0;
    for key in caches.sampled(kind, 100).await.unwrap() {
        let values = caches.peek(&key).await.unwrap();
        let in_memory = values.iter().filter(|value| value.tier == Tier::Memory);
        lists += in_memory.count();
    }
    lists
}

#[tokio::test]
async fn a_change_during_an_exchange_is_invalidated_in_both_engines() {
    for store in ["memory", "tiered"] {
        let app = TestApp::with(&[&format!("cache.bookings={store}"), "cache.tiered.ttl=1m"])
            .start()
            .await;
        let (ann, bob) = (app.student(1), app.student(2));
        let list = async |student: &Person| {
            let page: Page<BookingView> = student.bookings("per_page=100").await.ok();
            page.items
        };
        let slot = NewSlot::single().create(&app.db).await;
        // A request that keeps the outgoing engine until the gate is opened.
        let gate = lock_slot(&app.db, slot).await;
        list(&ann).await;
        list(&bob).await;
        // The caches alone: whoever held the engine would keep it from being replaced.
        let outgoing = app.state.engine().caches.clone();
        let booking = {
            let ann = ann.clone();
            tokio::spawn(async move { ann.book(slot).await })
        };
        app.db.wait_for_blocked(1).await;
        let lab = app.lab();
        let exchange = tokio::spawn(async move { lab.put_profile(json!({"pool.max": 4})).await });
        for _ in 0..6_000 {
            if app.state.engine().generation == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let incoming = app.state.engine().caches.clone();
        list(&ann).await;
        list(&bob).await;
        let both = async || {
            (
                lists_in_memory(&outgoing).await,
                lists_in_memory(&incoming).await,
            )
        };
        assert_eq!(both().await, (2, 2), "{store}: ann's and bob's in each");

        // Through the incoming engine.
        let other = NewSlot::single().create(&app.db).await;
        let of_bob: BookingView = bob.book(other).await.created();
        assert!(!exchange.is_finished() && !booking.is_finished());
        assert_eq!(both().await, (1, 1), "{store}: bob's have ended");
        assert!(list(&bob).await.contains(&of_bob), "{store}");

        // Through the outgoing engine.
        gate.rollback().await.unwrap();
        let of_ann: BookingView = booking.await.unwrap().created();
        assert_eq!(both().await, (0, 1), "{store}: only bob's new list is left");
        assert!(list(&ann).await.contains(&of_ann), "{store}");
        assert_eq!(exchange.await.unwrap().status, 200);
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn what_was_cached_under_an_earlier_profile_does_not_come_back_with_it() {
    let app = TestApp::start().await;
    let (lab, anyone) = (app.lab(), app.anonymous());
    anyone.mentors("").await;
    lab.put_profile(json!({"cache.mentors": "off"})).await;
    app.mentor(0)
        .update_own(json!({"headline": "Meanwhile"}))
        .await;
    lab.put_profile(json!({"cache.mentors": "redis"})).await;
    let list = anyone.mentors("per_page=100").await;
    assert_eq!(list.timing().counts[ServerCount::Misses], 1);
    assert!(list.text().contains("Meanwhile"));
    app.finish().await;
}

#[tokio::test]
async fn the_wrong_strategy_lifts_the_guard_and_a_right_one_puts_it_back() {
    let app = TestApp::start().await;
    let lab = app.lab();
    let guarded = async || {
        app.db
            .count(
                "select count(*) from pg_indexes
                 where indexname = 'booking_slot_id_seat_active_key'",
            )
            .await
    };
    assert_eq!(guarded().await, 1);
    let view: ProfileView = lab
        .put_profile(json!({"bookings.strategy": "naive"}))
        .await
        .ok();
    assert_eq!((view.differences, guarded().await), (Vec::new(), 0));
    let view: ProfileView = lab
        .put_profile(json!({"bookings.strategy": "row_lock"}))
        .await
        .ok();
    assert_eq!((view.differences, guarded().await), (Vec::new(), 1));
    app.finish().await;
}

#[tokio::test]
async fn rows_that_the_wrong_strategy_left_keep_the_guard_from_coming_back() {
    let app = TestApp::with(&["bookings.strategy=naive"]).start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = app.student(1).book(slot).await.created();
    app.db
        .execute(&format!(
            "insert into booking
                 (id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, price_cents)
             select gen_random_uuid(), slot_id, mentor_id, '{}', scheduled_at, ends_at, seat, status, price_cents
             from booking where id = '{}'",
            app.student(2).id,
            booking.id
        ))
        .await;
    let problem = app
        .lab()
        .put_profile(json!({"bookings.strategy": "row_lock"}))
        .await
        .refused(Code::ProfileRefused);
    assert!(problem.detail.contains("/lab/reset"), "{}", problem.detail);
    let view = app.lab().profile().await;
    assert_eq!(view.in_force["bookings.strategy"], "naive");
    assert_eq!(app.anonymous().mentors("").await.status, 200);
    app.finish().await;
}
