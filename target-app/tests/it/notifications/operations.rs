//! Notifications in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use shared::{
    api::{bookings::BookingView, notifications::NotificationView},
    ids::NotificationId,
    page::Page,
    paths,
};

use super::reading::read;
use crate::{
    access::{
        operations::{Actor::Student, FeatureOperations, SentOperations},
        stage::{RequestParts, Stage},
    },
    support::TestApp,
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[
        ("notifications.read", Student, &[]),
        ("notifications.read_all", Student, &[]),
    ],
    request,
    send_all,
    ..FeatureOperations::NONE
};

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        match operation {
            "notifications.read" => RequestParts::of(notified(stage).await.0),
            _ => RequestParts::default(),
        }
    })
}

/// A notification of the student: the mentor has cancelled a lesson.
async fn notified(stage: &Stage) -> NotificationId {
    let booking = stage.booked().await;
    let cancelled = stage.mentor().cancel(booking.id).await;
    cancelled.ok::<BookingView>();
    let page: Page<NotificationView> = stage.student().get(paths::NOTIFICATIONS).await.ok();
    page.items[0].id
}

/// Reads notifications and marks them read.
fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let student = app.student(1);
        let sql = format!(
            "insert into notification (id, user_id, kind, booking_id, created_at)
             select gen_random_uuid(), student_id, 'booking_moved', id, now()
             from booking where student_id = '{}' limit 1",
            student.id
        );
        app.db.execute(&sql).await;
        let unread = student.get(paths::NOTIFICATIONS_UNREAD).await;
        sent.done("notifications.unread", unread);
        let listed = student.get(paths::NOTIFICATIONS).await;
        let page: Page<NotificationView> = sent.done("notifications.list", listed).ok();
        let one = read(&student, page.items[0].id).await;
        sent.done("notifications.read", one);
        let all = student.post_empty(paths::NOTIFICATIONS_READ).await;
        sent.done("notifications.read_all", all);
    })
}
