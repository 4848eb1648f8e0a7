//! Who am I?

use shared::{
    api::auth::{Role, UserView},
    dataset::{mentor_email, student_email},
};

use crate::support::TestApp;

#[tokio::test]
async fn a_person_sees_their_own_account() {
    let app = TestApp::start().await;
    let student = app.student(7);
    let view: UserView = student.me().await.ok();
    assert_eq!(view.id, student.id);
    assert_eq!(view.email, student_email(7));
    assert_eq!(view.role, Role::Student);
    assert_eq!(view.mentor_id, None);
    let view: UserView = app.mentor(7).me().await.ok();
    assert_eq!(view.email, mentor_email(7));
    assert!(view.mentor_id.is_some());
    assert_eq!(view.grade, None);
    app.finish().await;
}

#[tokio::test]
async fn the_account_is_the_same_from_every_store() {
    let mut seen = Vec::new();
    for store in ["off", "memory", "redis"] {
        let app = TestApp::with(&[&format!("cache.users={store}")])
            .start()
            .await;
        let student = app.student(7);
        for _ in 0..2 {
            seen.push(student.me().await.ok::<UserView>());
        }
        app.finish().await;
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
}
