//! The count that is read and written back loses updates, and the audit says so by name.

use crate::support::{NewSlot, TestApp, together};

/// Races after which it must have shown; the first nearly always does.
const ROUNDS: u32 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_that_lost_an_update_is_reported_by_name() {
    let app = TestApp::with(&["bookings.strategy=unlocked_counter"])
        .start()
        .await;
    let lab = app.lab();
    for _ in 0..ROUNDS {
        // Room for all of them: not one too many is booked, and still the count is wrong.
        let slot = NewSlot::group(50).create(&app.db).await;
        together((0..20).map(|n| {
            let student = app.student(n);
            async move { student.book(slot).await }
        }))
        .await;
        let report = lab.audit().await;
        let found = report
            .broken()
            .find(|one| one.name == "slot_booked_counter");
        let Some(found) = found else { continue };
        let row = &found.rows[0];
        assert!(row["booked"].as_i64() < row["active"].as_i64(), "{row}");
        app.finish().await;
        return;
    }
    panic!("in {ROUNDS} races no update was lost");
}
