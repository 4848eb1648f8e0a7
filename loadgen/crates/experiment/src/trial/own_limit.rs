//! What a load without pauses says of itself: it is as fast as the slower of both sides.

use loadgen_engine::suite::Suite;

use crate::observer::GeneratorUse;

/// Share of a processor from which on the busiest sending thread probably sets the rate.
const BUSY: f64 = 0.7;

/// A closed load without pauses at the limit of the generator: no figure of it is wrong, but the rate is
/// not the target's limit.
pub(super) fn own_limit(suite: &Suite, used: Option<&GeneratorUse>) -> Option<String> {
    let busiest = used.filter(|_| suite.is_unpaced())?.busiest;
    (busiest > BUSY).then(|| {
        format!(
            "a thread of the generator used {:.0} % of a processor: the rate is probably the generator's limit and not the target's; use more workers, or an arrival rate to compare response times",
            busiest * 100.0
        )
    })
}
