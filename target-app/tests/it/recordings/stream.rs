//! The bytes: whole, in ranges, and equal to what both sides can compute.

use http::Method;
use shared::{
    api::recordings::{PlaybackLink, RecordingView},
    media,
    page::Page,
    problem::Code,
};

use crate::support::{Answer, Client, TestApp, send};

/// A recording of student 1, a link to it, and a client that has nothing but the link.
async fn open(app: &TestApp) -> (RecordingView, String, Client) {
    let student = app.student(1);
    let page: Page<RecordingView> = student.recordings("").await.ok();
    let recording = page.items[0].clone();
    let link: PlaybackLink = student.playback(recording.id).await.ok();
    (recording, link.url, app.anonymous().clone())
}

async fn ranged(client: &Client, url: &str, range: &str) -> Answer {
    client.with_header("range", range).get(url).await
}

#[tokio::test]
async fn the_whole_file_is_the_stream_that_its_key_stands_for() {
    let app = TestApp::start().await;
    let (recording, url, client) = open(&app).await;
    let answer = client.get(&url).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(
        answer.header("content-length"),
        recording.size_bytes.to_string()
    );
    let mut expected = vec![0; recording.size_bytes as usize];
    media::fill(&recording.media_key, 0, &mut expected);
    assert!(answer.body == expected, "the bytes differ");
    app.finish().await;
}

#[tokio::test]
async fn any_range_equals_that_part_of_the_whole() {
    let app = TestApp::start().await;
    let (recording, url, client) = open(&app).await;
    let size = recording.size_bytes as u64;
    let last = size - 1;
    for (range, first, end) in [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=0-65535".to_owned(), 0, 65_536),
        ("bytes=65535-65537".to_owned(), 65_535, 65_538),
        (format!("bytes={last}-"), last, size),
        ("bytes=100000-".to_owned(), 100_000, size),
        ("bytes=-1".to_owned(), last, size),
        ("bytes=-1000".to_owned(), size - 1_000, size),
        (format!("bytes=-{}", size * 2), 0, size),
        (format!("bytes=5-{}", size * 2), 5, size),
    ] {
        let answer = ranged(&client, &url, &range).await;
        assert_eq!(answer.status, 206, "{range}");
        let expected = format!("bytes {first}-{}/{size}", end - 1);
        assert_eq!(answer.header("content-range"), expected, "{range}");
        assert_eq!(answer.body.len() as u64, end - first, "{range}");
        assert!(media::matches(
            &recording.media_key,
            first,
            &answer.body,
            64
        ));
    }
    app.finish().await;
}

#[tokio::test]
async fn what_the_file_does_not_have_is_416_with_its_length() {
    let app = TestApp::start().await;
    let (recording, url, client) = open(&app).await;
    let size = recording.size_bytes;
    for range in [format!("bytes={size}-"), "bytes=-0".to_owned()] {
        let answer = ranged(&client, &url, &range).await;
        answer.refused(Code::RangeNotSatisfiable);
        assert_eq!(answer.header("content-range"), format!("bytes */{size}"));
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_single_range_of_bytes_gets_the_whole() {
    let app = TestApp::start().await;
    let (recording, url, client) = open(&app).await;
    for range in ["bytes=0-1,5-6", "items=0-1", "bytes=5-4", "bytes=x"] {
        let answer = ranged(&client, &url, range).await;
        assert_eq!(answer.status, 200, "{range}");
        assert_eq!(answer.body.len() as i64, recording.size_bytes);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_download_goes_on_only_in_the_version_it_began_with() {
    let app = TestApp::start().await;
    let (_, url, client) = open(&app).await;
    let etag = client.get(&url).await.header("etag").to_owned();
    let goes_on = client
        .with_header("range", "bytes=10-19")
        .with_header("if-range", &etag);
    assert_eq!(goes_on.get(&url).await.status, 206);
    for other in ["\"another\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
        let starts_over = client
            .with_header("range", "bytes=10-19")
            .with_header("if-range", other);
        assert_eq!(starts_over.get(&url).await.status, 200, "{other}");
    }
    let known = client.with_header("if-none-match", &etag).get(&url).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(known.header("etag"), etag);
    app.finish().await;
}

#[tokio::test]
async fn head_tells_everything_but_the_bytes() {
    let app = TestApp::start().await;
    let (recording, url, client) = open(&app).await;
    let head = send(client.request(Method::HEAD, &url)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(
        head.header("content-length"),
        recording.size_bytes.to_string()
    );
    assert_eq!(head.header("accept-ranges"), "bytes");
    // Ranges are for GET alone (RFC 9110, 14.2).
    let part = client.with_header("range", "bytes=10-19");
    let part = send(part.request(Method::HEAD, &url)).await;
    assert_eq!(part.status, 200);
    assert_eq!(part.header("content-length"), head.header("content-length"));
    app.finish().await;
}
