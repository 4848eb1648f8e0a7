//! How a figure is written. Every report takes its texts from here, so that the terminal, the
//! page and the pull request cannot disagree about a number.
//!
//! Three significant digits for times, two decimals for shares; a share that is not whole is
//! never rounded to one that is, and nothing else that is not 0 to 0.

use loadgen_experiment::metric::grouped as apart;
pub use loadgen_experiment::metric::{factor, factors};
use loadgen_experiment::schema::{MetricUnit, Percentile};

/// What stands where a percentile lies beyond the timeout, because too many requests failed.
pub const BEYOND_TIMEOUT: &str = "> timeout";
/// The same in a narrow table.
pub const BEYOND_TIMEOUT_SHORT: &str = "∞";
/// What stands where nothing was measured.
pub const ABSENT: &str = "–";

/// A number with three significant digits and thousands apart: `0.042`, `3.21`, `53.2`, `6,766`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return ABSENT.into();
    }
    let size = value.abs();
    // The limits lie where rounding would add a digit.
    let decimals = match size {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if whole == "0" && fraction.trim_end_matches('0').is_empty() {
        return tiny(value);
    }
    let sign = if value < 0.0 { "−" } else { "" };
    match text.split_once('.') {
        // Below 1 a last zero is no digit that was measured.
        Some((_, digits)) if size < 0.9995 => {
            let digits = if digits.ends_with('0') {
                &digits[..2]
            } else {
                digits
            };
            format!("{sign}{whole}.{digits}")
        }
        Some((_, digits)) => format!("{sign}{}.{digits}", apart(whole)),
        None => format!("{sign}{}", apart(whole)),
    }
}

/// A number of which three decimals show nothing: its first digit, as far as the sixth decimal.
fn tiny(value: f64) -> String {
    let size = value.abs();
    if size <= 0.0 {
        return "0".into();
    }
    let shown = (4..=6)
        .map(|decimals| format!("{size:.decimals$}"))
        .find(|text| text.parse() != Ok(0.0));
    match (shown, value < 0.0) {
        (Some(text), false) => text,
        (Some(text), true) => format!("−{text}"),
        (None, false) => "<0.000001".into(),
        (None, true) => ">−0.000001".into(),
    }
}

/// The sum of stored counts; those of a damaged file may be beyond what one number holds.
pub fn total(counts: impl IntoIterator<Item = u64>) -> u64 {
    counts.into_iter().fold(0, u64::saturating_add)
}

/// A whole number with thousands apart.
pub fn count(value: u64) -> String {
    apart(&value.to_string())
}

/// Milliseconds with the unit; a percentile that is absent lies beyond the timeout.
pub fn ms(value: Option<f64>) -> String {
    value.map_or_else(
        || BEYOND_TIMEOUT.into(),
        |value| format!("{} ms", number(value)),
    )
}

/// A percentile with its unit: `3.21 ms`, `> timeout`, `–  n=13`.
pub fn percentile(value: Percentile) -> String {
    match value {
        Percentile::Known(value) => ms(Some(value)),
        Percentile::BeyondTimeout => BEYOND_TIMEOUT.into(),
        Percentile::TooFew { n } => too_few(n),
    }
}

/// A percentile without the unit, for a column whose head names it.
pub fn percentile_bare(value: Percentile) -> String {
    match value {
        Percentile::Known(value) => number(value),
        Percentile::BeyondTimeout => BEYOND_TIMEOUT_SHORT.into(),
        Percentile::TooFew { n } => too_few(n),
    }
}

/// What stands where there are too few samples for a percentile: `–  n=13`.
pub fn too_few(n: u64) -> String {
    format!("{ABSENT}  n={}", count(n))
}

/// Milliseconds without the unit, for a column whose head names it.
pub fn ms_bare(value: Option<f64>) -> String {
    value.map_or_else(|| BEYOND_TIMEOUT_SHORT.into(), number)
}

/// A share as percent: `99.66%`, `100%`, `>99.99%`, `<0.01%`, `0%`.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return ABSENT.into();
    }
    let text = format!("{:.2}", share * 100.0);
    match text.as_str() {
        "100.00" if share < 1.0 => ">99.99%".into(),
        "0.00" if share > 0.0 => "<0.01%".into(),
        "100.00" => "100%".into(),
        "0.00" | "-0.00" => "0%".into(),
        _ => format!("{text}%"),
    }
}

/// A rate: `199.8/s`, `0.033/s`.
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() {
        return ABSENT.into();
    }
    if per_second.abs() > 0.0 && per_second.abs() < 0.05 {
        return format!("{}/s", number(per_second));
    }
    let decimals = usize::from(per_second.abs() < 9_999.95);
    let text = format!("{per_second:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.is_empty() || fraction == "0" && whole.len() > 3 {
        format!("{}/s", apart(whole))
    } else {
        format!("{}.{fraction}/s", apart(whole))
    }
}

/// Bytes with a decimal unit: `12.9 MB`.
pub fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.5 {
            return if unit == "B" {
                format!("{value:.0} B")
            } else {
                format!("{} {unit}", number(value))
            };
        }
        value /= 1_000.0;
    }
    format!("{} TB", number(value))
}

/// A length of time for people: `42 s`, `2 min 30 s`, `1 h 05 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return ABSENT.into();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 if whole.is_multiple_of(60) => format!("{} min", whole / 60),
        60..3_600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3_600, whole % 3_600 / 60),
    }
}

/// `1 audit`, `2 audits`.
pub fn plural(number: u64, word: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {word}{ending}", count(number))
}

/// A figure of a metric with its unit; an absent time lies beyond the timeout.
pub fn with_unit(value: Option<f64>, unit: MetricUnit) -> String {
    match (value, unit) {
        (value, MetricUnit::Milliseconds) => ms(value),
        (None, _) => ABSENT.into(),
        (Some(value), MetricUnit::Percent) => percent(value / 100.0),
        (Some(value), MetricUnit::PerSecond) => rate(value),
        (Some(value), MetricUnit::Number) => number(value),
        (Some(value), MetricUnit::Times) => factor(value),
        (Some(value), MetricUnit::Bytes) => bytes(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.0421, "0.042"),
            (0.4, "0.40"),
            (3.2149, "3.21"),
            (53.25, "53.2"),
            (99.96, "100"),
            (6_766.4, "6,766"),
            (1_234_567.0, "1,234,567"),
            (-2.5, "−2.50"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn what_is_not_zero_is_never_shown_as_zero() {
        for (value, text) in [
            (0.000_3, "0.0003"),
            (-0.000_3, "−0.0003"),
            (0.000_042, "0.00004"),
            (1e-9, "<0.000001"),
            (-1e-9, ">−0.000001"),
            (-0.0, "0"),
        ] {
            assert_eq!(number(value), text);
        }
        for (per_second, text) in [(1.0 / 30.0, "0.033/s"), (0.05, "0.1/s"), (0.0, "0.0/s")] {
            assert_eq!(rate(per_second), text);
        }
    }

    #[test]
    fn a_share_that_is_not_whole_is_never_shown_as_whole() {
        assert_eq!(percent(1.0), "100%");
        assert_eq!(percent(0.999_999), ">99.99%");
        assert_eq!(percent(0.996_6), "99.66%");
        assert_eq!(percent(0.000_001), "<0.01%");
        assert_eq!(percent(0.0), "0%");
        let stored = |value: f64| with_unit(Some(value), MetricUnit::Percent);
        assert_eq!(
            [100.0, 99.999, 99.97, 94.1].map(stored),
            ["100%", ">99.99%", "99.97%", "94.10%"]
        );
    }

    #[test]
    fn lengths_of_time_and_sizes_are_for_people() {
        assert_eq!(duration(150.0), "2 min 30 s");
        assert_eq!(duration(3_900.0), "1 h 05 min");
        assert_eq!(bytes(12_900_000.0), "12.9 MB");
        assert_eq!(rate(199.83), "199.8/s");
    }
}
