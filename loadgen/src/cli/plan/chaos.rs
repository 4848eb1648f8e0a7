//! The suite of `loadgen chaos`: the load of a suite, level, with one fault after another.

use shared::{dataset::Scale, time::Millis};

use super::suite::plan_suite;
use crate::{
    cli::{failure::Failure, flags::ChaosArgs},
    library::SourceFile,
};
use loadgen_engine::suite::{FaultKind, LoadModel, PlannedFault, Suite, Topology, load::BadFile};
use loadgen_experiment::verdict::limits_failures;
use loadgen_stack::own_disk_refusal;

/// What holds where no threshold limits the failures: faults make requests fail, but not most of them.
const USUAL_THRESHOLD: &str = "success > 50%";
/// Longest load of all faults together.
const MAX_MEASURE: Millis = Millis(3_600_000);

/// What `loadgen chaos` runs.
#[derive(Debug)]
pub(in crate::cli) struct PlannedChaos {
    /// The load with its faults.
    pub(in crate::cli) suite: Suite,
    /// The file that the load is from.
    pub(in crate::cli) source: SourceFile,
    /// Faults that the topology has no service for.
    pub(in crate::cli) left_out: Vec<FaultKind>,
    /// Why PostgreSQL has no disk to fill, where that was not asked for by name.
    pub(in crate::cli) no_disk: Option<String>,
}

/// Plans what the flags ask for.
pub(in crate::cli) fn plan_chaos(args: &ChaosArgs) -> Result<PlannedChaos, Failure> {
    let unnamed = args.faults.is_empty();
    let no_disk = || match args.target.stack_dir {
        Some(_) => Some("a folder that stays (--stack-dir) is no disk in memory".to_owned()),
        None => own_disk_refusal(args.target.scale.unwrap_or(Scale::Small)),
    };
    plan_without(args, unnamed.then(no_disk).flatten())
}

/// The same where that is the reason why PostgreSQL can have no disk of its own.
fn plan_without(args: &ChaosArgs, no_disk: Option<String>) -> Result<PlannedChaos, Failure> {
    let length = [
        ("--duration", args.load.duration.is_some()),
        ("--time-scale", args.load.time_scale.is_some()),
    ];
    Failure::unless_given(
        length,
        ": the load is as long as its faults take; set --for and --settle, or name fewer with --fault",
    )?;
    let (mut suite, source) = plan_suite(Some(&args.suite), None, &args.load)?;
    let topology = args.target.topology.unwrap_or(suite.topology);
    let (mut kinds, left_out) = chosen(&args.faults, topology);
    if no_disk.is_some() {
        kinds.retain(|kind| *kind != FaultKind::DiskFull);
    }
    let (faults, measure) = one_after_another(&kinds, args.lasts, args.settle);
    if measure > MAX_MEASURE {
        return Err(Failure::Usage(format!(
            "{} faults take {measure}, and at most {MAX_MEASURE} is measured: shorten --for or --settle, or name fewer with --fault",
            faults.len()
        )));
    }
    level(&mut suite, measure)?;
    suite.faults = faults;
    // Those of the file are about a load without faults.
    suite.thresholds.clone_from(&args.load.thresholds);
    if !suite.thresholds.iter().any(limits_failures) {
        let usual = USUAL_THRESHOLD.parse().map_err(Failure::internal)?;
        suite.thresholds.push(usual);
    }
    Ok(PlannedChaos {
        suite,
        source,
        left_out,
        no_disk,
    })
}

/// The faults that are named, which the services then have to be there for; or all that they are there
/// for, and the others.
fn chosen(named: &[FaultKind], topology: Topology) -> (Vec<FaultKind>, Vec<FaultKind>) {
    if named.is_empty() {
        FaultKind::all().partition(|kind| kind.lacks(topology).is_none())
    } else {
        (named.to_vec(), Vec::new())
    }
}

/// Each fault with a quiet time before and after it, and the length of all. One that ends by itself gets
/// as much time as one that lasts.
fn one_after_another(
    kinds: &[FaultKind],
    lasts: Millis,
    settle: Millis,
) -> (Vec<PlannedFault>, Millis) {
    let mut at = settle.0;
    let mut faults = Vec::new();
    for kind in kinds {
        faults.push(PlannedFault {
            kind: *kind,
            at: Millis(at),
            lasts: if kind.lasts() { lasts } else { Millis(0) },
        });
        at = at.saturating_add(lasts.0).saturating_add(settle.0);
    }
    (faults, Millis(at))
}

/// Gives a suite a level load of this length: the highest rate of its phases, or all of its users.
fn level(suite: &mut Suite, measure: Millis) -> Result<(), BadFile> {
    suite.windows.measure = measure;
    let windows = suite.windows;
    suite.options.ramp.clear();
    suite.options.shared_iterations = None;
    match &mut suite.load {
        LoadModel::Open { phases, .. } => {
            let rates = phases.iter().flat_map(|phase| [Some(phase.rate), phase.to]);
            let highest = rates
                .flatten()
                .max_by(|a, b| a.as_per_second().total_cmp(&b.as_per_second()));
            let highest = highest.ok_or_else(|| BadFile("the suite has no rate".to_owned()))?;
            *phases = windows.phases(highest);
        }
        LoadModel::Closed {
            duration,
            iterations,
            ..
        } => {
            *duration = windows.planned();
            *iterations = None;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flags::one_command::flags_of;
    use loadgen_engine::suite::fault_problem;

    fn parsed(words: &str) -> ChaosArgs {
        let all = ["chaos"].into_iter().chain(words.split_whitespace());
        flags_of(all).unwrap()
    }

    /// On a machine where disks can be mounted.
    fn planned(words: &str) -> Result<PlannedChaos, Failure> {
        plan_without(&parsed(words), None)
    }

    fn refused(words: &str) -> String {
        planned(words).unwrap_err().to_string()
    }

    #[test]
    fn every_fault_of_the_topology_comes_after_the_other_in_a_level_load() {
        let PlannedChaos {
            suite, left_out, ..
        } = planned("core --topology scale=2 --for 4s --settle 8s").unwrap();
        assert_eq!(
            left_out,
            [
                FaultKind::ReplicaKill,
                FaultKind::PostgresFailover,
                FaultKind::PoolerKill
            ]
        );
        let count = FaultKind::all().count() - 3;
        assert_eq!(suite.faults.len(), count);
        assert_eq!(suite.faults[0].at, Millis(8_000));
        assert_eq!(suite.faults[1].at, Millis(20_000));
        assert_eq!(suite.windows.measure, Millis(8_000 + 12_000 * count as u64));
        assert!(suite.load.is_level(suite.windows));
        let topology = "scale=2".parse().unwrap();
        assert_eq!(
            fault_problem(&suite.faults, topology, suite.windows.measure),
            None
        );
        let single = planned("core").unwrap();
        assert_eq!(single.left_out.len(), 8);
        // Also with all services: nothing needs what a fault before has taken away.
        let whole = "scale=2,pgbouncer,replica";
        let words = format!("core --topology {whole} --for 1s --settle 5s");
        let suite = planned(&words).unwrap().suite;
        assert_eq!(suite.faults.len(), FaultKind::all().count());
        let problem = fault_problem(&suite.faults, whole.parse().unwrap(), suite.windows.measure);
        assert_eq!(problem, None);
    }

    #[test]
    fn a_full_disk_is_left_out_where_none_can_be_mounted_unless_it_is_named() {
        let why = Some("run as root".to_owned());
        let planned = plan_without(&parsed("core"), why.clone()).unwrap();
        let full = |suite: &Suite| {
            let mut faults = suite.faults.iter();
            faults.any(|one| one.kind == FaultKind::DiskFull)
        };
        assert!(!full(&planned.suite));
        assert_eq!(planned.no_disk, why);
        assert!(full(&plan_without(&parsed("core"), None).unwrap().suite));
        // Named, it is refused later, where it cannot be.
        let named = plan_chaos(&parsed("core --fault disk.full")).unwrap();
        assert!(full(&named.suite) && named.no_disk.is_none());
        let kept = plan_chaos(&parsed("core --stack-dir /tmp/kept")).unwrap();
        assert!(kept.no_disk.unwrap().contains("--stack-dir"));
    }

    #[test]
    fn named_faults_come_in_their_order_and_thresholds_are_those_of_the_flags() {
        let some =
            planned("core --fault redis.full,postgres.restart --threshold errors<30%").unwrap();
        let texts: Vec<String> = some.suite.faults.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["redis.full@10s+5s", "postgres.restart@25s"]);
        assert_eq!(some.suite.windows.measure, Millis(40_000));
        assert_eq!(some.suite.thresholds.len(), 1);
        let usual = planned("core --fault redis.full").unwrap().suite.thresholds;
        assert_eq!(usual[0].text, USUAL_THRESHOLD);
    }

    #[test]
    fn a_load_of_rising_phases_or_of_users_is_level_too() {
        for words in [
            "music_full --fault redis.empty",
            "users --fault redis.empty",
        ] {
            let suite = planned(words).unwrap().suite;
            assert!(suite.load.is_level(suite.windows), "{words}");
            assert_eq!(suite.windows.measure, Millis(25_000));
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert!(refused("core --duration 30s").contains("--settle"));
        assert!(refused("core --time-scale 2").contains("--time-scale"));
        assert!(refused("core --settle 10m").contains("shorten --for"));
        assert!(refused("cor --settle 10s").contains("did you mean `core`"));
        let all = ["chaos", "--fault", "redis.dwon"];
        let error = flags_of::<ChaosArgs>(all).unwrap_err().to_string();
        assert!(error.contains("did you mean `redis.down`"), "{error}");
    }
}
