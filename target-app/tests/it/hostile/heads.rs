//! Request lines and headers that are wrong, odd or huge.

use shared::paths;

use super::row::{CLOSED, RawRow, cut, get, live, request, row};

/// The answer to what is no request.
const BAD: &[u16] = &[400];
const FINE: &[u16] = &[200];
const MISSING: &[u16] = &[404];
const NO_SUCH_METHOD: &[u16] = &[405];
/// Too large a head may be answered before all of it was read; the rest then resets the connection.
const HUGE: &[u16] = &[431, CLOSED];

/// Every row of this file.
pub(super) fn rows() -> Vec<RawRow> {
    [lines(), targets(), headers(), hosts()]
        .into_iter()
        .flatten()
        .collect()
}

fn line(line: &str) -> Vec<u8> {
    request(line, &[], b"")
}

fn lines() -> Vec<RawRow> {
    let path = paths::HEALTH_LIVE;
    let long_method = "A".repeat(8_000);
    vec![
        row(
            "an empty line before",
            [b"\r\n", &*live(&[])].concat(),
            FINE,
        ),
        cut("only empty lines", "\r\n".repeat(1_000), &[400, CLOSED]),
        cut("nothing at all", "", &[CLOSED]),
        row("one word", "GET\r\n\r\n", BAD),
        row("no version", format!("GET {path}\r\n\r\n"), BAD),
        row("version 9.9", line(&format!("GET {path} HTTP/9.9")), BAD),
        row("version 2.0", line(&format!("GET {path} HTTP/2.0")), BAD),
        row(
            "version in small letters",
            line(&format!("GET {path} http/1.1")),
            BAD,
        ),
        row(
            "a fourth word",
            line(&format!("GET {path} HTTP/1.1 now")),
            BAD,
        ),
        row(
            "the preface of HTTP/2",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            &[CLOSED],
        ),
        row(
            "a TLS handshake",
            [
                0x16, 3, 1, 0, 0xA5, 1, 0, 0, 0xA1, 3, 3, b'\r', b'\n', b'\r', b'\n',
            ],
            BAD,
        ),
        row(
            "a method in small letters",
            line(&format!("get {path} HTTP/1.1")),
            NO_SUCH_METHOD,
        ),
        row(
            "a method of its own",
            line(&format!("BREW {path} HTTP/1.1")),
            NO_SUCH_METHOD,
        ),
        row(
            "a method of 8,000 letters",
            line(&format!("{long_method} {path} HTTP/1.1")),
            NO_SUCH_METHOD,
        ),
        row(
            "a method with NUL",
            line(&format!("G\0T {path} HTTP/1.1")),
            BAD,
        ),
        row(
            "TRACE",
            line(&format!("TRACE {path} HTTP/1.1")),
            NO_SUCH_METHOD,
        ),
        row("CONNECT", line("CONNECT a.test:80 HTTP/1.1"), &[404, 405]),
        row("OPTIONS of everything", line("OPTIONS * HTTP/1.1"), MISSING),
        row("an empty method", line(&format!(" {path} HTTP/1.1")), BAD),
    ]
}

fn targets() -> Vec<RawRow> {
    let path = paths::HEALTH_LIVE;
    let mentors = paths::MENTORS;
    vec![
        row(
            "absolute form",
            line(&format!("GET http://b.test{path} HTTP/1.1")),
            FINE,
        ),
        row(
            "absolute form with a user",
            line(&format!("GET http://me:secret@b.test{path} HTTP/1.1")),
            &[200, 400],
        ),
        row(
            "absolute form of another scheme",
            line("GET file:///etc/passwd HTTP/1.1"),
            &[400, 404],
        ),
        row(
            "authority form",
            line("GET a.test:80 HTTP/1.1"),
            &[400, 404],
        ),
        row("no slash", line("GET health/live HTTP/1.1"), &[400, 404]),
        row("a fragment", get("/health/live#part", &[]), &[200, 400]),
        row("a space", line("GET /health/li ve HTTP/1.1"), BAD),
        row("raw UTF-8", get("/gr\u{f6}\u{df}e", &[]), &[400, 404]),
        row("raw NUL", get("/health/live\0", &[]), BAD),
        row("encoded NUL", get("/health/live%00", &[]), MISSING),
        row("encoded slash", get("/health%2Flive", &[]), MISSING),
        row(
            "dots",
            get(&format!("{mentors}/../../../etc/passwd"), &[]),
            MISSING,
        ),
        row(
            "encoded dots",
            get(&format!("{mentors}/%2e%2e/%2e%2e/etc/passwd"), &[]),
            MISSING,
        ),
        row(
            "encoded dots and slashes",
            get(&format!("{mentors}/..%2f..%2fetc%2fpasswd"), &[]),
            &[422],
        ),
        row(
            "dots twice encoded",
            get(&format!("{mentors}/%252e%252e%252f"), &[]),
            &[422],
        ),
        row("slashes twice", get("//health//live", &[]), MISSING),
        row("a slash at the end", get("/health/live/", &[]), MISSING),
        row("a bare percent sign", get("/%", &[]), &[400, 404]),
        row(
            "bad percent digits",
            get(&format!("{mentors}/%zz"), &[]),
            &[400, 422],
        ),
        row(
            "encoded bytes that are no UTF-8",
            get(&format!("{mentors}/%ff%fe"), &[]),
            &[400, 422],
        ),
        row(
            "an id of 60,000 characters",
            get(&format!("{mentors}/{}", "7".repeat(60_000)), &[]),
            &[422],
        ),
        row(
            "a query of 60,000 characters",
            get(&format!("{mentors}?q={}", "q".repeat(60_000)), &[]),
            &[422],
        ),
        row(
            "a target of 70,000 characters",
            get(&format!("/{}", "t".repeat(70_000)), &[]),
            HUGE,
        ),
    ]
}

fn headers() -> Vec<RawRow> {
    let many: Vec<String> = (0..95).map(|n| format!("x-{n}: {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let too_many = [&many[..], &many[..20]].concat();
    let long = format!("x-long: {}", "l".repeat(60_000));
    let longer = format!("x-longer: {}", "l".repeat(100_000));
    let huge = format!("x-huge: {}", "h".repeat(600_000));
    let path = paths::HEALTH_LIVE;
    vec![
        row("95 headers more", live(&many), FINE),
        row("more headers than are read", live(&too_many), HUGE),
        row("a header of 60,000 bytes", live(&[&long]), FINE),
        row("a header of 100,000 bytes", live(&[&longer]), HUGE),
        row("a header of 600,000 bytes", live(&[&huge]), HUGE),
        row("a header without a colon", live(&["nothing"]), BAD),
        row("a header without a name", live(&[": x"]), BAD),
        row("a space before the colon", live(&["x-a : b"]), BAD),
        row("a space in a name", live(&["x a: b"]), BAD),
        row("a folded line", live(&["x-a: b", " c"]), BAD),
        row("NUL in a value", live(&["x-a: b\0c"]), BAD),
        row("CR in a value", live(&["x-a: b\rc"]), BAD),
        row("a value that is no ASCII", live(&["x-a: \u{e9}"]), FINE),
        row(
            "a request id of 10,000 bytes",
            live(&[&format!("x-request-id: {}", "r".repeat(10_000))]),
            FINE,
        ),
        row(
            "a request id with line breaks encoded",
            live(&["x-request-id: a%0d%0aset-cookie:%20b"]),
            FINE,
        ),
        row(
            "an encoding that is nonsense",
            live(&["accept-encoding: gzip;q=nan, *;q=2, ;;,,"]),
            FINE,
        ),
        row(
            "lines that end with LF alone",
            format!("GET {path} HTTP/1.1\nhost: a.test\nconnection: close\n\n"),
            &[200, 400],
        ),
        cut(
            "a head that does not end",
            format!("GET {path} HTTP/1.1\r\nhost: a.test\r\nx-a"),
            &[400, CLOSED],
        ),
        row(
            "an unknown expectation",
            live(&["expect: the-impossible"]),
            &[200, 417],
        ),
    ]
}

fn hosts() -> Vec<RawRow> {
    let path = paths::HEALTH_LIVE;
    let with = |hosts: &str| format!("GET {path} HTTP/1.1\r\nconnection: close\r\n{hosts}\r\n");
    vec![
        row("no host", with(""), BAD),
        row("two hosts", with("host: a.test\r\nhost: b.test\r\n"), BAD),
        row("an empty host", with("host:\r\n"), BAD),
        row("a host with a path", with("host: a.test/b\r\n"), BAD),
        row("a host with a user", with("host: me@a.test\r\n"), BAD),
        row(
            "a host that is no ASCII",
            with("host: \u{e9}.test\r\n"),
            BAD,
        ),
        row(
            "a port beyond all ports",
            with("host: a.test:99999999\r\n"),
            &[200, 400],
        ),
    ]
}
