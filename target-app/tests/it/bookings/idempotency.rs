//! One key, one effect, one answer.

use shared::{api::bookings::BookingView, problem::Code};

use crate::support::{Answer, NewSlot, TestApp, together};

#[tokio::test]
async fn a_repetition_has_no_second_effect_and_gets_the_first_answer() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let slot = NewSlot::group(5).create(&app.db).await;
    let first = student.book_with_key(slot, "order-1").await;
    let booking: BookingView = first.created();
    for _ in 0..3 {
        let again = student.book_with_key(slot, "order-1").await;
        assert_eq!(again.status, 201);
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("location"), first.header("location"));
    }
    // Also after the place was given back: the answer tells of the first request.
    student.cancel(booking.id).await.ok::<BookingView>();
    assert_eq!(
        student.book_with_key(slot, "order-1").await.body,
        first.body
    );
    let made = app
        .db
        .count(&format!(
            "select count(*) from booking where slot_id = '{slot}'"
        ))
        .await;
    assert_eq!(made, 1);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_with_one_key_at_once_make_one_booking() {
    for strategy in ["row_lock", "conditional_update", "unique_index"] {
        let app = TestApp::with(&[&format!("booking.strategy={strategy}")])
            .start()
            .await;
        let student = app.student(1);
        for round in 0..5 {
            let slot = NewSlot::group(5).create(&app.db).await;
            let key = format!("order-{round}");
            let answers: Vec<Answer> =
                together((0..20).map(|_| student.book_with_key(slot, &key))).await;
            for answer in &answers {
                assert_eq!(answer.status, 201, "{}", answer.text());
                assert_eq!(answer.body, answers[0].body);
            }
            let made = app
                .db
                .count(&format!(
                    "select count(*) from booking where slot_id = '{slot}'"
                ))
                .await;
            assert_eq!(made, 1, "{strategy}");
        }
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_key_that_comes_with_another_slot_is_refused() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let one = NewSlot::single().create(&app.db).await;
    let other = NewSlot::single().create(&app.db).await;
    student
        .book_with_key(one, "k")
        .await
        .created::<BookingView>();
    let problem = student
        .book_with_key(other, "k")
        .await
        .refused(Code::IdempotencyMismatch);
    assert!(problem.detail.contains("new key"), "{}", problem.detail);
    // It is this student's key; another's is another.
    app.student(2)
        .book_with_key(other, "k")
        .await
        .created::<BookingView>();
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free_for_a_better_try() {
    let app = TestApp::start().await;
    let slot = NewSlot::single().create(&app.db).await;
    let winner: BookingView = app.student(1).book(slot).await.created();
    let student = app.student(2);
    student
        .book_with_key(slot, "again")
        .await
        .refused(Code::SlotFull);
    app.student(1).cancel(winner.id).await.ok::<BookingView>();
    student
        .book_with_key(slot, "again")
        .await
        .created::<BookingView>();
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_visible_ascii_of_bounded_length() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let slot = NewSlot::single().create(&app.db).await;
    for key in ["", "two words", &"k".repeat(256), "schl\u{fc}ssel"] {
        let problem = student
            .book_with_key(slot, key)
            .await
            .refused(Code::InvalidRequest);
        let detail = problem.detail.to_lowercase();
        assert!(detail.contains("idempotency-key"), "{detail}");
    }
    student
        .book_with_key(slot, &"k".repeat(255))
        .await
        .created::<BookingView>();
    app.finish().await;
}

#[tokio::test]
async fn with_the_switch_off_a_key_means_nothing() {
    let app = TestApp::with(&["booking.idempotency=off"]).start().await;
    let student = app.student(1);
    let slot = NewSlot::group(5).create(&app.db).await;
    student
        .book_with_key(slot, "k")
        .await
        .created::<BookingView>();
    student
        .book_with_key(slot, "k")
        .await
        .refused(Code::StudentBusy);
    app.finish().await;
}
