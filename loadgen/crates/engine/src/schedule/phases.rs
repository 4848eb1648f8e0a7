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

/// The times of all phases, in order, each found when it is asked for.
///
/// Arrivals are numbered through all phases, so that what one phase leaves of an arrival is
/// made up for by the next: the total is right to one arrival, whatever the phases are.
#[derive(Debug)]
pub(super) struct ArrivalTimes {
    phases: std::vec::IntoIter<Phase>,
    arrivals: Arrivals,
    rng: ChaCha8Rng,
    /// When the phase that comes next begins, and what is expected before it.
    begin: Nanos,
    before: f64,
    now: Option<RunningPhase>,
}

impl ArrivalTimes {
    pub(super) fn new(phases: Vec<Phase>, arrivals: Arrivals, rng: ChaCha8Rng) -> Self {
        Self {
            phases: phases.into_iter(),
            arrivals,
            rng,
            begin: Nanos(0),
            before: 0.0,
            now: None,
        }
    }
}

impl Iterator for ArrivalTimes {
    type Item = Nanos;

    fn next(&mut self) -> Option<Nanos> {
        loop {
            let found = self.now.as_mut().and_then(|now| now.next(&mut self.rng));
            if found.is_some() {
                return found;
            }
            let phase = self.phases.next()?;
            let (begin, before) = (self.begin, self.before);
            self.begin = begin + Nanos::from_millis(phase.duration.0);
            self.before = before + expected(&phase);
            let points = match self.arrivals {
                Arrivals::Constant => PhasePoints::even(&phase, before, self.before),
                Arrivals::Poisson => PhasePoints::random(&phase, before, self.before),
            };
            self.now = Some(RunningPhase {
                phase,
                begin,
                points,
            });
        }
    }
}

/// A phase whose arrivals are being found.
#[derive(Debug)]
struct RunningPhase {
    phase: Phase,
    begin: Nanos,
    points: PhasePoints,
}

/// Which arrivals of a phase are still to come.
#[derive(Debug)]
enum PhasePoints {
    /// Those numbered from `next` up to `end`, each where its own number is expected.
    Even {
        first: u64,
        next: u64,
        end: u64,
        /// What is expected before the phase.
        before: f64,
        /// Whether the phase begins with a whole arrival and keeps its rate.
        is_regular: bool,
    },
    /// The Poisson process given its number of arrivals: as many points, uniform over the expected
    /// count, in order. Of k uniform points over what is left of a line the first one leaves the
    /// share V^(1/k) of it, V uniform (Devroye 1986, V.2).
    Random {
        left: u64,
        /// Share of the expected count that lies behind the last point.
        rest: f64,
        /// Expected arrivals of the phase.
        expected: f64,
    },
}

impl PhasePoints {
    fn even(phase: &Phase, before: f64, after: f64) -> Self {
        let first = whole(before);
        Self::Even {
            first,
            next: first,
            end: whole(after),
            before,
            is_regular: phase.to.is_none() && (before - before.round()).abs() < ROUNDING,
        }
    }

    fn random(phase: &Phase, before: f64, after: f64) -> Self {
        let count = (after.round() - before.round()) as u64;
        Self::Random {
            left: if phase.duration.0 == 0 { 0 } else { count },
            rest: 1.0,
            expected: after - before,
        }
    }
}

impl RunningPhase {
    fn next(&mut self, rng: &mut ChaCha8Rng) -> Option<Nanos> {
        let phase = &self.phase;
        let at = match &mut self.points {
            PhasePoints::Even { next, end, .. } if *next >= *end => return None,
            PhasePoints::Even {
                first,
                next,
                before,
                is_regular,
                ..
            } => {
                let number = *next;
                *next += 1;
                if *is_regular {
                    phase.rate.nth(number - *first)
                } else {
                    invert(phase, number as f64 - *before)
                }
            }
            PhasePoints::Random { left: 0, .. } => return None,
            PhasePoints::Random {
                left,
                rest,
                expected,
            } => {
                // Above 0, so that the last point does not lie at the very end.
                let share = 1.0 - rng.random::<f64>();
                *rest *= share.powf(1.0 / *left as f64);
                *left -= 1;
                if phase.to.is_none() {
                    let span = (phase.duration.0 * 1_000_000) as f64;
                    Nanos(((1.0 - *rest) * span) as u64)
                } else {
                    invert(phase, (1.0 - *rest) * *expected)
                }
            }
        };
        Some(self.begin + inside(phase, at))
    }
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
            to: to.map(|to| Rate::or_zero(to).unwrap()),
            ..Phase::level(Rate::or_zero(from).unwrap(), shared::time::Millis(ms))
        };
        let phases = [
            phase(2_000, "0/s", Some("10/s")),
            phase(5_000, "0/s", None),
            phase(2_000, "10/s", Some("0/s")),
        ];
        for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
            let rng = loadgen_stats::seed::rng(7);
            let times: Vec<Nanos> = ArrivalTimes::new(phases.to_vec(), arrivals, rng).collect();
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
