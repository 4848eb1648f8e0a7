//! The experiment of `loadgen experiment`: a file, or flags alone.

use std::path::Path;

use shared::{dataset::Scale, time::Millis};

use super::{overrides, programs::choose_programs};
use crate::{
    cli::{failure::Failure, flags::ExperimentArgs},
    library::{self, SourceFile},
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::suite::LoadModel;
use loadgen_experiment::{
    metric::{MetricId, OperationFigure},
    paired::{
        ArmCapacitySearch, ArmSpec, ControlKind, Experiment, PLANTED, Quick, budget, check_arm,
        check_claims, check_planned, file, shorten,
    },
    system::Application as _,
};

/// The experiment that file and flags ask for.
pub(in crate::cli) fn plan_experiment(
    args: &ExperimentArgs,
) -> Result<(Experiment, SourceFile), Failure> {
    refuse_flags_of_run_all(args)?;
    let (mut experiment, source) = match &args.file {
        Some(word) => library::find_experiment(word)?,
        None => from_flags(args)?,
    };
    for (arm, settings) in [
        (&mut experiment.before, &args.set_before),
        (&mut experiment.after, &args.set_after),
    ] {
        for setting in settings {
            overrides::apply_setting(&mut arm.settings, setting)?;
        }
    }
    choose_programs(&mut experiment, args)?;
    if args.quick {
        experiment.make_quick();
    }
    if let Some(blocks) = args.blocks {
        experiment.set_blocks(blocks);
    }
    overrides::apply(&mut experiment.suite, &args.load)?;
    overrides::refuse_lost_phases(&experiment.suite)?;
    // Other flows may be asked for than those that the file claims something of.
    check_planned(&experiment.primary, &experiment.suite, &CodeConnect).map_err(Failure::Usage)?;
    if args.file.is_none() {
        claim_medians(&mut experiment);
    }
    if args.aa {
        experiment
            .make_control(ControlKind::Same, &CodeConnect)
            .map_err(Failure::Usage)?;
    }
    if let Some(percent) = args.plant {
        experiment
            .make_control(ControlKind::Planted(percent), &CodeConnect)
            .map_err(Failure::Usage)?;
    }
    // The same of the figure that is to explain them, which a control does not have.
    check_planned(experiment.why.as_slice(), &experiment.suite, &CodeConnect)
        .map_err(|why| Failure::Usage(format!("`why` of the experiment: {why}")))?;
    for figure in experiment.primary.iter().chain(&experiment.why) {
        for (arm, spec) in [("before", &experiment.before), ("after", &experiment.after)] {
            check_arm(figure, arm, &spec.settings, &CodeConnect).map_err(Failure::Usage)?;
        }
    }
    if args.rigorous {
        experiment.controls = vec![ControlKind::Same, ControlKind::Planted(PLANTED)];
    }
    choose_searches(&mut experiment, args)?;
    if let Some(budget) = args.budget {
        budget::fit(&mut experiment, CodeConnect.catalog(), budget).map_err(Failure::Usage)?;
    }
    // A quick experiment decides nothing, and the rate that will be found is not known.
    if !args.quick && !experiment.find_rate {
        check_claims(&experiment, CodeConnect.catalog()).map_err(Failure::Usage)?;
    }
    Ok((experiment, source))
}

/// Flags that say something of several experiments mean nothing for one.
fn refuse_flags_of_run_all(args: &ExperimentArgs) -> Result<(), Failure> {
    if !args.only.is_empty() {
        return Err(Failure::usage(
            "--only selects among the experiments of `loadgen experiment run-all`",
        ));
    }
    if args.resume {
        return Err(Failure::usage(
            "--resume goes on with `loadgen experiment run-all`; a single experiment is measured as a whole",
        ));
    }
    if args.catalogue.is_some() {
        return Err(Failure::usage(
            "--catalogue keeps rows of the table of `loadgen experiment run-all`; a single experiment is measured",
        ));
    }
    Ok(())
}

/// What is searched before and after the trials: a common rate, the capacity of the arms.
fn choose_searches(experiment: &mut Experiment, args: &ExperimentArgs) -> Result<(), Failure> {
    // A closed load has no rate.
    let open = matches!(experiment.suite.load, LoadModel::Open { .. });
    if args.find_rate && !open {
        return Err(Failure::usage(
            "--find-rate searches for an arrival rate, and this load model is closed: its users send as fast as they get responses",
        ));
    }
    let rate_given = args.load.rate.is_some();
    experiment.find_rate = args.find_rate || (args.rigorous && open && !rate_given);
    experiment.capacity = match (args.capacity, args.quick) {
        (false, _) => ArmCapacitySearch::No,
        (true, false) => ArmCapacitySearch::Yes,
        (true, true) => ArmCapacitySearch::LeftOut,
    };
    if experiment.topologies().is_some() && args.capacity {
        return Err(Failure::usage(
            "--capacity searches the arms within one stack, and those of this experiment have a stack each: find the capacity of each with `loadgen capacity --topology`",
        ));
    }
    Ok(())
}

/// An experiment without a file: the flows of `--flow` or the core mix, both arms from the profile
/// `after`.
fn from_flags(args: &ExperimentArgs) -> Result<(Experiment, SourceFile), Failure> {
    let same_switches = args.set_before.is_empty() && args.set_after.is_empty();
    if same_switches && !args.names_programs() {
        return Err(Failure::usage(
            "name an experiment (`loadgen experiment list` shows the bundled ones) or its file, or set what differs with --set-before and --set-after, or with --target-bin-before and --target-bin-after",
        ));
    }
    let (mut suite, source) = library::find_suite("core")?;
    overrides::for_named_flows(&mut suite, &args.load.flows)?;
    suite.question = question(args);
    shorten(&mut suite, Millis(2_000), Millis(8_000));
    let catalog = CodeConnect.catalog();
    let primary = args
        .load
        .flows
        .first()
        .and_then(|name| catalog.flow(name))
        .and_then(|flow| flow.operations.first())
        .map_or_else(
            || CodeConnect.default_primary(),
            |op| {
                let operation = catalog.operations.name(*op).to_owned();
                vec![MetricId::Operation(operation, OperationFigure::P97_5)]
            },
        );
    let arm = || ArmSpec::from(CodeConnect.default_profile());
    let mut experiment = Experiment {
        suite,
        hypothesis: String::new(),
        expected: None,
        why: None,
        before: arm(),
        after: arm(),
        blocks: 0,
        most_blocks: 0,
        primary,
        scale: Scale::Small,
        quick: Quick::default(),
        controls: Vec::new(),
        find_rate: false,
        document: None,
        capacity: ArmCapacitySearch::No,
    };
    experiment.blocks = experiment.fewest_blocks();
    experiment.most_blocks = experiment.blocks * file::EXTENSION;
    Ok((experiment, source))
}

/// Where no claim was chosen, and a trial has no data for its tail: the median.
fn claim_medians(experiment: &mut Experiment) {
    if check_claims(experiment, CodeConnect.catalog()).is_err() {
        for claim in &mut experiment.primary {
            if let MetricId::Operation(_, figure) | MetricId::Total(figure) = claim
                && *figure == OperationFigure::P97_5
            {
                *figure = OperationFigure::P50;
            }
        }
    }
}

fn question(args: &ExperimentArgs) -> String {
    let words = |settings: &[String], program: Option<&Path>| {
        let program = program.map(|path| path.display().to_string());
        let words: Vec<String> = program.into_iter().chain(settings.to_vec()).collect();
        match words.as_slice() {
            [] if args.names_programs() => "the program of --target-bin".to_owned(),
            [] => "the profile after".to_owned(),
            some => some.join(", "),
        }
    };
    format!(
        "What changes from {} to {}?",
        words(&args.set_before, args.target_bin_before.as_deref()),
        words(&args.set_after, args.target_bin_after.as_deref())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flags::one_command::flags_of;

    fn resolved(words: &[&str]) -> Result<Experiment, String> {
        let args = flags_of(["experiment"].iter().chain(words)).unwrap();
        plan_experiment(&args)
            .map(|(experiment, _)| experiment)
            .map_err(|error| error.to_string())
    }

    fn claims(experiment: &Experiment) -> Vec<String> {
        experiment.primary.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn flags_of_run_all_are_refused_for_a_single_experiment() {
        for flags in [
            &["--only", "pool_size"][..],
            &["--resume"],
            &["--catalogue", "catalogue.json"],
        ] {
            let words = [&["mentor_cache"], flags].concat();
            let error = resolved(&words).unwrap_err();
            let is_told = error.starts_with(flags[0]) && error.contains("run-all");
            assert!(is_told, "{error}");
        }
    }

    #[test]
    fn the_hit_ratio_of_a_cache_that_is_off_in_an_arm_is_refused() {
        for (set, arm) in [("--set-before", "before"), ("--set-after", "after")] {
            let error = resolved(&["mentor_cache_ttl", set, "cache.mentors=off"]).unwrap_err();
            let said = format!("no trial of `{arm}` can have `cache hit ratio mentors`");
            assert!(error.starts_with(&said), "{error}");
            assert!(error.contains("cache.mentors=off"), "{error}");
        }
        assert!(resolved(&["mentor_cache_ttl", "--set-before", "cache.mentors=memory"]).is_ok());
    }

    #[test]
    fn flags_alone_make_an_experiment_that_differs_in_them_alone() {
        let experiment = resolved(&[
            "--set-before",
            "cache.mentors=off",
            "--set-after",
            "cache.mentors=redis",
            "--flow",
            "mentors.browse",
        ])
        .unwrap();
        assert_eq!(
            experiment.differences(),
            [("cache.mentors".into(), "off".into(), "redis".into())]
        );
        // 160 lists in a trial have a median and no tail.
        assert_eq!(claims(&experiment), ["mentors.list p50"]);
        assert_eq!((experiment.blocks, experiment.most_blocks), (6, 12));
        assert_eq!(experiment.suite.flows.len(), 1);
    }

    #[test]
    fn a_claim_without_data_is_refused_and_a_number_of_blocks_that_is_given_stays() {
        let refusal = resolved(&["fulltext_index", "--rate", "2/s"]).unwrap_err();
        assert!(
            refusal.contains("a claim on `mentors.list p97.5` needs 400 requests"),
            "{refusal}"
        );
        let quick = resolved(&["fulltext_index", "--rate", "2/s", "--quick"]).unwrap();
        assert_eq!((quick.blocks, quick.most_blocks), (2, 2));
        let given = resolved(&["chat_batched", "--blocks", "6"]).unwrap();
        assert_eq!((given.blocks, given.most_blocks), (6, 6));
        let claims = resolved(&["chat_batched"]).unwrap();
        assert_eq!((claims.blocks, claims.most_blocks), (7, 14));
    }

    #[test]
    fn a_claim_on_what_the_chosen_flows_do_not_send_is_refused() {
        for more in [&[][..], &["--quick"]] {
            let words = [&["mentor_cache", "--flow", "chat.room"], more].concat();
            let error = resolved(&words).unwrap_err();
            let is_told = error.contains("unknown metric of this load `mentors.list p");
            assert!(is_told, "{error}");
        }
    }

    #[test]
    fn a_figure_that_is_to_explain_the_claims_and_that_the_chosen_flows_do_not_have_is_refused() {
        let words = ["hash_threads", "--quick", "--flow", "mentors.browse"];
        let error = resolved(&words).unwrap_err();
        let said = "`why` of the experiment: unknown metric of this load `auth.me p50`";
        assert!(error.contains(said), "{error}");
        // A control of these flows claims that nothing differs, and explains nothing.
        let control = resolved(&[&words[..], &["--aa"]].concat()).unwrap();
        assert_eq!(control.why, None);
    }

    #[test]
    fn a_quick_experiment_leaves_the_search_of_the_capacity_out() {
        let capacity = |words: &[&str]| resolved(words).unwrap().capacity;
        assert_eq!(capacity(&["before_after"]), ArmCapacitySearch::No);
        assert_eq!(
            capacity(&["before_after", "--capacity"]),
            ArmCapacitySearch::Yes
        );
        assert_eq!(
            capacity(&["before_after", "--capacity", "--quick"]),
            ArmCapacitySearch::LeftOut
        );
    }

    #[test]
    fn a_planted_control_has_one_claim_which_its_blocks_can_decide() {
        let planted = resolved(&["mentor_cache", "--plant", "10"]).unwrap();
        assert_eq!(claims(&planted), ["mentors.list p50"]);
        assert!(planted.blocks >= planted.fewest_blocks());
        let other = resolved(&["user_cache", "--plant", "10"]).unwrap();
        assert_eq!(claims(&other), ["total p50"]);
    }

    #[test]
    fn a_known_wrong_strategy_can_be_set_in_a_bundled_experiment() {
        let experiment = resolved(&[
            "booking_strategy",
            "--set-before",
            "bookings.strategy=naive",
            "--quick",
        ])
        .unwrap();
        assert_eq!(
            experiment.before.settings.get("bookings.strategy"),
            Some("naive")
        );
        assert_eq!(experiment.blocks, 2);
    }

    #[test]
    fn nothing_to_compare_a_wrong_switch_and_a_wrong_name_are_refused_with_the_way_out() {
        assert!(resolved(&[]).unwrap_err().contains("--set-before"));
        assert!(
            resolved(&["before_aftr"])
                .unwrap_err()
                .contains("did you mean `before_after`")
        );
        assert!(
            resolved(&["--set-after", "cache.mentor=off"])
                .unwrap_err()
                .contains("did you mean `cache.mentors`")
        );
    }
}
