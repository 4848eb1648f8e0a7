//! Lines over the seconds of a trial: the trials of an arm laid over each other, thinned to what
//! a screen can show. All lines of a page lie on one grid, so that they can be read together.

use loadgen_experiment::schema::ValidityWord;
use std::collections::BTreeMap;

use loadgen_experiment::schema::{Second, Trial};

/// Most points of one line.
pub(in crate::render) const MAX_POINTS: usize = 600;

/// One point of a line, with the range that it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::render) struct PlotPoint {
    /// Seconds since the measured window began.
    pub(in crate::render) x: f64,
    /// Its value.
    pub(in crate::render) y: f64,
    /// Smallest and largest value over the trials, and over the seconds that share the point.
    pub(in crate::render) range: (f64, f64),
}

/// How the trials of an arm become one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render) enum Over {
    /// The middle of the trials, with their range.
    Middle,
    /// Their mean; means can be put on top of each other.
    Mean,
    /// All of them together.
    Sum,
}

/// The instants at which all lines of a page have their points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render) struct Grid {
    /// The first second of any trial.
    first: i64,
    /// The last one.
    last: i64,
    /// How many seconds share a point; 1 where each has its own.
    step: i64,
}

impl Grid {
    /// The grid of all trials of a page.
    pub(in crate::render) fn of(trials: &[Trial]) -> Self {
        let seconds = || trials.iter().flat_map(|trial| &trial.series);
        let first = seconds().map(|one| one.second).min().unwrap_or(0);
        let last = seconds().map(|one| one.second).max().unwrap_or(0);
        let count = last.saturating_sub(first).saturating_add(1);
        // One more bin, as the first second need not begin one.
        let step = if count <= MAX_POINTS as i64 {
            1
        } else {
            (count as u64).div_ceil(MAX_POINTS as u64 - 1) as i64
        };
        Self { first, last, step }
    }

    /// How many seconds share a point.
    pub(in crate::render) fn step(&self) -> i64 {
        self.step
    }

    /// Every instant, in order: the first second of each bin.
    pub(in crate::render) fn instants(&self) -> Vec<f64> {
        (self.first.div_euclid(self.step)..=self.last.div_euclid(self.step))
            .map(|bin| (bin * self.step) as f64)
            .collect()
    }

    /// What `pick` finds in an arm's trials, second by second; seconds without a value are left
    /// out.
    pub(in crate::render) fn across(
        &self,
        trials: &[Trial],
        arm: &str,
        over: Over,
        pick: impl Fn(&Second) -> Option<f64>,
    ) -> Vec<PlotPoint> {
        self.of_trials(trials, arm, over, |trial| {
            let seconds = trial.series.iter();
            seconds
                .filter_map(|second| Some((second.second, pick(second)?)))
                .collect()
        })
    }

    /// What `values` finds in an arm's trials, by second.
    pub(in crate::render) fn of_trials(
        &self,
        trials: &[Trial],
        arm: &str,
        over: Over,
        values: impl Fn(&Trial) -> Vec<(i64, f64)>,
    ) -> Vec<PlotPoint> {
        let mut by_second: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        // Where no trial of an arm is valid, the page marks its charts.
        let mine = || trials.iter().filter(|trial| trial.arm == arm);
        let valid = |trial: &&Trial| trial.validity.word != ValidityWord::Invalid;
        let any = mine().any(|trial| valid(&trial));
        for trial in mine().filter(|trial| !any || valid(trial)) {
            for (second, value) in values(trial) {
                if value.is_finite() {
                    by_second.entry(second).or_default().push(value);
                }
            }
        }
        let points: Vec<PlotPoint> = by_second
            .into_iter()
            .map(|(second, values)| point(second, values, over))
            .collect();
        self.thinned(&points, over)
    }

    /// The points on the grid: of seconds that share one their middle, or their mean where values
    /// are put on top of each other. The range holds them all, so that a spike of one second is
    /// still seen.
    fn thinned(&self, points: &[PlotPoint], over: Over) -> Vec<PlotPoint> {
        if self.step == 1 {
            return points.to_vec();
        }
        let bin = |point: &PlotPoint| (point.x as i64).div_euclid(self.step);
        points
            .chunk_by(|a, b| bin(a) == bin(b))
            .map(|chunk| PlotPoint {
                x: (bin(&chunk[0]) * self.step) as f64,
                ..shared(chunk, over)
            })
            .collect()
    }
}

/// What the trials say of one second.
fn point(second: i64, mut values: Vec<f64>, over: Over) -> PlotPoint {
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    let sum: f64 = values.iter().sum();
    let y = match over {
        Over::Middle => f64::midpoint(values[last / 2], values[last.div_ceil(2)]),
        Over::Mean => sum / values.len() as f64,
        Over::Sum => sum,
    };
    PlotPoint {
        x: second as f64,
        y,
        range: match over {
            Over::Middle => (values[0], values[last]),
            Over::Mean | Over::Sum => (y, y),
        },
    }
}

/// One point for several seconds.
fn shared(chunk: &[PlotPoint], over: Over) -> PlotPoint {
    let mut values: Vec<f64> = chunk.iter().map(|point| point.y).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    match over {
        Over::Middle => PlotPoint {
            x: chunk[0].x,
            y: f64::midpoint(values[last / 2], values[last.div_ceil(2)]),
            range: chunk.iter().fold(chunk[0].range, |(low, high), point| {
                (low.min(point.range.0), high.max(point.range.1))
            }),
        },
        Over::Mean | Over::Sum => {
            let y = values.iter().sum::<f64>() / values.len() as f64;
            PlotPoint {
                x: chunk[0].x,
                y,
                range: (y, y),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn hour() -> Vec<Trial> {
        let mut trials = fixture::large().trials;
        trials.truncate(2);
        for trial in &mut trials {
            trial.arm = "after".into();
            trial.validity.word = ValidityWord::Valid;
        }
        trials
    }

    #[test]
    fn thinning_keeps_a_spike_of_one_second_and_all_lines_on_one_grid() {
        let mut trials = hour();
        let grid = Grid::of(&trials);
        trials.truncate(1);
        trials[0].series[2_345].p50_ms = Some(9_000.0);
        let thin = grid.across(&trials, "after", Over::Middle, |second| second.p50_ms);
        assert!(
            thin.len() <= MAX_POINTS && thin.len() > 500,
            "{}",
            thin.len()
        );
        assert!(thin.iter().any(|point| point.range.1 > 8_999.0));
        assert!(
            thin.iter().all(|point| point.y < 2_000.0),
            "the line is the middle"
        );
        let instants = grid.instants();
        assert!(instants.is_sorted_by(|a, b| a < b));
        assert!(thin.iter().all(|point| instants.contains(&point.x)));
    }

    #[test]
    fn trials_become_their_middle_their_mean_or_their_sum() {
        let mut trials = fixture::experiment(false).trials;
        trials.retain(|trial| trial.arm == "before");
        trials.truncate(3);
        for (trial, failed) in trials.iter_mut().zip([1, 2, 6]) {
            trial.validity.word = ValidityWord::Valid;
            trial.series.truncate(1);
            trial.series[0].failed = failed;
        }
        let grid = Grid::of(&trials);
        let of =
            |over| grid.across(&trials, "before", over, |second| Some(second.failed as f64))[0].y;
        let all = [Over::Middle, Over::Mean, Over::Sum].map(|over| of(over).to_string());
        assert_eq!(all, ["2", "3", "9"]);
    }
}
