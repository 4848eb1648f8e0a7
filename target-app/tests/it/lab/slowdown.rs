//! The planted effect: as much slowness as was asked for.

use shared::{
    headers::SERVER_TIMING,
    timing::{ServerPart, ServerTiming},
};

use crate::support::TestApp;

#[tokio::test]
async fn api_requests_take_as_much_longer_as_the_switch_says() {
    let app = TestApp::with(&["lab.slowdown=1000", "cache.mentors=off"])
        .start()
        .await;
    let slow = app.anonymous().mentors("").await;
    let cost = ServerTiming::parse(slow.header(SERVER_TIMING));
    // Ten times what it took is added; the database's share alone bounds that from below.
    assert!(
        cost.us[ServerPart::Db] > 0 && cost.total_us >= 11 * cost.us[ServerPart::Db],
        "{cost:?}"
    );
    app.finish().await;
}
