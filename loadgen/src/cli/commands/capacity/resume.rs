//! Going on with a search that was stopped.

use std::path::PathBuf;

use crate::cli::{failure::Failure, flags::CapacityArgs};
use loadgen_experiment::capacity::KeptTrial;
use loadgen_report::store::{kept_search, resolve_run_dir};

/// File of the result folder that says what was searched, so that only the same search goes on in it.
pub(super) const PLAN_FILE: &str = "search.txt";

/// What an earlier command left.
pub(super) struct Resumed {
    /// Its folder; absent for a new search.
    pub(super) folder: Option<PathBuf>,
    /// Its trials, in order.
    pub(super) trials: Vec<KeptTrial>,
}

/// The folder of `--resume` with its trials; refuses one of another search.
pub(super) fn resumed(args: &CapacityArgs, description: &str) -> Result<Resumed, Failure> {
    let Some(word) = &args.resume else {
        return Ok(Resumed {
            folder: None,
            trials: Vec::new(),
        });
    };
    let folder = resolve_run_dir(word, &args.result.folder.results)?;
    let file = folder.join("input").join(PLAN_FILE);
    let begun = std::fs::read_to_string(&file).map_err(|_| {
        Failure::Usage(format!(
            "--resume: {} is not the folder of a capacity search",
            folder.display()
        ))
    })?;
    if begun != description {
        return Err(Failure::Usage(format!(
            "--resume: the search in {} was begun with other arguments{}; give the same ones, its manifest.json has the command",
            folder.display(),
            difference(&begun, description)
        )));
    }
    // The error names the file: it is what was given that is damaged, not this program.
    let trials = kept_search(&folder).map_err(|error| {
        Failure::Usage(format!(
            "--resume: {error}; restore that file, or search anew without --resume"
        ))
    })?;
    Ok(Resumed {
        folder: Some(folder),
        trials,
    })
}

/// The first line that differs.
fn difference(begun: &str, now: &str) -> String {
    let (mut old, mut new) = (begun.lines(), now.lines());
    loop {
        match (old.next(), new.next()) {
            (None, None) => return String::new(),
            (old, new) if old != new => {
                let shown = |line: Option<&str>| line.unwrap_or_default().trim().to_owned();
                return format!(": `{}` and not `{}`", shown(old), shown(new));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::{cli::flags::one_command::flags_of, exit};

    #[test]
    fn a_damaged_file_of_a_trial_is_bad_input_and_named() {
        let root = tempfile::tempdir().unwrap();
        let (input, trial) = (root.path().join("input"), root.path().join("trials/0001"));
        std::fs::create_dir_all(&input).unwrap();
        std::fs::create_dir_all(&trial).unwrap();
        std::fs::write(input.join(PLAN_FILE), "a search").unwrap();
        let words = ["capacity", "core", "--resume"];
        let words = words.map(OsString::from).into_iter();
        let all = words.chain([root.path().as_os_str().to_owned()]);
        let args = flags_of(all).unwrap();
        let kept = resumed(&args, "a search").ok().unwrap();
        assert!(kept.trials.is_empty() && kept.folder.is_some());
        let damaged = trial.join("search.json");
        std::fs::write(&damaged, "{\"step\": ").unwrap();
        let error = resumed(&args, "a search").err().unwrap();
        assert_eq!(error.exit_code(), exit::USAGE);
        let said = error.to_string();
        assert!(said.contains(&damaged.display().to_string()), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(
            difference("a\n  rate: 5,\nc\n", "a\n  rate: 6,\nd\n"),
            ": `rate: 5,` and not `rate: 6,`"
        );
        assert_eq!(difference("a", "a"), "");
        assert_eq!(difference("a", "a\nb"), ": `` and not `b`");
    }
}
