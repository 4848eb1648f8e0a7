//! Inside a job of GitHub Actions: the step's summary, annotations, and a log in which no text of
//! the target is taken for a command.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::outcome::{Failure, closed_pipe};
use crate::{report, schema::Summary};

/// The job that this program runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Github {
    /// Where the step's summary is appended.
    summary: Option<PathBuf>,
    /// Word that ends the part of the log in which the runner looks for no commands.
    token: String,
}

/// While it lives the runner takes nothing in the log for a command.
#[derive(Debug)]
pub(super) struct Muted<'a>(&'a Github);

impl Github {
    /// The job, where there is one.
    pub(super) fn here() -> Option<Self> {
        Self::of(|name| std::env::var_os(name))
    }

    /// The same with other variables.
    fn of(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<Self> {
        (variable("GITHUB_ACTIONS")? == "true").then(|| Self {
            summary: variable("GITHUB_STEP_SUMMARY")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            token: format!("loadgen-{}", uuid::Uuid::new_v4().simple()),
        })
    }

    /// Mutes the log: what a flow tells of an answer may look like a command of the runner.
    pub(super) fn mute(&self) -> Muted<'_> {
        say(&format!("::stop-commands::{}\n", self.token));
        Muted(self)
    }

    /// Annotates, and appends the report to the step's summary.
    pub(super) fn tell(&self, summary: &Summary) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let told = report::annotations(summary);
        if let Err(error) = out.write_all(told.as_bytes()).and_then(|()| out.flush()) {
            closed_pipe(error)?;
        }
        match &self.summary {
            Some(path) => append(path, summary).map_err(|error| {
                Failure::Usage(format!(
                    "the step's summary {} cannot be written: {error}",
                    path.display()
                ))
            }),
            None => Ok(()),
        }
    }
}

impl Drop for Muted<'_> {
    fn drop(&mut self) {
        say(&format!("::{}::\n", self.0.token));
    }
}

/// A line of the log that stands by itself; nobody may be reading.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _closed = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

/// Adds the report to what other commands of the step wrote.
fn append(path: &Path, summary: &Summary) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let held = file.metadata()?.len();
    file.write_all(report::step_summary(summary, held).as_bytes())
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, fs};

    use super::*;

    fn published() -> Summary {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
        crate::store::load(&folder.join("mentor_cache")).unwrap()
    }

    #[test]
    fn only_a_job_of_github_is_one() {
        let with = |actions: &'static str| {
            Github::of(|name| match name {
                "GITHUB_ACTIONS" => Some(OsString::from(actions)),
                _ => None,
            })
        };
        assert!(with("true").unwrap().summary.is_none());
        assert_eq!(with("false"), None);
        assert_eq!(Github::of(|_| None), None);
    }

    #[test]
    fn the_summary_is_appended_and_what_was_there_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("summary.md");
        fs::write(&path, "# another step's words\n").unwrap();
        let summary = published();
        append(&path, &summary).unwrap();
        append(&path, &summary).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# another step's words\n## "), "{text}");
        let title = format!("## {}: ", summary.verdict.word);
        assert_eq!(text.matches(&title).count(), 2);
    }
}
