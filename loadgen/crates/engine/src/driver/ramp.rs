//! How many users of a closed load are active at a time. User `n` is active while the target number
//! is above `n`: the last to start are the first to stop.

use crate::{suite::UserPhase, units::Nanos};

/// A linear change of the number of users: `users` at `from`, `end` at `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    from: Nanos,
    to: Nanos,
    users: f64,
    end: f64,
}

/// The number of users over time; without segments, all are always active.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ramp(Vec<Segment>);

impl Ramp {
    pub(super) fn new(phases: &[UserPhase]) -> Self {
        let mut from = Nanos(0);
        Self(
            phases
                .iter()
                .map(|phase| {
                    let to = from + Nanos::from_millis(phase.duration.0);
                    let segment = Segment {
                        from,
                        to,
                        users: f64::from(phase.users),
                        end: f64::from(phase.to.unwrap_or(phase.users)),
                    };
                    from = to;
                    segment
                })
                .collect(),
        )
    }

    /// The first time at or after `at` at which user `number` is active; `None`: never again.
    pub(super) fn next(&self, number: u32, at: Nanos) -> Option<Nanos> {
        if self.0.is_empty() {
            return Some(at);
        }
        self.0
            .iter()
            .filter(|segment| segment.to > at)
            .find_map(|segment| segment.next(f64::from(number), at.max(segment.from)))
    }
}

impl Segment {
    fn next(&self, number: f64, at: Nanos) -> Option<Nanos> {
        let length = self.to.since(self.from).0 as f64;
        let slope = (self.end - self.users) / length.max(1.0);
        let now = self.users + slope * at.since(self.from).0 as f64;
        if now > number {
            return Some(at);
        }
        // Later in this segment only if the number of users grows beyond it.
        if slope <= 0.0 || self.end <= number {
            return None;
        }
        let reached = (number - self.users) / slope;
        // One nanosecond later the number is exceeded.
        let when = self.from + Nanos(reached as u64 + 1);
        (when < self.to).then(|| when.max(at))
    }
}

#[cfg(test)]
mod tests {
    use shared::time::Millis;

    use super::*;

    fn phase(ms: u64, users: u32, to: Option<u32>) -> UserPhase {
        UserPhase {
            name: String::new(),
            duration: Millis(ms),
            users,
            to,
            flows: Vec::new(),
        }
    }

    #[test]
    fn users_start_one_after_the_other_and_the_last_stop_first() {
        let ramp = Ramp::new(&[
            phase(10_000, 0, Some(10)),
            phase(5_000, 10, None),
            phase(10_000, 10, Some(0)),
        ]);
        for number in 0..10 {
            let comes = ramp.next(number, Nanos(0)).unwrap();
            let expected = u64::from(number) * 1_000_000_000;
            assert!(comes.0.abs_diff(expected) <= 2, "{number}: {comes:?}");
            let goes = Nanos::from_secs(25 - u64::from(number));
            let before = Nanos(goes.0 - 1_000_000);
            assert_eq!(ramp.next(number, before), Some(before));
            assert_eq!(ramp.next(number, goes), None, "{number}");
        }
        assert_eq!(ramp.next(10, Nanos(0)), None);
        assert_eq!(
            ramp.next(3, Nanos::from_secs(12)),
            Some(Nanos::from_secs(12))
        );
    }

    #[test]
    fn a_user_that_stopped_starts_again_with_the_next_wave() {
        let ramp = Ramp::new(&[
            phase(1_000, 5, None),
            phase(1_000, 1, None),
            phase(1_000, 5, None),
        ]);
        assert_eq!(
            ramp.next(3, Nanos::from_millis(1_200)),
            Some(Nanos::from_secs(2))
        );
        assert_eq!(ramp.next(3, Nanos::from_secs(3)), None);
    }

    #[test]
    fn without_phases_all_users_are_always_active() {
        assert_eq!(Ramp::default().next(99, Nanos(7)), Some(Nanos(7)));
    }
}
