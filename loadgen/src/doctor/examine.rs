//! Runs all checks, or only those that need no time.

use std::{path::Path, thread, time::Duration};

use shared::api::lab::ProfileView;

use super::{
    finding::{Finding, FindingLevel},
    kernel, machine, services,
};
use loadgen_engine::clock::time_of_day;
use loadgen_experiment::observer::{Machine, Sleeper};
use loadgen_stack::{self as stack};

/// How long the machine is watched.
const WATCH: Duration = Duration::from_millis(2_200);

/// Runs all checks. Blocks for two seconds. `folder` is where an own stack would keep its data,
/// `view` is the profile of a running target, where there is one.
pub fn examine(folder: &Path, view: Option<&ProfileView>) -> Vec<Finding> {
    let mut findings = machine::findings(&kernel::read(folder));
    findings.extend(watch());
    findings.push(services::build(cfg!(debug_assertions)));
    match view {
        Some(view) => findings.extend(services::target(view)),
        None => findings.extend(services::programs(&stack::missing_programs())),
    }
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
    let sleeper = Sleeper::start().ok();
    thread::sleep(WATCH);
    let hiccups = sleeper.and_then(|sleeper| sleeper.finish().between(from, time_of_day()));
    machine::watched(Machine::read().steal_since(&before), hiccups)
}
