//! Whether memory and descriptors of each process stay flat over the measured window.

use std::collections::{BTreeMap, BTreeSet};

use loadgen_stats::theil_sen_interval;

use crate::schema::{Growth, GrowthWord, Resource, Second};

/// Shortest window that is looked at, in seconds.
const SHORTEST_S: f64 = 120.0;
/// Blocks of equal length that the window is cut into: neighbouring seconds are correlated, which
/// the interval of the slope does not allow for.
const BLOCKS: i64 = 30;
/// Fewest blocks with a figure that decide.
const FEWEST_BLOCKS: usize = 20;
/// Growth an hour that is still flat, as a share of the mean.
const FLAT_SHARE: f64 = 0.05;
/// Seconds of an hour.
const HOUR_S: f64 = 3_600.0;

/// Least limit an hour: of memory 1 MiB, of descriptors 1. A change over the window is seen from
/// twice as much.
const fn smallest(resource: Resource) -> f64 {
    match resource {
        Resource::Memory => 1_048_576.0,
        Resource::Descriptors => 1.0,
    }
}

/// Every process whose figures are in the seconds; nothing of a window that is too short.
pub(super) fn of(series: &[Second], window_s: f64) -> Vec<Growth> {
    if window_s < SHORTEST_S {
        return Vec::new();
    }
    let mut found = Vec::new();
    for resource in [Resource::Memory, Resource::Descriptors] {
        let names: BTreeSet<&String> = series
            .iter()
            .flat_map(|one| held(one, resource).keys())
            .collect();
        found.extend(
            names
                .into_iter()
                .filter_map(|name| growth(series, window_s, name, resource)),
        );
    }
    found
}

const fn held(second: &Second, resource: Resource) -> &BTreeMap<String, u64> {
    match resource {
        Resource::Memory => &second.rss_bytes,
        Resource::Descriptors => &second.descriptors,
    }
}

fn growth(series: &[Second], window_s: f64, process: &str, resource: Resource) -> Option<Growth> {
    let points = blocks(series, window_s, process, resource);
    if points.is_empty() {
        return None;
    }
    let mean = points.iter().map(|(_, value)| value).sum::<f64>() / points.len() as f64;
    let slope = theil_sen_interval(&points);
    let per_hour = slope.map(|slope| slope.estimate * HOUR_S);
    let interval = slope
        .and_then(|slope| slope.interval)
        .map(|(low, high)| (low * HOUR_S, high * HOUR_S));
    let limit = (FLAT_SHARE * mean).max(smallest(resource));
    // A step of one unit in a short window would be a growth of many an hour.
    let is_seen =
        per_hour.is_some_and(|slope| slope.abs() * window_s / HOUR_S >= 2.0 * smallest(resource));
    let word = match interval.filter(|_| points.len() >= FEWEST_BLOCKS) {
        Some((low, high)) if low >= -limit && high <= limit => GrowthWord::Flat,
        Some((low, _)) if low > limit && is_seen => GrowthWord::Grows,
        Some((_, high)) if high < -limit && is_seen => GrowthWord::Shrinks,
        _ => GrowthWord::NotKnown,
    };
    Some(Growth {
        process: process.to_owned(),
        resource,
        mean,
        per_hour,
        interval,
        share_per_hour: per_hour.filter(|_| mean > 0.0).map(|slope| slope / mean),
        limit_per_hour: limit,
        blocks: points.len() as u32,
        window_s,
        word,
    })
}

/// The middle of each block in seconds, and the mean of its figures; blocks without any are left out.
fn blocks(series: &[Second], window_s: f64, process: &str, resource: Resource) -> Vec<(f64, f64)> {
    let width = (window_s as i64 / BLOCKS).max(1);
    (0..BLOCKS)
        .filter_map(|number| {
            let inside = number * width..(number + 1) * width;
            let values: Vec<f64> = series
                .iter()
                .filter(|one| inside.contains(&one.second))
                .filter_map(|one| Some(*held(one, resource).get(process)? as f64))
                .collect();
            let middle = (number as f64 + 0.5) * width as f64;
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (!values.is_empty()).then_some((middle, mean))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1e6;

    /// Memory and descriptors of a process by second, after a warm-up in which they were different.
    fn series(seconds: i64, memory: impl Fn(f64) -> f64, open: impl Fn(f64) -> f64) -> Vec<Second> {
        let of = |value: f64| BTreeMap::from([("target-app".to_owned(), value as u64)]);
        let one = |second: i64| Second {
            second,
            rss_bytes: of(if second < 0 {
                MB
            } else {
                memory(second as f64)
            }),
            descriptors: of(if second < 0 {
                9_999.0
            } else {
                open(second as f64)
            }),
            ..Second::default()
        };
        (-30..seconds).map(one).collect()
    }

    fn words(series: &[Second], window_s: f64) -> [GrowthWord; 2] {
        let found = of(series, window_s);
        [found[0].word, found[1].word]
    }

    #[test]
    fn constants_are_flat_with_a_slope_of_zero() {
        let found = of(&series(600, |_| 84.0 * MB, |_| 40.0), 600.0);
        assert_eq!(found.len(), 2);
        for one in &found {
            assert_eq!((one.word, one.blocks), (GrowthWord::Flat, 30));
            assert_eq!((one.per_hour, one.interval), (Some(0.0), Some((0.0, 0.0))));
        }
        assert!(
            (found[0].mean - 84.0 * MB).abs() < 1.0,
            "the warm-up is not in it"
        );
        assert!((found[0].limit_per_hour - 4.2 * MB).abs() < 1.0);
        assert!((found[1].limit_per_hour - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_leak_grows_with_its_slope_and_what_is_given_back_shrinks() {
        let found = of(
            &series(600, |s| 84.0 * MB + s * 20_000.0, |s| 900.0 - s / 2.0),
            600.0,
        );
        assert_eq!(found[0].word, GrowthWord::Grows);
        assert!((found[0].per_hour.unwrap() - 72.0 * MB).abs() < MB);
        assert_eq!(found[1].word, GrowthWord::Shrinks);
    }

    #[test]
    fn one_more_descriptor_is_not_a_growth_that_is_known() {
        let step = |s: f64| 40.0 + f64::from(s > 60.0);
        let noise = |s: f64| 84.0 * MB + (s * 7.3).sin() * 40.0 * MB;
        assert_eq!(
            words(&series(120, noise, step), 120.0),
            [GrowthWord::NotKnown; 2]
        );
    }

    #[test]
    fn short_windows_have_no_word_and_too_few_blocks_decide_nothing() {
        assert!(of(&series(119, |_| MB, |_| 1.0), 119.0).is_empty());
        let mut gaps = series(300, |_| 84.0 * MB, |_| 40.0);
        gaps.retain(|one| one.second < 190);
        assert_eq!(words(&gaps, 300.0), [GrowthWord::NotKnown; 2]);
    }
}
