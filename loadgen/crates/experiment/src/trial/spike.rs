//! How a target recovered from a spike of load: its goodput by the rule of a fault, and the p95.
//!
//! The p95 is back in a second in which no more requests were slower than the p95 before the spike than
//! chance explains: of `n` requests at most `(0.05 + slack) n + 2 sqrt(0.05 0.95 n)`, which is their mean
//! with the slack of the rule and two standard deviations of independent requests. A percentile of its
//! own would need 200 answers a second. A request that failed is slower than any time.

use super::{
    fault_outcome::{FaultSpan, outcomes},
    recovery_rule::{SHARE_SLACK, first_back, recovery, undisturbed_before, whole_seconds},
};
use crate::schema::{FaultRecovery, Percentile, SpikeRecovery};
use loadgen_engine::{aggregator::TrialData, units::Nanos};

/// What a spike is called among what disturbs a target.
const SPIKE: &str = "spike";
/// The percentile, as a share.
const TAIL: f64 = 0.95;

/// The recovery from a spike between these times, in seconds since the measured window began.
pub fn spike_recovery(data: &TrialData, began_s: f64, ended_s: f64) -> SpikeRecovery {
    let span = FaultSpan {
        fault: SPIKE.to_owned(),
        began_s,
        ended_s,
    };
    let (p95_before_ms, p95) = match tail(data, &span) {
        Ok((ns, recovery)) => (Some(Nanos(ns).as_ms()), recovery),
        Err(why) => (None, FaultRecovery::Unknown { why }),
    };
    // Before and after a spike the load is the same.
    let is_level = |_: i64, _: i64| true;
    let mut found = outcomes(vec![span], &data.seconds, data.window_s(), &is_level);
    SpikeRecovery {
        goodput: found.swap_remove(0),
        p95_before_ms,
        p95,
    }
}

/// The p95 before the spike in nanoseconds, and the recovery of it; the error says why it is not known.
fn tail(data: &TrialData, span: &FaultSpan) -> Result<(u64, FaultRecovery), String> {
    if data.timeline.seconds_each() > 1 {
        return Err("the trial is too long for the response times of each second".to_owned());
    }
    let measured = whole_seconds(&data.seconds, data.window_s());
    let before = undisturbed_before(&measured, 0, span.first_second())?;
    let planned: u64 = before.iter().map(|one| one.planned).sum();
    if !Percentile::is_supported(TAIL, planned) {
        let fewest = Percentile::fewest_samples(TAIL);
        return Err(format!("fewer than {fewest} requests before it"));
    }
    let warm_up = data.seconds.iter().filter(|one| one.second < 0).count();
    let place = |second: i64| warm_up + second.max(0) as usize;
    let first = span.first_second();
    let answered = data
        .timeline
        .pooled(place(first - before.len() as i64)..place(first));
    let rank = (TAIL * planned as f64).ceil();
    if rank > answered.len() as f64 {
        return Err("more than 5 % of the requests before it failed".to_owned());
    }
    let limit = answered.value_at_quantile(rank / answered.len() as f64);
    let back = |second: i64| {
        let Some(one) = measured.iter().find(|one| one.second == second) else {
            return false;
        };
        let ok = data.timeline.successes(place(second));
        let quick = ok.map_or(0, |ok| ok.count_between(0, limit));
        let (n, slow) = (one.planned as f64, one.planned.saturating_sub(quick) as f64);
        let share = 1.0 - TAIL;
        n > 0.0 && slow <= n * (share + SHARE_SLACK) + 2.0 * (n * share * TAIL).sqrt()
    };
    let end = data.window_s().floor() as i64;
    let found = match first_back(span.last_second(), end, back) {
        Ok(first) => recovery(first, span.ended_s),
        Err(why) => FaultRecovery::Unknown { why },
    };
    Ok((limit, found))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use loadgen_engine::{
        recorder::{Shard, Window},
        sample::{OpId, Outcome, Sample},
    };

    use super::*;

    /// Requests a second before and after the spike, and while it lasts.
    const BASE: u64 = 100;
    const PEAK: u64 = 400;
    /// The spike, in seconds of the window.
    const SPIKE_S: (u64, u64) = (10, 15);
    const WINDOW_S: u64 = 40;
    const WARM_UP_S: u64 = 2;

    /// A trial with a spike, of which `answer` says how long the request took that is due then, in
    /// seconds of the window, and how it ended.
    fn trial(base: u64, answer: impl Fn(f64) -> (f64, Outcome)) -> TrialData {
        let window = Window {
            from: Nanos::from_secs(WARM_UP_S),
            to: Nanos::from_secs(WARM_UP_S + WINDOW_S),
        };
        let mut shard = Shard::new(
            window,
            &[OpId(0)],
            Nanos::from_secs(WARM_UP_S + WINDOW_S + 30),
        );
        for second in 0..WARM_UP_S + WINDOW_S {
            let of_window = second.checked_sub(WARM_UP_S);
            let in_spike = of_window.is_some_and(|at| (SPIKE_S.0..SPIKE_S.1).contains(&at));
            let count = if in_spike { PEAK } else { base };
            for number in 0..count {
                let at = second as f64 + number as f64 / count as f64;
                let (took, outcome) = answer(at - WARM_UP_S as f64);
                let intended = Nanos((at * 1e9) as u64);
                let done = Nanos(intended.0 + (took * 1e9) as u64);
                let sample = Sample {
                    outcome,
                    ..Sample::answered(intended, done)
                };
                shard.begin(OpId(0), intended);
                shard.settle(&sample, None);
            }
        }
        TrialData::from_shards(SystemTime::UNIX_EPOCH, window, vec![shard])
    }

    fn found(data: &TrialData) -> SpikeRecovery {
        spike_recovery(data, SPIKE_S.0 as f64, SPIKE_S.1 as f64)
    }

    fn after(recovery: &FaultRecovery) -> f64 {
        match recovery {
            FaultRecovery::After { seconds } => *seconds,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_target_that_is_slow_for_so_long_after_the_spike_has_its_p95_back_then() {
        for slow_s in [0, 1, 7] {
            let until = (SPIKE_S.1 + slow_s) as f64;
            let data = trial(BASE, |at| {
                let slow = at >= SPIKE_S.0 as f64 && at < until;
                (if slow { 2.0 } else { 0.02 }, Outcome::Ok)
            });
            let spike = found(&data);
            assert!(
                (after(&spike.p95) - slow_s as f64).abs() < 1e-9,
                "{spike:?}"
            );
            let before = spike.p95_before_ms.unwrap();
            assert!((before - 20.0).abs() < 0.5, "{before}");
        }
    }

    #[test]
    fn goodput_recovers_when_nothing_fails_any_more_and_the_p95_not_before() {
        let data = trial(BASE, |at| {
            let failing = at >= SPIKE_S.0 as f64 && at < SPIKE_S.1 as f64 + 4.0;
            let outcome = if failing {
                Outcome::Timeout
            } else {
                Outcome::Ok
            };
            (0.02, outcome)
        });
        let spike = found(&data);
        assert!(
            (after(&spike.goodput.recovery) - 4.0).abs() < 1e-9,
            "{spike:?}"
        );
        assert!((after(&spike.p95) - 4.0).abs() < 1e-9, "{spike:?}");
        assert_eq!(spike.goodput.before_per_s, Some(BASE as f64));
    }

    #[test]
    fn what_stays_slow_to_the_end_has_not_recovered_although_its_answers_are_right() {
        let data = trial(BASE, |at| {
            let slow = at >= SPIKE_S.0 as f64;
            (if slow { 0.5 } else { 0.02 }, Outcome::Ok)
        });
        let spike = found(&data);
        assert_eq!(spike.p95, FaultRecovery::NotRecovered);
        assert!(after(&spike.goodput.recovery) < 2.0, "{spike:?}");
    }

    #[test]
    fn chance_is_no_failure_to_recover_and_few_requests_have_no_p95() {
        // One in twenty is slow, before the spike and after it.
        let one_in_20 = |at: f64| {
            let slow = (at * BASE as f64).round().rem_euclid(20.0) < 0.5;
            (if slow { 1.0 } else { 0.02 }, Outcome::Ok)
        };
        let spike = found(&trial(BASE, one_in_20));
        assert!(after(&spike.p95) < 1.0, "{spike:?}");
        let spike = found(&trial(5, |_| (0.02, Outcome::Ok)));
        let FaultRecovery::Unknown { why } = &spike.p95 else {
            panic!("{spike:?}");
        };
        assert_eq!(why, "fewer than 200 requests before it");
        assert_eq!(spike.p95_before_ms, None);
    }
}
