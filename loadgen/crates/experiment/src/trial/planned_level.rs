//! Whether a load stays at one level: what a fault costs is told from the seconds before it, which say
//! nothing of seconds in which other requests are planned.

use loadgen_engine::{
    suite::{LoadModel, Suite},
    units::Rate,
};

/// A piece of a load: its length in milliseconds, its level at its begin and at its end, and its flows.
type Piece<'a> = (u64, f64, f64, &'a [u16]);

/// Whether the same is planned for all of the seconds from `from` until before `to`, counted from the
/// begin of the measured window.
pub(super) fn is_level(suite: &Suite, from: i64, to: i64) -> bool {
    let in_load = |second: i64| suite.windows.warm_up.0 as i64 + second * 1_000;
    let (from, to) = (in_load(from), in_load(to));
    let mut begin = 0_i64;
    let mut level = None;
    for (length, at_begin, at_end, flows) in pieces(suite) {
        let end = begin.saturating_add_unsigned(length);
        if begin < to && end > from {
            let here = (at_begin.to_bits(), flows);
            if at_begin.to_bits() != at_end.to_bits() || *level.get_or_insert(here) != here {
                return false;
            }
        }
        begin = end;
    }
    true
}

/// The pieces of a load in order; none of a closed load without phases.
fn pieces(suite: &Suite) -> Vec<Piece<'_>> {
    match &suite.load {
        LoadModel::Open { phases, .. } => phases
            .iter()
            .map(|one| {
                let rate = one.rate.as_per_second();
                let to = one.to.map_or(rate, Rate::as_per_second);
                (one.duration.0, rate, to, one.flows.as_slice())
            })
            .collect(),
        LoadModel::Closed { .. } => suite
            .options
            .ramp
            .iter()
            .map(|one| {
                let to = one.to.unwrap_or(one.users);
                let (users, to) = (f64::from(one.users), f64::from(to));
                (one.duration.0, users, to, one.flows.as_slice())
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_engine::{flow::shop, suite::load::parse};

    fn suite(load: &str) -> Suite {
        let text =
            format!("name: x\nload:\n  {load}\nflows:\n  - {{ flow: orders.browse, weight: 1 }}\n");
        parse(&text, "x.yaml", &shop()).unwrap()
    }

    #[test]
    fn a_load_is_level_within_a_phase_and_from_one_to_the_next_that_is_alike() {
        let suite = suite(
            "model: open\n  phases:\n    - { name: a, duration: 10s, rate: 10/s }\n    - { name: b, duration: 10s, rate: 600/m }\n    - { name: c, duration: 10s, rate: 20/s }\n    - { name: d, duration: 10s, rate: 20/s, to: 5/s }\n  warmup: 2s",
        );
        // The window begins 2 s into the load.
        assert!(is_level(&suite, 0, 18));
        assert!(!is_level(&suite, 0, 19));
        assert!(is_level(&suite, 18, 28));
        assert!(!is_level(&suite, 20, 29));
        assert!(!is_level(&suite, 30, 33));
    }

    #[test]
    fn users_that_come_one_after_the_other_are_no_level_load() {
        let rising = suite(
            "model: closed\n  phases:\n    - { name: rise, duration: 5s, users: 1, to: 5 }\n    - { name: hold, duration: 10s, users: 5 }",
        );
        assert!(!is_level(&rising, 0, 10));
        assert!(is_level(&rising, 5, 15));
        let all = suite("model: closed\n  users: 5\n  duration: 20s");
        assert!(is_level(&all, 0, 20));
    }
}
