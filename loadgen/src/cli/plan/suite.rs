//! The suite of `loadgen run` and `loadgen capacity`: a file, or flows that are named by hand.

use super::overrides;
use crate::{
    cli::{failure::Failure, flags::LoadArgs},
    library::{self, SourceFile},
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::suite::Suite;
use loadgen_experiment::{paired::shorten, system::Application as _};

/// The suite that the flags ask for, with their replacements applied: `phases` is JSON that replaces the
/// load, before everything else.
pub(in crate::cli) fn plan_suite(
    name: Option<&str>,
    phases: Option<&str>,
    load: &LoadArgs,
) -> Result<(Suite, SourceFile), Failure> {
    let (mut suite, source) = match name {
        Some(word) => library::find_suite(word)?,
        None => from_flows(&load.flows)?,
    };
    if let Some(phases) = phases {
        suite.override_phases(phases, CodeConnect.catalog())?;
    }
    overrides::apply(&mut suite, load)?;
    // Windows that are no whole milliseconds apart would leave an empty last phase.
    let windows = suite.windows;
    shorten(&mut suite, windows.warm_up, windows.measure);
    Ok((suite, source))
}

/// A suite of the named flows, with the load of the core mix.
fn from_flows(flows: &[String]) -> Result<(Suite, SourceFile), Failure> {
    if flows.is_empty() {
        return Err(Failure::Usage(format!(
            "name a suite file (bundled: {}), or one flow or more with --flow",
            library::suite_names().collect::<Vec<_>>().join(", ")
        )));
    }
    let (mut suite, source) = library::find_suite("core")?;
    overrides::for_named_flows(&mut suite, flows)?;
    suite.question = format!("How do {} perform?", flows.join(", "));
    Ok((suite, source))
}
