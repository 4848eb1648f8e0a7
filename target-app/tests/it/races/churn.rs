//! Booking and cancelling of many at few places: whatever the outcome, the books balance.

use shared::{api::bookings::BookingView, problem::Code};

use crate::support::{NewSlot, TestApp, right_strategies, together};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_booking_and_cancelling_at_once_every_count_is_right() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let mut slots = Vec::new();
        for capacity in [1, 1, 3] {
            slots.push(NewSlot::group(capacity).create(&app.db).await);
        }
        let slots = &slots;
        together((0..20_u32).map(|n| {
            let student = app.student(n);
            async move {
                for round in 0..6 {
                    let slot = slots[(n as usize + round) % slots.len()];
                    let answer = student.book(slot).await;
                    match answer.code() {
                        None => {
                            let booking: BookingView = answer.created();
                            student.cancel(booking.id).await.ok::<BookingView>();
                        }
                        Some(code) => assert!(
                            [Code::SlotFull, Code::StudentBusy, Code::Contention].contains(&code),
                            "{code}"
                        ),
                    }
                }
            }
        }))
        .await;
        app.lab().audits_clean().await;
        for slot in slots {
            let taken = format!("select booked::bigint from slot where id = '{slot}'");
            assert_eq!(app.db.count(&taken).await, 0, "{strategy}");
        }
        app.finish().await;
    }
}
