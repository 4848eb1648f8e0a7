//! Two hundred clients at a group of five: five get a place.

use shared::problem::Code;

use crate::support::{NewSlot, TestApp, right_strategies, together};

const CLIENTS: u32 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_five_takes_exactly_five() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        for guarded in [true, false] {
            if !guarded && strategy == "unique_index" {
                continue;
            }
            if !guarded {
                app.db
                    .execute("drop index booking_slot_id_seat_active_key")
                    .await;
            }
            let slot = NewSlot::group(5).create(&app.db).await;
            let answers = together((0..CLIENTS).map(|n| {
                let student = app.student(n);
                async move { student.book(slot).await }
            }))
            .await;
            let won = answers.iter().filter(|answer| answer.status == 201).count();
            assert_eq!(won, 5, "{strategy}, guarded: {guarded}");
            for answer in answers.iter().filter(|answer| answer.status != 201) {
                answer.refused(Code::SlotFull);
            }
            app.lab().audits_clean().await;
        }
        app.finish().await;
    }
}
