//! Queries, ranges, entity tags, credentials, keys and upgrades that are wrong or odd.

use shared::paths;

use super::row::{RawRow, Scene, bearer, get, json, json_as, live, request, row};

const BAD: &[u16] = &[400];
const INVALID: &[u16] = &[422];
const FINE: &[u16] = &[200];
const STRANGER: &[u16] = &[401];
const PART: &[u16] = &[206];
const OUTSIDE: &[u16] = &[416];
const KNOWN: &[u16] = &[304];

/// Every row of this file.
pub(super) fn rows(scene: &Scene) -> Vec<RawRow> {
    [
        queries(scene),
        instants(scene),
        ranges(scene),
        tags(scene),
        credentials(scene),
        keys(scene),
        upgrades(scene),
        lab(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Wrong queries of every list that is read in pages.
fn queries(scene: &Scene) -> Vec<RawRow> {
    let student = bearer(&scene.student);
    let mut rows = Vec::new();
    for list in [
        paths::MENTORS.to_owned(),
        paths::with_id(paths::MENTOR_REVIEWS, &scene.mentor_id),
        paths::BOOKINGS.to_owned(),
        paths::RECORDINGS.to_owned(),
    ] {
        for query in [
            "page=0",
            "page=-1",
            "page=1e3",
            "page=1001",
            "page=99999999999999999999",
            "page=",
            "page=1&page=2",
            "page[]=1",
            "per_page=101",
            "per_page=%00",
            "limit=1",
            "%FF=1",
            "=&=&=",
        ] {
            let target = format!("{list}?{query}");
            rows.push(row(target.clone(), get(&target, &[&student]), INVALID));
        }
    }
    let history = paths::with_id(paths::CHAT_MESSAGES, &scene.room);
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "after_seq=-1",
        "after_seq=9223372036854775808",
        "page=1",
    ] {
        let target = format!("{history}?{query}");
        rows.push(row(target.clone(), get(&target, &[&student]), INVALID));
    }
    for query in [
        "cursor=",
        "cursor=AAAA",
        "cursor=%00",
        "cursor=..%2f",
        "cursor=AQAAAAAAAQ&page=1",
        "min_rating=NaN",
        "min_rating=1e309",
        "min_rating=-0.1",
        "max_price_cents=-1",
        "max_price_cents=9223372036854775808",
        "sort=worst",
        "q=%00",
        "language=abcdefghijk",
    ] {
        let target = format!("{}?{query}", paths::MENTORS);
        rows.push(row(target.clone(), get(&target, &[]), INVALID));
    }
    rows.push(row(
        "a search of nothing but operators",
        get(&format!("{}?q=%26%7C%21%28%3A%2A%27", paths::MENTORS), &[]),
        FINE,
    ));
    rows
}

/// Wrong spans of time.
fn instants(scene: &Scene) -> Vec<RawRow> {
    let student = bearer(&scene.student);
    let availability = paths::with_id(paths::MENTOR_AVAILABILITY, &scene.mentor_id);
    let mut rows = Vec::new();
    for path in [paths::BOOKINGS, &availability] {
        for query in [
            "from=yesterday",
            "from=infinity",
            "from=1",
            "from=2026-02-30T00:00:00Z",
            "from=2026-01-01T25:00:00Z",
            "from=2026-01-01",
            "to=0000-12-31T23:59:59Z",
            "to=-5000-01-01T00:00:00Z",
            "to=%2B99999-01-01T00:00:00Z",
            "from=9999-12-31T23:59:59Z&to=0001-01-01T00:00:00Z",
        ] {
            let target = format!("{path}?{query}");
            rows.push(row(target.clone(), get(&target, &[&student]), INVALID));
        }
    }
    rows
}

fn ranges(scene: &Scene) -> Vec<RawRow> {
    let mut rows = Vec::new();
    let many = (0..1_000)
        .map(|n| format!("{n}-{n}"))
        .collect::<Vec<_>>()
        .join(",");
    for (range, allowed) in [
        ("bytes=0-0", PART),
        ("bytes=0-18446744073709551616", PART),
        ("bytes=-18446744073709551615", PART),
        ("BYTES = 0-0", PART),
        ("bytes=18446744073709551615-", OUTSIDE),
        ("bytes=99999999999999999999-", OUTSIDE),
        ("bytes=-0", OUTSIDE),
        ("bytes=--1", FINE),
        ("bytes=-", FINE),
        ("bytes=+1-2", FINE),
        ("bytes=5-4", FINE),
        ("bytes=0x1-0x2", FINE),
        ("bytes=\u{661}-\u{662}", FINE),
        ("=", FINE),
        ("", FINE),
        (&format!("bytes={many}"), FINE),
    ] {
        let name: String = range.chars().take(40).collect();
        let header = format!("range: {range}");
        rows.push(row(
            format!("range {name}"),
            get(&scene.stream, &[&header]),
            allowed,
        ));
    }
    rows.extend([
        row(
            "two ranges in two lines",
            get(&scene.stream, &["range: bytes=0-0", "range: bytes=1-1"]),
            BAD,
        ),
        row(
            "a range that continues another version",
            get(&scene.stream, &["range: bytes=0-0", "if-range: \"x\""]),
            FINE,
        ),
        row(
            "two versions to continue",
            get(
                &scene.stream,
                &["range: bytes=0-0", "if-range: \"x\"", "if-range: \"y\""],
            ),
            BAD,
        ),
    ]);
    rows
}

fn tags(scene: &Scene) -> Vec<RawRow> {
    let tag = &scene.etag;
    let many = vec!["\"x\""; 5_000].join(", ");
    let ask = |name: &str, lists: &[&str], allowed: &'static [u16]| {
        let lines: Vec<String> = lists
            .iter()
            .map(|list| format!("if-none-match: {list}"))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        row(name, get(&scene.stream, &lines), allowed)
    };
    vec![
        ask("any tag", &["*"], KNOWN),
        ask("a weak tag", &[&format!("W/{tag}")], KNOWN),
        ask("the tag in a second line", &["\"x\"", tag], KNOWN),
        ask("5,000 other tags", &[&many], FINE),
        ask("an open quote", &["\"x"], FINE),
        ask("the tag without quotes", &[tag.trim_matches('"')], FINE),
        ask("nothing but commas", &[",,,"], FINE),
        ask("a tag that is no ASCII", &["\"\u{e9}\""], FINE),
        row(
            "an altered signature",
            get(&format!("{}0", scene.stream), &[]),
            &[403],
        ),
        row(
            "an expiry beyond 64 bits",
            get(
                &scene
                    .stream
                    .replace("expires=", "expires=9999999999999999999"),
                &[],
            ),
            INVALID,
        ),
    ]
}

fn credentials(scene: &Scene) -> Vec<RawRow> {
    let me = |headers: &[&str]| get(paths::AUTH_ME, headers);
    let good = bearer(&scene.student);
    let payload = scene.student.split('.').nth(1).unwrap_or_default();
    // The header {"alg":"none"} and no signature.
    let unsigned = bearer(&format!("eyJhbGciOiJub25lIn0.{payload}."));
    let altered = format!("{good}A");
    let long = bearer(&"t".repeat(60_000));
    vec![
        row("a good token", me(&[&good]), FINE),
        row("no token", me(&[]), STRANGER),
        row("an empty credential", me(&["authorization:"]), STRANGER),
        row("a scheme alone", me(&["authorization: Bearer"]), STRANGER),
        row(
            "another scheme",
            me(&["authorization: Basic bWU6eA=="]),
            STRANGER,
        ),
        row("no scheme", me(&["authorization: x.y.z"]), STRANGER),
        row("two words", me(&[&format!("{good} x")]), STRANGER),
        row("a token of 60,000 characters", me(&[&long]), STRANGER),
        row("a token without a signature", me(&[&unsigned]), STRANGER),
        row("an altered token", me(&[&altered]), STRANGER),
        row("dots alone", me(&["authorization: Bearer .."]), STRANGER),
        row(
            "a token that is no ASCII",
            me(&["authorization: Bearer \u{e9}"]),
            STRANGER,
        ),
        row(
            "two credentials",
            me(&[&good, "authorization: Bearer x"]),
            BAD,
        ),
        row(
            "a token in the query",
            get(
                &format!("{}?access_token={}", paths::AUTH_ME, scene.student),
                &[],
            ),
            STRANGER,
        ),
        row(
            "a mentor who books",
            json(
                paths::BOOKINGS,
                &[&bearer(&scene.mentor)],
                r#"{"slot_id":"00000000-0000-0000-0000-000000000000"}"#,
            ),
            &[403],
        ),
    ]
}

fn keys(scene: &Scene) -> Vec<RawRow> {
    let student = bearer(&scene.student);
    let book = |keys: &[&str]| {
        let keys: Vec<String> = keys
            .iter()
            .map(|key| format!("idempotency-key: {key}"))
            .collect();
        let mut headers = vec![student.as_str()];
        headers.extend(keys.iter().map(String::as_str));
        json(
            paths::BOOKINGS,
            &headers,
            r#"{"slot_id":"00000000-0000-0000-0000-000000000000"}"#,
        )
    };
    vec![
        row("a key for no slot", book(&["k"]), &[404]),
        row("an empty key", book(&[""]), INVALID),
        row("a key of 256 bytes", book(&[&"k".repeat(256)]), INVALID),
        row("a key with a space", book(&["a b"]), INVALID),
        row("a key that is no ASCII", book(&["\u{e9}"]), INVALID),
        row("two keys", book(&["a", "b"]), BAD),
    ]
}

fn upgrades(scene: &Scene) -> Vec<RawRow> {
    let student = bearer(&scene.student);
    let socket = paths::CHAT_SOCKET;
    // No `connection: close`, which `get` would add.
    let upgrade = |line: &str, headers: &[&str]| {
        let mut head = format!("{line}\r\nhost: a.test\r\n{student}\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head + "\r\n"
    };
    let ask = format!("GET {socket} HTTP/1.1");
    let close = "connection: close, upgrade";
    let kind = "upgrade: websocket";
    let version = "sec-websocket-version: 13";
    let key = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==";
    vec![
        row("no upgrade", get(socket, &[&student]), INVALID),
        row("no key", upgrade(&ask, &[close, kind, version]), INVALID),
        row(
            "a key that is not base64",
            upgrade(&ask, &[close, kind, version, "sec-websocket-key: ?"]),
            INVALID,
        ),
        row(
            "a key of three bytes",
            upgrade(&ask, &[close, kind, version, "sec-websocket-key: AAAA"]),
            INVALID,
        ),
        row(
            "two keys of a socket",
            upgrade(&ask, &[close, kind, version, key, key]),
            BAD,
        ),
        row(
            "no socket version",
            upgrade(&ask, &[close, kind, key]),
            INVALID,
        ),
        row(
            "version 12",
            upgrade(&ask, &[close, kind, key, "sec-websocket-version: 12"]),
            INVALID,
        ),
        row(
            "another protocol",
            upgrade(&ask, &[close, "upgrade: h2c", version, key]),
            INVALID,
        ),
        row(
            "a socket over POST",
            upgrade(
                &format!("POST {socket} HTTP/1.1"),
                &[close, kind, version, key],
            ),
            &[405],
        ),
        row(
            "a socket over HTTP/1.0",
            upgrade(
                &format!("GET {socket} HTTP/1.0"),
                &[close, kind, version, key],
            ),
            INVALID,
        ),
        row(
            "a socket of a stranger",
            request(&ask, &["upgrade: websocket", version, key], b""),
            STRANGER,
        ),
        row(
            "an upgrade of what is no socket",
            live(&["upgrade: websocket", version, key]),
            FINE,
        ),
        row("an upgrade to HTTP/2", live(&["upgrade: h2c"]), FINE),
    ]
}

fn lab() -> Vec<RawRow> {
    let token = "x-lab-token: a lab token of the battery";
    let put = |body: &str| json_as("PUT", paths::LAB_PROFILE, &[token], body);
    let telemetry = |query: &str| get(&format!("{}?{query}", paths::LAB_TELEMETRY), &[token]);
    vec![
        row(
            "the lab without a token",
            get(paths::LAB_PROFILE, &[]),
            STRANGER,
        ),
        row(
            "two lab tokens",
            get(paths::LAB_PROFILE, &[token, "x-lab-token: x"]),
            BAD,
        ),
        row(
            "the lab by a name that is not this server's",
            format!(
                "GET {} HTTP/1.1\r\nhost: rebound.test\r\n{token}\r\nconnection: close\r\n\r\n",
                paths::LAB_PROFILE
            ),
            &[421],
        ),
        row("a profile that is a list", put("[]"), INVALID),
        row(
            "a profile of another type",
            put(r#"{"pool.max":[5]}"#),
            INVALID,
        ),
        row(
            "a profile without a value",
            put(r#"{"pool.max":null}"#),
            INVALID,
        ),
        row("no such switch", put(r#"{"pool.maks":5}"#), INVALID),
        row("telemetry of nothing", telemetry("follow=0s"), INVALID),
        row(
            "telemetry without end",
            telemetry("follow=1s&count=4294967296"),
            INVALID,
        ),
        row(
            "a plan of no operation",
            get(&format!("{}?operation=%00", paths::LAB_EXPLAIN), &[token]),
            &[404, 422],
        ),
        row(
            "a ledger of another shape",
            json(paths::LAB_AUDIT, &[token], r#"{"ledger":[]}"#),
            INVALID,
        ),
    ]
}
