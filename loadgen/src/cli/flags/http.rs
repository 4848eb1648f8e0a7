//! The flags of `loadgen http`, and what their texts mean.

use std::{io::Read as _, path::PathBuf};

use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue, Method};
use shared::time::Millis;

use super::{
    one_command::flags_of,
    result::{ResultArgs, STANDARD_STREAM},
    values::{count, positive, rate_or_zero, span, timeout, whole},
};
use loadgen_engine::{
    driver::ResolveRule,
    suite::{Think, load::think},
    threshold::{StatusSet, Threshold},
    units::Rate,
};

/// Maximum number of connections.
const MAX_CONNECTIONS: u32 = 20_000;
/// Maximum number of streams on one connection; servers allow about this many by default.
const MAX_STREAMS: u32 = 250;
/// Most requests for each login.
pub(super) const MAX_LOGIN_EVERY: u32 = 1_000_000;
/// Number of exchanges that `--http-debug` prints.
pub const TRACED_EXCHANGES: u32 = 3;

/// The client that sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HttpClientKind {
    /// One bare connection a user: low cost, and connect and TLS times are recorded.
    Native,
    /// One reqwest client a user.
    Reqwest,
}

impl HttpClientKind {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Reqwest => "reqwest",
        }
    }
}

/// `loadgen http`.
#[derive(Debug, Clone, Args)]
pub struct HttpArgs {
    /// URL to send to, like http://127.0.0.1:8080/path?x=1
    #[arg(value_name = "URL")]
    pub url: String,
    /// Number of connections; without --rate each sends its next request after the last response
    /// [default: 50; 1 with --http-debug]
    #[arg(long, short, env = "LOADGEN_CONNECTIONS", value_name = "N", value_parser = whole(1, MAX_CONNECTIONS))]
    pub connections: Option<u32>,
    /// Duration [default: 10s, or until --requests are done]
    #[arg(long, short, visible_short_alias = 'z', env = "LOADGEN_DURATION", value_name = "TIME", value_parser = positive)]
    pub duration: Option<Millis>,
    /// Number of requests, like 5000, 200k or 1m
    #[arg(long, short = 'n', env = "LOADGEN_REQUESTS", value_name = "N", value_parser = count)]
    pub requests: Option<u64>,
    /// Requests a second, independent of the responses: makes the load model open
    #[arg(long, short = 'R', env = "LOADGEN_RATE", value_name = "RATE", value_parser = rate_or_zero)]
    pub rate: Option<Rate>,
    /// Change the rate linearly from --rate to this one; one of them may be 0
    #[arg(long, env = "LOADGEN_TO", value_name = "RATE", value_parser = rate_or_zero, requires = "rate")]
    pub to: Option<Rate>,
    /// Pause of each connection between two requests, like 5s..15s, 2s or exp(2s)
    #[arg(long, env = "LOADGEN_THINK", value_name = "MIN..MAX", value_parser = think, conflicts_with = "rate")]
    pub think: Option<Think>,
    /// Send at random (Poisson) times instead of even intervals
    #[arg(long, env = "LOADGEN_POISSON", requires = "rate")]
    pub poisson: bool,
    /// Length of the warm-up, which is not measured
    #[arg(
        long,
        env = "LOADGEN_WARMUP",
        value_name = "TIME",
        value_parser = span,
        conflicts_with = "requests"
    )]
    pub warmup: Option<Millis>,
    /// Number of sender threads
    #[arg(long = "workers", short = 't', env = "LOADGEN_WORKERS", value_name = "N", default_value_t = 1, value_parser = whole(1_u16, 64))]
    pub workers: u16,
    /// Add a header, like 'accept: text/html' (repeatable)
    #[arg(long = "header", short = 'H', env = "LOADGEN_HEADER", value_name = "NAME: VALUE", value_parser = header, value_delimiter = '\n', hide_env_values = true)]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Method [default: GET, or POST with a body]
    #[arg(long, short = 'm', env = "LOADGEN_METHOD", value_name = "METHOD")]
    pub method: Option<Method>,
    /// Body, or @FILE, or @- for standard input
    #[arg(
        long,
        short = 'b',
        env = "LOADGEN_BODY",
        value_name = "TEXT",
        hide_env_values = true
    )]
    pub body: Option<String>,
    /// Request timeout, counted from the intended start
    #[arg(long, env = "LOADGEN_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = timeout)]
    pub timeout: Millis,
    /// The statuses that count as success, like 200,404 or 2xx or 200-299 [default: every status
    /// below 400]
    #[arg(long, env = "LOADGEN_EXPECT", value_name = "STATUSES")]
    pub expect: Option<StatusSet>,
    /// Add a threshold, like "p95 < 100ms" (repeatable)
    #[arg(
        long = "threshold",
        env = "LOADGEN_THRESHOLD",
        value_name = "TEXT",
        value_delimiter = ','
    )]
    pub thresholds: Vec<Threshold>,
    /// Seed of every random choice
    #[arg(long, env = "LOADGEN_SEED", value_name = "N", default_value_t = 1, value_parser = whole(0, u64::MAX))]
    pub seed: u64,
    /// Allow a target on another machine
    #[arg(long, env = "LOADGEN_ALLOW_REMOTE_TARGET")]
    pub allow_remote_target: bool,
    /// Use this address for a host and port, like a.test:8080:127.0.0.1 (repeatable)
    #[arg(
        long,
        env = "LOADGEN_RESOLVE",
        value_name = "HOST:PORT:ADDRESS",
        value_delimiter = ' ',
        conflicts_with = "unix"
    )]
    pub resolve: Vec<ResolveRule>,
    /// Connect to this Unix domain socket instead of TCP
    #[arg(long, env = "LOADGEN_UNIX", value_name = "FILE")]
    pub unix: Option<PathBuf>,
    /// Trust the certificate authorities in this PEM file (https)
    #[arg(
        long,
        env = "LOADGEN_CACERT",
        value_name = "FILE",
        conflicts_with = "insecure"
    )]
    pub cacert: Option<PathBuf>,
    /// Accept every certificate (https)
    #[arg(long, env = "LOADGEN_INSECURE")]
    pub insecure: bool,
    /// Use HTTP/2: negotiated over TLS, with prior knowledge over plain TCP
    #[arg(long, env = "LOADGEN_HTTP2")]
    pub http2: bool,
    /// Concurrent streams on one HTTP/2 connection: this many of the --connections share one
    #[arg(long, env = "LOADGEN_STREAMS", value_name = "N", default_value_t = 1, requires = "http2", value_parser = whole(1, MAX_STREAMS))]
    pub streams: u32,
    /// HTTP client: loadgen's own, or reqwest, which follows redirects and keeps cookies
    #[arg(long, env = "LOADGEN_CLIENT", value_name = "CLIENT", value_enum, default_value_t = HttpClientKind::Native)]
    pub client: HttpClientKind,
    /// Maximum number of redirects, all on the URL's own host (only with --client reqwest)
    /// [default: 10]
    #[arg(long, env = "LOADGEN_REDIRECTS", value_name = "N", value_parser = whole(0, u8::MAX))]
    pub redirects: Option<u8>,
    /// Print the first exchanges, secret headers excepted [default number of requests: 3]
    #[arg(long, env = "LOADGEN_HTTP_DEBUG")]
    pub http_debug: bool,
    /// Make one of so many requests a login: how `bench` runs its own side
    #[arg(long, env = "LOADGEN_BENCH_LOGIN_EVERY", value_name = "N", hide = true, value_parser = whole(2, MAX_LOGIN_EVERY))]
    pub bench_login_every: Option<u32>,
    /// Print one JSON object instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}

impl HttpArgs {
    /// One GET of this URL, everything else as it is without flags.
    pub fn of_url(url: &str) -> Result<Self, clap::Error> {
        flags_of(["http", url])
    }

    /// Number of virtual users; each has its own connection unless streams share one.
    pub fn users(&self) -> u32 {
        self.connections
            .unwrap_or(if self.http_debug { 1 } else { 50 })
    }

    /// Number of requests; `None` if the duration ends the load. That of traced exchanges would be over
    /// within a warm-up.
    pub fn count(&self) -> Option<u64> {
        let warms_up = self.warmup.is_some_and(|warm_up| warm_up.0 > 0);
        let few = self.http_debug && self.duration.is_none() && !warms_up;
        self.requests.or(few.then_some(u64::from(TRACED_EXCHANGES)))
    }

    /// The body; reads the file of `@FILE`, or standard input.
    pub fn body(&self) -> Result<Bytes, String> {
        let Some(text) = &self.body else {
            return Ok(Bytes::new());
        };
        let Some(file) = text.strip_prefix('@') else {
            return Ok(Bytes::from(text.clone()));
        };
        if file == STANDARD_STREAM {
            let mut body = Vec::new();
            return std::io::stdin()
                .read_to_end(&mut body)
                .map(|_length| Bytes::from(body))
                .map_err(|error| format!("cannot read the body from standard input: {error}"));
        }
        let file = PathBuf::from(file);
        std::fs::read(&file)
            .map(Bytes::from)
            .map_err(|error| format!("cannot read the body from {}: {error}", file.display()))
    }
}

/// `name: value`.
pub(super) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let bad = || format!("`{text}` is not a header: write it like 'accept: text/html'");
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    // Other white space ends a line, or belongs to the value.
    let blanks = [' ', '\t'];
    let name: HeaderName = name.trim_matches(blanks).parse().map_err(|_| bad())?;
    let value = value.trim_matches(blanks).parse().map_err(|_| bad())?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn any_text_is_one_header_line_that_reads_as_the_same_again_or_refused(
            text in prop_oneof![".{0,30}", "[ -~]{0,6}[ \t]?:[ -~\u{e4}\u{a0}\t\r\n\\x00\\x7f]{0,20}"],
        ) {
            if let Ok((name, value)) = header(&text) {
                prop_assert!(!text.contains(['\r', '\n', '\0']), "{name}: {value:?}");
                let shown = std::str::from_utf8(value.as_bytes()).unwrap();
                prop_assert_eq!(header(&format!("{name}: {shown}")), Ok((name, value)));
            }
        }

        #[test]
        fn any_text_is_a_number_of_requests_or_refused(text in prop_oneof![".{0,20}", "[0-9_.]{0,20}[kKmM]?"]) {
            prop_assert!(count(&text).is_ok_and(|count| count > 0) || count(&text).is_err());
        }
    }

    #[test]
    fn a_count_may_have_a_suffix_and_is_a_whole_number() {
        assert_eq!(count("5000"), Ok(5_000));
        assert_eq!(count("200k"), Ok(200_000));
        assert_eq!(count("1_000"), Ok(1_000));
        assert_eq!(count("1.5m"), Ok(1_500_000));
        for text in ["0", "", "k", "-3", "1.5", "many", "inf"] {
            assert!(count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn traced_exchanges_end_a_load_unless_its_length_or_a_warm_up_is_given() {
        let count = |words: &str| {
            let words = "http http://127.0.0.1:1/ --http-debug"
                .split(' ')
                .chain(words.split_whitespace());
            flags_of::<HttpArgs>(words).unwrap().count()
        };
        assert_eq!(count(""), Some(u64::from(TRACED_EXCHANGES)));
        assert_eq!(count("-n 7"), Some(7));
        assert_eq!(count("--duration 2s"), None);
        assert_eq!(count("--warmup 1s"), None);
        assert_eq!(count("--warmup 0s"), count(""));
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let (name, value) = header("Accept:  text/html ").unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("accept", "text/html")
        );
        assert!(header("accept").is_err());
        assert!(header("con tent: x").is_err());
    }
}
