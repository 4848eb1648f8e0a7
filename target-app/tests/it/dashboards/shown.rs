//! What a dashboard shows of a change, and who sees which.

use chrono::TimeDelta;
use shared::{
    api::{
        attendance::AttendanceView,
        bookings::{BookingStatus, BookingView},
        calendar::CalendarEvent,
        dashboards::{Dashboard, MAX_SHOWN},
    },
    paths,
    problem::Code,
};

use crate::support::{Lesson, NewSlot, Person, TestApp};

/// A slot of mentor 0 in five days, at a time of its own.
fn soon(number: i64) -> NewSlot {
    let slot = NewSlot::group(3);
    let at = chrono::Utc::now() + TimeDelta::days(5) + TimeDelta::seconds(number * 3_700);
    slot.starting(at)
}

/// The dashboards of the platform, of mentor 0 and of student 1.
async fn all(app: &TestApp) -> [Dashboard; 3] {
    let of = async |person: Person, path: &str| person.get(path).await.ok::<Dashboard>();
    [
        of(app.admin(), paths::DASHBOARD_ADMIN).await,
        of(app.mentor(0), paths::DASHBOARD_MENTOR).await,
        of(app.student(1), paths::DASHBOARD_STUDENT).await,
    ]
}

#[tokio::test]
async fn every_change_shows_in_the_next_dashboard_of_all_it_concerns() {
    for store in ["off", "memory", "redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.dashboards={store}")])
            .start()
            .await;
        // The seeded calendar makes room: what is to come is far away.
        app.db
            .execute(
                "update slot set starts_at = starts_at + interval '5000 days',
                        ends_at = ends_at + interval '5000 days'
                 where starts_at > now();
                 update booking set scheduled_at = scheduled_at + interval '5000 days',
                        ends_at = ends_at + interval '5000 days'
                 where scheduled_at > now()",
            )
            .await;
        let slot = soon(1).create(&app.db).await;
        let student = app.student(1);
        let before = all(&app).await;
        let booking: BookingView = student.book(slot).await.created();
        let booked = all(&app).await;
        for (before, after) in before.iter().zip(&booked) {
            let (old, new) = (before.overview, after.overview);
            assert_eq!(new.lessons_week, old.lessons_week + 1, "{store}");
            assert_eq!(
                after.finances.booked_cents.0,
                before.finances.booked_cents.0 + booking.price_cents.0
            );
            assert_eq!(after.activity[0].booking_id, booking.id);
            assert_eq!(after.activity[0].status, BookingStatus::Confirmed);
            assert!(
                after
                    .upcoming
                    .iter()
                    .any(|one| one.booking_id == booking.id)
            );
            assert!(after.activity.len() <= MAX_SHOWN && after.upcoming.len() <= MAX_SHOWN);
        }
        let to = booking.scheduled_at + TimeDelta::minutes(15);
        let moved: CalendarEvent = app.mentor(0).move_event(slot, to).await.ok();
        for after in all(&app).await {
            let one = after
                .upcoming
                .iter()
                .find(|one| one.booking_id == booking.id);
            assert_eq!(one.unwrap().scheduled_at, moved.starts_at, "{store}");
        }
        student.cancel(booking.id).await.ok::<BookingView>();
        for (before, after) in before.iter().zip(all(&app).await) {
            assert_eq!(after.overview.lessons_week, before.overview.lessons_week);
            assert_eq!(
                after.overview.lessons_cancelled,
                before.overview.lessons_cancelled + 1
            );
            assert_eq!(
                after.activity[0].status,
                BookingStatus::Cancelled,
                "{store}"
            );
        }
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_mark_of_attendance_shows_in_the_statistics() {
    let app = TestApp::start().await;
    let lesson = Lesson {
        student: 1,
        mentor: 0,
    };
    let booking = lesson.create(&app.db).await;
    app.db
        .execute(&format!(
            "with moved as (
                 update booking set scheduled_at = now() - interval '3 days' - interval '7 minutes',
                        ends_at = now() - interval '3 days'
                 where id = '{booking}' returning slot_id, scheduled_at, ends_at
             )
             update slot set starts_at = moved.scheduled_at, ends_at = moved.ends_at
             from moved where slot.id = moved.slot_id"
        ))
        .await;
    let before = all(&app).await;
    let path = paths::with_id(paths::ATTENDANCE_BOOKING, booking);
    let mark = serde_json::json!({"status": "absent"});
    app.mentor(0).put(&path, &mark).await.ok::<AttendanceView>();
    for (before, after) in before.iter().zip(all(&app).await) {
        assert_eq!(after.students.absent, before.students.absent + 1);
        assert_eq!(after.overview, before.overview);
    }
    app.finish().await;
}

#[tokio::test]
async fn each_role_sees_its_own_dashboard_and_a_parent_that_of_the_own_account() {
    let app = TestApp::start().await;
    let parent = app.parent();
    let shown: Dashboard = parent.get(paths::DASHBOARD_STUDENT).await.ok();
    assert!(shown.upcoming.is_empty() && shown.activity.is_empty());
    for (person, right) in [
        (app.admin(), paths::DASHBOARD_ADMIN),
        (app.mentor(1), paths::DASHBOARD_MENTOR),
        (app.student(1), paths::DASHBOARD_STUDENT),
    ] {
        for path in [
            paths::DASHBOARD_ADMIN,
            paths::DASHBOARD_MENTOR,
            paths::DASHBOARD_STUDENT,
        ] {
            let answer = person.get(path).await;
            if path == right {
                answer.ok::<Dashboard>();
            } else {
                answer.refused(Code::Forbidden);
            }
        }
    }
    app.finish().await;
}
