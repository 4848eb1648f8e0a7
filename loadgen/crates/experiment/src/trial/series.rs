//! The series of a trial: its seconds, and percentiles over wider steps where a second has too few
//! answers for them.

use crate::schema::{Percentile, PooledPercentile, Second};
use loadgen_engine::{aggregator::TrialData, sample::Outcome, units::Nanos};

/// Percentiles that are given over time, as shares.
const SHARES: [f64; 3] = [0.5, 0.95, 0.99];
/// Steps of time that seconds are pooled into.
const STEPS_S: [usize; 7] = [1, 2, 5, 10, 20, 30, 60];
/// Share of the steps in the window that must have enough answers.
const ENOUGH: f64 = 0.8;
/// Fewest steps in the window: a single one is no series.
const FEWEST_STEPS: usize = 2;

/// By second, the target's part not yet in it.
pub fn seconds(data: &TrialData) -> Vec<Second> {
    data.seconds
        .iter()
        .map(|one| {
            let [p50_ms, p95_ms, p99_ms] = [one.p50_ns, one.p95_ns, one.p99_ns];
            let ms = |share: f64, ns: Option<u64>| {
                ns.filter(|_| Percentile::is_supported(share, one.answered))
                    .map(|ns| Nanos(ns).as_ms())
            };
            Second {
                second: one.second,
                planned: one.planned,
                completed: one.completed,
                failed: one.failed,
                errors: Outcome::ALL
                    .iter()
                    .zip(one.failures)
                    .filter(|(_, count)| *count > 0)
                    .map(|(outcome, count)| (outcome.as_str().to_owned(), count.into()))
                    .collect(),
                p50_ms: ms(SHARES[0], p50_ms),
                p95_ms: ms(SHARES[1], p95_ms),
                p99_ms: ms(SHARES[2], p99_ms),
                ..Second::default()
            }
        })
        .collect()
}

/// Of each percentile the narrowest step with enough answers in most of the window, and the next
/// wider one: another trial of the same load may need that. Nothing where single seconds have enough.
pub(super) fn pooled(data: &TrialData) -> Vec<PooledPercentile> {
    let each = data.timeline.seconds_each();
    let mut steps = STEPS_S.map(|step| step.next_multiple_of(each)).to_vec();
    steps.dedup();
    SHARES
        .into_iter()
        .flat_map(|share| {
            let by_step = steps.iter().map(|step| pooled_by(data, share, *step));
            let found: Vec<PooledPercentile> = by_step.flatten().take(2).collect();
            let single = found.first().is_some_and(|one| one.step_s as usize == each);
            if single { Vec::new() } else { found }
        })
        .collect()
}

/// The percentile of every step; absent where too few steps of the window have enough answers.
fn pooled_by(data: &TrialData, share: f64, step: usize) -> Option<PooledPercentile> {
    let warm_up = data.seconds.iter().filter(|one| one.second < 0).count();
    // The window begins with a step of its own.
    let points: Vec<(i64, f64)> = (warm_up % step..data.seconds.len())
        .step_by(step)
        .filter_map(|from| {
            let answers = data.timeline.pooled(from..from + step);
            Percentile::is_supported(share, answers.len()).then(|| {
                let ns = answers.value_at_quantile(share);
                (from as i64 - warm_up as i64, Nanos(ns).as_ms())
            })
        })
        .collect();
    let steps = data.window_s() as usize / step;
    let inside = (0..(steps * step) as i64).step_by(step);
    let enough = inside
        .filter(|at| points.iter().any(|(from, _)| from == at))
        .count();
    (steps >= FEWEST_STEPS && enough as f64 >= ENOUGH * steps as f64).then_some(PooledPercentile {
        share,
        step_s: step as u32,
        points,
    })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use loadgen_engine::{
        recorder::{Shard, Window},
        sample::{OpId, Sample},
    };

    use super::*;

    /// A warm-up of 2 s and a window of 20 s, with so many answers a second.
    fn steady(rate: u64) -> TrialData {
        let window = Window {
            from: Nanos::from_secs(2),
            to: Nanos::from_secs(22),
        };
        let mut shard = Shard::new(window, &[OpId(0)], Nanos::from_secs(22));
        for number in 0..22 * rate {
            let at = Nanos(number * 1_000_000_000 / rate);
            let done = Nanos(at.0 + 1_000_000 * (1 + number % 10));
            shard.begin(OpId(0), at);
            shard.settle(&Sample::answered(at, done), None);
        }
        TrialData::from_shards(SystemTime::UNIX_EPOCH, window, vec![shard])
    }

    #[test]
    fn a_percentile_of_a_second_has_ten_answers_beyond_it_or_is_absent() {
        let known = |rate: u64| {
            let all = seconds(&steady(rate));
            let one = all.iter().find(|one| one.second == 5).unwrap();
            [one.p50_ms, one.p95_ms, one.p99_ms].map(|ms| ms.is_some())
        };
        assert_eq!(known(19), [false; 3]);
        assert_eq!(known(20), [true, false, false]);
        assert_eq!(known(199), [true, false, false]);
        assert_eq!(known(200), [true, true, false]);
        assert_eq!(known(1_000), [true; 3]);
    }

    #[test]
    fn seconds_with_too_few_answers_are_pooled_into_the_narrowest_step_that_has_enough() {
        let steps = |rate: u64| -> Vec<(f64, u32)> {
            let found = pooled(&steady(rate));
            found.iter().map(|one| (one.share, one.step_s)).collect()
        };
        assert_eq!(
            steps(50),
            [(0.95, 5), (0.95, 10)],
            "a second has 20 answers for p50, and 20 s have no two steps with 1,000 for p99"
        );
        assert_eq!(steps(10), [(0.5, 2), (0.5, 5)]);
        assert_eq!(steps(100), [(0.95, 2), (0.95, 5), (0.99, 10)]);
        assert_eq!(steps(1_000), []);
        let found = pooled(&steady(50));
        let p95 = found
            .iter()
            .find(|one| (one.share, one.step_s) == (0.95, 5));
        let at: Vec<i64> = p95.unwrap().points.iter().map(|point| point.0).collect();
        assert_eq!(
            at,
            [0, 5, 10, 15],
            "the window begins with a step of its own"
        );
    }
}
