//! All reports of a summary into its folder.

use crate::report::{csv, html, junit, markdown, terminal};
use crate::schema::Summary;
use crate::store::{Folder, StoreError};

/// Why a report could not be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The page's template failed.
    #[error("failed to lay out the page: {0}")]
    Page(#[from] minijinja::Error),
    /// The figures of the charts could not be written.
    #[error("failed to write the figures of the charts: {0}")]
    Charts(#[from] serde_json::Error),
    /// The test report could not be written as XML.
    #[error("failed to write the test report: {0}")]
    Junit(#[from] quick_junit::SerializeError),
    /// The folder refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Columns of the stored terminal report.
const WIDTH: usize = 80;

/// Every report as `(file name, content)`.
pub fn all(summary: &Summary) -> Result<Vec<(&'static str, String)>, ReportError> {
    Ok(vec![
        ("report.txt", terminal(summary, WIDTH, false)),
        ("report.md", markdown(summary)),
        ("report.html", html(summary)?),
        ("junit.xml", junit(summary)?),
        ("operations.csv", csv(summary)),
    ])
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

    use crate::report::fixture;
    use crate::store::{Folder, load};

    #[test]
    fn a_finished_folder_can_be_read_back_and_checked() {
        let root = tempfile::tempdir().unwrap();
        let summary = fixture::experiment(true);
        let folder = Folder::create(root.path(), "experiment", &summary.name).unwrap();
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
        let second = Folder::create(root.path(), "experiment", "again").unwrap();
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
        let folder = Folder::create(root.path(), "run", "x").unwrap();
        folder.trial_files(&fixture::run().trials[0], None).unwrap();
        let refusal = load(folder.path()).unwrap_err().to_string();
        assert!(
            refusal.contains("did not finish; 1 of its trials"),
            "{refusal}"
        );
    }
}
