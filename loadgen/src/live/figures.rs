//! Numbers as short text for a view that is soon gone.

use loadgen_experiment::metric;
pub(super) use loadgen_report::render::figures::{bytes, count as grouped};

/// So many a second: `0.4`, `12.5`, `1,234`; `<0.1` where it is less, and more than none.
pub(super) fn rate(per_s: f64) -> String {
    if !per_s.is_finite() {
        "-".to_owned()
    } else if per_s.abs() >= 99.95 {
        grouped(per_s.max(0.0).round() as u64)
    } else if per_s > 0.0 && per_s < 0.05 {
        "<0.1".to_owned()
    } else {
        let text = format!("{per_s:.1}");
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    }
}

/// A time in milliseconds without its unit: `<0.01`, `0.52`, `3.1`, `1,240`; `-` where too little was
/// measured, and `∞` where so many requests failed that the percentile is beyond every time.
pub(super) fn ms(value: Option<f64>) -> String {
    match value.filter(|value| !value.is_nan()) {
        None => "-".to_owned(),
        Some(f64::INFINITY) => "∞".to_owned(),
        Some(value) if value >= 9.95 => grouped(value.round() as u64),
        Some(value) if value >= 0.995 => format!("{value:.1}"),
        Some(value) if value > 0.0 && value < 0.005 => "<0.01".to_owned(),
        Some(value) => format!("{value:.2}"),
    }
}

/// A share as per cent: `0.2 %`, `45 %`. One that is not whole never reads as all or as none: `>99 %`, `<0.01 %`.
pub(super) fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "-".to_owned();
    }
    let decimals = match share.abs() * 100.0 {
        0.0 | 9.95.. => 0,
        0.095.. => 1,
        _ => 2,
    };
    metric::percent(share, decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_long_as_they_are_worth() {
        assert_eq!(
            [0.0, 0.04, 0.44, 12.0, 12.54, 99.96, 1_234.4, f64::INFINITY].map(rate),
            ["0", "<0.1", "0.4", "12", "12.5", "100", "1,234", "-"].map(str::to_owned)
        );
        assert_eq!(
            [0.004, 0.123, 3.12, 1_240.4, f64::INFINITY, f64::NAN].map(|value| ms(Some(value))),
            ["<0.01", "0.12", "3.1", "1,240", "∞", "-"].map(str::to_owned)
        );
        assert_eq!(
            [0.0, 0.000_01, 0.000_5, 0.002, 0.45, 0.994, 0.996, 1.0].map(percent),
            [
                "0 %", "<0.01 %", "0.05 %", "0.2 %", "45 %", "99 %", ">99 %", "100 %"
            ]
            .map(str::to_owned)
        );
    }
}
