//! What instances of another version have stored in the Redis that all share.

use deadpool_redis::redis::cmd;
use shared::{api::auth::UserView, timing::ServerCount};

use super::large_groups::{connect, keys};
use crate::support::TestApp;

/// Bytes ahead of an account: times, and the length of a question that it does not have.
const HEAD: usize = 28;

#[tokio::test]
async fn an_account_that_another_version_has_stored_is_read_from_the_database() {
    let app = TestApp::with(&["cache.users=redis"]).start().await;
    let student = app.student(1);
    let known: UserView = student.me().await.ok();
    let mut redis = connect(&app).await;
    let stored = keys(&mut redis, &format!("*:users:{}:view", student.id)).await;
    let [key] = &stored[..] else {
        panic!("one account: {stored:?}");
    };
    let value: Vec<u8> = cmd("GET").arg(key).query_async(&mut redis).await.unwrap();
    // As where the other version keeps other fields of it.
    let mut other = value[..HEAD].to_vec();
    other.extend(br#"{"id":1}"#);
    let _: () = cmd("SET")
        .arg(key)
        .arg(other)
        .arg("KEEPTTL")
        .query_async(&mut redis)
        .await
        .unwrap();
    let answer = student.me().await;
    assert!(answer.timing().counts[ServerCount::Hits] > 0);
    let read: UserView = answer.ok();
    assert_eq!(read, known);
    app.finish().await;
}
