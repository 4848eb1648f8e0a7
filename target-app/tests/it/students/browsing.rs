//! Lists and details, and who sees whom.

use std::collections::BTreeSet;

use shared::{
    api::students::{StudentCard, StudentDetail},
    ids::UserId,
    page::Page,
    paths::{self, with_id},
    problem::Code,
};

use crate::support::{Answer, Client, Lesson, TestApp, student_id};

async fn list(client: &Client, query: &str) -> Answer {
    client.get(&format!("{}?{query}", paths::STUDENTS)).await
}

async fn detail(client: &Client, student: UserId) -> Answer {
    client.get(&with_id(paths::STUDENT, student)).await
}

#[tokio::test]
async fn an_administrator_sees_every_student_once_by_name() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let all: Vec<StudentCard> = admin.all_pages(paths::STUDENTS, 100).await;
    let students = "select count(*) from app_user where role = 'student'";
    assert_eq!(all.len() as i64, app.db.count(students).await);
    let ids: BTreeSet<_> = all.iter().map(|student| student.id).collect();
    assert_eq!(ids.len(), all.len());
    let wanted = all[0].display_name.to_uppercase();
    let word = wanted.split(' ').next().unwrap();
    let found: Page<StudentCard> = list(&admin, &format!("q={word}&per_page=100")).await.ok();
    assert!(found.items.iter().any(|student| student.id == all[0].id));
    let word = word.to_lowercase();
    let contains = |student: &StudentCard| student.display_name.to_lowercase().contains(&word);
    assert!(found.items.iter().all(contains));
    let seventh: Page<StudentCard> = list(&admin, "grade=7").await.ok();
    assert!(!seventh.items.is_empty());
    assert!(seventh.items.iter().all(|student| student.grade == Some(7)));
    for (query, field) in [
        ("grade=21", "grade"),
        ("per_page=101", "per_page"),
        ("page=0", "page"),
    ] {
        let refused = list(&admin, query).await.refused(Code::InvalidRequest);
        assert!(refused.detail.contains(field), "{}", refused.detail);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_mentor_sees_those_who_booked_a_lesson_and_these_lessons_only() {
    let app = TestApp::start().await;
    let mentor = app.mentor(0);
    let student = student_id(1);
    app.db
        .execute(&format!(
            "delete from attendance a using booking b
             where b.id = a.booking_id and b.student_id = '{student}';
             update booking set status = 'cancelled', cancelled_at = now()
             where student_id = '{student}'"
        ))
        .await;
    let listed = async || {
        let own: Vec<StudentCard> = mentor.all_pages(paths::STUDENTS, 100).await;
        own.iter().any(|one| one.id == student)
    };
    assert!(!listed().await);
    detail(&mentor, student).await.refused(Code::NotFound);
    for mentor in [0, 1, 1] {
        Lesson { student: 1, mentor }.create(&app.db).await;
    }
    assert!(listed().await);
    let own: StudentDetail = detail(&mentor, student).await.ok();
    assert_eq!((own.lessons_held, own.lessons_upcoming), (1, 0));
    let all: StudentDetail = detail(&app.admin(), student).await.ok();
    assert_eq!((all.lessons_held, all.next_lesson_at), (3, None));
    assert_eq!(all.card, own.card);
    // What has begun while its place is held unpaid was not held.
    let unpaid = Lesson {
        student: 1,
        mentor: 0,
    };
    let unpaid = unpaid.create(&app.db).await;
    app.db
        .execute(&format!(
            "update booking set status = 'confirmed', payment_required = true where id = '{unpaid}';
             insert into booking_hold (booking_id, expires_at) values ('{unpaid}', now() + interval '1 hour')"
        ))
        .await;
    assert_eq!(detail(&mentor, student).await.ok::<StudentDetail>(), own);
    app.finish().await;
}

#[tokio::test]
async fn only_the_staff_looks_through_students() {
    let app = TestApp::start().await;
    for person in [app.student(1), app.parent()] {
        list(&person, "").await.refused(Code::Forbidden);
        detail(&person, student_id(1))
            .await
            .refused(Code::Forbidden);
    }
    detail(&app.admin(), app.parent().id)
        .await
        .refused(Code::NotFound);
    app.finish().await;
}
