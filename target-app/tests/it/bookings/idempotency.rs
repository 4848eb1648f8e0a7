//! One key, one effect, one answer.

use shared::{api::bookings::BookingView, problem::Code};

use crate::support::{Answer, NewSlot, TestApp, right_strategies, together};

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
    assert_eq!(app.db.bookings_of(slot).await, 1);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_with_one_key_at_once_make_one_booking() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
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
            assert_eq!(app.db.bookings_of(slot).await, 1, "{strategy}");
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
async fn a_response_of_another_version_is_lost_and_nothing_is_booked_again() {
    for strategy in right_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        let student = app.student(1);
        let slot = NewSlot::group(5).create(&app.db).await;
        let first: BookingView = student.book_with_key(slot, "k").await.created();
        // Given back, so that nothing but the key stops a second booking.
        student.cancel(first.id).await.ok::<BookingView>();
        for other in ["body - 'status'", "'null'", "'[1]'"] {
            app.db
                .execute(&format!("update idempotency_key set body = {other}"))
                .await;
            for _ in 0..2 {
                let problem = student
                    .book_with_key(slot, "k")
                    .await
                    .refused(Code::ResponseLost);
                assert!(problem.detail.contains("your bookings"), "{problem:?}");
            }
        }
        assert_eq!(app.db.bookings_of(slot).await, 1, "{strategy}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
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
async fn with_the_switch_off_a_repetition_has_a_second_effect_and_the_audit_names_it() {
    let app = TestApp::with(&["bookings.idempotency=off"]).start().await;
    let student = app.student(1);
    let slot = NewSlot::group(5).create(&app.db).await;
    let first: BookingView = student.book_with_key(slot, "k").await.created();
    // While the lesson stands, the student's own calendar is what stops the repetition.
    student
        .book_with_key(slot, "k")
        .await
        .refused(Code::StudentBusy);
    app.lab().audits_clean().await;
    // A copy that arrives after the place was given back, as after a client's timeout.
    student.cancel(first.id).await.ok::<BookingView>();
    let second: BookingView = student.book_with_key(slot, "k").await.created();
    assert_ne!(second.id, first.id);
    let report = app.lab().audit().await;
    let broken: Vec<_> = report.broken().map(|one| one.name.as_str()).collect();
    assert_eq!(broken, ["one_booking_per_key"]);
    let row = &report.broken().next().unwrap().rows[0];
    assert_eq!(row["student_id"], student.id.to_string());
    assert_eq!(
        (row["client_key"].as_str(), row["bookings"].as_i64()),
        (Some("k"), Some(2))
    );
    app.finish().await;
}
