//! All reports of a summary into its folder.

use std::str::FromStr;

use crate::render::{csv, html, junit, markdown, terminal};
use crate::store::{Folder, StoreError};
use loadgen_experiment::schema::Summary;

/// Why a report could not be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A template failed.
    #[error("failed to lay out the report: {0}")]
    Template(#[from] minijinja::Error),
    /// The test report could not be written as XML.
    #[error("failed to write the test report: {0}")]
    Junit(#[from] quick_junit::SerializeError),
    /// The summary, or the figures of the charts, could not be written as JSON.
    #[error("failed to write the figures: {0}")]
    Json(#[from] serde_json::Error),
    /// The folder refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Columns of the stored terminal report.
const WIDTH: usize = 80;

/// A report's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// Markdown.
    Md,
    /// One page without a network.
    Html,
    /// `JUnit` XML.
    Junit,
    /// Operations as CSV.
    Csv,
    /// The whole summary.
    Json,
}

/// A word that names no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no report: write text, md, html, junit, csv or json")]
pub struct BadFormat(String);

impl FromStr for Format {
    type Err = BadFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Ok(match word.trim().to_ascii_lowercase().as_str() {
            "text" | "txt" => Self::Text,
            "md" | "markdown" => Self::Md,
            "html" => Self::Html,
            "junit" | "xml" => Self::Junit,
            "csv" => Self::Csv,
            "json" => Self::Json,
            _ => return Err(BadFormat(word.to_owned())),
        })
    }
}

impl Format {
    /// Those that are made from the summary.
    const MADE: [Self; 5] = [Self::Text, Self::Md, Self::Html, Self::Junit, Self::Csv];

    /// Its name in a result folder.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Text => "report.txt",
            Self::Md => "report.md",
            Self::Html => "report.html",
            Self::Junit => "junit.xml",
            Self::Csv => "operations.csv",
            Self::Json => "summary.json",
        }
    }
}

/// One report, as it lies in a result folder.
pub fn one(summary: &Summary, format: Format) -> Result<String, ReportError> {
    Ok(match format {
        Format::Text => terminal(summary, WIDTH, false),
        Format::Md => markdown(summary)?,
        Format::Html => html(summary)?,
        Format::Junit => junit(summary)?,
        Format::Csv => csv(summary),
        Format::Json => serde_json::to_string_pretty(summary)? + "\n",
    })
}

/// Every report as `(file name, content)`.
pub fn all(summary: &Summary) -> Result<Vec<(&'static str, String)>, ReportError> {
    let made = |format: Format| Ok((format.file(), one(summary, format)?));
    Format::MADE.into_iter().map(made).collect()
}

impl Folder {
    /// Writes summary, verdict, manifest and every report, seals the folder with its checksums
    /// and points `results/latest` at it.
    pub fn finish(&self, summary: &Summary) -> Result<(), ReportError> {
        let reports = all(summary)?;
        self.seal(summary, &reports)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Format;
    use crate::render::fixture;
    use crate::store::{Folder, load, summary_schema};

    #[test]
    fn what_the_reports_are_made_from_is_as_the_schema_says() {
        let schema = jsonschema::validator_for(&summary_schema()).unwrap();
        for summary in [
            fixture::run(),
            fixture::experiment(true),
            fixture::experiment(false),
        ] {
            let value = serde_json::to_value(&summary).unwrap();
            let wrong: Vec<String> = schema
                .iter_errors(&value)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{wrong:?}");
        }
    }

    #[test]
    fn a_word_that_names_no_report_is_told_those_that_do() {
        assert_eq!(" MD ".parse(), Ok(Format::Md));
        let refusal = "pdf".parse::<Format>().unwrap_err().to_string();
        assert!(
            refusal.contains("`pdf`") && refusal.contains("junit"),
            "{refusal}"
        );
    }

    #[test]
    fn a_finished_folder_can_be_read_back_and_checked() {
        let root = tempfile::tempdir().unwrap();
        let summary = fixture::experiment(true);
        let folder =
            Folder::create(root.path(), "experiment", &summary.name, summary.started_at).unwrap();
        folder
            .input("mentor-cache.yaml", b"name: mentor-cache\n")
            .unwrap();
        for trial in &summary.trials {
            folder
                .trial_files(trial, Some(b"#[StartTime: 0]\n"))
                .unwrap();
        }
        folder.finish(&summary).unwrap();
        let latest = root.path().join("latest");
        assert!(fs::read_link(&latest).unwrap().is_relative());
        let again = load(&latest).unwrap();
        assert_eq!(again.verdict, summary.verdict);
        assert_eq!(again.trials.len(), summary.trials.len());
        let sums = fs::read_to_string(latest.join("CHECKSUMS")).unwrap();
        for name in [
            "summary.json",
            "verdict.json",
            "report.html",
            "report.md",
            "junit.xml",
            "manifest.json",
            "trials/b01_1_before/trial.json",
            "input/mentor-cache.yaml",
        ] {
            assert!(
                sums.lines()
                    .any(|line| line.ends_with(&format!("  {name}"))),
                "{name}"
            );
        }
        // The link is replaced, not followed.
        let second =
            Folder::create(root.path(), "experiment", "again", summary.started_at).unwrap();
        second.finish(&summary).unwrap();
        assert!(
            fs::read_link(&latest)
                .unwrap()
                .to_string_lossy()
                .contains("again")
        );
    }

    #[test]
    fn a_summary_of_a_newer_program_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("summary.json");
        fs::write(&path, r#"{"schema_version": 99, "who": "knows"}"#).unwrap();
        let refusal = load(&path).unwrap_err().to_string();
        assert!(refusal.contains("99"), "{refusal}");
    }

    #[test]
    fn a_folder_that_stopped_early_says_how_much_it_kept() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::create(root.path(), "run", "x", chrono::DateTime::UNIX_EPOCH).unwrap();
        folder.trial_files(&fixture::run().trials[0], None).unwrap();
        let refusal = load(folder.path()).unwrap_err().to_string();
        assert!(
            refusal.contains("did not finish; 1 of its trials"),
            "{refusal}"
        );
        // A folder of something else is no run at all.
        let refusal = load(root.path()).unwrap_err().to_string();
        assert!(refusal.contains("it is no result folder"), "{refusal}");
    }
}
