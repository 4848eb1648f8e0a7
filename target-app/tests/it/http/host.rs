//! A request names one host.

use shared::paths;

use crate::support::{RawConnection, TestApp};

#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_refused_and_http_1_0_needs_none() {
    let app = TestApp::start().await;
    let live = paths::HEALTH_LIVE;
    for (version, hosts, status) in [
        ("1.1", "host: a.test\r\n", 200),
        ("1.1", "host: 127.0.0.1:8080\r\n", 200),
        ("1.0", "", 200),
        ("1.1", "", 400),
        ("1.1", "host: a.test\r\nhost: a.test\r\n", 400),
        ("1.1", "host: a.test\r\nHost: b.test\r\n", 400),
        ("1.0", "host: a.test\r\nhost: b.test\r\n", 400),
        ("1.1", "host: a b\r\n", 400),
    ] {
        let mut raw = RawConnection::open(app.address).await;
        raw.send(format!(
            "GET {live} HTTP/{version}\r\n{hosts}connection: close\r\n\r\n"
        ))
        .await;
        let answer = raw.rest().await;
        let line = answer.lines().next().unwrap_or_default();
        assert!(
            line.contains(&format!(" {status} ")),
            "{version} {hosts:?}: {answer}"
        );
        assert_eq!(
            answer.contains("\"bad_request\""),
            status == 400,
            "{answer}"
        );
    }
    app.finish().await;
}
