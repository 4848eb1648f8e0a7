//! What is known of the bundled experiments already: the runs of a results folder for
//! `run-all --resume`, and the rows of an earlier catalogue for `run-all --catalogue`.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shared::hex;

use crate::{
    cli::failure::Failure,
    library::{self, SourceFile},
};
use loadgen_experiment::{
    paired::{COMMON_RATE, Experiment},
    schema::{HostInfo, Provenance, RunKind, Summary, VerdictWord},
    summary::{load_line, provenance},
};
use loadgen_report::{
    history::{PastRun, load_of_trial},
    render::catalogue::{self, CatalogueRow},
    store::finished_runs,
};

/// SHA-256 of the file of the bundled experiment of this name, in hexadecimal digits.
pub(super) fn file_sha256(name: &str) -> Result<String, Failure> {
    let (_, source) = library::find_experiment(name)?;
    Ok(hex::of(&Sha256::digest(source.text.as_bytes())))
}

/// The rows of an earlier catalogue that measured the bundled experiments as they are now.
pub(super) fn earlier_rows(file: &Path) -> Result<Vec<CatalogueRow>, Failure> {
    let refused = |why: String| {
        Failure::Usage(format!(
            "--catalogue {}: {why}; a catalogue_*.json of `experiment run-all` is expected",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
    let rows = catalogue::read(&text).map_err(|error| refused(error.to_string()))?;
    let mut same = Vec::new();
    for row in rows {
        // An experiment that is bundled no more has no file to compare with.
        let Ok((experiment, _)) = library::find_experiment(row.experiment()) else {
            continue;
        };
        let file = file_sha256(row.experiment())?;
        if row.is_measurement_of(&file, experiment.fewest_blocks()) {
            same.push(row);
        }
    }
    Ok(same)
}

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
    /// repeat: of the same file, with the arms and the load of `asked`, to its end, by a program built alike, on a
    /// machine like this one.
    pub(super) fn newest(
        &mut self,
        name: &str,
        asked: &Experiment,
        source: &SourceFile,
    ) -> Option<KeptExperiment> {
        let fits = |run: &PastRun| {
            let input = self.folder.join(&run.folder).join("input");
            is_whole(&run.summary, name, asked.fewest_blocks())
                && has_arms_of(&run.summary, asked)
                && has_load_of(&run.summary, asked)
                && is_made_alike(run.summary.provenance.as_ref(), &self.here)
                && std::fs::read_to_string(input.join(source.file_name()))
                    .is_ok_and(|text| text == source.text)
        };
        let newest = (0..self.runs.len())
            .filter(|at| fits(&self.runs[*at]))
            .max_by_key(|at| self.runs[*at].summary.started_at);
        newest.map(|at| {
            let run = self.runs.swap_remove(at);
            KeptExperiment {
                folder: self.folder.join(run.folder),
                summary: run.summary,
            }
        })
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

/// Whether the arms of a summary ran what the file says: flags, and variables of the environment that stand for flags,
/// set switches, name programs and make controls. A switch that only one of the two programs knew is no difference.
fn has_arms_of(summary: &Summary, experiment: &Experiment) -> bool {
    let specs = [&experiment.before, &experiment.after];
    summary.arms.len() == specs.len()
        && summary.arms.iter().zip(specs).all(|(arm, spec)| {
            let as_asked = |(switch, value): (&String, &String)| {
                spec.settings.get(switch).is_none_or(|asked| asked == value)
            };
            arm.program.is_none()
                && arm.topology == spec.topology.map(|topology| topology.to_string())
                && arm.profile.iter().all(as_asked)
        })
}

/// Whether a summary is of this load: rates or users, and flows. How long the trials were, and how many, follows from
/// the time that there was; a rate that is searched for is another one each time.
fn has_load_of(summary: &Summary, experiment: &Experiment) -> bool {
    let mut parts = load_of_trial(&summary.load).into_iter();
    let searched = parts.any(|part| part.starts_with(COMMON_RATE));
    let compared = |line: &str| -> Vec<String> {
        let parts = load_of_trial(line).into_iter();
        let compared = parts
            .skip(usize::from(searched))
            .filter(|part| !part.ends_with(" measured") && !part.starts_with(COMMON_RATE));
        compared.map(str::to_owned).collect()
    };
    searched == experiment.find_rate
        && compared(&summary.load) == compared(&load_line(&experiment.suite))
}

/// Whether a program built alike measured on a machine like this one.
fn is_made_alike(there: Option<&Provenance>, here: &Provenance) -> bool {
    let machine = |host: &HostInfo| (host.cpu.clone(), host.cores);
    there.is_some_and(|there| {
        machine(&there.host) == machine(&here.host)
            && there.program.debug_build == here.program.debug_build
    })
}

#[cfg(test)]
mod tests {
    use loadgen_experiment::paired::shorten;
    use shared::time::Millis;

    use super::*;

    /// The published measurement of `mentor_cache`.
    fn published() -> Summary {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../results/published/mentor_cache"
        );
        loadgen_report::store::load(Path::new(folder)).unwrap()
    }

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
    }

    #[test]
    fn arms_that_were_changed_in_whatever_way_are_not_those_of_the_file() {
        let measured = published();
        let (experiment, _) = library::find_experiment("mentor_cache").unwrap();
        assert!(has_arms_of(&measured, &experiment));
        let changed = |change: &dyn Fn(&mut Summary)| {
            let mut summary = measured.clone();
            change(&mut summary);
            has_arms_of(&summary, &experiment)
        };
        // LOADGEN_AA=true: no word of the command line says so.
        assert!(!changed(&|summary| {
            summary.arms[0].profile = summary.arms[1].profile.clone();
        }));
        assert!(!changed(&|summary| {
            let slow = summary.arms[1].profile.get_mut("lab.slowdown");
            *slow.unwrap() = "10".to_owned();
        }));
        assert!(!changed(&|summary| {
            summary.arms[1].program = Some("/builds/older (1a2b3c4d)".to_owned());
        }));
        assert!(!changed(&|summary| {
            summary.arms[0].topology = Some("scale=2".to_owned());
        }));
        assert!(!changed(&|summary| {
            summary.arms.pop();
        }));
        // A switch of another version.
        assert!(changed(&|summary| {
            let profile = &mut summary.arms[0].profile;
            profile.insert("cache.later".to_owned(), "on".to_owned());
        }));
    }

    #[test]
    fn a_load_that_was_another_one_is_not_kept_and_longer_trials_are() {
        let mut measured = published();
        let (experiment, _) = library::find_experiment("mentor_cache").unwrap();
        assert!(has_load_of(&measured, &experiment));
        let mut longer = experiment.clone();
        shorten(&mut longer.suite, Millis(5_000), Millis(60_000));
        assert!(has_load_of(&measured, &longer));
        let mut slower = experiment.clone();
        slower.suite.set_rate("7/s".parse().unwrap()).unwrap();
        assert!(!has_load_of(&measured, &slower));
        let mut searched = experiment.clone();
        searched.find_rate = true;
        assert!(!has_load_of(&measured, &searched));
        measured.load = format!(
            "{}; common rate 9.1/s: half of what the slower arm takes",
            measured.load.replace("40/s", "9.1/s")
        );
        assert!(has_load_of(&measured, &searched));
        assert!(!has_load_of(&measured, &experiment));
    }

    #[test]
    fn rows_are_taken_of_experiments_that_are_bundled_as_they_were_and_of_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("catalogue.json");
        let published = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../results/published/catalogue.json"
        );
        let mut rows: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(published).unwrap()).unwrap();
        let rows = rows.as_array_mut().unwrap();
        rows.truncate(2);
        let name = rows[0]["experiment"].as_str().unwrap().to_owned();
        rows[0]["file_sha256"] = file_sha256(&name).unwrap_or_else(|_| panic!()).into();
        rows[1]["file_sha256"] = "00".into();
        let mut gone = rows[0].clone();
        gone["experiment"] = "gone".into();
        let mut quick = rows[0].clone();
        quick["origin"]["blocks"] = 2.into();
        rows.extend([gone, quick]);
        std::fs::write(&file, serde_json::to_string(rows).unwrap()).unwrap();
        let found = earlier_rows(&file).unwrap_or_else(|_| panic!());
        let names: Vec<&str> = found.iter().map(CatalogueRow::experiment).collect();
        assert_eq!(names, [name]);
        for text in ["{}", "[{\"experiment\": 1}]", "no JSON"] {
            std::fs::write(&file, text).unwrap();
            let refusal = earlier_rows(&file).unwrap_err().to_string();
            assert!(refusal.contains("catalogue.json: "), "{refusal}");
        }
    }

    #[test]
    fn nothing_is_read_unless_it_is_asked_for_and_a_missing_folder_holds_nothing() {
        let results = Path::new("/nonexistent/results");
        for wanted in [false, true] {
            let mut kept = KeptExperiments::read(results, wanted).unwrap_or_else(|_| panic!());
            let (asked, source) = library::find_experiment("mentor_cache").unwrap();
            assert!(kept.newest("mentor_cache", &asked, &source).is_none());
        }
    }
}
