//! One exchange of the battery, and what its requests are made of.

use shared::paths;

/// Stands among the allowed statuses for a connection that is closed without an answer.
pub(super) const CLOSED: u16 = 0;

/// What one client sends, and what it may receive.
pub(super) struct RawRow {
    /// What is wrong with it.
    pub(super) name: String,
    /// All that is sent.
    pub(super) bytes: Vec<u8>,
    /// Whether the client then closes its side, because the server waits for more.
    pub(super) ends: bool,
    /// Every status that may come, or [`CLOSED`].
    pub(super) allowed: &'static [u16],
}

/// A row whose request is complete, or refused before its end.
pub(super) fn row(
    name: impl Into<String>,
    bytes: impl Into<Vec<u8>>,
    allowed: &'static [u16],
) -> RawRow {
    RawRow {
        name: name.into(),
        bytes: bytes.into(),
        ends: false,
        allowed,
    }
}

/// A row whose client stops in the middle and closes its side.
pub(super) fn cut(name: &str, bytes: impl Into<Vec<u8>>, allowed: &'static [u16]) -> RawRow {
    RawRow {
        ends: true,
        ..row(name, bytes, allowed)
    }
}

/// What the rows refer to: people of the seeded data, and things of theirs.
pub(super) struct Scene {
    /// Access token of a student.
    pub(super) student: String,
    /// Access token of a mentor.
    pub(super) mentor: String,
    /// A mentor's id.
    pub(super) mentor_id: String,
    /// A chat room of the student.
    pub(super) room: String,
    /// Signed path and query of one of the student's recordings.
    pub(super) stream: String,
    /// The entity tag of that recording.
    pub(super) etag: String,
}

/// A request whose answer is the last of its connection; every line ends with CR LF.
pub(super) fn request(line: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    // By this name the control plane may be called as well.
    let mut head = format!("{line}\r\nhost: localhost\r\nconnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

pub(super) fn get(target: &str, headers: &[&str]) -> Vec<u8> {
    request(&format!("GET {target} HTTP/1.1"), headers, b"")
}

/// A GET of a resource that is always there.
pub(super) fn live(headers: &[&str]) -> Vec<u8> {
    get(paths::HEALTH_LIVE, headers)
}

/// A JSON body with its right length.
pub(super) fn json(target: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    json_as("POST", target, headers, body)
}

/// The same with another method.
pub(super) fn json_as(
    method: &str,
    target: &str,
    headers: &[&str],
    body: impl AsRef<[u8]>,
) -> Vec<u8> {
    let body = body.as_ref();
    let length = format!("content-length: {}", body.len());
    let mut all = vec!["content-type: application/json", &length];
    all.extend(headers);
    request(&format!("{method} {target} HTTP/1.1"), &all, body)
}

/// The header of an access token.
pub(super) fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}
