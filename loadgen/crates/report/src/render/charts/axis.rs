//! Axes of a line chart: from values to places in a drawing, with round numbers beside them.

/// One axis.
#[derive(Debug, Clone, Copy)]
pub(in crate::render) enum Axis {
    /// From 0 or below to the largest value.
    Linear,
    /// In powers of ten.
    Log,
    /// From the smallest to the largest value, in whole seconds.
    Seconds,
    /// Nines of a quantile: 0 is the fastest request, 1 is p90, 2 is p99.
    Nines,
}

/// A scale from values to a stretch of the drawing, with its ticks.
pub(in crate::render) struct AxisScale {
    /// Whether equal steps are equal factors.
    log: bool,
    /// Smallest value.
    pub(in crate::render) low: f64,
    /// Largest value.
    high: f64,
    /// Where the smallest value lies in the drawing.
    from: f64,
    /// Where the largest value lies.
    to: f64,
    /// Values that are named, with their names.
    pub(in crate::render) ticks: Vec<(f64, String)>,
}

impl AxisScale {
    /// Where a value lies in the drawing.
    pub(in crate::render) fn at(&self, value: f64) -> f64 {
        let place = |value: f64| {
            if self.log {
                value.max(self.low).ln()
            } else {
                value
            }
        };
        let (low, high) = (place(self.low), place(self.high));
        let share = if high > low {
            (place(value) - low) / (high - low)
        } else {
            0.5
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }
}

/// The scale that fits the values.
pub(in crate::render) fn scale(
    axis: Axis,
    values: impl Iterator<Item = f64>,
    from: f64,
    to: f64,
) -> AxisScale {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    match axis {
        Axis::Linear => linear(low.min(0.0), high, from, to),
        Axis::Seconds => seconds(low, high, from, to),
        Axis::Log => logarithmic(low, high, from, to),
        Axis::Nines => {
            let names = ["", "90%", "99%", "99.9%", "99.99%", "99.999%"];
            let all = (0..).map(f64::from).zip(names.map(String::from));
            let mut ticks: Vec<(f64, String)> =
                all.filter(|(nines, _)| *nines <= high.max(1.0)).collect();
            ticks[0] = (std::f64::consts::LOG10_2, "50%".into());
            AxisScale {
                log: false,
                low: 0.0,
                high: high.max(1.0),
                from,
                to,
                ticks,
            }
        }
    }
}

/// Round steps from the floor to above the highest value.
fn linear(low: f64, high: f64, from: f64, to: f64) -> AxisScale {
    let high = if high > low { high } else { low + 1.0 };
    let step = round_step((high - low) / 4.0);
    let first = (low / step).floor() as i64;
    let last = (high / step).ceil() as i64;
    let ticks = (first..=last)
        .map(|index| (index as f64 * step, tick(index as f64 * step)))
        .collect();
    AxisScale {
        log: false,
        low: first as f64 * step,
        high: last as f64 * step,
        from,
        to,
        ticks,
    }
}

/// Round seconds inside the range.
fn seconds(low: f64, high: f64, from: f64, to: f64) -> AxisScale {
    let high = if high > low { high } else { low + 1.0 };
    let step = round_step((high - low) / 7.0).max(1.0);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    let ticks = (first..=last)
        .map(|index| (index as f64 * step, tick(index as f64 * step)))
        .collect();
    AxisScale {
        log: false,
        low,
        high,
        from,
        to,
        ticks,
    }
}

/// Powers of ten, with 2 and 5 between them where there is room.
fn logarithmic(low: f64, high: f64, from: f64, to: f64) -> AxisScale {
    let low = low.max(1e-3);
    let high = high.max(low * 1.01);
    let decades = (high / low).log10();
    let steps: &[f64] = if decades < 2.2 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let all: Vec<f64> = (low.log10().floor() as i32..=high.log10().ceil() as i32)
        .flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)))
        .collect();
    // The range reaches to the next tick on both sides.
    let floor = all
        .iter()
        .copied()
        .filter(|tick| *tick <= low)
        .fold(f64::NEG_INFINITY, f64::max);
    let ceiling = all
        .iter()
        .copied()
        .filter(|tick| *tick >= high)
        .fold(f64::INFINITY, f64::min);
    let floor = if floor.is_finite() { floor } else { low };
    let ceiling = if ceiling.is_finite() { ceiling } else { high };
    let ticks = all
        .into_iter()
        .filter(|value| (floor * 0.999..=ceiling * 1.001).contains(value))
        .map(|value| (value, tick(value)))
        .collect();
    AxisScale {
        log: true,
        low: floor,
        high: ceiling,
        from,
        to,
        ticks,
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|step| step * power >= rough * 0.999);
    step.unwrap_or(10.0) * power
}

/// A round number without needless zeros.
fn tick(value: f64) -> String {
    let size = value.abs();
    let text = if size >= 1e6 {
        format!("{}M", trimmed(size / 1e6))
    } else if size >= 1e4 {
        format!("{}k", trimmed(size / 1e3))
    } else {
        trimmed(size)
    };
    if value < 0.0 {
        format!("−{text}")
    } else {
        text
    }
}

/// At most three decimals, without trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.len() == 4 && !text.contains('.') {
        format!("{},{}", &text[..1], &text[1..])
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            [0.5, 1_000.0, 20_000.0, -5.0, 0.001].map(tick),
            ["0.5", "1,000", "20k", "−5", "0.001"]
        );
    }
}
