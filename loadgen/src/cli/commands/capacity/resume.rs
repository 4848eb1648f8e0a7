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
    let trials = kept_search(&folder).map_err(Failure::internal)?;
    Ok(Resumed {
        folder: Some(folder),
        trials,
    })
}

/// The first line that differs.
fn difference(begun: &str, now: &str) -> String {
    let pairs = begun.lines().zip(now.lines());
    let mut differ = pairs.filter(|(old, new)| old != new);
    differ.next().map_or_else(String::new, |(old, new)| {
        format!(": `{}` and not `{}`", old.trim(), new.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(
            difference("a\n  rate: 5,\nc\n", "a\n  rate: 6,\nd\n"),
            ": `rate: 5,` and not `rate: 6,`"
        );
        assert_eq!(difference("a", "a"), "");
    }
}
