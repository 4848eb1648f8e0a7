//! Inside a job of GitHub Actions: step summary, annotations, and a log in which text of the target
//! is not interpreted as a workflow command.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::cli::{failure::Failure, output::closed_pipe};
use loadgen_experiment::schema::Summary;
use loadgen_report::render;

/// The job that this program runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct GithubJob {
    /// File that the step summary is appended to.
    summary: Option<PathBuf>,
    /// Token that ends the part of the log in which the runner ignores commands.
    token: String,
}

/// While it exists, the runner ignores commands in the log.
#[derive(Debug)]
pub(in crate::cli) struct MutedLog<'a>(&'a GithubJob);

impl GithubJob {
    /// The job that this process runs in, if any.
    pub(in crate::cli) fn detect() -> Option<Self> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// The same with given environment variables.
    fn from_variables(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<Self> {
        (variable("GITHUB_ACTIONS")? == "true").then(|| Self {
            summary: variable("GITHUB_STEP_SUMMARY")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            token: format!("loadgen-{}", uuid::Uuid::new_v4().simple()),
        })
    }

    /// File of the step summary, if the job has one.
    pub(in crate::cli) fn summary_file(&self) -> Option<&Path> {
        self.summary.as_deref()
    }

    /// Mutes the log: an error message with text of a response may look like a workflow command.
    pub(in crate::cli) fn mute(&self) -> MutedLog<'_> {
        write_line(&format!("::stop-commands::{}\n", self.token));
        MutedLog(self)
    }

    /// Prints annotations and appends the report to the step summary.
    pub(in crate::cli) fn annotate(&self, summary: &Summary) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let annotations = render::annotations(summary);
        if let Err(error) = out
            .write_all(annotations.as_bytes())
            .and_then(|()| out.flush())
        {
            closed_pipe(error)?;
        }
        match &self.summary {
            Some(path) => append(path, summary).map_err(|error| {
                Failure::Internal(format!(
                    "the step summary {} cannot be written: {error}",
                    path.display()
                ))
            }),
            None => Ok(()),
        }
    }
}

impl Drop for MutedLog<'_> {
    fn drop(&mut self) {
        write_line(&format!("::{}::\n", self.0.token));
    }
}

/// Writes a line of the log; a closed pipe is ignored.
fn write_line(line: &str) {
    let mut out = io::stdout().lock();
    let _closed = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

/// Appends the report to what other commands of the step wrote.
fn append(path: &Path, summary: &Summary) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    let text = render::step_summary(summary, length).map_err(io::Error::other)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, fs};

    use super::*;

    fn published() -> Summary {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
        loadgen_report::store::load(&folder.join("mentor_cache")).unwrap()
    }

    #[test]
    fn only_a_process_in_a_job_of_github_detects_one() {
        let with = |actions: &'static str| {
            GithubJob::from_variables(|name| match name {
                "GITHUB_ACTIONS" => Some(OsString::from(actions)),
                _ => None,
            })
        };
        assert!(with("true").unwrap().summary.is_none());
        assert_eq!(with("false"), None);
        assert_eq!(GithubJob::from_variables(|_| None), None);
    }

    #[test]
    fn the_summary_is_appended_and_what_was_there_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("summary.md");
        fs::write(&path, "# another step's text\n").unwrap();
        let summary = published();
        append(&path, &summary).unwrap();
        append(&path, &summary).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# another step's text\n## "), "{text}");
        let title = format!("## {}: ", summary.verdict.word.label());
        assert_eq!(text.matches(&title).count(), 2);
    }
}
