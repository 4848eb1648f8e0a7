//! Lists, the count of unread ones, and marks.

use shared::{
    api::notifications::{MAX_UNREAD, MarkedRead, NotificationView, UnreadCount},
    ids::NotificationId,
    page::Page,
    paths,
    problem::Code,
};

use crate::support::{Answer, Person, TestApp};

pub(super) async fn list(person: &Person, query: &str) -> Page<NotificationView> {
    let path = format!("{}?{query}", paths::NOTIFICATIONS);
    person.get(&path).await.ok()
}

pub(super) async fn read(person: &Person, id: NotificationId) -> Answer {
    let path = paths::with_id(paths::NOTIFICATION_READ, id);
    person.post_empty(&path).await
}

async fn unread(person: &Person) -> u32 {
    let count: UnreadCount = person.get(paths::NOTIFICATIONS_UNREAD).await.ok();
    count.unread
}

/// Gives a student that many unread notifications, and no others.
async fn fill(app: &TestApp, student: &Person, number: u32) {
    let sql = format!(
        "delete from notification where user_id = '{0}';
         insert into notification (id, user_id, kind, booking_id, created_at)
         select gen_random_uuid(), '{0}', 'booking_moved', b.id, now() - n * interval '1 second'
         from (select id from booking where student_id = '{0}' limit 1) b,
              generate_series(1, {number}) n",
        student.id
    );
    app.db.execute(&sql).await;
}

#[tokio::test]
async fn a_list_is_newest_first_and_walks_through_all() {
    let app = TestApp::start().await;
    let student = app.student(3);
    fill(&app, &student, 45).await;
    let all: Vec<NotificationView> = student.all_pages(paths::NOTIFICATIONS, 20).await;
    assert_eq!(all.len(), 45);
    assert!(all.is_sorted_by(|one, next| one.created_at > next.created_at));
    for query in [
        "page=0",
        "per_page=101",
        "page=1001",
        "unread=maybe",
        "more=1",
    ] {
        let path = format!("{}?{query}", paths::NOTIFICATIONS);
        student.get(&path).await.refused(Code::InvalidRequest);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_mark_is_made_once_and_takes_it_off_the_unread_ones() {
    let app = TestApp::start().await;
    let student = app.student(3);
    fill(&app, &student, 5).await;
    assert_eq!(unread(&student).await, 5);
    let first = list(&student, "").await.items[0].clone();
    let marked: NotificationView = read(&student, first.id).await.ok();
    assert!(marked.read_at.is_some());
    let again: NotificationView = read(&student, first.id).await.ok();
    assert_eq!(again, marked);
    let left = list(&student, "unread=true").await;
    assert_eq!(left.total, Some(4));
    assert!(left.items.iter().all(|one| one.id != first.id));
    assert_eq!(unread(&student).await, 4);
    let all = student.post_empty(paths::NOTIFICATIONS_READ).await;
    assert_eq!(all.ok::<MarkedRead>(), MarkedRead { marked: 4 });
    let all = student.post_empty(paths::NOTIFICATIONS_READ).await;
    assert_eq!(all.ok::<MarkedRead>(), MarkedRead { marked: 0 });
    assert_eq!(unread(&student).await, 0);
    assert_eq!(list(&student, "").await.total, Some(5));
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn the_count_of_unread_ones_is_bounded() {
    let app = TestApp::start().await;
    let student = app.student(3);
    fill(&app, &student, MAX_UNREAD + 10).await;
    assert_eq!(unread(&student).await, MAX_UNREAD);
    app.finish().await;
}
