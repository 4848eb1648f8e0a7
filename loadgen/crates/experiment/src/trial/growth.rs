//! Whether memory, descriptors, connections and the response time stay flat over the measured window.

use std::{collections::BTreeSet, ops::Range};

use loadgen_stats::{median, theil_sen_interval};

use super::planned_level::is_level;
use crate::{
    schema::{Growth, GrowthWord, Percentile, Resource, Second},
    services::TARGET_PROCESS,
};
use loadgen_engine::{aggregator::TrialData, suite::Suite, units::Nanos};

/// Shortest window that is looked at, in seconds.
const SHORTEST_S: f64 = 120.0;
/// Blocks of equal length that the window is cut into: neighbouring seconds are correlated, which
/// the interval of the slope does not allow for.
const BLOCKS: i64 = 30;
/// Blocks at each end of the window that are held against the rest: the slope alone does not see a step
/// in them, because it bears nearly a third of the blocks being anything.
const END_BLOCKS: usize = 5;
/// Fewest blocks with a figure that decide.
const FEWEST_BLOCKS: usize = 20;
/// Seconds of an hour.
const HOUR_S: f64 = 3_600.0;
/// The percentile of the response time, as a share.
const TAIL: f64 = 0.95;
/// Whose the response time is.
const REQUESTS: &str = "requests";

/// Growth an hour that is still flat, as a share of the mean: of a day it is 1.2 times the mean, and of
/// the response time, which scatters more, 2.4 times.
const fn flat_share(resource: Resource) -> f64 {
    match resource {
        Resource::Memory | Resource::Descriptors | Resource::Connections => 0.05,
        Resource::ResponseTime => 0.1,
    }
}

/// Least limit an hour: of memory 1 MiB, of descriptors and connections 1, of the response time
/// 0.1 ms. A change over the window is seen from twice as much.
const fn smallest(resource: Resource) -> f64 {
    match resource {
        Resource::Memory => 1_048_576.0,
        Resource::Descriptors | Resource::Connections => 1.0,
        Resource::ResponseTime => 0.1,
    }
}

/// Whether a trial can tell of a growth. Processes that were restarted and times of outages say nothing of
/// it, and under a load that changes everything follows the load.
pub(super) fn can_be_told(suite: &Suite, data: &TrialData) -> bool {
    let window = data.window_s().ceil() as i64;
    suite.faults.is_empty() && data.changes.is_empty() && is_level(suite, 0, window)
}

/// Everything that is in the seconds, and the response time from `response`, the percentile of each
/// block; nothing of a window that is too short.
pub(super) fn of(series: &[Second], window_s: f64, response: &[(f64, f64)]) -> Vec<Growth> {
    if window_s < SHORTEST_S {
        return Vec::new();
    }
    let mut found = Vec::new();
    for resource in [
        Resource::Memory,
        Resource::Descriptors,
        Resource::Connections,
    ] {
        let names: BTreeSet<&str> = series.iter().flat_map(|one| names(one, resource)).collect();
        found.extend(names.into_iter().filter_map(|name| {
            let points = blocks(series, window_s, |one| held(one, name, resource));
            judged(&points, window_s, name, resource)
        }));
    }
    found.extend(judged(response, window_s, REQUESTS, Resource::ResponseTime));
    found
}

/// The percentile of the response time of each block of the window, with the middle of the block in
/// seconds; blocks with too few answers are left out.
pub(super) fn response(data: &TrialData) -> Vec<(f64, f64)> {
    let warm_up = data.seconds.iter().filter(|one| one.second < 0).count();
    (0..BLOCKS)
        .filter_map(|number| {
            let inside = seconds_of(number, data.window_s());
            let rows = warm_up + inside.start as usize..warm_up + inside.end as usize;
            let answers = data.timeline.pooled(rows);
            let ns = answers.value_at_quantile(TAIL);
            Percentile::is_supported(TAIL, answers.len())
                .then(|| (middle(&inside), Nanos(ns).as_ms()))
        })
        .collect()
}

/// Who has a figure of a second.
fn names(second: &Second, resource: Resource) -> Vec<&str> {
    match resource {
        Resource::Memory => second.rss_bytes.keys().map(String::as_str).collect(),
        Resource::Descriptors => second.descriptors.keys().map(String::as_str).collect(),
        Resource::Connections => second
            .pool_size
            .map(|_| TARGET_PROCESS)
            .into_iter()
            .collect(),
        Resource::ResponseTime => Vec::new(),
    }
}

fn held(second: &Second, name: &str, resource: Resource) -> Option<f64> {
    match resource {
        Resource::Memory => second.rss_bytes.get(name).map(|bytes| *bytes as f64),
        Resource::Descriptors => second.descriptors.get(name).map(|open| *open as f64),
        Resource::Connections => second.pool_size.map(f64::from),
        Resource::ResponseTime => None,
    }
}

fn judged(
    points: &[(f64, f64)],
    window_s: f64,
    process: &str,
    resource: Resource,
) -> Option<Growth> {
    if points.is_empty() {
        return None;
    }
    let mean = points.iter().map(|(_, value)| value).sum::<f64>() / points.len() as f64;
    let slope = theil_sen_interval(points);
    let per_hour = slope.map(|slope| slope.estimate * HOUR_S);
    let interval = slope
        .and_then(|slope| slope.interval)
        .map(|(low, high)| (low * HOUR_S, high * HOUR_S));
    let limit = (flat_share(resource) * mean).max(smallest(resource));
    // A step of one unit in a short window would be a growth of many an hour.
    let is_seen =
        per_hour.is_some_and(|slope| slope.abs() * window_s / HOUR_S >= 2.0 * smallest(resource));
    // What fills up and then stays does not grow.
    let goes_on = |sign: f64| {
        let second_half = &points[points.len() / 2..];
        let later = theil_sen_interval(second_half).map(|slope| slope.estimate * HOUR_S);
        is_seen
            && [per_hour, later]
                .iter()
                .all(|slope| slope.is_some_and(|slope| slope * sign > limit))
    };
    let allowed = limit * window_s / HOUR_S + smallest(resource);
    let word = match interval.filter(|_| points.len() >= FEWEST_BLOCKS) {
        Some((low, high)) if low >= -limit && high <= limit && step(points) <= allowed => {
            GrowthWord::Flat
        }
        Some((low, _)) if low > 0.0 && goes_on(1.0) => GrowthWord::Grows,
        Some((_, high)) if high < 0.0 && goes_on(-1.0) => GrowthWord::Shrinks,
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

/// How far the first or the last blocks lie from all others, whichever is more: the difference of the
/// medians.
fn step(points: &[(f64, f64)]) -> f64 {
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let end = END_BLOCKS.min(values.len());
    let (first, after_them) = values.split_at(end);
    let (before_them, last) = values.split_at(values.len() - end);
    [(first, after_them), (before_them, last)]
        .into_iter()
        .filter_map(|(one, other)| Some((median(one)? - median(other)?).abs()))
        .fold(0.0, f64::max)
}

/// The seconds of a block: all blocks together are the whole window.
fn seconds_of(number: i64, window_s: f64) -> Range<i64> {
    let whole = window_s as i64;
    let bound = |number: i64| number * whole / BLOCKS;
    bound(number)..bound(number + 1)
}

/// The middle of a block, in seconds.
fn middle(inside: &Range<i64>) -> f64 {
    (inside.start + inside.end) as f64 / 2.0
}

/// The middle of each block in seconds, and the mean of its figures; blocks without any are left out.
fn blocks(
    series: &[Second],
    window_s: f64,
    figure: impl Fn(&Second) -> Option<f64>,
) -> Vec<(f64, f64)> {
    (0..BLOCKS)
        .filter_map(|number| {
            let inside = seconds_of(number, window_s);
            let values: Vec<f64> = series
                .iter()
                .filter(|one| inside.contains(&one.second))
                .filter_map(&figure)
                .collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (!values.is_empty()).then_some((middle(&inside), mean))
        })
        .collect()
}

#[cfg(test)]
#[path = "growth_tests.rs"]
mod tests;
