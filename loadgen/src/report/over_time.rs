//! Lines over the seconds of a trial: the trials of an arm laid over each other, thinned to what
//! a screen can show.

use std::collections::BTreeMap;

use crate::schema::{Second, Trial};

/// Most points of one line.
pub(super) const MAX_POINTS: usize = 600;

/// One point of a line, with the range of the trials that it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Seconds since the measured window began.
    pub(super) x: f64,
    /// Middle value over the trials.
    pub(super) y: f64,
    /// Smallest and largest value over the trials.
    pub(super) range: (f64, f64),
}

/// The middle value of `pick` over an arm's trials, second by second; seconds without a value
/// are left out.
pub(super) fn across(
    trials: &[Trial],
    arm: &str,
    pick: impl Fn(&Second) -> Option<f64>,
) -> Vec<Point> {
    let mut by_second: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for trial in trials
        .iter()
        .filter(|trial| trial.arm == arm && trial.validity.word != "INVALID")
    {
        for second in &trial.series {
            if let Some(value) = pick(second).filter(|value| value.is_finite()) {
                by_second.entry(second.second).or_default().push(value);
            }
        }
    }
    let points: Vec<Point> = by_second
        .into_iter()
        .map(|(second, mut values)| {
            values.sort_by(f64::total_cmp);
            let last = values.len() - 1;
            Point {
                x: second as f64,
                y: f64::midpoint(values[last / 2], values[last.div_ceil(2)]),
                range: (values[0], values[last]),
            }
        })
        .collect();
    thinned(&points)
}

/// At most [`MAX_POINTS`] of the points: of each stretch its lowest and its highest, so that a
/// spike of one second is still seen.
pub(super) fn thinned(points: &[Point]) -> Vec<Point> {
    if points.len() <= MAX_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MAX_POINTS / 2);
    points
        .chunks(stretch)
        .flat_map(|chunk| {
            let lowest = chunk
                .iter()
                .enumerate()
                .min_by(|(_, a), (_, b)| a.y.total_cmp(&b.y))
                .map(|(at, _)| at);
            let highest = chunk
                .iter()
                .enumerate()
                .max_by(|(_, a), (_, b)| a.y.total_cmp(&b.y))
                .map(|(at, _)| at);
            let mut kept: Vec<usize> = lowest.into_iter().chain(highest).collect();
            kept.sort_unstable();
            kept.dedup();
            kept.into_iter().map(|at| chunk[at]).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_a_spike_of_one_second() {
        let points: Vec<Point> = (0..100_000)
            .map(|second| {
                let y = if second == 54_321 { 9_000.0 } else { 1.0 };
                Point {
                    x: f64::from(second),
                    y,
                    range: (y, y),
                }
            })
            .collect();
        let thin = thinned(&points);
        assert!(thin.len() <= MAX_POINTS);
        assert!(thin.iter().any(|point| point.y > 8_999.0));
        assert!(thin.is_sorted_by(|a, b| a.x < b.x));
    }
}
