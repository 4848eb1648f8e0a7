//! Self-checks of one trial: is this a measurement of the target, or of the generator?
//!
//! One function a check. Those that fail on the generator's side make the trial INVALID; those
//! that tell about the target ([`BACKLOG`]) or about how much a figure says ([`COUNT`]) are
//! listed and leave it VALID.

use crate::{
    aggregator::TrialData,
    store::schema::{Validity, ValidityCheck},
    units::{Nanos, Quantile},
};

/// The word of a trial that may be believed.
pub const VALID: &str = "VALID";
/// The word of one that may not.
pub const INVALID: &str = "INVALID";

/// Checks that say something about the target or the figures, not about the generator.
const INFORMATIVE: [&str; 2] = ["BACKLOG", "COUNT"];

/// Share of the planned arrivals that the pacer has to let go (method: Nighthawk asks 0.99).
const OFFERED: f64 = 0.999;
/// Schedule lag that no figure of this tool is fine enough to see.
const LAG_FLOOR: Nanos = Nanos::from_millis(1);
/// Share of the median response that the lag may take.
const LAG_SHARE: f64 = 0.05;
/// Longest single lag; one more is a hiccup of the machine.
const LAG_MAX: Nanos = Nanos::from_millis(50);
/// Share of its cores that the generator may use.
const GEN_CPU: f64 = 0.7;
/// Requests that may be under way when the window begins, whatever the rate: chance alone
/// brings that many together.
const WARM_FLOOR: f64 = 8.0;
/// By how much the backlog may grow over the window.
const BACKLOG_FLOOR: f64 = 5.0;
/// Share of the offered requests that must complete in the window.
const COMPLETED: f64 = 0.98;
/// Relative difference that Little's law may show beyond its edges.
const LITTLE: f64 = 0.02;
/// Values beyond a percentile for it to mean something.
const EXCEEDANCES: f64 = 10.0;

/// What the checks look at.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// What the driver measured.
    pub data: &'a TrialData,
    /// CPU seconds of this process over the window, and the seconds in which it spent them.
    pub generator_cpu: Option<(f64, f64)>,
    /// Threads that send.
    pub workers: usize,
    /// Most requests that one pass of a flow sends at once.
    pub at_once: usize,
}

/// Runs every check.
pub fn validity(evidence: &Evidence<'_>) -> Validity {
    let mut checks = vec![
        conservation(evidence),
        offered(evidence),
        lag(evidence),
        generator_cpu(evidence),
        warm(evidence),
        little(evidence),
        backlog(evidence),
        count(evidence),
    ];
    // A trial that was stopped did not have its whole window: nothing else is its fault.
    checks.retain(|check| !(evidence.data.interrupted && check.code == "OFFERED"));
    let broken = checks
        .iter()
        .any(|check| !check.ok && !INFORMATIVE.contains(&check.code.as_str()));
    Validity {
        word: if broken { INVALID } else { VALID }.to_owned(),
        checks,
    }
}

fn check(code: &str, ok: bool, figure: String, limit: String, advice: &str) -> ValidityCheck {
    ValidityCheck {
        code: code.to_owned(),
        ok,
        figure,
        limit,
        advice: advice.to_owned(),
    }
}

/// Every planned request ended in exactly one outcome, and every time fitted its histogram.
fn conservation(evidence: &Evidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let ended: u64 = data.total.outcomes.iter().sum();
    check(
        "HARNESS_BUG",
        data.conserved() && data.overflow == 0,
        format!(
            "{} planned, {ended} ended, {} beyond the histogram",
            data.total.planned, data.overflow
        ),
        "planned = ended, 0 beyond".to_owned(),
        "this is a fault of the load client: please report it with the result folder",
    )
}

/// The pacer let go what was planned.
fn offered(evidence: &Evidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let share = share(data.emitted, data.planned_arrivals);
    check(
        "OFFERED",
        data.planned_arrivals > 0 && share >= OFFERED,
        format!(
            "{} of {} arrivals ({:.2} %)",
            data.emitted,
            data.planned_arrivals,
            share * 100.0
        ),
        format!(">= {:.1} %", OFFERED * 100.0),
        "the generator cannot keep this schedule: lower the rate, lengthen the window, or free a core for it",
    )
}

/// The pacer let arrivals go in time.
///
/// The method asks for p99. With few arrivals p99 is the single worst one, so the highest
/// percentile with ten arrivals beyond it is taken, at most p99; single hiccups have a limit of
/// their own.
fn lag(evidence: &Evidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let n = data.lag.len();
    let quantile = (1.0 - EXCEEDANCES / n.max(1) as f64).clamp(0.5, 0.99);
    let (high, most) = if n == 0 {
        (0, 0)
    } else {
        (data.lag.value_at_quantile(quantile), data.lag.max())
    };
    let median = Quantile::of(0.5)
        .ok()
        .and_then(|half| data.total.response_slo(half))
        .unwrap_or_default();
    let limit = Nanos(LAG_FLOOR.0.max((median.0 as f64 * LAG_SHARE) as u64));
    check(
        "LAG",
        high <= limit.0 && most <= LAG_MAX.0,
        format!(
            "p{:.0} {:.2} ms, longest {:.2} ms",
            quantile * 100.0,
            Nanos(high).as_ms(),
            Nanos(most).as_ms()
        ),
        format!(
            "<= {:.2} ms, longest <= {:.0} ms",
            limit.as_ms(),
            LAG_MAX.as_ms()
        ),
        "the generator woke too late: the machine is too busy for it; lower the rate, stop other programs, or give it a core of its own",
    )
}

/// The generator had CPU to spare.
fn generator_cpu(evidence: &Evidence<'_>) -> ValidityCheck {
    let advice = "the generator is near its own limit: lower the rate or use more workers";
    let limit = format!(
        "<= {:.0} % of {} core(s)",
        GEN_CPU * 100.0,
        evidence.workers
    );
    match evidence.generator_cpu {
        Some((spent, seconds)) => {
            let used = spent / seconds / evidence.workers.max(1) as f64;
            check(
                "GEN_CPU",
                used <= GEN_CPU,
                format!("{:.1} %", used * 100.0),
                limit,
                advice,
            )
        }
        None => check("GEN_CPU", true, "not visible".to_owned(), limit, advice),
    }
}

/// What the warm-up left behind had been worked off when the window began.
fn warm(evidence: &Evidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let rate = data.total.planned as f64 / data.window_s().max(1e-9);
    let service = Quantile::of(0.5)
        .ok()
        .and_then(|half| data.total.service(half))
        .unwrap_or_default();
    // Two passes that send many at once may meet as any two others.
    let floor = WARM_FLOOR.max(2.0 * evidence.at_once as f64);
    let limit = (2.0 * rate * service.as_ms() / 1_000.0).max(floor);
    check(
        "NOT_WARM",
        data.outstanding_at_window_start as f64 <= limit,
        format!("{} under way", data.outstanding_at_window_start),
        format!("<= {limit:.0} when the window begins"),
        "the warm-up left a backlog: this arm cannot sustain the rate, or needs a longer warm-up",
    )
}

/// Little's law: requests under way, integrated over the window by counting, equal the sum of
/// the response times, from the samples. They differ by what crosses the window's edges.
fn little(evidence: &Evidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let (area, sum) = (data.outstanding_area as f64, data.response_sum as f64);
    let longest = longest_crossing(data);
    let crossing =
        (data.outstanding_at_window_start + data.outstanding_at_window_end) as f64 * longest;
    let (ratio, edge) = if area > 0.0 {
        (sum / area, crossing / area)
    } else {
        (1.0, 0.0)
    };
    check(
        "LITTLE",
        (ratio - 1.0).abs() <= LITTLE + edge,
        format!("times / under way = {ratio:.3}"),
        format!("1 +- {:.3}", LITTLE + edge),
        "two ways of counting disagree: this is a fault of the load client, or the clock jumped",
    )
}

/// The longest, in nanoseconds, that a request across an edge of the window can have taken:
/// one of the window itself, or one of the warm-up, of which only percentiles are kept. A
/// failed one of the warm-up may have been under way for the whole window.
fn longest_crossing(data: &TrialData) -> f64 {
    let warm_up = data.seconds.iter().filter(|second| second.second < 0);
    let before = warm_up
        .map(|second| match (second.failed, second.p99_ns) {
            (0, longest) => longest.unwrap_or(0) as f64,
            _ => data.window_s() * 1e9,
        })
        .fold(0.0, f64::max);
    before.max(data.total.ok.max().max(data.total.failed.max()) as f64)
}

/// The target kept up: what was under way did not grow over the window.
fn backlog(evidence: &Evidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let mut under_way = 0_i64;
    let mut course = Vec::new();
    let window_s = data.window_s().round() as i64;
    let (mut planned, mut completed) = (0_u64, 0_u64);
    for second in &data.seconds {
        under_way += second.planned as i64 - second.completed as i64;
        if (0..window_s).contains(&second.second) {
            course.push(under_way as f64);
            planned += second.planned;
            completed += second.completed;
        }
    }
    let grown = theil_sen(&course).unwrap_or(0.0) * window_s as f64;
    let mean = course.iter().sum::<f64>() / course.len().max(1) as f64;
    let limit = BACKLOG_FLOOR.max(mean * 0.1);
    let done = share(completed, planned);
    // The last second's requests may well be under way: a handful is no backlog.
    let done_enough = done >= COMPLETED || planned.saturating_sub(completed) <= limit as u64;
    check(
        "BACKLOG",
        grown <= limit && done_enough,
        format!(
            "grew by {grown:.0}, {:.1} % completed in the window",
            done * 100.0
        ),
        format!("grows by <= {limit:.0}, >= {:.0} %", COMPLETED * 100.0),
        "the target cannot sustain this rate: its response times depend on how long the run is; lower the rate",
    )
}

/// Enough requests for the percentile that is the headline.
fn count(evidence: &Evidence<'_>) -> ValidityCheck {
    let planned = evidence.data.total.planned;
    let beyond = planned as f64 * 0.05;
    check(
        "COUNT",
        beyond >= EXCEEDANCES,
        format!("{planned} requests, {beyond:.0} beyond p95"),
        format!(">= {EXCEEDANCES:.0} beyond p95 to speak of it, 100 to be sure"),
        "measure for longer: the highest percentiles of so few requests are single requests",
    )
}

/// Median of the slopes between all pairs of points one apart or more; robust to outliers.
fn theil_sen(values: &[f64]) -> Option<f64> {
    let mut slopes = Vec::new();
    for (i, a) in values.iter().enumerate() {
        for (j, b) in values.iter().enumerate().skip(i + 1) {
            slopes.push((b - a) / (j - i) as f64);
        }
    }
    crate::stats::median(&slopes)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
#[path = "validity_tests.rs"]
mod tests;
