//! All parts, one after the other.

use super::{
    super::stolen::StealMeter,
    booking, cached_page,
    comparison::TargetComparison,
    logins, read_by_key,
    running::{CONNECTIONS, RunningBench, TargetBench, TargetPlan},
};
use loadgen_experiment::observer::cores;

/// Compares the backend with every bare part. What cannot be measured is in the result, with its reason;
/// `None` where the measurement was stopped. Blocks, and must not run on a thread of the event loop.
pub fn compare_target(
    bench: &TargetBench,
    plan: TargetPlan,
    progress: &mut dyn FnMut(String),
) -> Option<TargetComparison> {
    let stolen = StealMeter::begin();
    let run = RunningBench::new(bench, plan, progress);
    let mut parts = Vec::from(read_by_key::measure(&run)?);
    parts.extend(cached_page::measure(&run)?);
    let (logins, beside_logins) = logins::measure(&run)?;
    parts.push(logins);
    parts.push(booking::measure(&run)?);
    Some(TargetComparison {
        quick: plan.quick,
        scale: bench.scale.to_string(),
        cores: cores(),
        connections: CONNECTIONS,
        rounds: plan.rounds,
        turn_s: plan.turn.as_secs_f64(),
        parts,
        beside_logins,
        stolen: stolen.share(),
    })
}
