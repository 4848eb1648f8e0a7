//! Other people's notifications do not exist.

use shared::{
    api::notifications::NotificationView, ids::NotificationId, page::Page, paths, problem::Code,
};

use super::reading::{list, read};
use crate::support::TestApp;

#[tokio::test]
async fn only_its_reader_sees_or_marks_a_notification() {
    let app = TestApp::start().await;
    let sql = format!(
        "insert into notification (id, user_id, kind, booking_id, created_at)
         select gen_random_uuid(), student_id, 'booking_moved', id, now()
         from booking where student_id = '{}' limit 1",
        app.student(4).id
    );
    app.db.execute(&sql).await;
    let own = list(&app.student(4), "unread=true").await;
    for person in [app.student(5), app.mentor(4), app.parent(), app.admin()] {
        read(&person, own.items[0].id).await.refused(Code::NotFound);
        let others: Page<NotificationView> = person.get(paths::NOTIFICATIONS).await.ok();
        assert!(others.items.iter().all(|one| one.id != own.items[0].id));
        let all = person.post_empty(paths::NOTIFICATIONS_READ).await;
        assert_eq!(all.status, 200);
    }
    assert_eq!(list(&app.student(4), "unread=true").await, own);
    let nowhere = NotificationId(uuid::Uuid::now_v7());
    read(&app.student(4), nowhere).await.refused(Code::NotFound);
    app.lab().audits_clean().await;
    app.finish().await;
}
