//! Frames of the chat socket that break its rules.

use shared::api::socket::{MAX_FRAME_BYTES, close};

/// What a client sends on an open socket, and what it hears until the socket is closed.
pub(super) struct FrameRow {
    /// What is wrong with it.
    pub(super) name: &'static str,
    /// All that is sent behind the handshake.
    pub(super) bytes: Vec<u8>,
    /// Types of the server's frames, codes of its refusals, and how it closes.
    pub(super) heard: Vec<String>,
}

/// The last fragment of a message.
const FIN: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A frame as clients send it; masked with zeros, which leave the payload as it is.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASKED: u8 = 0x80;
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(MASKED | short as u8),
        middle @ 126..=0xFFFF => {
            bytes.push(MASKED | 0x7e);
            bytes.extend((middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(MASKED | 0x7f);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | TEXT, payload.as_ref())
}

/// The client's own end of a socket that has survived.
fn goodbye() -> Vec<u8> {
    frame(FIN | CLOSE, &1000_u16.to_be_bytes())
}

fn row(name: &'static str, bytes: Vec<u8>, heard: &[&str]) -> FrameRow {
    FrameRow {
        name,
        bytes,
        heard: heard.iter().map(|&word| word.to_owned()).collect(),
    }
}

/// A row that ends the socket with a code.
fn ends(name: &'static str, bytes: Vec<u8>, code: u16) -> FrameRow {
    row(name, bytes, &[&format!("close {code}")])
}

/// A row that is answered, after which the socket is still good.
fn answered(name: &'static str, bytes: Vec<u8>, heard: &[&str]) -> FrameRow {
    let mut all = heard.to_vec();
    all.push("close 1000");
    row(name, [bytes, goodbye()].concat(), &all)
}

/// Every row of this file; `room` is one that the client is a member of.
pub(super) fn rows(room: &str) -> Vec<FrameRow> {
    [protocol(), sizes(), texts(room), closes()]
        .into_iter()
        .flatten()
        .collect()
}

fn protocol() -> Vec<FrameRow> {
    let broken = close::PROTOCOL_ERROR;
    let ping = br#"{"type":"ping","nonce":1}"#;
    let (head, tail) = ping.split_at(9);
    let of = |frames: &[Vec<u8>]| frames.concat();
    vec![
        ends("not masked", vec![0x81, 1, b'a'], broken),
        ends("the first reserved bit", frame(0xC1, b"{}"), broken),
        ends("the second reserved bit", frame(0xA1, b"{}"), broken),
        ends("the third reserved bit", frame(0x91, b"{}"), broken),
        ends("a reserved kind of data", frame(FIN | 3, b"{}"), broken),
        ends("a reserved kind of control", frame(FIN | 0xb, b""), broken),
        ends("a continuation of nothing", frame(FIN, b"{}"), broken),
        ends(
            "a text inside of a text",
            of(&[frame(TEXT, head), text(ping)]),
            broken,
        ),
        ends("a fragmented ping", frame(PING, b""), broken),
        ends("a ping of 126 bytes", frame(FIN | PING, &[0; 126]), broken),
        ends(
            "a close of 126 bytes",
            frame(FIN | CLOSE, &[3; 126]),
            broken,
        ),
        answered(
            "a ping of 125 bytes",
            frame(FIN | PING, &[0; 125]),
            &["pong"],
        ),
        answered(
            "a pong that was not asked for",
            frame(FIN | PONG, b"x"),
            &[],
        ),
        answered(
            "a text in two fragments",
            of(&[frame(TEXT, head), frame(FIN | CONTINUATION, tail)]),
            &["pong frame"],
        ),
        answered(
            "a ping between two fragments",
            of(&[
                frame(TEXT, head),
                frame(FIN | PING, b""),
                frame(FIN | CONTINUATION, tail),
            ]),
            &["pong", "pong frame"],
        ),
        answered(
            "a text in 1,000 empty fragments",
            of(&[
                frame(TEXT, ping),
                frame(CONTINUATION, b"").repeat(1_000),
                frame(FIN | CONTINUATION, b""),
            ]),
            &["pong frame"],
        ),
        ends(
            "a binary message",
            frame(FIN | BINARY, b"{}"),
            close::BAD_FRAME,
        ),
        ends(
            "a binary message in fragments",
            of(&[frame(BINARY, b"{"), frame(FIN | CONTINUATION, b"}")]),
            close::BAD_FRAME,
        ),
        // The length needs no payload: it is refused before any comes.
        ends(
            "the greatest length",
            vec![
                0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
            ],
            close::TOO_BIG,
        ),
        ends(
            "a length beyond the standard",
            vec![
                0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
            ],
            close::TOO_BIG,
        ),
    ]
}

fn sizes() -> Vec<FrameRow> {
    let half = vec![b' '; MAX_FRAME_BYTES / 2 + 1];
    let large = vec![b' '; MAX_FRAME_BYTES];
    vec![
        ends(
            "one byte too many",
            text(vec![b' '; MAX_FRAME_BYTES + 1]),
            close::TOO_BIG,
        ),
        ends("a megabyte", text(vec![b' '; 1024 * 1024]), close::TOO_BIG),
        ends(
            "too much in two fragments",
            [frame(TEXT, &half), frame(FIN | CONTINUATION, &half)].concat(),
            close::TOO_BIG,
        ),
        ends(
            "too much in fragments without end",
            [frame(TEXT, &large), frame(CONTINUATION, &large).repeat(8)].concat(),
            close::TOO_BIG,
        ),
    ]
}

fn texts(room: &str) -> Vec<FrameRow> {
    let bad = close::BAD_FRAME;
    let refused = &["error malformed_body"][..];
    let invalid = &["error invalid_request"][..];
    let send = |client_id: &str, message: &str| {
        text(format!(
            r#"{{"type":"send","room":"{room}","client_id":{client_id},"text":{message}}}"#
        ))
    };
    let long = format!("\"{}\"", "x".repeat(15_000));
    vec![
        ends("no JSON", text("hello"), bad),
        ends("an empty text", text(""), bad),
        ends("half a frame", text(r#"{"type":"ping""#), bad),
        ends("text that is no UTF-8", text(b"{\"type\":\"\xff\"}"), bad),
        ends("half a surrogate in UTF-8", text(b"\"\xed\xa0\x80\""), bad),
        ends("a character cut by the end", text(b"\"\xf0\x9f\xa6"), bad),
        ends("10,000 open arrays", text("[".repeat(10_000)), bad),
        ends("an object 2,000 deep", text(r#"{"a":"#.repeat(2_000)), bad),
        answered("an unknown type", text(r#"{"type":"shout"}"#), refused),
        answered("no type", text(r#"{"nonce":1}"#), refused),
        answered(
            "two types",
            text(r#"{"type":"ping","type":"join"}"#),
            refused,
        ),
        answered("an array", text("[1,2,3]"), refused),
        answered("null", text("null"), refused),
        answered("a number", text("1e5"), refused),
        answered(
            "a negative nonce",
            text(r#"{"type":"ping","nonce":-1}"#),
            refused,
        ),
        answered(
            "a nonce beyond 64 bits",
            text(r#"{"type":"ping","nonce":18446744073709551616}"#),
            refused,
        ),
        answered(
            "a field too many",
            text(r#"{"type":"ping","nonce":1,"more":2}"#),
            refused,
        ),
        answered(
            "a room that is none",
            text(r#"{"type":"join","room":"../../1"}"#),
            refused,
        ),
        answered(
            "a room that does not exist",
            text(r#"{"type":"join","room":"00000000-0000-0000-0000-000000000000"}"#),
            &["error not_found"],
        ),
        answered(
            "messages after a negative one",
            text(format!(
                r#"{{"type":"join","room":"{room}","after_seq":-1}}"#
            )),
            invalid,
        ),
        answered(
            "messages after the last of all",
            text(format!(
                r#"{{"type":"join","room":"{room}","after_seq":9223372036854775807}}"#
            )),
            &["joined"],
        ),
        answered(
            "a message that was not joined",
            send("\"c\"", "\"x\""),
            &["error forbidden"],
        ),
        answered("a message too long", send("\"c\"", &long), invalid),
        answered("a name too long", send(&long, "\"x\""), invalid),
        answered("an encoded NUL", send("\"c\"", "\"a\\u0000b\""), invalid),
    ]
}

fn closes() -> Vec<FrameRow> {
    let of_code = |code: u16| frame(FIN | CLOSE, &code.to_be_bytes());
    vec![
        row(
            "a close without a code",
            frame(FIN | CLOSE, b""),
            &["close"],
        ),
        ends(
            "a close of one byte",
            frame(FIN | CLOSE, &[3]),
            close::PROTOCOL_ERROR,
        ),
        ends("close code 0", of_code(0), close::PROTOCOL_ERROR),
        ends(
            "a close code for libraries alone",
            of_code(1005),
            close::PROTOCOL_ERROR,
        ),
        ends(
            "a close code that is not assigned",
            of_code(2999),
            close::PROTOCOL_ERROR,
        ),
        ends("a close code of an application", of_code(4999), 4999),
        ends(
            "a reason that is no UTF-8",
            frame(FIN | CLOSE, b"\x03\xe8\xff\xfe"),
            close::BAD_FRAME,
        ),
        ends(
            "frames behind a close",
            [of_code(1000), text(r#"{"type":"ping","nonce":1}"#)].concat(),
            1000,
        ),
    ]
}

/// The next of the server's frames, and the bytes behind it; `None` where none is complete.
fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[first, length], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match length {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*length) as usize, rest)
        }
        short => (usize::from(short), rest),
    };
    let (payload, rest) = rest.split_at_checked(length)?;
    Some((first & 0x0F, payload, rest))
}

/// What the server's bytes behind the handshake say, in the words of a row.
pub(super) fn read(mut bytes: &[u8]) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some((kind, payload, rest)) = next(bytes) {
        bytes = rest;
        heard.push(match kind {
            CLOSE => match payload.first_chunk() {
                Some(code) => format!("close {}", u16::from_be_bytes(*code)),
                None => "close".to_owned(),
            },
            PING => continue,
            PONG => "pong".to_owned(),
            _ => {
                let said: serde_json::Value = serde_json::from_slice(payload).unwrap();
                match (said["type"].as_str(), said["code"].as_str()) {
                    (Some("error"), Some(code)) => format!("error {code}"),
                    (Some("pong"), _) => "pong frame".to_owned(),
                    (kind, _) => kind.unwrap_or_default().to_owned(),
                }
            }
        });
    }
    heard
}
