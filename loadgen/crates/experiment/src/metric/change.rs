//! How a change is written, in every headline, sentence and report: as a factor with its interval,
//! or as a difference where figures of 0 have no factor.

use super::MetricUnit;

/// A factor: `0.0097x`, `0.72x`, `0.998x`, `11.9x`, `1,240x`. A factor that is not 1 never reads as 1.
pub fn factor(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return "–".into();
    }
    let decimals = match value {
        0.0 => 0,
        value if value < 0.1 => (1.0 - value.log10().floor()).min(6.0) as usize,
        value if value < 9.995 => (2..6)
            .find(|decimals| {
                let text = format!("{value:.decimals$}");
                value.to_bits() == 1.0_f64.to_bits() || text.parse() != Ok(1.0)
            })
            .unwrap_or(6),
        value if value < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}x", grouped(whole)),
        None => format!("{}x", grouped(&text)),
    }
}

/// The interval of a factor: `[0.65x, 0.80x]`.
pub fn factors(low: f64, high: f64) -> String {
    format!("[{}, {}]", factor(low), factor(high))
}

/// A factor with the interval that was estimated with it: `0.72x [0.65x, 0.80x]`.
pub fn factor_with_interval(ratio: f64, interval: Option<(f64, f64)>) -> String {
    match interval {
        Some((low, high)) => format!("{} {}", factor(ratio), factors(low, high)),
        None => format!("{}, no interval", factor(ratio)),
    }
}

/// A difference: `+3.1 ms`, `−12 B`; of shares in percentage points: `+0.30 pp`. A difference that
/// is not 0 never reads as 0.
pub fn difference(value: f64, unit: MetricUnit) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let size = value.abs();
    let fewest = usize::from(size < 99.95) + usize::from(size < 0.95);
    let text = (fewest..=6)
        .map(|decimals| format!("{size:.decimals$}"))
        .find(|text| size == 0.0 || text.parse() != Ok(0.0))
        .unwrap_or_else(|| format!("{size:e}"));
    let text = match text.split_once('.') {
        _ if size == 0.0 => "0".to_owned(),
        None => grouped(&text),
        Some((whole, fraction)) => format!("{}.{fraction}", grouped(whole)),
    };
    let sign = match value {
        0.0 => "",
        value if value > 0.0 => "+",
        _ => "−",
    };
    match unit {
        MetricUnit::Percent => format!("{sign}{text} pp"),
        MetricUnit::PerSecond => format!("{sign}{text}/s"),
        MetricUnit::Number | MetricUnit::Times => format!("{sign}{text}"),
        unit => format!("{sign}{text} {unit}"),
    }
}

/// The interval of a difference: `[+1.2 pp, +5.0 pp]`.
pub fn differences(low: f64, high: f64, unit: MetricUnit) -> String {
    format!("[{}, {}]", difference(low, unit), difference(high, unit))
}

/// A share in per cent with so many decimals: `99.66 %`, `0.00 %`. One that is not whole never reads as all
/// or as none: `>99.99 %`, `<0.01 %`.
pub fn percent(share: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", share * 100.0);
    let last = 10_f64.powi(-(decimals as i32));
    if share > 0.0 && text.parse() == Ok(0.0) {
        format!("<{last:.decimals$} %")
    } else if share < 1.0 && text.parse() == Ok(100.0) {
        format!(">{:.decimals$} %", 100.0 - last)
    } else {
        format!("{text} %")
    }
}

/// Digits in groups of three: `1,240`.
pub fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_that_is_not_one_never_reads_as_one() {
        for (value, text) in [
            (0.0, "0x"),
            (0.009_726, "0.0097x"),
            (0.058, "0.058x"),
            (0.72, "0.72x"),
            (0.998, "0.998x"),
            (0.9999, "0.9999x"),
            (1.0, "1.00x"),
            (1.004, "1.004x"),
            (11.937, "11.9x"),
            (1_240.2, "1,240x"),
        ] {
            assert_eq!(factor(value), text);
        }
        assert_eq!(factors(0.651, 0.8), "[0.65x, 0.80x]");
        let interval = Some((0.651, 0.8));
        assert_eq!(factor_with_interval(0.72, interval), "0.72x [0.65x, 0.80x]");
        assert_eq!(factor_with_interval(0.72, None), "0.72x, no interval");
    }

    #[test]
    fn a_share_that_is_not_whole_never_reads_as_all_or_none() {
        for (share, decimals, text) in [
            (0.0, 2, "0.00 %"),
            (0.000_01, 2, "<0.01 %"),
            (0.000_06, 2, "0.01 %"),
            (0.012_34, 2, "1.23 %"),
            (0.999_9, 2, "99.99 %"),
            (0.999_99, 2, ">99.99 %"),
            (1.0, 2, "100.00 %"),
            (0.999_999_9, 3, ">99.999 %"),
            (0.004, 0, "<1 %"),
            (0.005, 0, "<1 %"),
            (0.0051, 0, "1 %"),
            (0.994, 0, "99 %"),
            (0.9951, 0, ">99 %"),
        ] {
            assert_eq!(percent(share, decimals), text, "{share}");
        }
    }

    #[test]
    fn a_difference_has_its_sign_and_unit_and_never_reads_as_none() {
        for (value, unit, text) in [
            (30.0, MetricUnit::Percent, "+30.0 pp"),
            (-0.3, MetricUnit::Percent, "−0.30 pp"),
            (0.0, MetricUnit::Percent, "0 pp"),
            (0.001, MetricUnit::Percent, "+0.001 pp"),
            (3.2, MetricUnit::Number, "+3.2"),
            (12.04, MetricUnit::Milliseconds, "+12.0 ms"),
            (-1_240.2, MetricUnit::Bytes, "−1,240 B"),
            (1.5, MetricUnit::PerSecond, "+1.5/s"),
        ] {
            assert_eq!(difference(value, unit), text);
        }
        assert_eq!(
            differences(-1.2, 5.0, MetricUnit::Percent),
            "[−1.2 pp, +5.0 pp]"
        );
    }
}
