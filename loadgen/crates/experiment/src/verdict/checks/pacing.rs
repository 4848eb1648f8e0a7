//! Did the generator do what the plan says, in time? Its own processor time, its waits for one,
//! and how its arrivals really lay.
//!
//! The limits are those of the method. What they are compared with depends on how much there is:
//! the p99 of ninety arrivals is the single worst of them, and says something about one moment
//! of the machine, not about the generator. Each check therefore names the number of arrivals
//! below which it does not judge.

use crate::{
    schema::{CheckCode, Percentile, ValidityCheck},
    verdict::evidence::{TrialEvidence, check, unjudged},
};
use loadgen_engine::units::Nanos;
use loadgen_stats::{self as stats};

/// Schedule lag that no figure of this tool is fine enough to see.
const LAG_FLOOR: Nanos = Nanos::from_millis(1);
/// Share of the median response that the lag may take.
const LAG_SHARE: f64 = 0.05;
/// Share of the p99 response that the p99.9 of the lag may take.
const LAG_TAIL_SHARE: f64 = 0.2;
/// Values beyond a percentile for it to be more than single moments.
const BEYOND: f64 = Percentile::FEWEST_BEYOND as f64;
/// Fewest arrivals of which the lag is judged: ten of them lie beyond the p80.
const FEWEST: u64 = 50;
/// Largest distance between the planned and the real gaps of many random arrivals.
const DISTANCE: f64 = 0.05;
/// Times the root of their number, the distance that few gaps may have by chance: 5 % of the
/// one-sample Kolmogorov-Smirnov statistic. Below 740 gaps it is the wider of the two limits.
const DISTANCE_BY_CHANCE: f64 = 1.36;
/// Largest coefficient of variation of even arrivals' gaps.
const VARIATION: f64 = 0.2;
/// Gaps are judged over so many arrivals that they are this long in the mean: a burst within
/// the limit of the lag is none.
const COARSE: Nanos = Nanos::from_millis(4);
/// Share of a processor that a thread of the generator may use.
const GEN_CPU: f64 = 0.7;
/// Share of the median response that a request may cost in waits for a processor.
const GEN_WAIT_SHARE: f64 = 0.1;
/// A wait that no figure of this tool is fine enough to see.
const GEN_WAIT_FLOOR: Nanos = Nanos::from_millis(1);
/// Share of the window that a thread of the generator may wait for a processor: so large a part
/// of all arrivals find it waiting. In an open load one long wait delays everything that is due
/// in it, which the waits of a request, and a median that waits with it, do not show.
const WAITING: f64 = 0.25;
/// The share from which on most arrivals find it waiting.
const MOSTLY_WAITING: f64 = 0.5;
/// Share of the median response beyond which the waits are what is measured, and the least that
/// counts as such.
const STARVED_SHARE: f64 = 0.5;
const STARVED_FLOOR: Nanos = Nanos::from_millis(5);

/// The pacer let arrivals go in time.
///
/// The p99 takes a thousand arrivals; of fewer, the highest percentile with ten beyond it is
/// taken. A single late one is a hiccup of the machine and judged as that.
pub(in crate::verdict) fn lag(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let data = evidence.data;
    let median = evidence.response(0.5).unwrap_or_default();
    let limit = Nanos(LAG_FLOOR.0.max((median.0 as f64 * LAG_SHARE) as u64));
    let advice = "the generator woke too late: the machine is too busy for it; lower the rate, stop other programs, or give it a core of its own";
    let mut limits = format!("<= {:.2} ms", limit.as_ms());
    let n = data.lag.len();
    if n < FEWEST {
        return unjudged(
            CheckCode::Lag,
            &format!("{n} arrivals, {FEWEST} are needed"),
            limits,
            advice,
        );
    }
    let quantile = (1.0 - BEYOND / n as f64).clamp(0.5, 0.99);
    let high = Nanos(data.lag.value_at_quantile(quantile));
    let mut ok = high <= limit;
    let mut figure = format!("p{:.0} {:.2} ms", quantile * 100.0, high.as_ms());
    // The tail has a limit of its own where there are enough arrivals for one.
    if n as f64 * 0.001 >= BEYOND
        && let Some(slow) = evidence.response(0.99)
    {
        let tail = Nanos(data.lag.value_at_quantile(0.999));
        let most = Nanos(limit.0.max((slow.0 as f64 * LAG_TAIL_SHARE) as u64));
        ok &= tail <= most;
        figure = format!("{figure}, p99.9 {:.2} ms", tail.as_ms());
        limits = format!("{limits}, p99.9 <= {:.2} ms", most.as_ms());
    }
    check(CheckCode::Lag, ok, figure, limits, advice)
}

/// Arrivals lay as they were planned to.
///
/// Random ones: the largest distance between the distributions of the planned and of the real
/// gaps. Compared with the plan itself and not with its formula, few arrivals are judged as
/// well as many. Even ones: the coefficient of variation of their real gaps.
pub(in crate::verdict) fn arrivals(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let advice = "arrivals came in other bursts than planned: the machine is too busy for the generator; lower the rate, or give it a core of its own";
    let taken = &evidence.data.taken;
    let limit = if evidence.even {
        format!("variation of the gaps <= {VARIATION}")
    } else {
        format!("distance from the plan <= {DISTANCE}")
    };
    if (taken.len() as u64) < FEWEST {
        let why = if taken.is_empty() {
            "users that start when they are free have no plan".to_owned()
        } else {
            format!("{} arrivals, {FEWEST} are needed", taken.len())
        };
        return unjudged(CheckCode::Arrivals, &why, limit, advice);
    }
    let span = taken[taken.len() - 1].0.since(taken[0].0);
    let mean = span.0 / (taken.len() as u64 - 1).max(1);
    let step = COARSE.0.div_ceil(mean.max(1)).max(1) as usize;
    let coarse: Vec<(Nanos, Nanos)> = taken.iter().copied().step_by(step).collect();
    let gaps = |of: fn(&(Nanos, Nanos)) -> Nanos| -> Vec<f64> {
        coarse
            .windows(2)
            .map(|pair| of(&pair[1]).since(of(&pair[0])).0 as f64)
            .collect()
    };
    let (planned, real) = (gaps(|one| one.0), gaps(|one| one.1));
    if (real.len() as u64) < FEWEST {
        return unjudged(
            CheckCode::Arrivals,
            &format!("only {} gaps are known", real.len()),
            limit,
            advice,
        );
    }
    if evidence.even {
        let variation = variation(&planned, &real);
        check(
            CheckCode::Arrivals,
            variation <= VARIATION,
            format!("variation {variation:.3}"),
            limit,
            advice,
        )
    } else {
        let distance = stats::ks_two_samples(&planned, &real).unwrap_or(0.0);
        let most = DISTANCE.max(DISTANCE_BY_CHANCE / (real.len() as f64).sqrt());
        check(
            CheckCode::Arrivals,
            distance <= most,
            format!("distance {distance:.3} over {} gaps", real.len()),
            format!("distance from the plan <= {most:.3}"),
            advice,
        )
    }
}

/// Coefficient of variation of the real gaps, each as a multiple of its planned one: a ramp
/// has no variation of its own. What 1 % of the gaps do at most is left out, at either end.
fn variation(planned: &[f64], real: &[f64]) -> f64 {
    let mut ratios: Vec<f64> = planned
        .iter()
        .zip(real)
        .filter(|(planned, _)| **planned > 0.0)
        .map(|(planned, real)| real / planned)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let cut = ratios.len().div_ceil(100);
    let kept = ratios.get(cut..ratios.len() - cut).unwrap_or(&ratios);
    let n = kept.len().max(1) as f64;
    let mean = kept.iter().sum::<f64>() / n;
    let variance = kept.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / n;
    variance.sqrt() / mean.max(f64::MIN_POSITIVE)
}

/// The generator had CPU to spare: the busiest of its own threads, nothing else of the process.
pub(in crate::verdict) fn cpu(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let advice = "the generator is near its own limit: lower the rate or use more workers";
    let limit = format!("<= {:.0} % of a core", GEN_CPU * 100.0);
    let Some(used) = evidence.generator else {
        return unjudged(
            CheckCode::GenCpu,
            "its threads were not seen",
            limit,
            advice,
        );
    };
    check(
        CheckCode::GenCpu,
        used.busiest <= GEN_CPU,
        format!("busiest thread {:.1} %", used.busiest * 100.0),
        limit,
        advice,
    )
}

/// The generator got a processor when it needed one. Who took it is the target, on a machine
/// that both share, or another program: the machine was not quiet. Only where the waits are half
/// of what is measured is nothing left of the target; see [`starved`].
pub(in crate::verdict) fn wait(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let advice = "the generator waited for a processor that others used, and the wait is in the response times: stop other programs, lower the rate, or give it a core of its own";
    let most = part_of_median(evidence, GEN_WAIT_SHARE, GEN_WAIT_FLOOR);
    let limit = format!(
        "<= {:.2} ms a request, <= {:.0} % of the time",
        most.as_ms(),
        WAITING * 100.0
    );
    let planned = evidence.data.total.planned;
    if planned < FEWEST {
        let why = format!("{planned} requests, {FEWEST} are needed");
        return unjudged(CheckCode::GenWait, &why, limit, advice);
    }
    let Some((each, share)) = wait_of_each(evidence).zip(waiting(evidence)) else {
        return unjudged(
            CheckCode::GenWait,
            "its threads were not seen",
            limit,
            advice,
        );
    };
    check(
        CheckCode::GenWait,
        each <= most && share <= WAITING,
        format!(
            "{:.3} ms a request, {:.0} % of the time",
            each.as_ms(),
            share * 100.0
        ),
        limit,
        advice,
    )
}

/// Whether the waits of the generator's own threads are most of what was measured.
pub(in crate::verdict) fn starved(evidence: &TrialEvidence<'_>) -> bool {
    let most = part_of_median(evidence, STARVED_SHARE, STARVED_FLOOR);
    evidence.data.total.planned >= FEWEST
        && (wait_of_each(evidence).is_some_and(|each| each > most)
            || waiting(evidence).is_some_and(|share| share > MOSTLY_WAITING))
}

/// Share of the window in which the thread that waited most waited.
fn waiting(evidence: &TrialEvidence<'_>) -> Option<f64> {
    let used = evidence.generator?;
    Some(used.longest_wait_s / used.seconds.max(1e-9))
}

fn part_of_median(evidence: &TrialEvidence<'_>, share: f64, floor: Nanos) -> Nanos {
    let median = evidence.response(0.5).unwrap_or_default();
    floor.max(Nanos((median.0 as f64 * share) as u64))
}

/// Time that the generator's threads waited for a processor, a request.
fn wait_of_each(evidence: &TrialEvidence<'_>) -> Option<Nanos> {
    let used = evidence.generator?;
    // The observations are not the window's edges to the millisecond: compare rates, not sums.
    let per_second = evidence.data.total.planned as f64 / evidence.data.window_s().max(1e-9);
    let seconds = used.wait_s / used.seconds / per_second.max(f64::MIN_POSITIVE);
    Some(Nanos((seconds * 1e9) as u64))
}
