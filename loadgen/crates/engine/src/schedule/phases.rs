//! The arrival times of one phase after the other.
//!
//! With the rate going evenly from l0 to l1 over T seconds, L(t) = l0 t + a t²/2 arrivals are
//! expected by t, a = (l1 - l0) / T. The arrival with L = s comes at
//! t = 2 s / (l0 + sqrt(l0² + 2 a s)): the stable root, good for a = 0 too.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::{
    suite::{Arrivals, Phase},
    units::{Nanos, Rate},
};

/// How far from a whole number a sum of rates may be and still mean it.
const ROUNDING: f64 = 1e-6;

/// Expected arrivals of a phase.
pub(super) fn expected(phase: &Phase) -> f64 {
    let (from, to) = rates(phase);
    f64::midpoint(from, to) * seconds(phase)
}

/// Adds the times of all phases to `times`, in order.
///
/// Arrivals are numbered through all phases, so that what one phase leaves of an arrival is
/// made up for by the next: the total is right to one arrival, whatever the phases are.
pub(super) fn times(phases: &[Phase], arrivals: Arrivals, rng: &mut ChaCha8Rng) -> Vec<Nanos> {
    let mut times = Vec::new();
    let mut begin = Nanos(0);
    let mut before = 0.0;
    for phase in phases {
        let after = before + expected(phase);
        match arrivals {
            Arrivals::Constant => even(phase, begin, before, after, &mut times),
            Arrivals::Poisson => random(phase, begin, before, after, rng, &mut times),
        }
        begin = begin + Nanos::from_millis(phase.duration.0);
        before = after;
    }
    times
}

/// The arrivals numbered from `before` up to `after`, each where its own number is expected.
fn even(phase: &Phase, begin: Nanos, before: f64, after: f64, times: &mut Vec<Nanos>) {
    let first = whole(before);
    let whole_begin = (before - before.round()).abs() < ROUNDING;
    for number in first..whole(after) {
        let at = if phase.to.is_none() && whole_begin {
            phase.rate.nth(number - first)
        } else {
            invert(phase, number as f64 - before)
        };
        times.push(begin + inside(phase, at));
    }
}

/// The Poisson process given its number of arrivals: as many points, uniform over the expected
/// count, in order.
fn random(
    phase: &Phase,
    begin: Nanos,
    before: f64,
    after: f64,
    rng: &mut ChaCha8Rng,
    times: &mut Vec<Nanos>,
) {
    let span = phase.duration.0 * 1_000_000;
    let count = (after.round() - before.round()) as usize;
    if span == 0 {
        return;
    }
    let from = times.len();
    for _ in 0..count {
        let at = if phase.to.is_none() {
            Nanos(rng.random_range(0..span))
        } else {
            inside(phase, invert(phase, rng.random::<f64>() * (after - before)))
        };
        times.push(begin + at);
    }
    times[from..].sort_unstable();
}

/// When, after its begin, a phase has `s` arrivals behind it.
fn invert(phase: &Phase, s: f64) -> Nanos {
    let (from, to) = rates(phase);
    Nanos((ramp_time(from, to, seconds(phase), s) * 1e9).round() as u64)
}

/// The inverse of the expected count, in seconds.
fn ramp_time(from: f64, to: f64, seconds: f64, s: f64) -> f64 {
    let slope = (to - from) / seconds;
    // The first arrival of a ramp from zero would be 0 / 0.
    if s <= 0.0 {
        return 0.0;
    }
    // Below zero only by rounding, at the very end of a ramp down to nothing.
    2.0 * s / (from + (from * from + 2.0 * slope * s).max(0.0).sqrt())
}

/// A time kept within the phase: rounding must not push an arrival into the next one.
fn inside(phase: &Phase, at: Nanos) -> Nanos {
    Nanos(at.0.min((phase.duration.0 * 1_000_000).saturating_sub(1)))
}

/// The first whole number at or above.
fn whole(x: f64) -> u64 {
    (x - ROUNDING).ceil().max(0.0) as u64
}

fn rates(phase: &Phase) -> (f64, f64) {
    let from = phase.rate.as_per_second();
    (from, phase.to.map_or(from, Rate::as_per_second))
}

fn seconds(phase: &Phase) -> f64 {
    phase.duration.0 as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inversion_of_a_ramp_gives_the_published_times() {
        // From 100/s to 500/s in 2 s, computed independently.
        for (s, at) in [
            (1.0, 0.009_901_951_4),
            (50.0, 0.366_025_403_8),
            (300.0, 1.302_775_637_7),
            (600.0, 2.0),
        ] {
            assert!((ramp_time(100.0, 500.0, 2.0, s) - at).abs() < 1e-9);
        }
    }

    #[test]
    fn the_inversion_of_a_level_rate_is_a_division() {
        assert!((ramp_time(50.0, 50.0, 10.0, 125.0) - 2.5).abs() < 1e-12);
    }

    #[test]
    fn a_ramp_down_to_almost_nothing_stays_finite() {
        for (s, to) in [(100.001, 0.001), (100.0, 0.0)] {
            let end = ramp_time(100.0, to, 2.0, s);
            assert!(end.is_finite() && end <= 2.1, "{end}");
        }
    }

    #[test]
    fn a_ramp_from_nothing_begins_with_an_arrival_and_a_pause_has_none() {
        let phase = |ms, from: &str, to: Option<&str>| Phase {
            name: String::new(),
            duration: shared::time::Millis(ms),
            rate: Rate::or_zero(from).unwrap(),
            to: to.map(|to| Rate::or_zero(to).unwrap()),
            flows: Vec::new(),
        };
        let phases = [
            phase(2_000, "0/s", Some("10/s")),
            phase(5_000, "0/s", None),
            phase(2_000, "10/s", Some("0/s")),
        ];
        for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
            let mut rng = loadgen_stats::seed::rng(7);
            let times = times(&phases, arrivals, &mut rng);
            assert_eq!(times.len(), 20);
            assert!(times.is_sorted());
            let paused = |at: &Nanos| (2_000_000_000..7_000_000_000).contains(&at.0);
            assert!(!times.iter().any(paused), "{times:?}");
            if arrivals == Arrivals::Constant {
                assert_eq!(times[0], Nanos(0));
            }
        }
    }
}
