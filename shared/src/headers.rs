//! Header names, and `Server-Timing` written and read side by side.

use std::fmt::Write as _;

/// Makes a repeated request have one effect.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Names a request in logs and problem bodies.
pub const REQUEST_ID: &str = "x-request-id";
/// What the server spent on a request.
pub const SERVER_TIMING: &str = "server-timing";
/// Admits to the control plane.
pub const LAB_TOKEN: &str = "x-lab-token";

/// What one request cost on the server, as carried by `Server-Timing`.
///
/// Grammar: `admission;dur=0.0, pool;dur=0.1, db;dur=1.2, redis;dur=0.3, hash;dur=50.0,
/// total;dur=52.0, queries;desc="3", commands;desc="1", hits;desc="1", misses;desc="0",
/// age;dur=1234`; durations are milliseconds. `age` is there only where the answer's body came
/// from a cache; the standard `Age` header then says the same in whole seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerTiming {
    /// Microseconds waited to be let in.
    pub admission_us: u32,
    /// Microseconds waited for a PostgreSQL connection.
    pub pool_us: u32,
    /// Microseconds in PostgreSQL statements.
    pub db_us: u32,
    /// Microseconds in Redis commands, the checkout included.
    pub redis_us: u32,
    /// Microseconds hashing a password, the queue for it included.
    pub hash_us: u32,
    /// Microseconds from the first byte read to the response made.
    pub total_us: u32,
    /// PostgreSQL statements sent.
    pub queries: u16,
    /// Redis commands sent.
    pub commands: u16,
    /// Cache lookups that found a value.
    pub cache_hits: u16,
    /// Cache lookups that did not.
    pub cache_misses: u16,
    /// Milliseconds since the load of the cached value that the body is made of began; `None`
    /// where the body was made from the database.
    pub cache_age_ms: Option<u32>,
}

impl ServerTiming {
    /// The header's value.
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(192);
        let parts = [
            ("admission", self.admission_us),
            ("pool", self.pool_us),
            ("db", self.db_us),
            ("redis", self.redis_us),
            ("hash", self.hash_us),
            ("total", self.total_us),
        ];
        for (name, us) in parts {
            let _ = write!(out, "{name};dur={}.{:03}, ", us / 1_000, us % 1_000);
        }
        let _ = write!(
            out,
            "queries;desc=\"{}\", commands;desc=\"{}\", hits;desc=\"{}\", misses;desc=\"{}\"",
            self.queries, self.commands, self.cache_hits, self.cache_misses
        );
        if let Some(age) = self.cache_age_ms {
            let _ = write!(out, ", age;dur={age}");
        }
        out
    }

    /// Reads what [`write`](Self::write) wrote; metrics it does not know are passed over.
    pub fn parse(value: &str) -> Self {
        let mut out = Self::default();
        for metric in value.split(',') {
            let mut parts = metric.trim().split(';');
            let name = parts.next().unwrap_or_default();
            for part in parts {
                let Some((key, text)) = part.trim().split_once('=') else {
                    continue;
                };
                let text = text.trim_matches('"');
                if key == "dur" && name == "age" {
                    out.cache_age_ms = text.parse().ok();
                } else if key == "dur" {
                    let us = text.parse::<f64>().map_or(0, |ms| {
                        (ms * 1_000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
                    });
                    match name {
                        "admission" => out.admission_us = us,
                        "pool" => out.pool_us = us,
                        "db" => out.db_us = us,
                        "redis" => out.redis_us = us,
                        "hash" => out.hash_us = us,
                        "total" => out.total_us = us,
                        _ => {}
                    }
                } else if key == "desc" {
                    let count = text.parse().unwrap_or(0);
                    match name {
                        "queries" => out.queries = count,
                        "commands" => out.commands = count,
                        "hits" => out.cache_hits = count,
                        "misses" => out.cache_misses = count,
                        _ => {}
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::ServerTiming;

    #[test]
    fn server_timing_reads_back_as_it_was_written() {
        let timing = ServerTiming {
            admission_us: 9,
            pool_us: 17,
            db_us: 1_234,
            redis_us: 5,
            hash_us: 50_000,
            total_us: 61_001,
            queries: 21,
            commands: 2,
            cache_hits: 1,
            cache_misses: 3,
            cache_age_ms: None,
        };
        assert_eq!(ServerTiming::parse(&timing.write()), timing);
        let aged = ServerTiming {
            cache_age_ms: Some(299_999),
            ..timing
        };
        assert_eq!(ServerTiming::parse(&aged.write()), aged);
    }

    #[test]
    fn a_foreign_server_timing_header_does_no_harm() {
        assert_eq!(
            ServerTiming::parse("cdn-cache; desc=HIT, edge; dur=abc,;;,=,db"),
            ServerTiming::default()
        );
    }
}
