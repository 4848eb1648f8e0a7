//! The head of a response of HTTP/1.1: what httparse finds valid, read as leniently as curl reads it.

use std::{mem::MaybeUninit, ops::Range};

use bytes::{Buf as _, BytesMut};
use httparse::{Header, ParserConfig, Response, Status};
use shared::headers::SERVER_TIMING;

use super::http1_error::Http1Error;
use crate::reply_headers::ReplyHeaders;

/// Most header lines of a response.
pub(super) const MAX_HEADER_LINES: usize = 1_000;
/// Header lines for which space is reserved without an allocation.
const USUAL_LINES: usize = 48;
/// Longest head of a response, in bytes.
pub(super) const MAX_HEAD_BYTES: usize = 400 * 1024;

/// How the end of a body is found (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// So many bytes.
    Known(u64),
    /// In chunks, up to an empty one.
    Chunked,
    /// Everything until the connection is closed.
    UntilClosed,
}

/// The head of a final response.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) headers: ReplyHeaders,
    pub(super) body: BodyLength,
    /// Whether the connection may carry a further request.
    pub(super) keep_alive: bool,
}

/// Takes the head of the final response from the beginning of `input`; interim responses (1xx) before
/// it are dropped. `None`: it is not complete yet.
pub(super) fn take_head(
    input: &mut BytesMut,
    to_head_request: bool,
) -> Result<Option<ResponseHead>, Http1Error> {
    loop {
        let Some(parsed) = parse(input)? else {
            if input.len() > MAX_HEAD_BYTES {
                return Err(Http1Error::HeadTooLong);
            }
            return Ok(None);
        };
        if parsed.status < 200 && parsed.status != 101 {
            input.advance(parsed.bytes);
            continue;
        }
        let mut head = input.split_to(parsed.bytes);
        head.advance(parsed.lines_at);
        let no_body = to_head_request || matches!(parsed.status, 101 | 204 | 304);
        return Ok(Some(ResponseHead {
            status: parsed.status,
            headers: ReplyHeaders::of_lines(head.freeze(), parsed.cost),
            body: if no_body {
                BodyLength::Known(0)
            } else {
                parsed.body
            },
            keep_alive: parsed.keep_alive
                && parsed.status != 101
                && (no_body || parsed.body != BodyLength::UntilClosed),
        }));
    }
}

/// What a head says.
struct ParsedHead {
    status: u16,
    /// Length of the whole head.
    bytes: usize,
    /// Where its header lines begin.
    lines_at: usize,
    /// Where in its header lines the value of the first `Server-Timing` is.
    cost: Option<Range<usize>>,
    body: BodyLength,
    keep_alive: bool,
}

fn parse(input: &[u8]) -> Result<Option<ParsedHead>, Http1Error> {
    let mut usual = [const { MaybeUninit::uninit() }; USUAL_LINES];
    match parse_lines(input, &mut usual) {
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = vec![MaybeUninit::uninit(); MAX_HEADER_LINES];
            parse_lines(input, &mut many)
        }
        parsed => parsed,
    }
    .map_err(Http1Error::from)?
    .transpose()
}

fn parse_lines<'a>(
    input: &'a [u8],
    lines: &mut [MaybeUninit<Header<'a>>],
) -> Result<Option<Result<ParsedHead, Http1Error>>, httparse::Error> {
    let mut config = ParserConfig::default();
    config
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true);
    let mut response = Response::new(&mut []);
    let parsed = config.parse_response_with_uninit_headers(&mut response, input, lines)?;
    let Status::Complete(bytes) = parsed else {
        return Ok(None);
    };
    Ok(Some(understand(&response, input, bytes)))
}

fn understand(
    response: &Response<'_, '_>,
    input: &[u8],
    bytes: usize,
) -> Result<ParsedHead, Http1Error> {
    let status = response.code.unwrap_or(0);
    if !(100..=999).contains(&status) {
        return Err(Http1Error::Status);
    }
    let is_1_1 = response.version == Some(1);
    // Of several options the one that closes counts, in whichever order they come.
    let (mut closes, mut keeps) = (false, false);
    let (mut length, mut coding) = (None, None);
    let lines_at = lines_at(input).min(bytes);
    let mut cost = None;
    for Header { name, value } in response.headers.iter() {
        // Compared only where the length fits: most headers are none of these.
        match name.len() {
            10 if name.eq_ignore_ascii_case("connection") => {
                closes |= names_option(value, b"close");
                keeps |= names_option(value, b"keep-alive");
            }
            // Every response of a target that says what it cost has one, and it is read of each.
            13 if cost.is_none() && name.eq_ignore_ascii_case(SERVER_TIMING) => {
                cost = range_in(&input[lines_at..], value);
            }
            14 if name.eq_ignore_ascii_case("content-length") => {
                let value = decimal(value)?;
                if length.is_some_and(|length| length != value) {
                    return Err(Http1Error::Invalid("two different lengths"));
                }
                length = Some(value);
            }
            17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                let last = value.rsplit(|byte| *byte == b',').next().unwrap_or(value);
                coding = Some(last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
            }
            _ => {}
        }
    }
    let mut keep_alive = !closes && (is_1_1 || keeps);
    let body = match (coding, length) {
        // The coding counts; what else is sent on the connection cannot be trusted, and neither can what
        // follows a coding that HTTP/1.0 does not have.
        (Some(true), length) => {
            keep_alive &= length.is_none() && is_1_1;
            BodyLength::Chunked
        }
        (Some(false), _) | (None, None) => BodyLength::UntilClosed,
        (None, Some(length)) => BodyLength::Known(length),
    };
    Ok(ParsedHead {
        status,
        bytes,
        lines_at,
        cost,
        body,
        keep_alive,
    })
}

/// Whether the value of a `Connection` header names an option.
pub(super) fn names_option(value: &[u8], option: &[u8]) -> bool {
    let mut named = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    named.any(|one| one.eq_ignore_ascii_case(option))
}

/// Where the header lines begin: after the status line, before which empty lines may come.
fn lines_at(input: &[u8]) -> usize {
    let status = input
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))
        .unwrap_or(0);
    let line = input[status..].iter().position(|byte| *byte == b'\n');
    line.map_or(input.len(), |line| status + line + 1)
}

/// Where in `lines` a part of them is.
fn range_in(lines: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let from = part.as_ptr().addr().checked_sub(lines.as_ptr().addr())?;
    Some(from..from + part.len())
}

fn decimal(value: &[u8]) -> Result<u64, Http1Error> {
    let value = value.trim_ascii();
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value)
        .ok()
        .filter(|_| digits)
        .and_then(|text| text.parse().ok())
        .ok_or(Http1Error::Invalid("a length that is no number"))
}

#[cfg(test)]
mod tests {
    use http::header;
    use proptest::prelude::*;

    use super::*;

    fn head(text: &str) -> Result<Option<ResponseHead>, Http1Error> {
        take_head(&mut BytesMut::from(text), false)
    }

    #[test]
    fn the_body_of_a_response_is_delimited_as_rfc_9112_says() {
        use BodyLength::{Chunked, Known, UntilClosed};
        for (lines, status, body, keep_alive) in [
            ("content-length: 7\r\n", 200, Known(7), true),
            (
                "Content-Length: 7\r\nconnection: Close\r\n",
                200,
                Known(7),
                false,
            ),
            (
                "connection: x, close\r\ncontent-length: 0\r\n",
                200,
                Known(0),
                false,
            ),
            (
                "connection: close\r\nconnection: keep-alive\r\ncontent-length: 1\r\n",
                200,
                Known(1),
                false,
            ),
            (
                "connection: close, keep-alive\r\ncontent-length: 1\r\n",
                200,
                Known(1),
                false,
            ),
            ("transfer-encoding: chunked\r\n", 200, Chunked, true),
            ("transfer-encoding: gzip, Chunked\r\n", 200, Chunked, true),
            ("transfer-encoding: gzip\r\n", 200, UntilClosed, false),
            (
                "transfer-encoding: chunked\r\ncontent-length: 7\r\n",
                200,
                Chunked,
                false,
            ),
            ("", 200, UntilClosed, false),
            ("", 204, Known(0), true),
            ("content-length: 7\r\n", 304, Known(0), true),
        ] {
            let text = format!("HTTP/1.1 {status} x\r\n{lines}\r\n");
            let head = head(&text).unwrap().unwrap();
            assert_eq!(
                (head.status, head.body, head.keep_alive),
                (status, body, keep_alive),
                "{text}"
            );
        }
        let old = head("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n")
            .unwrap()
            .unwrap();
        assert!(!old.keep_alive);
        let kept = "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\n";
        assert!(head(kept).unwrap().unwrap().keep_alive);
        let chunked =
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunked = head(chunked).unwrap().unwrap();
        assert_eq!((chunked.body, chunked.keep_alive), (Chunked, false));
        let mut input = BytesMut::from("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n");
        let to_head = take_head(&mut input, true).unwrap().unwrap();
        assert_eq!((to_head.body, to_head.keep_alive), (Known(0), true));
    }

    #[test]
    fn only_the_head_is_taken_and_interim_responses_are_dropped() {
        let text = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\r\nHTTP/1.1 200 OK\r\nx: 1\r\ncontent-length: 2\r\n\r\n42rest";
        let mut input = BytesMut::from(text);
        let head = take_head(&mut input, false).unwrap().unwrap();
        assert_eq!(&input[..], b"42rest");
        let x = http::HeaderName::from_static("x");
        assert_eq!(head.headers.get(&x).as_deref(), Some("1"));
        assert_eq!(head.headers.get(&header::LINK), None);
        for end in 0..text.len() - 6 {
            let part = &text[..end];
            assert!(head_of(part).is_none(), "{part:?}");
        }
    }

    fn head_of(text: &str) -> Option<ResponseHead> {
        head(text).unwrap()
    }

    #[test]
    fn lengths_that_contradict_or_are_none_are_refused() {
        for lines in [
            "content-length: 2\r\ncontent-length: 3\r\n",
            "content-length: -2\r\n",
            "content-length: +2\r\n",
            "content-length: \r\n",
            "content-length: 99999999999999999999999\r\n",
        ] {
            let refused = head(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"));
            assert!(matches!(refused, Err(Http1Error::Invalid(_))), "{lines}");
        }
        assert!(matches!(
            head("HTTP/1.1 099 x\r\n\r\n"),
            Err(Http1Error::Status)
        ));
    }

    #[test]
    fn what_a_response_cost_is_noted_where_it_is_in_whichever_form() {
        let name = http::HeaderName::from_static(SERVER_TIMING);
        for (lines, cost) in [
            (
                "x: 1\r\nserver-timing: db;dur=1.5\r\ny: 2\r\n",
                Some("db;dur=1.5"),
            ),
            (
                "Server-Timing : a, b \r\nSERVER-TIMING: c\r\n",
                Some("a, b"),
            ),
            ("server-timing: a,\r\n\tb\r\nx: 1\r\n", Some("a, b")),
            ("x: 1\r\nserver-timing:\r\n", Some("")),
            ("x-server-timing: a\r\nserver-timin: b\r\n", None),
        ] {
            for before in ["", "\r\n", "HTTP/1.1 103 x\r\nserver-timing: early\r\n\r\n"] {
                let text = format!("{before}HTTP/1.1 200 OK\r\n{lines}\r\nbody");
                let headers = head_of(&text).unwrap().headers;
                assert_eq!(headers.server_timing().as_deref(), cost, "{text:?}");
                assert_eq!(headers.server_timing(), headers.get(&name), "{text:?}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn any_bytes_are_a_head_none_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _any = take_head(&mut BytesMut::from(&bytes[..]), false);
            let mut begun = BytesMut::from("HTTP/1.1 200 OK\r\n");
            begun.extend_from_slice(&bytes);
            if let Ok(Some(head)) = take_head(&mut begun, false) {
                prop_assert!(head.headers.iter().count() <= MAX_HEADER_LINES);
                let name = http::HeaderName::from_static(SERVER_TIMING);
                prop_assert_eq!(head.headers.server_timing(), head.headers.get(&name));
            }
        }
    }
}
