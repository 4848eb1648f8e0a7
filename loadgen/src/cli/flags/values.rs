//! Parsers of the values of flags.

use std::net::SocketAddr;

use chrono::TimeDelta;
use shared::{
    number::{needless_zeros, read_or_refuse, without_underscores, without_zeros},
    time::Millis,
};

use loadgen_engine::{
    suite::load::{MAX_DURATION, MAX_TIMEOUT},
    units::{BadRate, Rate},
};

pub(super) use shared::number::whole;

/// `20/s`, or `20` for the same; `_` may part the digits, like 1_000.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    with_unit(text).parse().map_err(|_| bad_rate(text))
}

/// A rate, or `0` for an end of a ramp.
pub(super) fn rate_or_zero(text: &str) -> Result<Rate, String> {
    Rate::or_zero(&with_unit(text)).map_err(|_| bad_rate(text))
}

/// A number alone is a rate a second.
fn with_unit(text: &str) -> String {
    let number = without_underscores(text.trim());
    if number.is_some_and(|digits| digits.parse::<f64>().is_ok()) {
        format!("{text}/s")
    } else {
        text.to_owned()
    }
}

/// The message names what was written, without the unit that was added.
fn bad_rate(text: &str) -> String {
    needless_zeros(text, |right| Rate::or_zero(&with_unit(right)).is_ok())
        .unwrap_or_else(|| BadRate(text.to_owned()).to_string())
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
    match span(text)? {
        Millis(0) => Err("a duration is longer than nothing".to_owned()),
        span => Ok(span),
    }
}

/// A warm-up of at most 24 hours; `0s` for none.
pub(super) fn span(text: &str) -> Result<Millis, String> {
    match text.parse::<Millis>() {
        Ok(span) if span <= MAX_DURATION => Ok(span),
        Err(error) if !error.is_too_long() => Err(error.to_string()),
        _ => Err(format!("a duration is at most {MAX_DURATION}")),
    }
}

/// A timeout of 100 ms to 10 minutes.
pub(super) fn timeout(text: &str) -> Result<Millis, String> {
    match text.parse::<Millis>() {
        Ok(span) if (100..=MAX_TIMEOUT.0).contains(&span.0) => Ok(span),
        Err(error) if !error.is_too_long() => Err(error.to_string()),
        _ => Err(format!(
            "`{text}` is not a timeout from 100ms to {MAX_TIMEOUT}"
        )),
    }
}

/// A factor for lengths of time.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    let read = |text: &str| {
        let factor = without_underscores(text)?.parse::<f64>().ok();
        factor.filter(|factor| (0.001..=1_000.0).contains(factor))
    };
    read_or_refuse(text, read, || {
        format!("`{text}` is not a factor from 0.001 to 1000")
    })
}

/// What the variable of a flag without a value says: one of the usual words for yes and no, and nothing for no.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "y" | "t" => Ok(true),
        "" | "0" | "false" | "no" | "off" | "n" | "f" => Ok(false),
        _ => Err("write true or false, 1 or 0, yes or no, on or off".to_owned()),
    }
}

/// `30d`, `2w`, or any shorter span like `12h`.
pub(super) fn age(text: &str) -> Result<TimeDelta, String> {
    read_or_refuse(text, known_age, || {
        format!(
            "`{text}` is not an age of at most 36500d: write a number and a unit, like 30d, 2w or 12h"
        )
    })
}

fn known_age(text: &str) -> Option<TimeDelta> {
    let days = |number: &str, each: u32| {
        let days = without_underscores(number.trim())?.parse::<u32>().ok()?;
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
    long.or_else(short).filter(|age| age.num_days() <= 36_500)
}

/// `5000`, `200k`, `1.5m`.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is not a number: write 5000, 200k or 1m");
    let digits = without_underscores(text.trim()).ok_or_else(bad)?;
    if let Some(bare) = without_zeros(&digits) {
        return Err(format!("`{text}` begins with a zero: write `{bare}`"));
    }
    let text = digits.as_str();
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

#[cfg(test)]
mod tests {
    use loadgen_engine::suite::load::think;
    use proptest::prelude::*;

    use super::*;

    /// Whether a value is within its bounds, or refused with a sentence.
    fn check<T>(read: Result<T, String>, within: impl Fn(&T) -> bool) -> Result<(), TestCaseError> {
        match read {
            Ok(value) => prop_assert!(within(&value)),
            Err(error) => prop_assert!(error.len() > 10, "{error}"),
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn any_text_is_a_value_or_refused_with_the_text(
            text in prop_oneof![".{0,20}", "[-+]?[0-9_.]{0,24}(e[0-9]{1,3})?(d|w|h|m|s|ms|/s|/h)?"],
        ) {
            check(rate(&text), |rate| !rate.is_zero())?;
            check(rate_or_zero(&text), |_| true)?;
            check(whole(1_u32, 9)(&text), |number| (1..=9).contains(number))?;
            check(address(&text), |_| true)?;
            check(positive(&text), |span| span.0 > 0)?;
            check(timeout(&text), |span| *span <= MAX_TIMEOUT)?;
            check(factor(&text), |factor| *factor > 0.0)?;
            check(age(&text), |age| age.num_days() <= 36_500)?;
        }
    }

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
    fn a_rate_may_omit_its_unit_and_a_wrong_one_is_shown_as_it_was_written() {
        assert_eq!(rate("20").unwrap().to_string(), "20/s");
        assert_eq!(rate("600/m").unwrap().to_string(), "600/m");
        assert_eq!(rate("1_000").unwrap().to_string(), "1000/s");
        assert_eq!(rate("1_000/s").unwrap().to_string(), "1000/s");
        assert_eq!(rate_or_zero("1_200/m").unwrap().to_string(), "1200/m");
        assert!(rate_or_zero("0").unwrap().is_zero());
        for wrong in [
            "20rps",
            "NaN",
            "1e999",
            "",
            "-5",
            "0",
            "_1",
            "1_",
            "1__0",
            "2_000_000",
        ] {
            let why = rate(wrong).unwrap_err();
            assert!(
                why.starts_with(&format!("`{wrong}` is not a rate")),
                "{why}"
            );
        }
    }

    #[test]
    fn no_number_of_a_flag_may_begin_with_a_zero_that_it_does_not_need() {
        fn error<T>(read: Result<T, String>) -> String {
            read.err().expect("a refusal")
        }
        for (error, text, right) in [
            (error(rate("010/s")), "010/s", "10/s"),
            (error(rate("010")), "010", "10"),
            (error(rate("00.5/s")), "00.5/s", "0.5/s"),
            (error(rate("01_000")), "01_000", "1000"),
            (error(factor("01_0")), "01_0", "10"),
            (error(age("01_0d")), "01_0d", "10d"),
            (error(rate_or_zero("00")), "00", "0"),
            (error(rate_or_zero("0600/m")), "0600/m", "600/m"),
            (error(positive("010ms")), "010ms", "10ms"),
            (error(positive("01m30s")), "01m30s", "1m30s"),
            (error(span("00s")), "00s", "0s"),
            (error(timeout("02m")), "02m", "2m"),
            (error(think("01s..3s")), "01s", "1s"),
            (error(think("1s..03s")), "03s", "3s"),
            (error(think("exp(02s)")), "02s", "2s"),
            (error(age("030d")), "030d", "30d"),
            (error(age("02w")), "02w", "2w"),
            (error(age("012h")), "012h", "12h"),
            (error(factor("00.5")), "00.5", "0.5"),
            (error(whole(1_u32, 9)("07")), "07", "7"),
            (error(whole(0_u32, 9)("00")), "00", "0"),
            (error(count("0200k")), "0200k", "200k"),
        ] {
            assert_eq!(
                error,
                format!("`{text}` begins with a zero: write `{right}`")
            );
        }
        let inner = error(positive("1m030s"));
        assert_eq!(
            inner,
            "a number of `1m030s` begins with a zero: write `1m30s`"
        );
        for zero in [
            rate_or_zero("0"),
            rate_or_zero("0/s"),
            rate("0.5/s"),
            rate("0.5"),
        ] {
            assert!(zero.is_ok(), "{zero:?}");
        }
        assert_eq!(span("0s"), Ok(Millis(0)));
        assert_eq!(factor("0.5"), Ok(0.5));
        assert_eq!(factor("1_000"), Ok(1_000.0));
        assert_eq!(whole(0_u32, 9)("0"), Ok(0));
    }

    #[test]
    fn a_timeout_may_be_minutes_long_and_ends_at_its_bounds() {
        for (text, ms) in [
            ("100ms", 100),
            ("59s", 59_000),
            ("90s", 90_000),
            ("2m", 120_000),
            ("1m30s", 90_000),
            ("10m", 600_000),
        ] {
            assert_eq!(timeout(text), Ok(Millis(ms)), "{text}");
        }
        for wrong in ["99ms", "10m1s", "0s", "90", "-2m"] {
            let why = timeout(wrong).unwrap_err();
            assert!(why.contains(&format!("`{wrong}`")), "{why}");
        }
    }

    #[test]
    fn the_variable_of_a_flag_without_a_value_takes_the_usual_words() {
        for yes in ["1", "true", "TRUE", "yes", "on"] {
            assert_eq!(switch(yes), Ok(true), "{yes}");
        }
        for no in ["0", "false", "No", "off", ""] {
            assert_eq!(switch(no), Ok(false), "{no}");
        }
        for wrong in ["flase", "2", "quiet"] {
            assert!(switch(wrong).unwrap_err().contains("yes or no"), "{wrong}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_with_the_bound_of_its_flag() {
        for text in ["25h", "99999999999h"] {
            assert!(span(text).unwrap_err().contains("at most 24h"), "{text}");
            assert!(
                positive(text).unwrap_err().contains("at most 24h"),
                "{text}"
            );
            assert!(timeout(text).unwrap_err().contains("to 10m"), "{text}");
        }
        assert!(age("99999999999h").unwrap_err().contains("at most 36500d"));
    }

    #[test]
    fn an_age_is_a_number_and_a_unit() {
        assert_eq!(age("30d"), Ok(TimeDelta::days(30)));
        assert_eq!(age("2w"), Ok(TimeDelta::days(14)));
        assert_eq!(age("90m"), Ok(TimeDelta::minutes(90)));
        assert_eq!(age("1_000d"), Ok(TimeDelta::days(1_000)));
        assert!(age("0_1d").is_err());
        for wrong in ["30", "d", "-1d", "1e9d", "4000000000d", "yesterday", ""] {
            assert!(age(wrong).unwrap_err().contains("like 30d"), "{wrong}");
        }
    }
}
