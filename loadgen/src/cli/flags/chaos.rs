//! The flags of `loadgen chaos`.

use clap::Args;
use shared::{text::unknown, time::Millis};

use super::{
    load::LoadArgs, profile::ProfileArgs, result::ResultArgs, target::TargetArgs, values::positive,
};
use loadgen_engine::suite::FaultKind;

/// `loadgen chaos`.
#[derive(Debug, Clone, Args)]
pub struct ChaosArgs {
    /// Suite file, or name of a bundled suite; its load is level while the faults come, and its own
    /// faults and thresholds are left out
    #[arg(value_name = "SUITE", default_value = "chaos")]
    pub suite: String,
    /// Print every fault with what it does, and run nothing
    #[arg(long, env = "LOADGEN_LIST")]
    pub list: bool,
    /// Put in only this fault, like redis.down (repeatable, in this order) [default: every fault that
    /// the topology has the services for]
    #[arg(
        long = "fault",
        env = "LOADGEN_FAULT",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = fault
    )]
    pub faults: Vec<FaultKind>,
    /// How long a fault is in force that does not end by itself, like 5s
    #[arg(
        long = "for",
        env = "LOADGEN_FOR",
        value_name = "TIME",
        default_value = "5s",
        value_parser = positive
    )]
    pub lasts: Millis,
    /// Quiet time before the first fault and after each, in which the target recovers
    #[arg(
        long,
        env = "LOADGEN_SETTLE",
        value_name = "TIME",
        default_value = "10s",
        value_parser = positive
    )]
    pub settle: Millis,
    /// The profile; before the groups with a heading of their own, which would take it over.
    #[command(flatten)]
    pub profile: ProfileArgs,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Replacements for the load of the file.
    #[command(flatten)]
    pub load: LoadArgs,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}

fn fault(name: &str) -> Result<FaultKind, String> {
    let names = FaultKind::all().map(FaultKind::name);
    FaultKind::named(name).ok_or_else(|| unknown("fault", name, names))
}
