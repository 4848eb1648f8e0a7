//! Marks that meet each other.

use shared::api::attendance::AttendanceList;

use super::marking::{held, mark, mark_all};
use crate::support::{TestApp, together};

#[tokio::test]
async fn marks_of_the_same_participants_at_once_all_succeed_and_leave_one_each() {
    let app = TestApp::start().await;
    let mut bookings = Vec::new();
    for student in 1..=6 {
        bookings.push(held(&app, student).await);
    }
    let before = app.db.count("select count(*) from attendance").await;
    let words = ["present", "late", "absent"];
    let answers = together((0..12).map(|n| {
        let mentor = app.mentor(0);
        let word = words[n % words.len()];
        let mut marks: Vec<_> = bookings.iter().map(|booking| (*booking, word)).collect();
        // In another order: the bookings are locked in one order all the same.
        marks.rotate_left(n % 6);
        async move {
            let list: AttendanceList = mark_all(&mentor, &marks).await.ok();
            list.items.iter().all(|item| item.status.as_str() == word)
        }
    }))
    .await;
    assert!(
        answers.into_iter().all(|own| own),
        "each sees its own marks"
    );
    let rows = app.db.count("select count(*) from attendance").await;
    assert_eq!(rows, before + 6);
    assert_eq!(mark(&app.mentor(0), bookings[0], "late").await.status, 200);
    app.lab().audits_clean().await;
    app.finish().await;
}
