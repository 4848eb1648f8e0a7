//! The flags of `loadgen http`, and what their texts mean.

use std::path::PathBuf;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue, Method};
use shared::time::Millis;

use super::super::args::{positive, rate, timeout};
use crate::{threshold::Threshold, units::Rate};

/// Most connections.
const MOST_CONNECTIONS: i64 = 20_000;

/// Most streams on one connection; what servers allow by default is about this.
const MOST_STREAMS: u32 = 250;
/// Exchanges that are shown.
pub(super) const SHOWN: u32 = 3;

/// What sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A bare connection a user: cheap, and every time is seen.
    Hyper,
    /// A whole client a user.
    Reqwest,
}

/// `loadgen http`.
#[derive(Debug, Clone, Args)]
pub struct HttpArgs {
    /// Where to send, like http://127.0.0.1:8080/path?x=1
    #[arg(value_name = "URL")]
    pub url: String,
    /// Connections; without --rate each sends its next request when the last is answered
    /// [default: 50; 1 with --http-debug]
    #[arg(long, short, env = "LOADGEN_CONNECTIONS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_CONNECTIONS))]
    pub connections: Option<u32>,
    /// For how long; 10s without it, or until --requests are done
    #[arg(long, short, visible_short_alias = 'z', env = "LOADGEN_DURATION", value_name = "TIME", value_parser = positive)]
    pub duration: Option<Millis>,
    /// How many requests, like 5000, 200k or 1m
    #[arg(long, short = 'n', env = "LOADGEN_REQUESTS", value_name = "N", value_parser = count)]
    pub requests: Option<u64>,
    /// Requests a second, whatever becomes of those before: makes the load open
    #[arg(long, short = 'R', visible_short_alias = 'q', env = "LOADGEN_RATE", value_name = "RATE", value_parser = rate)]
    pub rate: Option<Rate>,
    /// Go evenly from --rate to this one
    #[arg(long, env = "LOADGEN_TO", value_name = "RATE", value_parser = rate, requires = "rate")]
    pub to: Option<Rate>,
    /// Send at random times of that rate, as independent users do, and not at even ones
    #[arg(long, env = "LOADGEN_POISSON", requires = "rate")]
    pub poisson: bool,
    /// Load that is sent first and not measured
    #[arg(
        long,
        env = "LOADGEN_WARMUP",
        value_name = "TIME",
        conflicts_with = "requests"
    )]
    pub warmup: Option<Millis>,
    /// Threads that send
    #[arg(long = "workers", short = 't', env = "LOADGEN_WORKERS", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// A header, like 'accept: text/html' (repeatable)
    #[arg(long = "header", short = 'H', env = "LOADGEN_HEADER", value_name = "NAME: VALUE", value_parser = header, value_delimiter = '\n', hide_env_values = true)]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The method; GET, or POST with a body
    #[arg(long, short = 'm', env = "LOADGEN_METHOD", value_name = "METHOD")]
    pub method: Option<Method>,
    /// The body, or @FILE
    #[arg(
        long,
        short = 'b',
        env = "LOADGEN_BODY",
        value_name = "TEXT",
        hide_env_values = true
    )]
    pub body: Option<String>,
    /// A request's time limit, from its intended start
    #[arg(long, env = "LOADGEN_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = patience)]
    pub timeout: Millis,
    /// The only right status; without it every status below 400 is right
    #[arg(long, env = "LOADGEN_EXPECT", value_name = "STATUS", value_parser = clap::value_parser!(u16).range(100..=599))]
    pub expect: Option<u16>,
    /// A promise, like "p95 < 100ms" (repeatable)
    #[arg(
        long = "threshold",
        env = "LOADGEN_THRESHOLD",
        value_name = "TEXT",
        value_delimiter = ','
    )]
    pub thresholds: Vec<Threshold>,
    /// Root of every random choice
    #[arg(long, env = "LOADGEN_SEED", value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Allow a target that is not on this machine
    #[arg(long, env = "LOADGEN_ALLOW_REMOTE_TARGET")]
    pub allow_remote_target: bool,
    /// Send over the socket of this file instead of TCP
    #[arg(long, env = "LOADGEN_UNIX", value_name = "FILE")]
    pub unix: Option<PathBuf>,
    /// Believe the authorities in this PEM file (https)
    #[arg(
        long,
        env = "LOADGEN_CACERT",
        value_name = "FILE",
        conflicts_with = "insecure"
    )]
    pub cacert: Option<PathBuf>,
    /// Believe every certificate (https)
    #[arg(long, env = "LOADGEN_INSECURE")]
    pub insecure: bool,
    /// Speak HTTP/2: over TLS if the target agrees to it, at once over plain TCP
    #[arg(long, env = "LOADGEN_HTTP2")]
    pub http2: bool,
    /// Requests at once on one HTTP/2 connection: so many of the --connections are streams of one
    #[arg(long, env = "LOADGEN_STREAMS", value_name = "N", default_value_t = 1, requires = "http2", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_STREAMS)))]
    pub streams: u32,
    /// What sends: hyper's bare connections, or reqwest, which follows redirects and keeps cookies
    #[arg(long, env = "LOADGEN_ENGINE", value_name = "ENGINE", value_enum, default_value_t = Engine::Hyper)]
    pub engine: Engine,
    /// Most redirects to follow, all on the URL's own host (with --engine reqwest)
    #[arg(
        long,
        env = "LOADGEN_REDIRECTS",
        value_name = "N",
        default_value_t = 10
    )]
    pub redirects: u8,
    /// Print the first exchanges whole, secret headers excepted; sends 3 requests unless told
    #[arg(long, env = "LOADGEN_HTTP_DEBUG")]
    pub http_debug: bool,
    /// Print one JSON object instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// Keep the response times in DIR/latency.hlog and the JSON object in DIR/http.json
    #[arg(long, env = "LOADGEN_OUT", value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also keep every request as a line of DIR/samples.csv.gz, up to two million
    #[arg(long, env = "LOADGEN_SAMPLES", requires = "out")]
    pub samples: bool,
    /// Say nothing while running
    #[arg(long, env = "LOADGEN_QUIET")]
    pub quiet: bool,
    /// Say it in lines, and leave the terminal's screen and keys alone
    #[arg(long, env = "LOADGEN_PLAIN")]
    pub plain: bool,
}

impl HttpArgs {
    /// Virtual users, and unless they share some, connections.
    pub(super) fn users(&self) -> u32 {
        self.connections
            .unwrap_or(if self.http_debug { 1 } else { 50 })
    }

    /// How many requests; `None` where the time ends it.
    pub(super) fn count(&self) -> Option<u64> {
        let few = self.http_debug && self.duration.is_none();
        self.requests.or(few.then_some(u64::from(SHOWN)))
    }

    /// The body; a file is read once.
    pub(super) fn body(&self) -> Result<Bytes, String> {
        let Some(text) = &self.body else {
            return Ok(Bytes::new());
        };
        let Some(file) = text.strip_prefix('@') else {
            return Ok(Bytes::from(text.clone()));
        };
        let file = PathBuf::from(file);
        std::fs::read(&file)
            .map(Bytes::from)
            .map_err(|error| format!("cannot read the body from {}: {error}", file.display()))
    }
}

/// A timeout that can pass once more after the last request, in the drain.
fn patience(text: &str) -> Result<Millis, String> {
    timeout(text)
        .ok()
        .filter(|span| span.0 < 60_000)
        .ok_or_else(|| format!("`{text}` is no timeout from 100ms to 59s"))
}

/// `5000`, `200k`, `1.5m`.
fn count(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is not a number of requests: write 5000, 200k or 1m");
    let text = text.trim();
    let (number, scale) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1e3),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1e6),
        _ => (text, 1.0),
    };
    let count = number.parse::<f64>().map_err(|_| bad())? * scale;
    if (1.0..=1e12).contains(&count) && count.fract() == 0.0 {
        Ok(count as u64)
    } else {
        Err(bad())
    }
}

/// `name: value`.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let bad = || format!("`{text}` is not a header: write it like 'accept: text/html'");
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    let name: HeaderName = name.trim().parse().map_err(|_| bad())?;
    if name == http::header::CONTENT_LENGTH || name == http::header::TRANSFER_ENCODING {
        return Err(format!("`{name}` follows from the body and cannot be set"));
    }
    let value = value.trim().parse().map_err(|_| bad())?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_may_have_a_suffix_and_is_a_whole_number() {
        assert_eq!(count("5000"), Ok(5_000));
        assert_eq!(count("200k"), Ok(200_000));
        assert_eq!(count("1.5m"), Ok(1_500_000));
        for text in ["0", "", "k", "-3", "1.5", "many", "inf"] {
            assert!(count(text).is_err(), "{text}");
        }
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
        assert!(header("content-length: 3").unwrap_err().contains("follows"));
    }
}
