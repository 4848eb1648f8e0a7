//! A response, and the ways to look into it.

use std::{collections::HashSet, fmt, hash::Hash};

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use shared::problem::{Code, Problem};

use crate::reply_headers::ReplyHeaders;

/// How many bytes of an unexpected body are shown.
const EXCERPT: usize = 120;

/// A response that was read to the last byte.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers of the response.
    pub headers: ReplyHeaders,
    /// The body without its content encoding; of a long one only the beginning.
    pub body: Bytes,
    /// Bytes of the whole body as they were received, compressed where it was.
    pub bytes: u64,
    /// Whether `body` is only the beginning.
    pub cut: bool,
}

impl Reply {
    /// A response with its whole body, which was not compressed.
    pub fn new(status: u16, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            headers: headers.into(),
            bytes: body.len() as u64,
            body,
            cut: false,
        }
    }
}

/// Why a response is not the right one, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(pub String);

impl Mismatch {
    /// One line why.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// The body as `T`, which may borrow its texts, if the response has the expected status.
pub fn json<'a, T: Deserialize<'a>>(reply: &'a Reply, expected: u16) -> Result<T, Mismatch> {
    status(reply, expected)?;
    if reply.cut {
        return Err(Mismatch(format!(
            "{expected}, but the body is too long to be checked: only {} bytes of it are kept",
            reply.body.len()
        )));
    }
    // Whether it is UTF-8 is found out faster for the whole body than for each of its texts.
    let parsed = match std::str::from_utf8(&reply.body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(&reply.body),
    };
    parsed.map_err(|error| {
        Mismatch(format!(
            "{expected}, but the body is not as documented: {error}"
        ))
    })
}

/// Nothing more than the expected status.
pub fn status(reply: &Reply, expected: u16) -> Result<(), Mismatch> {
    if reply.status == expected {
        return Ok(());
    }
    Err(unexpected(reply, expected))
}

/// The mismatch of another status than the expected one: with the problem code, or the begin of
/// the body.
pub fn unexpected(reply: &Reply, expected: impl fmt::Display) -> Mismatch {
    let shown = problem_code(reply).map_or_else(|| excerpt(&reply.body), |code| code.to_string());
    Mismatch(format!(
        "expected {expected}, got {}: {shown}",
        reply.status
    ))
}

/// The code of a [`problem`] body.
pub fn problem_code(reply: &Reply) -> Option<Code> {
    problem(reply).map(|problem| problem.code)
}

/// A problem body; `None` if it is none, or one that comes with another status: a refusal that is expected
/// must not excuse a 500 that quotes it.
pub fn problem(reply: &Reply) -> Option<Problem> {
    if reply.status < 400 {
        return None;
    }
    serde_json::from_slice::<Problem>(&reply.body)
        .ok()
        .filter(|problem| problem.code.status() == reply.status)
}

/// Whether no two of these are the same.
pub fn all_differ<T: Eq + Hash>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

/// The first bytes of a body, in one line.
fn excerpt(body: &[u8]) -> String {
    if body.is_empty() {
        return "empty body".to_owned();
    }
    String::from_utf8_lossy(&body[..body.len().min(EXCERPT)])
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply::new(
            status,
            HeaderMap::new(),
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    #[test]
    fn what_is_there_twice_is_found_wherever_it_stands() {
        assert!(all_differ([3, 1, 2]) && all_differ::<u8>([]));
        assert!(!all_differ([3, 1, 3]) && !all_differ(["a", "a"]));
    }

    #[test]
    fn a_wrong_status_is_reported_with_the_problem_code() {
        let body = serde_json::to_string(&Problem::new(Code::SlotFull, "why")).unwrap();
        let full = reply(409, &body);
        assert_eq!(problem_code(&full), Some(Code::SlotFull));
        let why = json::<u32>(&full, 201).unwrap_err();
        assert_eq!(why.to_string(), "expected 201, got 409: slot_full");
        for status in [200, 500, 503] {
            assert_eq!(problem_code(&reply(status, &body)), None, "{status}");
        }
    }

    #[test]
    fn a_body_that_is_not_as_documented_is_reported_in_one_line() {
        assert_eq!(json::<u32>(&reply(200, "7"), 200), Ok(7));
        assert!(json::<u32>(&reply(200, "{}"), 200).is_err());
        let why = status(&reply(502, "<html>\nbad\tgateway"), 200).unwrap_err();
        assert_eq!(why.to_string(), "expected 200, got 502: <html> bad gateway");
        assert_eq!(problem_code(&reply(200, "{}")), None);
        // Bytes that are not UTF-8 are wrong where a text is read, and only there.
        let foreign = Reply::new(200, HeaderMap::new(), Bytes::from_static(b"[7, \"\xff\"]"));
        assert!(json::<(u32, String)>(&foreign, 200).is_err());
        assert!(json::<(u32, serde::de::IgnoredAny)>(&foreign, 200).is_ok());
        let mut cut = reply(200, "7");
        cut.cut = true;
        let why = json::<u32>(&cut, 200).unwrap_err();
        assert!(why.to_string().contains("too long"), "{why}");
    }
}
