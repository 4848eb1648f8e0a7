//! Bodies whose length, coding or content is wrong.

use shared::paths;

use super::row::{CLOSED, RawRow, Scene, bearer, cut, json, json_as, request, row};

const BAD: &[u16] = &[400];
const INVALID: &[u16] = &[422];
/// Refused before all of it was read: the rest may reset the connection.
const TOO_LARGE: &[u16] = &[413, CLOSED];

/// Every row of this file.
pub(super) fn rows(scene: &Scene) -> Vec<RawRow> {
    [lengths(), chunks(), texts(), fields(scene)]
        .into_iter()
        .flatten()
        .collect()
}

/// A login with those headers and body, of whatever length.
fn login(headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut all = vec!["content-type: application/json"];
    all.extend(headers);
    let line = format!("POST {} HTTP/1.1", paths::AUTH_LOGIN);
    request(&line, &all, body.as_ref())
}

fn lengths() -> Vec<RawRow> {
    let large = vec![b' '; 64 * 1024 + 1];
    let huge = vec![b' '; 1024 * 1024];
    let path = paths::AUTH_LOGIN;
    vec![
        row(
            "a negative length",
            login(&["content-length: -1"], "{}"),
            BAD,
        ),
        row(
            "a length with a sign",
            login(&["content-length: +2"], "{}"),
            BAD,
        ),
        row(
            "a length in words",
            login(&["content-length: two"], "{}"),
            BAD,
        ),
        row(
            "a list of lengths",
            login(&["content-length: 2, 2"], "{}"),
            BAD,
        ),
        row(
            "a length beyond 64 bits",
            login(&["content-length: 99999999999999999999"], "{}"),
            BAD,
        ),
        row(
            "the greatest length of 64 bits",
            login(&["content-length: 18446744073709551615"], "{}"),
            &[400, 413, 431],
        ),
        row(
            "the same length twice",
            login(&["content-length: 2", "content-length: 2"], "{}"),
            &[400, 422],
        ),
        row(
            "two lengths",
            login(&["content-length: 2", "content-length: 3"], "{}"),
            BAD,
        ),
        cut(
            "a body that is too short",
            login(&["content-length: 100"], "{}"),
            &[400, CLOSED],
        ),
        row(
            "a body that is too long",
            login(&["content-length: 2"], "{}{}{}"),
            &[400, 422],
        ),
        row(
            "bytes behind the body of a connection that stays",
            format!(
                "POST {path} HTTP/1.1\r\nhost: a.test\r\ncontent-type: application/json\r\n\
                 content-length: 2\r\n\r\n{{}}garbage\r\n\r\n"
            ),
            &[400, 422],
        ),
        row(
            "one byte more than is read",
            json(path, &[], large),
            TOO_LARGE,
        ),
        row(
            "sixteen times what is read",
            json(path, &[], huge),
            TOO_LARGE,
        ),
        row(
            "a body that waits to be asked for",
            login(&["content-length: 2", "expect: 100-continue"], "{}"),
            &[100, 422],
        ),
        cut(
            "a large body that is never sent",
            login(&["content-length: 1000000000", "expect: 100-continue"], ""),
            &[100, 400, 413, CLOSED],
        ),
        row("no body", login(&["content-length: 0"], ""), BAD),
        row("neither length nor body", login(&[], ""), BAD),
        row(
            "a body of a GET",
            json_as("GET", paths::HEALTH_LIVE, &[], "{}"),
            &[200],
        ),
    ]
}

fn chunks() -> Vec<RawRow> {
    let chunked = |body: &str| login(&["transfer-encoding: chunked"], body);
    let path = paths::AUTH_LOGIN;
    let trailers: String = (0..2_000).fold(String::new(), |lines, n| {
        lines + &format!("x-{n}: trailer\r\n")
    });
    vec![
        row("chunks", chunked("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), INVALID),
        row(
            "chunks of one byte",
            chunked(&format!("{}0\r\n\r\n", "1\r\n \r\n".repeat(2_000))),
            BAD,
        ),
        row(
            "length and chunks",
            login(
                &["content-length: 2", "transfer-encoding: chunked"],
                "2\r\n{}\r\n0\r\n\r\n",
            ),
            &[400, 422],
        ),
        row(
            "chunks and length",
            login(
                &["transfer-encoding: chunked", "content-length: 2"],
                "2\r\n{}\r\n0\r\n\r\n",
            ),
            &[400, 422],
        ),
        row(
            "a coding that is not chunked",
            login(&["transfer-encoding: gzip"], "{}"),
            BAD,
        ),
        row(
            "chunked is not the last coding",
            login(&["transfer-encoding: chunked, identity"], "0\r\n\r\n"),
            BAD,
        ),
        row(
            "a coding with a tab before it",
            login(&["transfer-encoding: \u{b}chunked"], "0\r\n\r\n"),
            BAD,
        ),
        row(
            "chunks in HTTP/1.0",
            format!(
                "POST {path} HTTP/1.0\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            BAD,
        ),
        row(
            "a size that is no number",
            chunked("zz\r\n{}\r\n0\r\n\r\n"),
            BAD,
        ),
        row("a negative size", chunked("-2\r\n{}\r\n0\r\n\r\n"), BAD),
        row(
            "a size beyond 64 bits",
            chunked("fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
            BAD,
        ),
        cut(
            "the greatest size of 64 bits",
            chunked("ffffffffffffffff\r\n{}"),
            &[400, CLOSED],
        ),
        row(
            "a chunk longer than its size",
            chunked("1\r\n{}\r\n0\r\n\r\n"),
            BAD,
        ),
        cut("no last chunk", chunked("2\r\n{}\r\n"), &[400, CLOSED]),
        row(
            "a long extension",
            chunked(&format!("2;x={}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(20_000))),
            BAD,
        ),
        row(
            "many trailers",
            chunked(&format!("2\r\n{{}}\r\n0\r\n{trailers}\r\n")),
            &[400, 422],
        ),
        cut(
            "chunks without end beyond what is read",
            chunked(&format!("400\r\n{}\r\n", " ".repeat(0x400)).repeat(80)),
            TOO_LARGE,
        ),
    ]
}

fn texts() -> Vec<RawRow> {
    let path = paths::AUTH_LOGIN;
    let whole = |body: &[u8]| json(path, &[], body);
    let utf16: Vec<u8> = "\u{feff}{}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let of_kind = |kinds: &[&str]| {
        let mut all = vec!["content-length: 2"];
        all.extend(kinds);
        request(&format!("POST {path} HTTP/1.1"), &all, b"{}")
    };
    vec![
        row("a plain text", of_kind(&["content-type: text/plain"]), BAD),
        row("no media type", of_kind(&[]), BAD),
        row(
            "two media types",
            of_kind(&["content-type: application/json", "content-type: text/plain"]),
            BAD,
        ),
        row(
            "a media type that is no ASCII",
            of_kind(&["content-type: \u{e9}/json"]),
            BAD,
        ),
        row(
            "a compressed body",
            json(path, &["content-encoding: gzip"], [0x1F, 0x8B, 8, 0, 1]),
            BAD,
        ),
        row(
            "bytes that are no UTF-8",
            whole(b"{\"email\":\"\xff\"}"),
            BAD,
        ),
        row("UTF-16", whole(&utf16), BAD),
        row("a byte order mark", whole(b"\xef\xbb\xbf{}"), BAD),
        row("a raw NUL", whole(b"{\"email\":\"a\0b\"}"), BAD),
        row("half a surrogate", whole(br#"{"email":"\ud800"}"#), BAD),
        row("an open text", whole(br#"{"email":"a"#), BAD),
        row("two objects", whole(b"{} {}"), INVALID),
        row("NaN", whole(br#"{"email":NaN}"#), BAD),
        row("a comment", whole(b"{/* nothing */}"), BAD),
        row(
            "10,000 open arrays",
            whole("[".repeat(10_000).as_bytes()),
            BAD,
        ),
        row(
            "10,000 arrays in a field",
            whole(format!("{{\"email\":{}", "[".repeat(10_000)).as_bytes()),
            &[400, 422],
        ),
        row(
            "10,000 nested objects",
            whole("{\"a\":".repeat(10_000).as_bytes()),
            &[400, 422],
        ),
        row("null", whole(b"null"), INVALID),
        row(
            "an array",
            whole(br#"["a@example.org","a password"]"#),
            INVALID,
        ),
        row("a number", whole(b"1e999"), &[400, 422]),
    ]
}

fn fields(scene: &Scene) -> Vec<RawRow> {
    let login = |body: &str| json(paths::AUTH_LOGIN, &[], body);
    let student = bearer(&scene.student);
    let mentor = bearer(&scene.mentor);
    let reviews = paths::with_id(paths::MENTOR_REVIEWS, &scene.mentor_id);
    let review = |stars: &str| {
        json(
            &reviews,
            &[&student],
            format!(r#"{{"stars":{stars},"body":"x"}}"#),
        )
    };
    let update = |fields: &str| json_as("PATCH", paths::MENTORS_ME, &[&mentor], fields);
    let long = "x".repeat(60_000);
    vec![
        row(
            "a field twice",
            login(r#"{"email":"a@b.test","email":"c@d.test","password":"p"}"#),
            INVALID,
        ),
        row(
            "an unknown field",
            login(r#"{"emial":"a@b.test"}"#),
            INVALID,
        ),
        row(
            "a field of another type",
            login(r#"{"email":true,"password":1}"#),
            INVALID,
        ),
        row(
            "an encoded NUL",
            login("{\"email\":\"a\\u0000@b.test\",\"password\":\"p\"}"),
            INVALID,
        ),
        row(
            "an address of 60,000 characters",
            login(&format!(r#"{{"email":"{long}","password":"p"}}"#)),
            INVALID,
        ),
        row(
            "a password of 60,000 characters",
            login(&format!(r#"{{"email":"a@b.test","password":"{long}"}}"#)),
            INVALID,
        ),
        row(
            "a role that is not registered here",
            json(
                paths::AUTH_REGISTER,
                &[],
                r#"{"email":"a@b.test","password":"0123456789","display_name":"a","role":"admin"}"#,
            ),
            INVALID,
        ),
        row(
            "stars of 1,000 digits",
            review(&"9".repeat(1_000)),
            &[400, 422],
        ),
        row("stars beyond 16 bits", review("65537"), INVALID),
        row("stars with a fraction", review("1.5"), INVALID),
        row("stars with an exponent, too many", review("1e1"), INVALID),
        row(
            "stars with a fraction and an exponent",
            review("15e-1"),
            INVALID,
        ),
        row("minus zero stars", review("-0"), INVALID),
        row(
            "a price beyond 64 bits",
            update(r#"{"hourly_price_cents":9223372036854775808}"#),
            INVALID,
        ),
        row(
            "a negative price",
            update(r#"{"hourly_price_cents":-1}"#),
            INVALID,
        ),
        row(
            "a headline of two lines",
            update(r#"{"headline":"a\nb"}"#),
            INVALID,
        ),
        row(
            "an id that is none",
            json(paths::BOOKINGS, &[&student], r#"{"slot_id":"../../1"}"#),
            INVALID,
        ),
        row(
            "an array for an id",
            json(paths::BOOKINGS, &[&student], r#"{"slot_id":[0,1,2]}"#),
            INVALID,
        ),
        row(
            "a refresh token of 60,000 characters",
            json(
                paths::AUTH_REFRESH,
                &[],
                format!(r#"{{"refresh_token":"{long}"}}"#),
            ),
            &[401, 422],
        ),
    ]
}
