//! `loadgen chaos`: the load of a suite, with one fault after another.

use crate::{
    cli::{
        failure::Failure,
        flags::ChaosArgs,
        output::{columns, hanging, print},
        plan::{PlannedChaos, plan_chaos, resolve_settings},
        session::{MeasuredSession, ServiceSource, SingleRun},
    },
    exit,
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::suite::{FaultKind, Topology};
use loadgen_experiment::trial::ArmConfig;
use loadgen_stats::seed::sub_seed;

/// Width of the column of names.
const NAME: usize = 21;

/// Runs it; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &ChaosArgs) -> Result<u8, Failure> {
    if args.list {
        print(&list(columns()))?;
        return Ok(exit::PASSED);
    }
    let PlannedChaos {
        suite,
        source,
        left_out,
        no_disk,
    } = plan_chaos(args)?;
    let settings = resolve_settings(&args.profile.profile, &args.profile.set)?;
    let mut services = ServiceSource::from_flags(&args.target)?;
    services.default_topology(suite.topology)?;
    services.prepare_faults(&suite)?;
    let session = MeasuredSession::begin(&args.result, "chaos", &suite.name, &source);
    let arm = ArmConfig::new("run", settings, &CodeConnect);
    let mut warnings = services.warnings();
    warnings.extend(not_put_in(&left_out));
    warnings.extend(no_disk.map(|why| format!("{} was not put in: {why}", FaultKind::DiskFull)));
    let single = SingleRun {
        suite: &suite,
        arm: &arm,
        seed: sub_seed(suite.seed, "run"),
        workers: args.load.workers,
        warnings,
    };
    session.work(&services, async |bench, own_stack| {
        let (summary, _outcome) = single.measure(&session, bench, own_stack).await?;
        Ok(summary)
    })
}

/// What the topology has no service for, in a sentence.
fn not_put_in(left_out: &[FaultKind]) -> Option<String> {
    let names: Vec<&str> = left_out.iter().map(|kind| kind.name()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "not put in, because the topology has nothing of the kind: {}; choose another with --topology, like scale=2,pgbouncer,replica",
            names.join(", ")
        )
    })
}

/// Two columns: each fault, and what it does.
fn list(columns: usize) -> String {
    let mut out = String::new();
    for kind in FaultKind::all() {
        let end = if kind.lasts() {
            String::new()
        } else {
            "; ends by itself".to_owned()
        };
        let needs = match kind.lacks(Topology::SINGLE) {
            Some(lacking) => format!("; needs {lacking}"),
            None if kind == FaultKind::DiskFull => {
                "; needs root, to mount a disk in memory".to_owned()
            }
            None => String::new(),
        };
        let text = format!("{}{end}{needs}", kind.help());
        out.push_str(&hanging(&format!("{:NAME$} ", kind.name()), &text, columns));
    }
    let how = "Put some in with `loadgen chaos SUITE --fault NAME`, or write them into a suite: `faults: [ { fault: NAME, at: 5s, for: 3s } ]`, without `for` where a fault ends by itself.";
    out.push('\n');
    out.push_str(&hanging("", how, columns));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_listed_with_what_it_does_and_80_columns_are_enough() {
        let text = list(usize::MAX);
        for kind in FaultKind::all() {
            let line = text.lines().find(|line| line.starts_with(kind.name()));
            assert!(line.unwrap().contains(kind.help()), "{kind}");
            assert!(kind.name().len() <= NAME);
        }
        for line in list(80).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let sentence = not_put_in(&[FaultKind::PoolerKill]).unwrap();
        assert!(sentence.contains("pgbouncer.kill; choose"), "{sentence}");
        assert_eq!(not_put_in(&[]), None);
    }
}
