//! How a figure is written. Every report takes its texts from here, so that the terminal, the
//! page and the pull request cannot disagree about a number.
//!
//! Three significant digits for times, two decimals for shares; a share that is not whole is
//! never rounded to one that is.

use crate::render::tone::Tone;
use loadgen_experiment::schema::{MetricKind, MetricUnit};

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
        return "0".into();
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

/// A whole number with thousands apart.
pub fn count(value: u64) -> String {
    apart(&value.to_string())
}

/// Digits in groups of three.
fn apart(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds with the unit; a percentile that is absent lies beyond the timeout.
pub fn ms(value: Option<f64>) -> String {
    value.map_or_else(
        || BEYOND_TIMEOUT.into(),
        |value| format!("{} ms", number(value)),
    )
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

/// A rate: `199.8/s`.
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() {
        return ABSENT.into();
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
        (Some(value), MetricUnit::Percent) => format!("{}%", number(value)),
        (Some(value), MetricUnit::PerSecond) => rate(value),
        (Some(value), MetricUnit::Number) => number(value),
        (Some(value), MetricUnit::Times) => times(value),
    }
}

/// How many times: `17.3x`.
pub fn times(factor: f64) -> String {
    let decimals = match factor {
        factor if factor >= 99.5 => 0,
        factor if factor >= 1.995 => 1,
        _ => 2,
    };
    let text = format!("{factor:.decimals$}");
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}x", apart(whole)),
        None => format!("{}x", apart(&text)),
    }
}

/// A change in words: `94% faster (17.3x)`, `12% slower`, `+30.1 pp`, `no change`.
pub fn change(
    kind: MetricKind,
    before: Option<f64>,
    after: Option<f64>,
    ratio: Option<f64>,
) -> (String, Tone) {
    match kind {
        MetricKind::Share | MetricKind::Loss => share_change(kind, before, after),
        MetricKind::Latency => match (before, after) {
            (None, None) => ("both beyond timeout".into(), Tone::Plain),
            (None, Some(_)) => ("now within timeout".into(), Tone::Good),
            (Some(_), None) => ("now beyond timeout".into(), Tone::Bad),
            (Some(before), Some(after)) => ratio_change(kind, ratio.unwrap_or(after / before)),
        },
        MetricKind::Rate
        | MetricKind::Wait
        | MetricKind::Count
        | MetricKind::Effort
        | MetricKind::Neutral => match (before, after) {
            (Some(before), Some(after)) if (before - after).abs() < f64::EPSILON => {
                ("same".into(), Tone::Plain)
            }
            (Some(before), Some(after)) => ratio_change(kind, ratio.unwrap_or(after / before)),
            _ => (ABSENT.into(), Tone::Plain),
        },
    }
}

/// A change of a share in percentage points.
fn share_change(kind: MetricKind, before: Option<f64>, after: Option<f64>) -> (String, Tone) {
    let (Some(before), Some(after)) = (before, after) else {
        return (ABSENT.into(), Tone::Plain);
    };
    let points = (after - before) * 100.0;
    let decimals = usize::from(points.abs() < 99.95) + usize::from(points.abs() < 0.95);
    let text = format!("{:.decimals$}", points.abs());
    if text.trim_matches(['0', '.']).is_empty() {
        return ("same".into(), Tone::Plain);
    }
    let good = (points > 0.0) == (kind == MetricKind::Share);
    let sign = if points > 0.0 { '+' } else { '−' };
    let tone = if good { Tone::Good } else { Tone::Bad };
    (
        format!("{sign}{} pp", text.strip_suffix(".0").unwrap_or(&text)),
        tone,
    )
}

/// A change as a ratio of after to before, told in the words of its kind.
fn ratio_change(kind: MetricKind, ratio: f64) -> (String, Tone) {
    if !ratio.is_finite() || ratio < 0.0 {
        return (ABSENT.into(), Tone::Plain);
    }
    let (less, more) = match kind {
        MetricKind::Latency => ("faster", "slower"),
        MetricKind::Wait => ("shorter", "longer"),
        MetricKind::Count => ("fewer", "more"),
        _ => ("less", "more"),
    };
    let percent = (1.0 - ratio).abs() * 100.0;
    if percent < 0.5 {
        return ("same".into(), Tone::Plain);
    }
    let shrinks = ratio < 1.0;
    let tone = match kind.less_is_better() {
        Some(good) if good == shrinks => Tone::Good,
        Some(_) => Tone::Bad,
        None => Tone::Plain,
    };
    let word = if shrinks { less } else { more };
    let text = if shrinks {
        // 99.6% must not become 100%: nothing is faster than not waiting at all.
        let percent = match percent {
            percent if percent >= 99.95 => ">99.9".into(),
            percent if percent >= 98.5 => format!("{percent:.1}"),
            percent => format!("{percent:.0}"),
        };
        match ratio {
            0.0 => format!("100% {word}"),
            ratio if ratio <= 0.5 && kind != MetricKind::Rate => {
                format!("{percent}% {word} ({})", times(1.0 / ratio))
            }
            _ => format!("{percent}% {word}"),
        }
    } else if ratio >= 2.0 {
        format!("{} {word}", times(ratio))
    } else {
        format!("{percent:.0}% {word}")
    };
    (text, tone)
}

/// The interval of a change, as factors of the better direction where it is told as one:
/// `[15.9x, 18.8x]`, else as percent: `[−14%, +2%]`.
pub fn interval(kind: MetricKind, ratio: f64, low: f64, high: f64) -> String {
    // A change told in points has an interval of factors: percent of percent mislead.
    if kind.is_share() {
        return format!("[{}, {}]", times(low), times(high));
    }
    if kind != MetricKind::Rate && ratio <= 0.5 && low > 0.0 && high > 0.0 {
        return format!("[{}, {}]", times(1.0 / high), times(1.0 / low));
    }
    if ratio >= 2.0 {
        return format!("[{}, {}]", times(low), times(high));
    }
    format!("[{}, {}]", signed_percent(low), signed_percent(high))
}

/// A ratio as a signed percentage of change.
pub(super) fn signed_percent(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    let text = format!("{:.0}", percent.abs());
    match (text.as_str(), percent < 0.0) {
        ("0", _) => "0%".into(),
        (text, true) => format!("−{text}%"),
        (text, false) => format!("+{text}%"),
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
    fn a_share_that_is_not_whole_is_never_shown_as_whole() {
        assert_eq!(percent(1.0), "100%");
        assert_eq!(percent(0.999_999), ">99.99%");
        assert_eq!(percent(0.996_6), "99.66%");
        assert_eq!(percent(0.000_001), "<0.01%");
        assert_eq!(percent(0.0), "0%");
    }

    #[test]
    fn improvements_read_as_people_say_them() {
        let latency =
            |before, after| change(MetricKind::Latency, Some(before), Some(after), None).0;
        assert_eq!(latency(6_766.0, 2_870.0), "58% faster (2.4x)");
        assert_eq!(latency(4_965.0, 287.0), "94% faster (17.3x)");
        assert_eq!(latency(1_000.0, 900.0), "10% faster");
        assert_eq!(latency(1_000.0, 4.0), "99.6% faster (250x)");
        assert_eq!(latency(100.0, 112.0), "12% slower");
        assert_eq!(latency(100.0, 320.0), "3.2x slower");
        assert_eq!(latency(100.0, 100.1), "same");
        assert_eq!(
            change(MetricKind::Share, Some(0.6), Some(0.9), None),
            ("+30 pp".into(), Tone::Good)
        );
        assert_eq!(
            change(MetricKind::Loss, Some(0.6), Some(0.9), None).1,
            Tone::Bad
        );
        assert_eq!(
            change(MetricKind::Latency, None, Some(9.0), None).0,
            "now within timeout"
        );
        assert_eq!(
            change(MetricKind::Rate, Some(10.0), Some(173.0), None).0,
            "17.3x more"
        );
        assert_eq!(
            change(MetricKind::Effort, Some(21.0), Some(1.5), None).0,
            "93% less (14.0x)"
        );
    }

    #[test]
    fn lengths_of_time_and_sizes_are_for_people() {
        assert_eq!(duration(150.0), "2 min 30 s");
        assert_eq!(duration(3_900.0), "1 h 05 min");
        assert_eq!(bytes(12_900_000.0), "12.9 MB");
        assert_eq!(rate(199.83), "199.8/s");
        assert_eq!(
            interval(MetricKind::Latency, 0.0578, 0.053, 0.063),
            "[15.9x, 18.9x]"
        );
        assert_eq!(
            interval(MetricKind::Latency, 0.95, 0.9, 1.02),
            "[−10%, +2%]"
        );
    }
}
