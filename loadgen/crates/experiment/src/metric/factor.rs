//! How a factor of change is written, in every headline, sentence and report.

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
                value == 1.0 || text.parse() != Ok(1.0)
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
    }
}
