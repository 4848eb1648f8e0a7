//! Was there one steady state to measure? At the window's begin, over its seconds, at its end.

use crate::{
    schema::{CheckCode, ValidityCheck},
    verdict::evidence::{TrialEvidence, check, share, unjudged},
};
use loadgen_engine::aggregator::{SecondData, TrialData};
use loadgen_stats::{self as stats};

/// Requests that may be under way when the window begins, whatever the rate: chance alone
/// brings that many together.
const WARM_FLOOR: f64 = 8.0;
/// Chance with which a steady queue of known mean has more under way than is allowed.
const WARM_CHANCE: f64 = 0.001;
/// By how much the backlog may grow over the window.
const BACKLOG_FLOOR: f64 = 5.0;
/// Share of the offered requests that must complete in the window.
const COMPLETED: f64 = 0.98;
/// Fewest whole seconds of a window whose course can be judged.
const FEWEST_SECONDS: usize = 30;
/// Largest difference between the halves' logarithms of the median response.
const HALVES: f64 = 0.1;
/// Share of the window that may still belong to the warm-up.
const LATE_WARM: f64 = 0.1;

/// What the warm-up left behind had been worked off when the window began: not more is under way
/// than a steady queue of the window's second half would have.
///
/// The chance is that of a queue whose mean is known. It is estimated here from a few seconds that
/// depend on each other: a steady M/M/1 exceeds the limit in up to 2 % of the trials, at every
/// utilization (simulated, see the test).
pub(in crate::verdict) fn warm(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let course = under_way(data);
    // Two passes that send many at once may meet as any two others.
    let floor = WARM_FLOOR.max(2.0 * evidence.at_once as f64);
    let limit = warm_limit(&course).max(floor);
    check(
        CheckCode::NotWarm,
        data.outstanding_at_window_start as f64 <= limit,
        format!("{} under way", data.outstanding_at_window_start),
        format!("<= {limit:.0} when the window begins, by the mean of its second half"),
        "the figures include warm-up: requests of it were still open when the window began, so the target cannot sustain the rate, or needs a longer warm-up",
    )
}

/// The most requests under way that are no sign of a backlog, from those under way by the second.
fn warm_limit(course: &[f64]) -> f64 {
    let half = &course[course.len() / 2..];
    let mean = half.iter().sum::<f64>() / half.len().max(1) as f64;
    stats::steady_limit(mean, WARM_CHANCE)
}

/// Requests under way at the end of each second of the window.
fn under_way(data: &TrialData) -> Vec<f64> {
    let window_s = data.window_s().round() as i64;
    let mut open = 0_i64;
    let mut course = Vec::new();
    for second in &data.seconds {
        open += second.planned as i64 - second.completed as i64;
        if (0..window_s).contains(&second.second) {
            course.push(open as f64);
        }
    }
    course
}

/// The target kept up: what was under way did not grow over the window. Under a load that changes it follows
/// the load, and what was completed alone is judged.
pub(in crate::verdict) fn backlog(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let course = under_way(data);
    let window_s = data.window_s().round() as i64;
    let (mut planned, mut completed) = (0_u64, 0_u64);
    for second in &data.seconds {
        if (0..window_s).contains(&second.second) {
            planned += second.planned;
            completed += second.completed;
        }
    }
    let grown = stats::theil_sen(&course).unwrap_or(0.0) * window_s as f64;
    let mean = course.iter().sum::<f64>() / course.len().max(1) as f64;
    // A pass that sends many at once may lie across the window's edge.
    let limit = BACKLOG_FLOOR.max(evidence.at_once as f64).max(mean * 0.1);
    let done = share(completed, planned);
    // The last second's requests may well be under way: a handful is no backlog.
    let done_enough = done >= COMPLETED || planned.saturating_sub(completed) <= limit as u64;
    let completed = format!("{:.1} % completed in the window", done * 100.0);
    let least = format!(">= {:.0} %", COMPLETED * 100.0);
    let (kept_up, figure, limits) = if evidence.level {
        let figure = format!("grew by {grown:.0}, {completed}");
        let limits = format!("grows by <= {limit:.0}, {least}");
        (grown <= limit && done_enough, figure, limits)
    } else {
        (done_enough, completed, least)
    };
    check(
        CheckCode::Backlog,
        kept_up,
        figure,
        limits,
        "the target cannot sustain this rate: its response times depend on how long the run is; lower the rate",
    )
}

/// The window has one steady state: its halves agree, and the warm-up did not reach into it.
///
/// There is a drift where the halves' medians are further apart than a tenth *and* than three
/// standard errors of themselves. MSER alone decides nothing: on pure noise its minimum lies
/// anywhere.
pub(in crate::verdict) fn stationary(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let advice = "the response times drift over the window: warm up for longer, or look for what grows in the target; a percentile over a drift depends on the length of the run";
    let limit = format!("halves within {:.0} % or their noise", HALVES * 100.0);
    let data = evidence.data;
    let whole = data.window_s().floor() as i64;
    let logs: Vec<(i64, f64)> = data
        .seconds
        .iter()
        .filter(|second| second.second < whole)
        .filter_map(|second| Some((second.second, (second.p50_ns? as f64).ln())))
        .collect();
    let window: Vec<f64> = logs
        .iter()
        .filter(|(second, _)| *second >= 0)
        .map(|(_, log)| *log)
        .collect();
    if !evidence.level {
        let why = "the load is planned to change";
        return unjudged(CheckCode::Stationary, why, limit, advice);
    }
    if window.len() < FEWEST_SECONDS {
        let why = format!(
            "{} seconds with answers, {FEWEST_SECONDS} are needed",
            window.len()
        );
        return unjudged(CheckCode::Stationary, &why, limit, advice);
    }
    let (first, second) = window.split_at(window.len() / 2);
    let (Some(a), Some(b)) = (stats::median(first), stats::median(second)) else {
        return unjudged(CheckCode::Stationary, "no answers", limit, advice);
    };
    let error = standard_error(first, a).hypot(standard_error(second, b));
    let warm_up = data.seconds.iter().filter(|one| one.second < 0).count();
    let late = truncation(&data.seconds, whole, &logs)
        .map(|drop| drop as f64 - warm_up as f64)
        .filter(|late| *late > whole as f64 * LATE_WARM);
    check(
        CheckCode::Stationary,
        (b - a).abs() <= HALVES.max(3.0 * error),
        format!(
            "the second half's median is {:.2} times the first's{}",
            (b - a).exp(),
            late.map_or_else(String::new, |late| format!(
                "; steady only {late:.0} s into the window (MSER)"
            ))
        ),
        limit,
        advice,
    )
}

/// Standard error of the median of a noisy series, from its median absolute deviation.
fn standard_error(values: &[f64], median: f64) -> f64 {
    let deviations: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    let deviation = stats::median(&deviations).unwrap_or(0.0) * 1.4826;
    1.2533 * deviation / (values.len().max(1) as f64).sqrt()
}

/// Seconds at the begin that MSER would drop: the most over response, completions and requests
/// under way.
fn truncation(seconds: &[SecondData], whole: i64, logs: &[(i64, f64)]) -> Option<usize> {
    let seconds: Vec<&SecondData> = seconds.iter().filter(|one| one.second < whole).collect();
    let completed: Vec<f64> = seconds.iter().map(|one| one.completed as f64).collect();
    let mut open = 0_i64;
    let under_way: Vec<f64> = seconds
        .iter()
        .map(|one| {
            open += one.planned as i64 - one.completed as i64;
            open as f64
        })
        .collect();
    let response: Vec<f64> = logs.iter().map(|(_, log)| *log).collect();
    [response, completed, under_way]
        .iter()
        .filter_map(|series| stats::mser(series))
        .map(|cut| cut.drop)
        .max()
}

#[cfg(test)]
mod tests {
    use rand::{Rng, RngExt as _};

    use super::*;
    use loadgen_stats::seed;

    /// A steady M/M/1 at this utilization and 100 arrivals a second: requests under way at the begin
    /// of a window, and at the end of each of its seconds.
    fn queue(utilization: f64, seconds: usize, chance: &mut impl Rng) -> (f64, Vec<f64>) {
        let mut open = 0_u32;
        while chance.random_bool(utilization) {
            open += 1;
        }
        let begin = f64::from(open);
        let (arrivals, services) = (100.0, 100.0 / utilization);
        let (mut now, mut course) = (0.0_f64, Vec::new());
        while course.len() < seconds {
            let rate = if open == 0 {
                arrivals
            } else {
                arrivals + services
            };
            now -= (1.0 - chance.random::<f64>()).ln() / rate;
            while now >= (course.len() + 1) as f64 && course.len() < seconds {
                course.push(f64::from(open));
            }
            if open == 0 || chance.random_bool(arrivals / rate) {
                open += 1;
            } else {
                open -= 1;
            }
        }
        (begin, course)
    }

    #[test]
    fn a_steady_queue_is_warm_at_every_utilization() {
        let mut chance = seed::rng(17);
        for utilization in [0.7, 0.8, 0.9] {
            let trials = 300;
            let cold = (0..trials)
                .filter(|_| {
                    let (begin, course) = queue(utilization, 8, &mut chance);
                    begin > warm_limit(&course).max(WARM_FLOOR)
                })
                .count();
            // P(more than 13 of 300 at 2 %) is below 1 %.
            assert!(cold <= 13, "{utilization}: {cold} of {trials}");
        }
    }

    #[test]
    fn a_backlog_that_is_worked_off_within_the_window_is_seen() {
        // 40 more than the steady 2 under way, worked off in the first three seconds.
        let course = [30.0, 15.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0];
        assert!(warm_limit(&course).max(WARM_FLOOR) < 42.0);
    }
}
