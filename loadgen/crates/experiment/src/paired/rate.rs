//! A common arrival rate that the slower arm can sustain, found before anything is compared:
//! latencies of an arm that falls behind grow with the length of the run and mean nothing.

use crate::schema::Trial;
use loadgen_engine::{
    suite::{LoadModel, LoadOptions, Suite},
    units::Rate,
};
use shared::time::Millis;

/// Users of a probe: enough to keep two cores and a small pool busy.
const USERS: u32 = 16;
/// Load of a probe before it counts, and while it does.
const WARM_UP: Millis = Millis(1_000);
const MEASURE: Millis = Millis(4_000);
/// The whole load of a probe.
pub(super) const PROBE: Millis = Millis(WARM_UP.0 + MEASURE.0);
/// Share of what the slower arm takes at its limit that both are asked for: times there are
/// those of service, not of a queue, and scatter little.
const SHARE: f64 = 0.5;

/// The suite as a probe: closed, without pauses, short.
pub(super) fn probe(suite: &Suite) -> Suite {
    let mut probe = suite.clone();
    probe.windows.warm_up = WARM_UP;
    probe.windows.measure = MEASURE;
    probe.load = LoadModel::Closed {
        users: USERS,
        duration: probe.windows.planned(),
        think: None,
        iterations: None,
    };
    // No ramp and no pace, and no number of iterations that would end it before its time.
    probe.options = LoadOptions::default();
    for share in &mut probe.flows {
        share.think = None;
    }
    probe.thresholds.clear();
    probe
}

/// Iterations a second that a probe's arm took and answered as it should.
pub(super) fn sustained(iterations: u64, trial: &Trial) -> f64 {
    iterations as f64 / MEASURE.duration().as_secs_f64() * trial.total.success
}

/// The rate that both arms are asked for, to two digits; `None` where the slower arm takes none.
pub(super) fn common(sustained: [f64; 2]) -> Option<Rate> {
    let wanted = sustained[0].min(sustained[1]) * SHARE;
    if wanted < 0.01 {
        return None;
    }
    let scale = 10_f64.powf(1.0 - wanted.log10().floor());
    let rounded = (wanted * scale).floor() / scale;
    Rate::per_second(rounded).ok()
}

#[cfg(test)]
mod tests {
    use loadgen_engine::{flow::shop, suite::load};

    use super::*;

    #[test]
    fn a_probe_has_no_pause_and_no_number_of_iterations_that_ends_it_before_its_time() {
        let text = "name: x\nload: { model: closed, users: 5, duration: 20s, pace: 1s, shared_iterations: 10 }\nflows: [ { flow: orders.buy, think: 1s } ]\n";
        let probe = probe(&load::parse(text, "x.yaml", &shop()).unwrap());
        assert_eq!(probe.options, LoadOptions::default());
        assert!(probe.is_unpaced());
        assert_eq!(probe.windows.planned(), PROBE);
    }

    #[test]
    fn the_common_rate_is_half_of_what_the_slower_arm_takes_to_two_digits() {
        let rate = |slow, fast| common([slow, fast]).map(Rate::as_per_second);
        assert_eq!(rate(51.0, 900.0), Some(25.0));
        assert_eq!(rate(900.0, 1_234.0), Some(450.0));
        assert_eq!(rate(3_000.0, 1_379.0), Some(680.0));
        assert_eq!(rate(0.73, 5.0), Some(0.36));
        assert_eq!(rate(0.0, 5.0), None);
    }
}
