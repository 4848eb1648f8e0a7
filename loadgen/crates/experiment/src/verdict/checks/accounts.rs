//! Do the counts add up? Exact where the counts are integers.

use crate::{
    metric::percent,
    schema::{CheckCode, ValidityCheck},
    verdict::evidence::{TrialEvidence, check, share, unjudged},
};
use loadgen_engine::{driver::GENERATOR_LIMIT, sample::Outcome};

/// Share of the planned arrivals that the pacer has to let go (method: Nighthawk asks 0.99).
const OFFERED: f64 = 0.999;
/// Relative difference that Little's law may show beyond its edges.
const LITTLE: f64 = 0.02;
/// How much more CPU time than there is may be seen: clock ticks, and observations that are not taken
/// at one instant.
const UTIL_SLACK_S: f64 = 0.25;

/// Every planned request ended in exactly one outcome.
pub(in crate::verdict) fn conservation(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let ended: u64 = data.total.outcomes.iter().sum();
    check(
        CheckCode::HarnessBug,
        data.conserved(),
        format!("{} planned, {ended} ended", data.total.planned),
        "planned = ended, for every operation".to_owned(),
        "this is a fault of the load client: please report it with the result folder",
    )
}

/// Every time fitted its histogram.
pub(in crate::verdict) fn overflow(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    check(
        CheckCode::HistOverflow,
        evidence.data.overflow == 0,
        format!("{} times beyond the histogram", evidence.data.overflow),
        "0".to_owned(),
        "a time was longer than can be recorded: lower timeout and drain together below 22 minutes, and report it if they are",
    )
}

/// The pacer let go what was planned.
pub(in crate::verdict) fn offered(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let share = share(data.emitted, data.planned_arrivals);
    let advice = match data.planned_arrivals {
        0 => {
            "nothing was to start in the measured window: shorten the warm-up, lengthen the window, raise the rate, or let users start more iterations"
        }
        _ => {
            "the generator cannot keep this schedule: lower the rate, lengthen the window, or free a core for it"
        }
    };
    check(
        CheckCode::Offered,
        data.planned_arrivals > 0 && share >= OFFERED,
        format!(
            "{} of {} arrivals ({})",
            data.emitted,
            data.planned_arrivals,
            percent(share, 2)
        ),
        format!(">= {:.1} %, at least one", OFFERED * 100.0),
        advice,
    )
}

/// Every request that was due got a connection from this machine.
pub(in crate::verdict) fn generator_limit(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let unsent = data.total.count(Outcome::Generator);
    let met = data
        .examples
        .iter()
        .find(|(_, why, _)| why.starts_with(GENERATOR_LIMIT));
    let advice = met.map_or(
        "this machine had no file, port or memory left for a connection: use fewer connections, or raise its limits",
        |(_, why, _)| why.as_str(),
    );
    check(
        CheckCode::GenLimit,
        unsent == 0,
        format!("{unsent} request(s) had no connection for want of files, ports or memory here"),
        "0".to_owned(),
        advice,
    )
}

/// The run was not ended by its own limit on outstanding requests.
pub(in crate::verdict) fn overload(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    check(
        CheckCode::Overload,
        !evidence.overloaded,
        format!("{} outstanding at most", evidence.data.max_outstanding),
        "below the `max` of `in_flight`, where its policy is abort".to_owned(),
        "the target fell so far behind that the run was ended: lower the rate, or allow more in flight; where the generator was late, it may have caused this itself",
    )
}

/// Little's law: requests under way, integrated over the window by counting, equal the sum of
/// the response times, from the samples. They differ by what crosses the window's edges, and by
/// one request more: of few requests each is a large part of the sum.
pub(in crate::verdict) fn little(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let (area, sum) = (data.outstanding_area as f64, data.response_sum as f64);
    let longest = longest_crossing(evidence);
    let crossing =
        (data.outstanding_at_window_start + data.outstanding_at_window_end + 1) as f64 * longest;
    let (ratio, edge) = if area > 0.0 {
        (sum / area, crossing / area)
    } else {
        (1.0, 0.0)
    };
    check(
        CheckCode::Little,
        (ratio - 1.0).abs() <= LITTLE + edge,
        format!("times / under way = {ratio:.3}"),
        format!("1 +- {:.3}", LITTLE + edge),
        "two ways of counting disagree: this is a fault of the load client, or the clock jumped",
    )
}

/// The longest, in nanoseconds, that a request across an edge of the window can have taken:
/// one of the window itself, or one of the warm-up, of which only percentiles are kept. A
/// failed one of the warm-up may have been under way for the whole window.
fn longest_crossing(evidence: &TrialEvidence<'_>) -> f64 {
    let data = evidence.data;
    let warm_up = data.seconds.iter().filter(|second| second.second < 0);
    let before = warm_up
        .map(|second| match (second.failed, second.p99_ns) {
            (0, longest) => longest.unwrap_or(0) as f64,
            _ => data.window_s() * 1e9,
        })
        .fold(0.0, f64::max);
    before.max(data.total.ok.max().max(data.total.failed.max()) as f64)
}

/// No more processor time was spent than the processors have: the figures of CPU are right.
pub(in crate::verdict) fn utilization(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let advice = "the figures of CPU time contradict the clock: do not believe CPU per request";
    let limit = "<= cores x time".to_owned();
    let Some((spent, seconds, cores)) = evidence.cpu else {
        return unjudged(
            CheckCode::Util,
            "no process is visible from here",
            limit,
            advice,
        );
    };
    let most = seconds * cores as f64;
    check(
        CheckCode::Util,
        spent <= most * 1.01 + UTIL_SLACK_S,
        format!("{spent:.2} s of CPU in {seconds:.2} s on {cores} core(s)"),
        format!("<= {most:.2} s + 1 %"),
        advice,
    )
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
