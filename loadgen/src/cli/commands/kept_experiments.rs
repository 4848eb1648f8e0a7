//! What a results folder holds of the bundled experiments already, for `run-all --resume`.

use std::path::{Path, PathBuf};

use crate::{cli::failure::Failure, library};
use loadgen_experiment::{
    schema::{HostInfo, Provenance, RunKind, Summary, VerdictWord},
    summary::provenance,
};
use loadgen_report::{history::PastRun, store::finished_runs};

/// Every finished run of a results folder; none unless they were asked for.
pub(super) struct KeptExperiments {
    runs: Vec<PastRun>,
    folder: PathBuf,
    here: Provenance,
}

/// An experiment that was measured before.
pub(super) struct KeptExperiment {
    pub(super) summary: Summary,
    pub(super) folder: PathBuf,
}

impl KeptExperiments {
    /// Reads the folder where `wanted`; one that does not exist yet holds nothing.
    pub(super) fn read(results: &Path, wanted: bool) -> Result<Self, Failure> {
        let folder = results.join("runs");
        let runs = if wanted && folder.is_dir() {
            finished_runs(results).map_err(Failure::usage)?.0
        } else {
            Vec::new()
        };
        Ok(Self {
            runs,
            folder,
            here: provenance(),
        })
    }

    /// Takes out the newest measurement of the bundled experiment of this name that a new one would
    /// repeat: of the same file, to its end, by a program built alike, on a machine like this one.
    pub(super) fn newest(&mut self, name: &str) -> Result<Option<KeptExperiment>, Failure> {
        let (experiment, source) = library::find_experiment(name)?;
        let fits = |run: &PastRun| {
            let input = self.folder.join(&run.folder).join("input");
            is_whole(&run.summary, name, experiment.fewest_blocks())
                && is_made_alike(run.summary.provenance.as_ref(), &self.here)
                && std::fs::read_to_string(input.join(source.file_name()))
                    .is_ok_and(|text| text == source.text)
        };
        let newest = (0..self.runs.len())
            .filter(|at| fits(&self.runs[*at]))
            .max_by_key(|at| self.runs[*at].summary.started_at);
        Ok(newest.map(|at| {
            let run = self.runs.swap_remove(at);
            KeptExperiment {
                folder: self.folder.join(run.folder),
                summary: run.summary,
            }
        }))
    }
}

/// Whether a summary is of this experiment, came to its end, and has the blocks that a decision needs:
/// a quick run has not.
fn is_whole(summary: &Summary, name: &str, fewest_blocks: u32) -> bool {
    let blocks = summary.trials.iter().map(|trial| trial.block).max();
    summary.kind == RunKind::Experiment
        && summary.name == name
        && !summary.interrupted
        && !matches!(
            summary.verdict.word,
            VerdictWord::Invalid | VerdictWord::Interrupted
        )
        && blocks.unwrap_or(0) >= fewest_blocks
}

/// Whether a program built alike measured on a machine like this one, the arms as the file has them.
fn is_made_alike(there: Option<&Provenance>, here: &Provenance) -> bool {
    let machine = |host: &HostInfo| (host.cpu.clone(), host.cores);
    let changes_arms = |word: &String| {
        ["--aa", "--plant", "--set-before", "--set-after"]
            .iter()
            .any(|flag| word == flag || word.starts_with(&format!("{flag}=")))
    };
    there.is_some_and(|there| {
        machine(&there.host) == machine(&here.host)
            && there.program.debug_build == here.program.debug_build
            && !there.arguments.iter().any(changes_arms)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_built_alike_on_a_machine_like_this_one_counts() {
        let here = provenance();
        assert!(is_made_alike(Some(&here), &here));
        assert!(!is_made_alike(None, &here));
        let mut other = here.clone();
        other.host.cores += 1;
        assert!(!is_made_alike(Some(&other), &here));
        let mut other = here.clone();
        other.program.debug_build = !other.program.debug_build;
        assert!(!is_made_alike(Some(&other), &here));
        for flag in ["--aa", "--plant=10", "--set-after"] {
            let mut other = here.clone();
            other.arguments.push(flag.to_owned());
            assert!(!is_made_alike(Some(&other), &here), "{flag}");
        }
    }

    #[test]
    fn nothing_is_read_unless_it_is_asked_for_and_a_missing_folder_holds_nothing() {
        let results = Path::new("/nonexistent/results");
        for wanted in [false, true] {
            let mut kept = KeptExperiments::read(results, wanted).unwrap_or_else(|_| panic!());
            assert!(
                kept.newest("mentor_cache")
                    .unwrap_or_else(|_| panic!())
                    .is_none()
            );
        }
    }
}
