//! Two hundred clients at one place over two instances, also while the profile is being changed.

use serde_json::{Value, json};
use shared::{
    dataset::{RowKind, id},
    ids::SlotId,
};

use crate::support::{TestApp, conflicts, right_strategies, together};

const CLIENTS: u32 = 200;

/// How many of the clients got the place.
async fn winners(strategy: &str, changing: bool) -> usize {
    let setting = format!("bookings.strategy={strategy}");
    let app = TestApp::with(&[&setting]).start().await;
    let other = app.sibling().await;
    let slot = SlotId(id(RowKind::RaceSlot, 0));
    let clients = (0..CLIENTS).map(|n| {
        let student = app.student(n);
        let student = if n % 2 == 0 {
            student
        } else {
            other.person(&student)
        };
        async move { student.book(slot).await }
    });
    let change = async {
        if changing {
            // Both get the new pool while requests run on the old one.
            for lab in [app.lab(), other.lab()] {
                let view: Value = lab.put_profile(json!({"pool.max": 7})).await.ok();
                assert_eq!(view["differences"], json!([]));
            }
        }
    };
    let (answers, ()) = tokio::join!(together(clients), change);
    for answer in &answers {
        assert!([201, 409].contains(&answer.status), "{}", answer.text());
    }
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(conflicts(&app.db, slot).await.len(), answers.len() - won);
    app.lab().audits_clean().await;
    other.finish().await;
    app.finish().await;
    won
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_gets_the_place_under_each_strategy() {
    for strategy in right_strategies() {
        assert_eq!(winners(strategy, false).await, 1, "{strategy}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_gets_the_place_while_the_profile_is_changed_on_both() {
    for strategy in right_strategies() {
        assert_eq!(winners(strategy, true).await, 1, "{strategy}");
    }
}
