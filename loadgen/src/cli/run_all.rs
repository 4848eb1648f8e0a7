//! `loadgen experiment run-all`: every shipped experiment, one after the other, and what came of
//! all of them on one page.

use std::path::Path;

use chrono::Utc;

use super::{
    audience::{open_page, output_is_taken, say_where},
    experiment::{differences, measure},
    experiment_args::ExperimentArgs,
    outcome::{Failure, print},
    shipped,
};
use crate::{
    exit,
    report::catalogue::{self, Entry, Found},
    store::folder::write_atomically,
    suite::load::unknown,
};
use shared::time::Millis;

/// Runs them all. The exit code is that of the worst: a broken invariant before an invalid
/// experiment before a broken promise; an experiment that could not be run is an internal error.
pub(super) fn run(args: &ExperimentArgs) -> Result<u8, Failure> {
    let changed = !(args.set_before.is_empty() && args.set_after.is_empty());
    if changed || args.aa || args.plant.is_some() {
        return Err(Failure::usage(
            "run-all runs the experiments as they are shipped: name one to set its switches, or to make it a control",
        ));
    }
    let started = Utc::now();
    let names = chosen(&args.only)?;
    let share = args
        .budget
        .map(|budget| Millis(budget.0 / names.len() as u64));
    // One page for all of them.
    let page = open_page(&args.result)?;
    if let Some(page) = &page {
        say_where(page);
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut code = exit::PASSED;
    let mut interrupted = false;
    for (number, name) in names.iter().enumerate() {
        let (experiment, _) = shipped::experiment(name)?;
        eprint_line(&format!("{} of {}: {name}", number + 1, names.len()));
        let mut one = ExperimentArgs {
            file: Some((*name).to_owned()),
            budget: share,
            only: Vec::new(),
            ..args.clone()
        };
        one.result.page.clone_from(&page);
        let found = match measure(&one) {
            Ok((summary, folder)) => {
                interrupted |= summary.interrupted;
                code = worse(code, summary.verdict.exit_code());
                Found::Summary(Box::new(summary), folder)
            }
            Err(Failure::Interrupted) => {
                interrupted = true;
                break;
            }
            // A budget that is too short for one is too short for all: said before anything runs.
            Err(error @ Failure::Usage(_)) if entries.is_empty() => return Err(error),
            Err(error) => {
                code = worse(code, exit::INTERNAL);
                Found::Failed(error.to_string())
            }
        };
        entries.push(Entry {
            name: (*name).to_owned(),
            switches: differences(&experiment),
            claim: experiment.primary.first().cloned().unwrap_or_default(),
            expected: experiment.expected,
            why: experiment.why,
            found,
        });
        if interrupted {
            break;
        }
    }
    if let Some(page) = page {
        page.close();
    }
    let markdown = catalogue::markdown(&entries, started, names.len());
    let stamp = started.format("%Y-%m-%dT%H-%M-%SZ");
    let path = args.result.results.join(format!("catalogue_{stamp}.md"));
    write_atomically(&path, markdown.as_bytes()).map_err(Failure::internal)?;
    write_json(&path.with_extension("json"), &entries)?;
    if !output_is_taken(&args.result) {
        print(&markdown)?;
    }
    eprint_line(&format!("Kept as {}", path.display()));
    Ok(if interrupted { exit::INTERRUPTED } else { code })
}

/// The experiments of these names, in the order of the catalogue; all where none is named.
fn chosen(only: &[String]) -> Result<Vec<&'static str>, Failure> {
    let all = || shipped::EXPERIMENTS.iter().map(|(name, _)| *name);
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

fn write_json(path: &Path, entries: &[Entry]) -> Result<(), Failure> {
    let text = catalogue::json(entries).map_err(Failure::internal)?;
    write_atomically(path, text.as_bytes()).map_err(Failure::internal)
}

/// The exit code that says more.
fn worse(one: u8, other: u8) -> u8 {
    let rank = |code: u8| match code {
        exit::PASSED => 0,
        exit::FAILED => 1,
        exit::INVALID => 2,
        exit::VIOLATED => 3,
        _ => 4,
    };
    if rank(other) > rank(one) { other } else { one }
}

#[expect(clippy::print_stderr, reason = "progress between two live views")]
fn eprint_line(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experiments_are_chosen_by_name_and_a_wrong_one_names_the_nearest() {
        let all = chosen(&[]).unwrap();
        assert_eq!(all.len(), shipped::EXPERIMENTS.len());
        let some = chosen(&["pool-size".to_owned(), "mentor_cache".to_owned()]).unwrap();
        assert_eq!(some, ["mentor_cache", "pool_size"]);
        let refusal = chosen(&["mentor_cash".to_owned()]).unwrap_err().to_string();
        assert!(refusal.contains("did you mean `mentor_cache`"), "{refusal}");
    }

    #[test]
    fn a_broken_invariant_outranks_an_invalid_run_and_that_a_broken_promise() {
        assert_eq!(worse(exit::PASSED, exit::FAILED), exit::FAILED);
        assert_eq!(worse(exit::INVALID, exit::FAILED), exit::INVALID);
        assert_eq!(worse(exit::INVALID, exit::VIOLATED), exit::VIOLATED);
        assert_eq!(worse(exit::VIOLATED, exit::INTERNAL), exit::INTERNAL);
    }
}
