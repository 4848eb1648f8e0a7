//! The report of a pull request: the outcome and the table in sight, the rest folded away, and
//! no longer than a comment may be.

use serde::Serialize;

use crate::render::comparison::TablePart;
use crate::render::evidence::Doubt;
use crate::render::formats::ReportError;
use crate::render::model::ReportPage;
use crate::render::template;
use loadgen_experiment::schema::Summary;

/// The report's template.
const REPORT: &str = include_str!("../../../../assets/report/report.md");
/// A comment may have 65,536 characters; what is longer is cut with a note.
const MAX_LENGTH: usize = 60_000;

/// What the template may print.
#[derive(Serialize)]
struct MarkdownWords<'a> {
    page: &'a ReportPage,
    paired: bool,
    /// Whether anything was tested without a clear change.
    unchanged: bool,
    doubts: Vec<String>,
}

/// The whole report.
pub fn markdown(summary: &Summary) -> Result<String, ReportError> {
    let page = ReportPage::of(summary);
    let mut rows = page.areas.iter().flat_map(|area| &area.rows);
    let mut text = template::markdown(
        REPORT,
        &MarkdownWords {
            page: &page,
            paired: page.paired(),
            unchanged: rows.any(|row| row.part == TablePart::Unchanged && !row.detail),
            doubts: page.doubts.iter().map(Doubt::line).collect(),
        },
    )?;
    if text.len() > MAX_LENGTH {
        let end = text.floor_char_boundary(MAX_LENGTH);
        let end = text[..end].rfind('\n').unwrap_or(end);
        text.truncate(end);
        text.push_str("\n\nThe rest is in `report.html`.\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::Decision;

    #[test]
    fn an_experiment_fits_a_pull_request() {
        insta::assert_snapshot!(markdown(&fixture::experiment(false)).unwrap());
    }

    #[test]
    fn every_row_has_the_cells_of_its_table() {
        for summary in [fixture::experiment(false), fixture::run()] {
            let text = markdown(&summary).unwrap();
            for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
                let bars = |line: &str| line.replace("\\|", "").matches('|').count();
                let cells: Vec<usize> = table.lines().map(bars).collect();
                assert!(cells.iter().all(|count| *count == cells[0]), "{table}");
            }
        }
    }

    #[test]
    fn a_run_fits_a_pull_request() {
        insta::assert_snapshot!(markdown(&fixture::run()).unwrap());
    }

    #[test]
    fn every_table_of_operations_has_its_unit() {
        for (summary, tables) in [(fixture::run(), 1), (fixture::experiment(false), 2)] {
            let text = markdown(&summary).unwrap();
            assert_eq!(text.matches("| Operation |").count(), tables);
            let units = text.matches("(times in ms, rate of right answers)");
            assert_eq!(units.count(), tables, "{text}");
        }
    }

    #[test]
    fn equal_doubts_are_one_line() {
        let mut summary = fixture::experiment(false);
        for trial in &mut summary.trials {
            trial.validity.checks[0].ok = false;
        }
        let text = markdown(&summary).unwrap();
        let code = summary.trials[0].validity.checks[0].code.as_str();
        let line = format!("{} in all 16 trials: ", code.replace('_', "\\_"));
        assert_eq!(text.matches(&line).count(), 1, "{text}");
        let opened = text.matches("<details>").count();
        assert_eq!(opened, text.matches("</details>").count());
    }

    #[test]
    fn a_metric_without_a_clear_change_is_folded_and_not_bold() {
        let mut summary = fixture::experiment(false);
        for effect in &mut summary.effects {
            effect.decision = Decision::Inconclusive;
            effect.interval = Some((0.87, 2.16));
        }
        let text = markdown(&summary).unwrap();
        let (sight, folded) = text.split_once("Tested, without a clear change").unwrap();
        assert!(!text.contains("**no clear change"), "{text}");
        assert_eq!(
            sight.matches("no clear change").count(),
            1,
            "the claim alone: {sight}"
        );
        assert!(folded.matches("no clear change").count() > 10, "{folded}");
    }

    #[test]
    fn a_long_report_is_cut_at_a_line() {
        let mut summary = fixture::experiment(true);
        summary.not_tested = vec!["ö".repeat(300); 1_000];
        let text = markdown(&summary).unwrap();
        assert!(text.len() < 65_536);
        assert!(text.ends_with("`report.html`.\n"));
    }
}
