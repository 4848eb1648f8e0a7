//! `loadgen experiment`: paired trials of two profiles.

use std::path::PathBuf;

use chrono::Utc;
use shared::{dataset::Scale, time::Millis};

use super::{
    bench::Session,
    catalogue,
    experiment_args::ExperimentArgs,
    outcome::{self, Failure},
    overrides,
    run::failure,
    run_all,
    services::Services,
    shipped::{self, Source},
    summary::{self, About},
};
use crate::{
    codeconnect::CodeConnect,
    exit,
    experiment::{
        self, ArmSpec, CONTROL_BLOCKS, Experiment, Kind, PLANTED, Quick,
        budget::{self, BESIDE},
        file,
    },
    schema::Summary,
    suite::LoadModel,
    system::Application as _,
    trial::TestEnv,
};

/// Words that are no experiment's name.
const LIST: &str = "list";
const RUN_ALL: &str = "run-all";

/// Runs it; the exit code is the verdict's.
pub(super) fn run(args: &ExperimentArgs) -> Result<u8, Failure> {
    if args.file.as_deref() == Some(LIST) {
        outcome::print(&catalogue::list()?)?;
        return Ok(exit::PASSED);
    }
    if args.file.as_deref().is_some_and(|word| word == RUN_ALL) {
        return run_all::run(args);
    }
    if !args.only.is_empty() {
        return Err(Failure::usage(
            "--only chooses among the experiments of `loadgen experiment run-all`",
        ));
    }
    let (experiment, source) = resolve(args)?;
    let session = Session::begin(&args.result, "experiment", &experiment.suite.name, &source);
    let services = services(args, &experiment)?;
    session.work(&services, async |bench, own_stack| {
        pairs(args, &experiment, &services, &session, bench, own_stack).await
    })
}

/// Runs one experiment without printing its report: its summary, and where that is kept.
pub(super) fn measure(args: &ExperimentArgs) -> Result<(Summary, Option<PathBuf>), Failure> {
    let (experiment, source) = resolve(args)?;
    let session = Session::begin(&args.result, "experiment", &experiment.suite.name, &source);
    let services = services(args, &experiment)?;
    let summary = session.measure(&services, async |bench, own_stack| {
        pairs(args, &experiment, &services, &session, bench, own_stack).await
    })?;
    Ok((
        summary,
        session.folder().map(|folder| folder.path().to_owned()),
    ))
}

/// Where an experiment's load goes.
fn services(args: &ExperimentArgs, experiment: &Experiment) -> Result<Services, Failure> {
    let mut services = Services::of(&args.target)?;
    services.needs_lab()?;
    services.scale_unless_told(experiment.scale);
    Ok(services)
}

/// The measured part: says what is about to happen, and does it.
async fn pairs(
    args: &ExperimentArgs,
    experiment: &Experiment,
    services: &Services,
    session: &Session<'_>,
    bench: &TestEnv,
    own_stack: bool,
) -> Result<Summary, Failure> {
    let started_at = Utc::now();
    session.announce(bench, &experiment.suite);
    bench.events.note(differences(experiment));
    bench.events.note(announced(experiment));
    let workers = usize::from(args.load.workers);
    let finished = experiment::run(bench, experiment, workers, &mut |outcome| {
        session.keep(outcome);
    })
    .await;
    let about = About {
        started_at,
        own_stack,
        warnings: services.warnings(),
    };
    if finished.trials.is_empty() {
        return Err(finished.error.map_or(Failure::Interrupted, failure));
    }
    Ok(summary::of_experiment(about, experiment, &finished))
}

/// In which switches the arms differ, in one line.
pub(super) fn differences(experiment: &Experiment) -> String {
    let differences = experiment
        .before
        .settings
        .differences(&experiment.after.settings);
    match differences.as_slice() {
        [] => "nothing differs: both arms are the same".to_owned(),
        few if few.len() <= 4 => few
            .iter()
            .map(|(path, before, after)| format!("{path}: {before} -> {after}"))
            .collect::<Vec<_>>()
            .join("; "),
        many => format!("{} switches differ", many.len()),
    }
}

/// How long it will take, said before it starts.
fn announced(experiment: &Experiment) -> String {
    let windows = experiment.suite.windows;
    let trials = u64::from(experiment.blocks + experiment.control_blocks()) * 2;
    let seconds = trials * (windows.planned().0 + BESIDE.0) / 1_000;
    let controls = match experiment.controls.len() {
        0 => String::new(),
        some => format!(" after {some} controls of {CONTROL_BLOCKS}"),
    };
    let seen = budget::smallest_effect(experiment).map_or_else(String::new, |percent| {
        format!(
            "; that should tell a difference of some {percent:.0} % in {}",
            experiment.primary[0]
        )
    });
    format!(
        "{} blocks of two trials{controls}, each {} warm-up and {} measured: about {}{seen}",
        experiment.blocks,
        windows.warm_up,
        windows.measure,
        if seconds < 90 {
            format!("{seconds} seconds")
        } else {
            format!("{:.0} minutes", (seconds as f64 / 60.0).ceil())
        }
    )
}

/// File, flags, or both.
fn resolve(args: &ExperimentArgs) -> Result<(Experiment, Source), Failure> {
    let (mut experiment, source) = match &args.file {
        Some(word) => shipped::experiment(word)?,
        None => unnamed(args)?,
    };
    for (arm, settings) in [
        (&mut experiment.before, &args.set_before),
        (&mut experiment.after, &args.set_after),
    ] {
        for setting in settings {
            overrides::apply_setting(&mut arm.settings, setting)?;
        }
    }
    if args.quick {
        experiment.make_quick();
    }
    if let Some(blocks) = args.blocks {
        file::check_blocks(blocks).map_err(Failure::Usage)?;
        experiment.blocks = blocks;
    }
    overrides::apply(&mut experiment.suite, &args.load)?;
    if args.aa {
        experiment
            .make_control(Kind::Same, &CodeConnect)
            .map_err(Failure::Usage)?;
    }
    if let Some(percent) = args.plant {
        experiment
            .make_control(Kind::Planted(percent), &CodeConnect)
            .map_err(Failure::Usage)?;
    }
    if args.rigorous {
        experiment.controls = vec![Kind::Same, Kind::Planted(PLANTED)];
    }
    // A closed load has no rate.
    let open = matches!(experiment.suite.load, LoadModel::Open { .. });
    if args.find_rate && !open {
        return Err(Failure::usage(
            "--find-rate looks for an arrival rate, and this load is closed: its users send as fast as they are answered",
        ));
    }
    let told = args.load.rate.is_some();
    experiment.find_rate = args.find_rate || (args.rigorous && open && !told);
    if let Some(budget) = args.budget {
        budget::fit(&mut experiment, budget).map_err(Failure::Usage)?;
    }
    Ok((experiment, source))
}

/// An experiment of flags alone: the flows of `--flow` (the core mix without), both arms from
/// the profile `after`.
fn unnamed(args: &ExperimentArgs) -> Result<(Experiment, Source), Failure> {
    if args.set_before.is_empty() && args.set_after.is_empty() {
        return Err(Failure::usage(
            "name an experiment (`loadgen experiment list` shows those that are shipped) or its file, or say what differs with --set-before and --set-after",
        ));
    }
    let (mut suite, source) = shipped::suite("core")?;
    overrides::picked_by_hand(&mut suite, &args.load.flows)?;
    suite.question = question(args);
    file::shorten(&mut suite, Millis(2_000), Millis(8_000));
    let catalog = CodeConnect.catalog();
    let primary = args
        .load
        .flows
        .first()
        .and_then(|name| catalog.flow(name))
        .and_then(|flow| flow.operations.first())
        .map_or_else(
            || CodeConnect.default_primary(),
            |op| vec![format!("{} p97.5", catalog.operations.name(*op))],
        );
    let arm = || ArmSpec {
        settings: CodeConnect.default_profile(),
    };
    Ok((
        Experiment {
            suite,
            hypothesis: String::new(),
            expected: None,
            why: None,
            before: arm(),
            after: arm(),
            blocks: 6,
            primary,
            scale: Scale::Small,
            quick: Quick::default(),
            controls: Vec::new(),
            find_rate: false,
        },
        source,
    ))
}

fn question(args: &ExperimentArgs) -> String {
    let words = |settings: &[String]| {
        if settings.is_empty() {
            "the profile after".to_owned()
        } else {
            settings.join(", ")
        }
    };
    format!(
        "What changes from {} to {}?",
        words(&args.set_before),
        words(&args.set_after)
    )
}

/// A file's name for `input/`, without its folders.
pub(super) fn file_name(source: &Source) -> String {
    std::path::Path::new(&source.name).file_name().map_or_else(
        || source.name.clone(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn resolved(words: &[&str]) -> Result<Experiment, String> {
        let all = ["loadgen", "experiment"].iter().chain(words);
        match Cli::try_parse_from(all).unwrap().command {
            Command::Experiment(args) => resolve(&args)
                .map(|(experiment, _)| experiment)
                .map_err(|error| error.to_string()),
            _ => unreachable!(),
        }
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
        let differences = experiment
            .before
            .settings
            .differences(&experiment.after.settings);
        assert_eq!(
            differences,
            [("cache.mentors".into(), "off".into(), "redis".into())]
        );
        assert_eq!(experiment.primary, ["mentors.list p97.5"]);
        assert_eq!(experiment.suite.flows.len(), 1);
    }

    #[test]
    fn a_known_wrong_strategy_can_be_set_into_a_shipped_experiment() {
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
        assert!(
            resolved(&["before_after", "--blocks", "0"])
                .unwrap_err()
                .contains("1 to 200")
        );
    }
}
