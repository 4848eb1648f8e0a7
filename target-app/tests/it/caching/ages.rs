//! A cached answer tells how old it is, wherever the value was kept.

use shared::timing::ServerCount;
use std::time::Duration;

use crate::support::TestApp;

#[tokio::test]
async fn a_cached_answer_tells_its_age_and_a_fresh_one_none() {
    for store in ["off", "memory", "redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.mentors={store}")])
            .start()
            .await;
        let anyone = app.anonymous();
        let fresh = anyone.mentors("").await;
        assert_eq!(fresh.timing().cache_age_ms, None, "{store}");
        assert!(!fresh.headers.contains_key("age"));
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let second = anyone.mentors("").await;
        let age = second.timing().cache_age_ms;
        if store == "off" {
            assert_eq!(age, None);
        } else {
            let age = age.unwrap();
            assert!((1_090..60_000).contains(&age), "{store}: {age}");
            let seconds: u32 = second.header("age").parse().unwrap();
            assert_eq!(seconds, age / 1_000, "{store}");
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn the_age_is_that_of_the_body_and_not_of_the_look_up_of_who_asks() {
    let app = TestApp::start().await;
    let student = app.student(4);
    student.me().await;
    assert!(student.me().await.timing().cache_age_ms.is_some());
    let first = student.bookings("").await.timing();
    assert_eq!(
        (first.counts[ServerCount::Hits], first.cache_age_ms),
        (1, None)
    );
    assert!(student.bookings("").await.timing().cache_age_ms.is_some());
    app.finish().await;
}
