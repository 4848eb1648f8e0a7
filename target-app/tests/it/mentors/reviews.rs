//! Reviewing a mentor: who may, and what it does to the rating.

use shared::{
    api::{
        bookings::BookingView,
        mentors::{MentorDetail, ReviewView},
    },
    problem::Code,
};

use crate::support::{Lesson, NewSlot, TestApp, together};

#[tokio::test]
async fn a_review_stands_at_once_in_the_profile_and_moves_the_rating() {
    let app = TestApp::start().await;
    let lesson = Lesson {
        student: 2,
        mentor: 5,
    };
    lesson.create(&app.db).await;
    let student = app.student(2);
    let before: MentorDetail = student.mentor(lesson.mentor_id()).await.ok();
    let review: ReviewView = student
        .review(lesson.mentor_id(), 1, "  Came late.  ")
        .await
        .created();
    assert_eq!((review.stars, review.body.as_str()), (1, "Came late."));
    let after: MentorDetail = student.mentor(lesson.mentor_id()).await.ok();
    assert_eq!(after.card.review_count, before.card.review_count + 1);
    assert!(after.card.rating < before.card.rating);
    assert_eq!(after.recent_reviews[0], review);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn each_lesson_gets_one_review() {
    let app = TestApp::start().await;
    let lesson = Lesson {
        student: 2,
        mentor: 5,
    };
    let mentor = lesson.mentor_id();
    let student = app.student(2);
    let seeded = app
        .db
        .count(&format!(
            "select count(*) from booking b
             where student_id = '{}' and mentor_id = '{mentor}' and status = 'completed'
             and not exists (select from review r where r.booking_id = b.id)",
            student.id
        ))
        .await;
    for _ in 0..seeded {
        student
            .review(mentor, 4, "Seeded.")
            .await
            .created::<ReviewView>();
    }
    for text in ["First.", "Second."] {
        lesson.create(&app.db).await;
        student
            .review(mentor, 5, text)
            .await
            .created::<ReviewView>();
        student
            .review(mentor, 5, text)
            .await
            .refused(Code::AlreadyReviewed);
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviews_written_at_once_keep_the_rating_in_step() {
    let app = TestApp::start().await;
    let lessons: Vec<_> = (100..120)
        .map(|student| Lesson { student, mentor: 6 })
        .collect();
    for lesson in &lessons {
        lesson.create(&app.db).await;
    }
    let answers = together(lessons.iter().map(|lesson| {
        let student = app.student(lesson.student);
        let stars = 1 + (lesson.student % 5) as i16;
        async move { student.review(lesson.mentor_id(), stars, "Fine.").await }
    }))
    .await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lesson_reviewed_twice_at_once_has_one_review() {
    let app = TestApp::start().await;
    for student in 130..135 {
        let lesson = Lesson {
            student,
            mentor: 59,
        };
        let booking = lesson.create(&app.db).await;
        let student = app.student(student);
        together((0..5).map(|_| student.review(lesson.mentor_id(), 3, "Same."))).await;
        let reviews = app
            .db
            .count(&format!(
                "select count(*) from review where booking_id = '{booking}'"
            ))
            .await;
        assert_eq!(reviews, 1);
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn only_a_student_who_had_a_lesson_may_review() {
    let app = TestApp::start().await;
    let lesson = Lesson {
        student: 2,
        mentor: 7,
    };
    let mentor = lesson.mentor_id();
    app.mentor(3)
        .review(mentor, 5, "A colleague.")
        .await
        .refused(Code::Forbidden);
    // A outsider, and one whose lesson is still ahead.
    let session: shared::api::auth::Session = app
        .anonymous()
        .register(
            "reviewer@example.org",
            "a password of mine",
            shared::api::auth::Role::Student,
        )
        .await
        .created();
    let outsider = app.anonymous().signed_in(&session);
    outsider
        .review(mentor, 5, "Never met.")
        .await
        .refused(Code::Forbidden);
    let ahead = NewSlot::single().of_mentor(7).create(&app.db).await;
    assert_eq!(outsider.book(ahead).await.status, 201);
    outsider
        .review(mentor, 5, "Not yet met.")
        .await
        .refused(Code::Forbidden);
    app.finish().await;
}

#[tokio::test]
async fn a_lesson_whose_place_is_not_paid_has_no_review() {
    let app = TestApp::start().await;
    let session: shared::api::auth::Session = app
        .anonymous()
        .register(
            "debtor@example.org",
            "a password of mine",
            shared::api::auth::Role::Student,
        )
        .await
        .created();
    let student = app.anonymous().signed_in(&session);
    let slot = NewSlot::single().of_mentor(7).create(&app.db).await;
    let booking: BookingView = student.book(slot).await.created();
    // Long over, and held longer than it lasted.
    app.db
        .execute(&format!(
            "update slot
             set starts_at = starts_at - interval '900 days', ends_at = ends_at - interval '900 days'
             where id = '{slot}';
             update booking
             set scheduled_at = scheduled_at - interval '900 days',
                 ends_at = ends_at - interval '900 days', payment_required = true
             where id = '{0}';
             insert into booking_hold (booking_id, expires_at) values ('{0}', now() + interval '1 hour')",
            booking.id
        ))
        .await;
    let mentor = booking.mentor_id;
    student
        .review(mentor, 1, "Never paid.")
        .await
        .refused(Code::Forbidden);
    app.db
        .execute(&format!(
            "delete from booking_hold where booking_id = '{}'",
            booking.id
        ))
        .await;
    student
        .review(mentor, 5, "Paid.")
        .await
        .created::<ReviewView>();
    app.finish().await;
}

#[tokio::test]
async fn stars_and_text_are_bounded() {
    let app = TestApp::start().await;
    let lesson = Lesson {
        student: 2,
        mentor: 8,
    };
    lesson.create(&app.db).await;
    let student = app.student(2);
    let long = "x".repeat(2_001);
    for (stars, body, field) in [
        (0, "Bad.", "stars"),
        (6, "Good.", "stars"),
        (5, "  ", "body"),
        (5, &*long, "body"),
        (5, "a\0b", "body"),
    ] {
        let problem = student
            .review(lesson.mentor_id(), stars, body)
            .await
            .refused(Code::InvalidRequest);
        assert!(problem.detail.contains(field), "{}", problem.detail);
    }
    let unknown = shared::ids::MentorId(uuid::Uuid::now_v7());
    student
        .review(unknown, 5, "Who?")
        .await
        .refused(Code::NotFound);
    app.finish().await;
}
