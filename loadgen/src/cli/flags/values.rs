//! Parsers of the values of flags.

use std::net::SocketAddr;

use chrono::TimeDelta;
use shared::time::{BadDuration, Millis};

use loadgen_engine::units::{BadRate, Rate};

/// `20/s`, or `20` for the same.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let text = if text.contains('/') {
        text.to_owned()
    } else {
        format!("{text}/s")
    };
    text.parse().map_err(|error: BadRate| error.to_string())
}

/// `127.0.0.1:8090`; `8090` and `localhost:8090` for the same.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    text.parse()
        .or_else(|_| port.parse().map(|port: u16| ([127, 0, 0, 1], port).into()))
        .map_err(|_| format!("`{text}` is no address: write one like 127.0.0.1:8090, or a port"))
}

/// A duration of one millisecond to 24 hours.
pub(super) fn positive(text: &str) -> Result<Millis, String> {
    match text.parse::<Millis>() {
        Ok(Millis(0)) => Err("a duration is longer than nothing".to_owned()),
        Ok(span) if span.0 > 24 * 3_600_000 => Err("a duration is at most 24h".to_owned()),
        Ok(span) => Ok(span),
        Err(error) => Err(error.to_string()),
    }
}

/// A timeout of 100 ms to 60 s.
pub(super) fn timeout(text: &str) -> Result<Millis, String> {
    let span: Millis = text
        .parse()
        .map_err(|error: BadDuration| error.to_string())?;
    if (100..=60_000).contains(&span.0) {
        Ok(span)
    } else {
        Err("a timeout lies between 100ms and 60s".to_owned())
    }
}

/// A factor for lengths of time.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|factor| (0.001..=1_000.0).contains(factor))
        .ok_or_else(|| format!("`{text}` is not a factor from 0.001 to 1000"))
}

/// `30d`, `2w`, or any shorter span like `12h`.
pub(super) fn age(text: &str) -> Result<TimeDelta, String> {
    let days = |number: &str, each: u32| {
        let days = number.trim().parse::<u32>().ok()?;
        TimeDelta::try_days(i64::from(days) * i64::from(each))
    };
    let long = text
        .strip_suffix('d')
        .and_then(|number| days(number, 1))
        .or_else(|| text.strip_suffix('w').and_then(|number| days(number, 7)));
    let short = || {
        let span = text.parse::<Millis>().ok()?;
        TimeDelta::try_milliseconds(span.0 as i64)
    };
    // A century is longer than anything is kept, and far from overflow.
    long.or_else(short)
        .filter(|age| age.num_days() <= 36_500)
        .ok_or_else(|| {
            format!("`{text}` is not an age: write a number and a unit, like 30d, 2w or 12h")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_port_of_this_machine_or_a_whole_one() {
        for text in ["8090", "localhost:8090", "127.0.0.1:8090"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:8090");
        }
        assert_eq!(address("[::1]:0").unwrap().to_string(), "[::1]:0");
        for text in ["core", "70000", "", "localhost", "example.com:80"] {
            assert!(
                address(text).unwrap_err().contains("127.0.0.1:8090"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_age_is_a_number_and_a_unit() {
        assert_eq!(age("30d"), Ok(TimeDelta::days(30)));
        assert_eq!(age("2w"), Ok(TimeDelta::days(14)));
        assert_eq!(age("90m"), Ok(TimeDelta::minutes(90)));
        for wrong in ["30", "d", "-1d", "1e9d", "4000000000d", "yesterday", ""] {
            assert!(age(wrong).unwrap_err().contains("like 30d"), "{wrong}");
        }
    }
}
