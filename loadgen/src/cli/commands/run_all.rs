//! `loadgen experiment run-all`: every bundled experiment, one after the other, and one table of
//! their outcomes.

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, Utc};
use shared::{text::unknown, time::Millis};

use super::{
    experiment::{MeasuredExperiment, measure, services},
    kept_experiments::{KeptExperiment, KeptExperiments, earlier_rows, file_sha256},
};
use crate::{
    cli::{
        failure::Failure,
        flags::ExperimentArgs,
        output::{print, print_error, progress},
        plan::{plan_experiment, resolve_settings},
        session::{announce_page, close_when_left, open_page},
    },
    exit, library,
};
use loadgen_engine::clock::time_of_day;
use loadgen_experiment::{paired::Experiment, summary::load_line};
use loadgen_report::{
    render::{
        SuiteReadiness,
        catalogue::{self, CatalogueRow, ExperimentEntry, ExperimentOutcome},
    },
    store::{finished_runs, write_atomically},
};

/// The suite that shows which parts of the platform are ready, and the profile that it runs with.
const READINESS_SUITE: &str = "core";
const READINESS_PROFILE: &str = "after";

/// What is done about an experiment.
enum RunAction {
    /// An earlier measurement is taken.
    Kept(Box<KeptExperiment>),
    /// The row of an earlier catalogue is taken.
    Row(Box<CatalogueRow>),
    /// It is measured now.
    Measure,
    /// It cannot run against these services, and why.
    LeftOut(String),
}

/// An experiment of the call.
struct PlannedExperiment {
    name: &'static str,
    experiment: Experiment,
    action: RunAction,
}

/// Runs them all. Returns the most severe exit code; an experiment that could not be run is an
/// internal error, one that these services cannot have is left out.
pub(in crate::cli) fn run(args: &ExperimentArgs) -> Result<u8, Failure> {
    let changed = !(args.set_before.is_empty() && args.set_after.is_empty());
    if changed || args.names_programs() || args.aa || args.plant.is_some() {
        return Err(Failure::usage(
            "run-all runs the experiments as they are bundled: name one to set its switches or programs, or to run it as a control",
        ));
    }
    if args.result.junit.is_some() {
        return Err(Failure::usage(
            "--junit is of one command, and run-all is many: omit it, the result folder of each experiment has its own junit.xml",
        ));
    }
    let started = DateTime::<Utc>::from(time_of_day());
    let planned = plan(args)?;
    let all = planned.len();
    let count =
        |wanted: fn(&RunAction) -> bool| planned.iter().filter(|one| wanted(&one.action)).count();
    let to_measure = count(|action| matches!(action, RunAction::Measure));
    let share = args
        .budget
        .filter(|_| to_measure > 0)
        .map(|budget| Millis(budget.0 / to_measure as u64));
    if args.resume || args.catalogue.is_some() {
        let already = count(|action| matches!(action, RunAction::Kept(_) | RunAction::Row(_)));
        progress(&format!(
            "{already} of {all} were measured before, {to_measure} are measured now"
        ));
    }
    // One page for all of them.
    let page = open_page(&args.result)?;
    if let Some(page) = &page {
        announce_page(page);
    }
    let mut found = FoundOutcomes {
        rows: Vec::new(),
        code: exit::PASSED,
        interrupted: false,
        any_measured: false,
    };
    for (number, one) in planned.into_iter().enumerate() {
        let place = format!("{} of {all}: {}", number + 1, one.name);
        let own_args = args_of_one(args, one.name, share);
        found.add(one, &place, || measure(&own_args, page.as_ref()))?;
    }
    if let Some(page) = page {
        close_when_left(&page);
    }
    write_catalogue(args, &found.rows, started)?;
    Ok(if found.interrupted {
        exit::INTERRUPTED
    } else {
        found.code
    })
}

/// The flags of one of the experiments, with its part of the time.
fn args_of_one(args: &ExperimentArgs, name: &str, budget: Option<Millis>) -> ExperimentArgs {
    ExperimentArgs {
        file: Some(name.to_owned()),
        budget,
        only: Vec::new(),
        resume: false,
        catalogue: None,
        ..args.clone()
    }
}

/// The newest run that measured an experiment as these flags would; one that they cannot plan has none, and is refused
/// where it is measured.
fn newest_kept(
    kept: &mut KeptExperiments,
    args: &ExperimentArgs,
    name: &str,
) -> Option<KeptExperiment> {
    let (asked, source) = plan_experiment(&args_of_one(args, name, None)).ok()?;
    kept.newest(name, &asked, &source)
}

/// What is done about each experiment of the call, in alphabetical order.
fn plan(args: &ExperimentArgs) -> Result<Vec<PlannedExperiment>, Failure> {
    let mut rows = BTreeMap::new();
    if let Some(file) = &args.catalogue {
        let earlier = earlier_rows(file)?.into_iter();
        rows.extend(earlier.map(|row| (row.experiment().to_owned(), row)));
    }
    let named = select(&args.only)?;
    if !args.only.is_empty() {
        // Whoever names it wants it measured.
        rows.retain(|name, _| !named.contains(&name.as_str()));
    }
    let names: Vec<&'static str> = library::experiment_names()
        .filter(|name| named.contains(name) || rows.contains_key(*name))
        .collect();
    let mut kept = KeptExperiments::read(&args.result.folder.results, args.resume)?;
    let mut planned = Vec::new();
    for name in names {
        let (experiment, _) = library::find_experiment(name)?;
        let action = if let Some(row) = rows.remove(name) {
            RunAction::Row(Box::new(row))
        } else if let Some(kept) = newest_kept(&mut kept, args, name) {
            RunAction::Kept(Box::new(kept))
        } else {
            match services(args, &experiment) {
                Ok(_) => RunAction::Measure,
                // Whoever names it wants it.
                Err(error) if !args.only.is_empty() => {
                    return Err(Failure::Usage(format!("{name}: {error}")));
                }
                Err(error) => RunAction::LeftOut(error.to_string()),
            }
        };
        planned.push(PlannedExperiment {
            name,
            experiment,
            action,
        });
    }
    // Services that can have none of them are a mistake of the call.
    if planned
        .iter()
        .all(|one| matches!(one.action, RunAction::LeftOut(_)))
        && let Some(PlannedExperiment {
            action: RunAction::LeftOut(why),
            ..
        }) = planned.pop()
    {
        return Err(Failure::Usage(why));
    }
    Ok(planned)
}

/// What the experiments have found so far.
struct FoundOutcomes {
    rows: Vec<CatalogueRow>,
    /// The most severe exit code.
    code: u8,
    /// Whether the command was stopped: nothing more is measured, what is known already is still listed.
    interrupted: bool,
    /// Whether one has been measured, or could be taken from an earlier run.
    any_measured: bool,
}

impl FoundOutcomes {
    /// Adds what an experiment found; `measure` is called where it is to be measured now.
    fn add(
        &mut self,
        planned: PlannedExperiment,
        place: &str,
        measure: impl FnOnce() -> Result<MeasuredExperiment, Failure>,
    ) -> Result<(), Failure> {
        let PlannedExperiment {
            name,
            experiment,
            action,
        } = planned;
        if self.interrupted && matches!(action, RunAction::Measure | RunAction::LeftOut(_)) {
            return Ok(());
        }
        let measured = match action {
            RunAction::Kept(kept) => Ok(MeasuredExperiment {
                summary: kept.summary,
                folder: Some(kept.folder),
                stored: Ok(()),
                signalled: false,
            }),
            RunAction::Row(earlier) => {
                if let Some(code) = earlier.exit_code() {
                    self.code = exit::more_severe(self.code, code);
                }
                self.rows.push(*earlier);
                return Ok(());
            }
            RunAction::Measure => {
                progress(place);
                measure()
            }
            RunAction::LeftOut(why) => {
                progress(&format!("{place} is left out: {why}"));
                self.rows
                    .push(row(name, experiment, ExperimentOutcome::Failed(why))?);
                return Ok(());
            }
        };
        if let Some(outcome) = self.outcome(measured)? {
            self.any_measured = true;
            self.rows.push(row(name, experiment, outcome)?);
        }
        Ok(())
    }

    /// What a measurement found; `None` where it was stopped before it had found anything.
    fn outcome(
        &mut self,
        measured: Result<MeasuredExperiment, Failure>,
    ) -> Result<Option<ExperimentOutcome>, Failure> {
        match measured {
            Ok(MeasuredExperiment {
                summary,
                folder,
                stored,
                signalled,
            }) => {
                if let Err(error) = stored {
                    print_error(&error.to_string());
                    self.code = exit::more_severe(self.code, exit::INTERNAL);
                }
                self.interrupted |= summary.interrupted || signalled;
                self.code = exit::more_severe(self.code, summary.verdict.exit_code());
                let outcome = ExperimentOutcome::Summary(Box::new(summary), folder);
                Ok(Some(outcome))
            }
            Err(Failure::Interrupted) => {
                self.interrupted = true;
                Ok(None)
            }
            // A budget that is too short for one is too short for all: refused before anything runs.
            Err(error @ Failure::Usage(_)) if !self.any_measured => Err(error),
            Err(error) => {
                self.code = exit::more_severe(self.code, exit::INTERNAL);
                Ok(Some(ExperimentOutcome::Failed(error.to_string())))
            }
        }
    }
}

/// Stores and prints the table of these rows: what hours have measured is kept in one place where the other fails.
fn write_catalogue(
    args: &ExperimentArgs,
    rows: &[CatalogueRow],
    started: DateTime<Utc>,
) -> Result<(), Failure> {
    let results = &args.result.folder.results;
    let readiness = readiness(results)?;
    let markdown = catalogue::markdown(
        rows,
        &readiness,
        started,
        library::experiment_names().count(),
    );
    let stamp = started.format("%Y-%m-%dT%H-%M-%SZ");
    let path = results.join(format!("catalogue_{stamp}.md"));
    let stored = write_atomically(&path, markdown.as_bytes())
        .map_err(Failure::internal)
        .and_then(|()| write_json(&path.with_extension("json"), rows));
    let printed = if args.result.events_on_stdout() {
        Ok(())
    } else {
        print(&markdown)
    };
    if stored.is_ok() {
        progress(&format!("Stored as {}", path.display()));
    }
    stored.and(printed)
}

fn row(
    name: &str,
    experiment: Experiment,
    found: ExperimentOutcome,
) -> Result<CatalogueRow, Failure> {
    Ok(CatalogueRow::of(&ExperimentEntry {
        file_sha256: file_sha256(name)?,
        name: name.to_owned(),
        switches: experiment.describe_differences(),
        claim: experiment.primary.first().cloned(),
        expected: experiment.expected,
        why: experiment.why,
        found,
    }))
}

/// The newest run of the core suite at its stated load with every optimization on.
fn readiness(results: &Path) -> Result<SuiteReadiness, Failure> {
    let (suite, _) = library::find_suite(READINESS_SUITE)?;
    let settings = resolve_settings(READINESS_PROFILE, &[])?;
    // A results folder without runs has none of this suite either.
    let runs = finished_runs(results).map_or_else(|_| Vec::new(), |(runs, _)| runs);
    let command = format!("loadgen run {READINESS_SUITE} --profile {READINESS_PROFILE}");
    Ok(SuiteReadiness::newest(
        runs,
        &load_line(&suite),
        &settings.0,
        command,
    ))
}

/// The experiments of these names in alphabetical order; all if none is named.
fn select(only: &[String]) -> Result<Vec<&'static str>, Failure> {
    let all = library::experiment_names;
    let wanted: Vec<String> = only.iter().map(|name| name.replace('-', "_")).collect();
    for name in &wanted {
        if !all().any(|known| known == name) {
            return Err(Failure::Usage(unknown("experiment", name, all())));
        }
    }
    Ok(all()
        .filter(|known| wanted.is_empty() || wanted.iter().any(|name| name == known))
        .collect())
}

fn write_json(path: &Path, rows: &[CatalogueRow]) -> Result<(), Failure> {
    let text = catalogue::json(rows).map_err(Failure::internal)?;
    write_atomically(path, text.as_bytes()).map_err(Failure::internal)
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, fs};

    use clap::Parser as _;

    use super::*;
    use crate::cli::flags::{Cli, Command};

    /// What `run-all` ends with where an earlier catalogue has a row of every experiment, the first with this
    /// outcome, which its file expects or not.
    fn code_of(outcome: &str, as_expected: bool) -> u8 {
        let published = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../results/published/catalogue.json"
        );
        let published = fs::read_to_string(published).unwrap();
        let published: serde_json::Value = serde_json::from_str(&published).unwrap();
        let mut rows: Vec<serde_json::Value> = library::experiment_names()
            .map(|name| {
                let mut row = published[0].clone();
                row["experiment"] = name.into();
                row["outcome"] = "IMPROVED".into();
                row["origin"]["blocks"] = 100.into();
                let file = file_sha256(name).unwrap_or_else(|error| panic!("{error}"));
                row["file_sha256"] = file.into();
                row
            })
            .collect();
        rows[0]["outcome"] = outcome.into();
        rows[0]["as_expected"] = as_expected.into();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("earlier.json");
        fs::write(&file, serde_json::to_string(&rows).unwrap()).unwrap();
        let mut words = ["loadgen", "experiment", "run-all", "--results"]
            .map(OsString::from)
            .to_vec();
        words.push(folder.path().into());
        // Its table is written past the harness, into the lines of other tests.
        words.extend(["--events-to", "-"].map(OsString::from));
        words.push("--catalogue".into());
        words.push(file.into());
        let Command::Experiment(args) = Cli::try_parse_from(words).unwrap().command else {
            panic!("another command");
        };
        run(&args).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn what_earlier_rows_found_is_in_the_exit_code() {
        assert_eq!(code_of("IMPROVED", true), exit::PASSED);
        assert_eq!(code_of("REGRESSED", false), exit::FAILED);
        assert_eq!(code_of("REGRESSED", true), exit::PASSED);
        assert_eq!(code_of("VIOLATED", false), exit::VIOLATED);
    }

    #[test]
    fn a_signal_that_comes_while_services_stop_ends_the_command_all_the_same() {
        let published = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../results/published/mentor_cache"
        );
        let summary = loadgen_report::store::load(Path::new(published)).unwrap();
        assert!(!summary.interrupted);
        let planned = || PlannedExperiment {
            name: "mentor_cache",
            experiment: library::find_experiment("mentor_cache").unwrap().0,
            action: RunAction::Measure,
        };
        let mut found = FoundOutcomes {
            rows: Vec::new(),
            code: exit::PASSED,
            interrupted: false,
            any_measured: false,
        };
        let measured = MeasuredExperiment {
            summary,
            folder: None,
            stored: Ok(()),
            signalled: true,
        };
        let first = found.add(planned(), "1 of 2", || Ok(measured));
        first.unwrap_or_else(|error| panic!("{error}"));
        let second = found.add(planned(), "2 of 2", || panic!("measured after a signal"));
        second.unwrap_or_else(|error| panic!("{error}"));
        assert!(found.interrupted);
        assert_eq!(found.rows.len(), 1, "what was measured stays in the table");
    }

    #[test]
    fn one_report_of_test_cases_for_all_is_refused_before_anything_runs() {
        let words = "loadgen experiment run-all --only mentor_cache --junit all.xml".split(' ');
        let Command::Experiment(args) = Cli::try_parse_from(words).unwrap().command else {
            panic!("another command");
        };
        let refusal = run(&args).unwrap_err();
        assert_eq!(refusal.exit_code(), exit::USAGE);
        assert!(refusal.to_string().starts_with("--junit"), "{refusal}");
    }

    #[test]
    fn experiments_are_selected_by_name_and_a_wrong_name_suggests_the_nearest() {
        let all = select(&[]).unwrap();
        assert_eq!(all.len(), library::experiment_names().count());
        let some = select(&["pool-size".to_owned(), "mentor_cache".to_owned()]).unwrap();
        assert_eq!(some, ["mentor_cache", "pool_size"]);
        let refusal = select(&["mentor_cash".to_owned()]).unwrap_err().to_string();
        assert!(refusal.contains("did you mean `mentor_cache`"), "{refusal}");
    }
}
