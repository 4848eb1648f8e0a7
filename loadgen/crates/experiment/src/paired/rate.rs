//! A common arrival rate that the slower arm can sustain, found before anything is compared:
//! latencies of an arm that falls behind grow with the length of the run and mean nothing.

use crate::schema::Trial;
use loadgen_engine::{
    suite::{LoadModel, Suite},
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
    probe.options.ramp.clear();
    probe.options.pace = None;
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
    use super::*;

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
