//! The report of a terminal: the outcome first, then the table of what changed, then
//! what each operation did, then why the figures can be believed. 80 columns are enough.

use crate::render::table::faint;
use crate::render::tone::Tone;
use std::fmt::Write as _;
use std::path::Path;

use crate::render::comparison::{ComparisonRow, TablePart};
use crate::render::faults::{FAULTS_NOTE, FaultRow};
use crate::render::model::{ArmOperations, OperationRow, ReportPage};
use crate::render::table::{Cell, Side, TableLine, TextStyle, layout, plain, styled, wrapped};
use loadgen_experiment::schema::Summary;

/// Narrowest terminal that is laid out for.
const MIN_WIDTH: usize = 60;

/// The whole report; `colour` only where a terminal reads it.
pub fn terminal(summary: &Summary, width: usize, colour: bool) -> String {
    let page = ReportPage::of(summary);
    let text_layout = TextLayout::new(width, colour);
    let sections = [
        text_layout.outcome(&page),
        text_layout.capacity(page.capacity.as_ref()),
        text_layout.arm_capacities(page.arm_capacities.as_ref()),
        text_layout.areas(&page, |_| true),
        text_layout.claims(&page),
        text_layout.operations(&page),
        text_layout.list("Why requests failed", &page.failures),
        text_layout.faults(&page.faults),
        text_layout.thresholds(&page),
        text_layout.validity(&page) + &text_layout.audit(&page),
        text_layout.why(&page),
        text_layout.notes(&page),
        text_layout.list("What to try next", &page.why.next),
    ];
    joined(sections.into())
}

/// Sections with an empty line between them.
pub(super) fn joined(sections: Vec<String>) -> String {
    let kept: Vec<String> = sections
        .into_iter()
        .filter(|section| !section.is_empty())
        .collect();
    kept.join("\n")
}

/// Name, counts and response times of an operation.
pub(super) fn operation_cells(row: &OperationRow) -> Vec<Cell> {
    let tone = if row.failing { Tone::Bad } else { Tone::Plain };
    let mut cells = vec![
        plain(&row.name),
        plain(&row.count),
        plain(&row.rate),
        styled(&row.errors, tone),
    ];
    cells.extend(row.response.iter().map(plain));
    cells
}

/// Where the reports of a folder lie, as a line of a terminal report.
pub fn whereabouts(folder: &Path) -> String {
    format!("Report: {}\n", folder.join("report.html").display())
}

/// Where and how sections are laid out.
pub(super) struct TextLayout {
    pub(super) width: usize,
    pub(super) style: TextStyle,
}

impl TextLayout {
    /// For a terminal of this width; `colour` only where a terminal reads.
    pub(super) fn new(width: usize, colour: bool) -> Self {
        Self {
            width: width.max(MIN_WIDTH),
            style: TextStyle { colour },
        }
    }

    pub(super) fn wrap(&self, text: &str, first: &str, rest: &str) -> String {
        wrapped(text, first, rest, self.width)
    }

    /// A list below a heading; nothing where there is nothing to list.
    fn list(&self, heading: &str, texts: &[String]) -> String {
        if texts.is_empty() {
            return String::new();
        }
        let lines: String = texts
            .iter()
            .map(|text| self.wrap(text, "  - ", "    "))
            .collect();
        format!("{}\n{lines}", self.style.bold(heading))
    }

    /// The word and its reasons.
    pub(super) fn verdict(&self, page: &ReportPage) -> String {
        let word = self.style.bold(
            &self
                .style
                .tone(page.verdict.tone, page.verdict.word.label()),
        );
        let mut text = format!("{word}  {} {}\n", page.kind, self.style.bold(&page.name));
        if !page.verdict.headline.is_empty() {
            text.push_str(&self.wrap(&page.verdict.headline, "  ", "    "));
        }
        text.push_str(&self.wrap(&page.verdict.confidence, "  ", "    "));
        for reason in &page.verdict.reasons {
            text.push_str(&self.wrap(reason, "  - ", "    "));
        }
        text
    }

    /// The word, its reasons, what was asked.
    fn outcome(&self, page: &ReportPage) -> String {
        let mut text = self.verdict(page);
        text.push('\n');
        if !page.question.is_empty() {
            text.push_str(&self.wrap(&page.question, "", ""));
        }
        let facts: Vec<String> = page
            .facts
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        text.push_str(&self.wrap(&facts.join(" · "), "", ""));
        text
    }

    /// `Metric | Before | After | After/before | Decision`, or two columns for a run; of each area
    /// only the rows that `shown` picks, and all where it picks none.
    pub(super) fn areas(
        &self,
        page: &ReportPage,
        shown: impl Fn(&ComparisonRow) -> bool,
    ) -> String {
        let head: &[&str] = if page.paired() {
            &["Metric", "Before", "After", "After/before", ""]
        } else {
            &["Metric", "Figure"]
        };
        let mut lines = vec![TableLine::Cells(head.iter().copied().map(faint).collect())];
        for area in &page.areas {
            let mut rows: Vec<_> = area.rows.iter().filter(|row| !row.detail).collect();
            if rows.iter().any(|row| shown(row)) {
                rows.retain(|row| shown(row));
            }
            if rows.is_empty() {
                continue;
            }
            lines.push(TableLine::Heading(area.name.clone()));
            for row in rows {
                let mut cells = vec![plain(format!("  {}", row.metric)), plain(&row.before)];
                if page.paired() {
                    let change = format!("{} {}", row.change, row.interval);
                    cells.extend([plain(&row.after), styled(change.trim_end(), row.tone)]);
                    // The words of an undecided change say so already.
                    let moved = row.part == TablePart::InSight;
                    cells.push(styled(if moved { row.decision } else { "" }, row.tone));
                }
                lines.push(TableLine::Cells(cells));
            }
        }
        if lines.len() == 1 {
            return String::new();
        }
        let sides = [Side::Left, Side::Right, Side::Right, Side::Left, Side::Left];
        layout(&lines, &sides[..head.len()], 0, self.width, self.style)
    }

    /// What was decided about the claims, and about what became worse.
    pub(super) fn claims(&self, page: &ReportPage) -> String {
        let tested = |row: &&ComparisonRow| !row.decision.is_empty();
        let rows: Vec<&ComparisonRow> = page
            .areas
            .iter()
            .flat_map(|area| &area.rows)
            .filter(tested)
            .collect();
        if rows.is_empty() {
            return String::new();
        }
        let mut text = format!("{}\n", self.style.bold("Decisions"));
        let (mut named, others): (Vec<&ComparisonRow>, Vec<&ComparisonRow>) = rows
            .into_iter()
            .partition(|row| row.primary || row.tone == Tone::Bad);
        named.sort_by_key(|row| !row.primary);
        for row in named {
            let word = self.style.tone(row.tone, row.decision);
            let claim = if row.primary {
                ", the claim of this experiment"
            } else {
                ""
            };
            let _infallible = writeln!(text, "  {word}: {}{claim}", row.full_name);
            text.push_str(&self.wrap(&row.sentence, "    ", "    "));
        }
        let mut words: Vec<(&str, usize)> = Vec::new();
        for row in others {
            match words.iter_mut().find(|(known, _)| *known == row.decision) {
                Some((_, count)) => *count += 1,
                None => words.push((row.decision, 1)),
            }
        }
        if !words.is_empty() {
            let counts: Vec<String> = words
                .into_iter()
                .map(|(word, count)| format!("{count} {word}"))
                .collect();
            let line = format!("other metrics: {}", counts.join(", "));
            text.push_str(&self.wrap(&line, "  ", "    "));
        }
        text
    }

    /// Every operation, arm by arm: response time, and service time below it.
    fn operations(&self, page: &ReportPage) -> String {
        let tables: Vec<String> = page
            .operations
            .iter()
            .map(|arm| self.operations_of(arm))
            .collect();
        let note = self.wrap(
            "Response time counts from the intended start, failures as infinitely slow (∞); service time from the actual send, successes only.",
            "",
            "",
        );
        format!("{}\n{}", tables.join("\n"), self.style.dim(note.trim_end())) + "\n"
    }

    fn operations_of(&self, arm: &ArmOperations) -> String {
        let head = [
            "Operation",
            "Count",
            "Rate",
            "Errors",
            "p50",
            "p95",
            "p97.5",
            "p99",
            "max",
        ];
        let title = format!("Operations, {} (ms)", arm.arm);
        let mut lines = vec![
            TableLine::Heading(title),
            TableLine::Cells(head.iter().map(|text| faint(*text)).collect()),
        ];
        for row in &arm.rows {
            lines.push(TableLine::Cells(operation_cells(row)));
            let mut cells = vec![faint("  service"), plain(""), plain(""), plain("")];
            cells.extend(row.service.iter().map(faint));
            lines.push(TableLine::Cells(cells));
        }
        let mut sides = vec![Side::Right; head.len()];
        sides[0] = Side::Left;
        layout(&lines, &sides, 0, self.width, self.style)
    }

    /// The table of faults; nothing where there was none.
    pub(super) fn faults(&self, rows: &[FaultRow]) -> String {
        if rows.is_empty() {
            return String::new();
        }
        let head = [
            "Fault", "From", "For", "Before", "Failed", "Lost", "Recovery",
        ];
        let mut lines = vec![TableLine::Cells(head.into_iter().map(faint).collect())];
        for row in rows {
            lines.push(TableLine::Cells(vec![
                plain(&row.fault),
                plain(&row.from),
                plain(&row.lasted),
                plain(&row.before),
                plain(&row.failed),
                plain(&row.lost),
                styled(&row.recovery, row.tone),
            ]));
            if !row.why.is_empty() {
                lines.push(TableLine::Note(format!("  {}", row.why)));
            }
        }
        let mut sides = [Side::Right; 7];
        (sides[0], sides[6]) = (Side::Left, Side::Left);
        let table = layout(&lines, &sides, 0, self.width, self.style);
        let note = self.wrap(FAULTS_NOTE, "", "");
        table + &self.style.dim(note.trim_end()) + "\n"
    }

    /// Each threshold with its figure; the limit is part of its text.
    fn thresholds(&self, page: &ReportPage) -> String {
        if page.thresholds.is_empty() {
            return String::new();
        }
        let mut lines = vec![TableLine::Heading("Thresholds".into())];
        for one in &page.thresholds {
            lines.push(TableLine::Cells(vec![
                plain(format!("  {}", one.text)),
                plain(&one.figure),
                styled(one.word.as_str(), one.tone),
                faint(&one.arm),
            ]));
        }
        layout(
            &lines,
            &[Side::Left, Side::Right, Side::Left, Side::Left],
            0,
            self.width,
            self.style,
        )
    }

    /// Whether the figures can be believed: what does not hold, once for all trials.
    fn validity(&self, page: &ReportPage) -> String {
        let mut text = self.wrap(&page.validity_line, "Validity: ", "  ");
        text.push_str(&self.controls(page));
        for doubt in &page.doubts {
            text.push_str(&self.wrap(&doubt.line(), "  ", "    "));
        }
        text
    }

    /// What the experiment found of its own method.
    pub(super) fn controls(&self, page: &ReportPage) -> String {
        let mut text = String::new();
        for (tone, line) in &page.controls {
            let line = self.wrap(line, "  ", "    ");
            text.push_str(&self.style.tone(*tone, line.trim_end()));
            text.push('\n');
        }
        text
    }

    /// Whether the data is still right.
    fn audit(&self, page: &ReportPage) -> String {
        let line = self.style.tone(page.audit.tone, &page.audit.line);
        let mut text = format!("Audit: {line}\n");
        for writes in &page.audit.writes {
            text.push_str(&self.wrap(writes, "  ", "    "));
        }
        for broken in &page.audit.broken {
            let line = format!(
                "{}: invariant {} {} is broken by {}. {}",
                broken.arm,
                broken.number,
                broken.name,
                crate::render::figures::plural(broken.violations, "row"),
                broken.statement
            );
            text.push_str(&self.wrap(&line, "  ", "    "));
            for row in &broken.rows {
                text.push_str(&self.wrap(row, "      ", "      "));
            }
        }
        text
    }

    /// Where the time went, and on what the database waited.
    fn why(&self, page: &ReportPage) -> String {
        let parts = [
            self.list("Where the time goes", &page.why.time),
            self.list("What PostgreSQL waited for", &page.why.waits),
            self.list("Query plans", &page.why.plans),
        ];
        let kept: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        kept.join("\n")
    }

    /// What a reader must know, and what was left out.
    fn notes(&self, page: &ReportPage) -> String {
        let parts = [
            self.list("Growth over the run", &page.growth),
            self.list("Warnings", &page.warnings),
            self.list("Not tested", &page.not_tested),
        ];
        let kept: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        kept.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::{Control, ControlWord};

    #[test]
    fn an_experiment_reads_well_in_80_columns() {
        let text = terminal(&fixture::experiment(false), 80, false);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_violation_comes_first_and_with_its_rows() {
        insta::assert_snapshot!(terminal(&fixture::experiment(true), 80, false));
    }

    #[test]
    fn a_run_has_no_before() {
        let text = terminal(&fixture::run(), 80, false);
        assert!(!text.contains("Before"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn why_requests_failed_and_what_the_controls_found_is_said() {
        let mut summary = fixture::experiment(false);
        summary.controls = vec![Control {
            name: "a_a".into(),
            blocks: 4,
            effects: Vec::new(),
            word: ControlWord::Failed,
            sentence: "a difference was found".into(),
        }];
        let text = terminal(&summary, 80, false);
        let failed = "\nWhy requests failed\n  - 1,008 x mentors.list (before): expected 200";
        assert!(text.contains(failed), "{text}");
        let control = "\n  Control a_a: a difference was found\n";
        assert!(text.contains(control), "{text}");
    }

    #[test]
    fn colours_are_only_for_a_terminal() {
        assert!(!terminal(&fixture::experiment(true), 80, false).contains('\u{1b}'));
        assert!(terminal(&fixture::experiment(true), 80, true).contains("\u{1b}[31m"));
    }
}
