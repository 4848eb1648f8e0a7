//! Was the machine quiet? What fails here makes a trial NOISY: no fault of generator or target, and a reason to
//! measure again.

use crate::{
    schema::{CheckCode, ValidityCheck},
    verdict::evidence::{TrialEvidence, check, unjudged},
};
use loadgen_engine::units::Nanos;

/// Share of the machine's time that the hypervisor may take.
const STEAL: f64 = 0.02;
/// How late 99.9 % of the probe's wake-ups may be.
const HICCUP: Nanos = Nanos::from_millis(5);
/// How late the latest of them, or the latest arrival, may be.
const HICCUP_MAX: Nanos = Nanos::from_millis(50);
/// An ordinary thread waits for its turn among those that compute: so many times as long.
const ORDINARY: u64 = 4;
/// Fewest wake-ups of which the 99.9th percentile means anything.
const FEWEST: u64 = 2_000;

/// The hypervisor left the machine its processors.
pub(in crate::verdict) fn steal(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let advice = "other guests of the host took processor time: measure again, at a quieter hour or on a machine of your own";
    let limit = format!("<= {:.0} %", STEAL * 100.0);
    let Some(steal) = evidence.steal else {
        return unjudged(
            CheckCode::Steal,
            "the kernel's counters were not seen for long enough",
            limit,
            advice,
        );
    };
    let pressure = evidence.cpu_pressure.map_or_else(String::new, |share| {
        format!(
            "; something waited for a core {:.0} % of the time",
            share * 100.0
        )
    });
    check(
        CheckCode::Steal,
        steal <= STEAL,
        format!("{:.2} %{pressure}", steal * 100.0),
        limit,
        advice,
    )
}

/// The machine never stood still, neither for a thread that only sleeps nor for the generator. The
/// figure has each of them: where only an arrival was late, the machine was not the reason.
pub(in crate::verdict) fn hiccup(evidence: &TrialEvidence<'_>) -> ValidityCheck {
    let advice = "the machine stood still for a moment, and so did every request in it: stop other programs and measure again";
    let lag = &evidence.data.lag;
    let latest_arrival = Nanos(if lag.is_empty() { 0 } else { lag.max() });
    let Some(seen) = evidence.hiccups else {
        return check(
            CheckCode::Hiccup,
            latest_arrival <= HICCUP_MAX,
            format!("latest arrival {:.1} ms late", latest_arrival.as_ms()),
            format!("<= {:.0} ms", HICCUP_MAX.as_ms()),
            advice,
        );
    };
    let times = if seen.first { 1 } else { ORDINARY };
    let (high, most) = (Nanos(HICCUP.0 * times), Nanos(HICCUP_MAX.0 * times));
    let enough = seen.count >= FEWEST;
    let stood_still = seen.longest > most || (enough && seen.p99_9 > high);
    let in_time = latest_arrival <= most;
    check(
        CheckCode::Hiccup,
        in_time && !stood_still,
        format!(
            "p99.9 {:.1} ms, longest {:.1} ms, latest arrival {:.1} ms late",
            seen.p99_9.as_ms(),
            seen.longest.as_ms(),
            latest_arrival.as_ms()
        ),
        format!(
            "p99.9 <= {:.0} ms{}, longest and latest arrival <= {:.0} ms",
            high.as_ms(),
            if enough {
                ""
            } else {
                " (too short a window to judge)"
            },
            most.as_ms()
        ),
        if in_time || stood_still {
            advice
        } else {
            "the generator let an arrival go late although the machine did not stand still: see GEN_CPU and GEN_WAIT, lower the rate, or use more workers"
        },
    )
}
