//! Runs all checks, or only those that need no time.

use std::{path::Path, thread, time::Duration};

use shared::api::lab::ProfileView;

use super::{
    finding::{Finding, FindingLevel},
    kernel, machine, services,
};
use loadgen_engine::clock::time_of_day;
use loadgen_experiment::observer::{HiccupProbe, Machine};

/// How long the machine is watched.
const WATCH: Duration = Duration::from_millis(2_200);

/// Runs all checks. Blocks for two seconds. `folder` is where an own stack would keep its data,
/// `targets` are the profiles of the processes of a running target, each with its host; where there are
/// none, `missing` says which programs of an own stack are not there.
pub fn examine(
    folder: &Path,
    missing: &[String],
    targets: &[(String, ProfileView)],
) -> Vec<Finding> {
    let mut findings = machine::findings(&kernel::read(folder));
    findings.extend(watch());
    findings.push(services::build(cfg!(debug_assertions)));
    findings.extend(if targets.is_empty() {
        services::programs(missing)
    } else {
        services::targets(targets)
    });
    findings
}

/// Findings to warn of before a run: the machine alone, without waiting. The run itself finds the
/// rest.
pub fn warnings(folder: &Path) -> Vec<Finding> {
    machine::findings(&kernel::read(folder))
        .into_iter()
        .filter(|finding| finding.level > FindingLevel::Ok)
        .collect()
}

fn watch() -> Vec<Finding> {
    let before = Machine::read();
    let from = time_of_day();
    let hiccup_probe = HiccupProbe::start().ok();
    thread::sleep(WATCH);
    let hiccups =
        hiccup_probe.and_then(|hiccup_probe| hiccup_probe.finish().between(from, time_of_day()));
    machine::watched(Machine::read().steal_since(&before), hiccups)
}
