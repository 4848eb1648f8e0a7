//! The screen with which a command ends: what a person wants to know before opening anything, in
//! one screen of 80 columns. The verdict comes first, the way to the whole report last.

use crate::render::table::faint;
use std::fmt::Write as _;
use std::path::Path;

use crate::render::comparison::ComparisonRow;
use crate::render::figures::plural;
use crate::render::model::{OperationRow, ReportPage};
use crate::render::table::{Side, TableLine, cut, layout, plain, styled};
use crate::render::terminal::{TextLayout, joined, operation_cells, whereabouts};
use crate::render::thresholds::ThresholdRow;
use loadgen_experiment::schema::{ApplicationInfo, Summary, ThresholdWord};

/// Most operations of a run that are listed: those that failed, then the busiest.
const MAX_OPERATIONS: usize = 10;
/// Most thresholds that are listed; what was missed comes first.
const MAX_THRESHOLDS: usize = 6;
/// Most recommendations.
const MAX_NEXT: usize = 3;
/// Most doubts, warnings, broken invariants and reasons of failures.
const MAX_LINES: usize = 3;
/// Most lines of one recommendation or broken invariant.
const MAX_DEEP: usize = 2;

/// What a command prints at its end: of an experiment the headline figures and the decisions, of
/// a run every operation; `colour` only where a terminal reads it.
pub fn console(summary: &Summary, folder: Option<&Path>, width: usize, colour: bool) -> String {
    let page = ReportPage::of(summary);
    let text_layout = TextLayout::new(width, colour);
    let paired = page.paired();
    let figures = if paired {
        text_layout.areas(&page, |row| is_headline(&summary.application, row))
    } else {
        String::new()
    };
    let sections = [
        text_layout.verdict(&page) + &text_layout.load(&page),
        text_layout.capacity(page.capacity.as_ref()),
        text_layout.arm_capacities(page.arm_capacities.as_ref()),
        figures,
        text_layout.claims(&page),
        text_layout.faults(&page.faults),
        text_layout.thresholds_in_short(&page),
        if paired {
            String::new()
        } else {
            text_layout.busiest(&page)
        },
        text_layout.failures(&page),
        text_layout.slow(&page)
            + &text_layout.growth(&page)
            + &text_layout.doubts(&page)
            + &text_layout.data(&page)
            + &text_layout.warnings(&page),
        text_layout.next(&page),
        folder.map(whereabouts).unwrap_or_default(),
    ];
    joined(sections.into())
}

/// Whether the screen shows a row: figures of a whole arm, and of the operations that the
/// application names for its area.
fn is_headline(application: &ApplicationInfo, row: &ComparisonRow) -> bool {
    let Some(operation) = &row.operation else {
        return true;
    };
    application
        .area_of(operation)
        .is_none_or(|area| area.headline.contains(operation))
}

impl TextLayout {
    /// A text in at most so many lines; where it is longer it ends with dots, and the report has
    /// the rest.
    fn short(&self, text: &str, first: &str, rest: &str, lines: usize) -> String {
        let whole = self.wrap(text, first, rest);
        if whole.lines().count() <= lines {
            return whole;
        }
        let mut kept: Vec<String> = whole.lines().take(lines).map(str::to_owned).collect();
        if let Some(last) = kept.last_mut() {
            *last = cut(&format!("{last} …"), self.width);
        }
        kept.join("\n") + "\n"
    }

    /// How much was measured, and of which load.
    fn load(&self, page: &ReportPage) -> String {
        let facts: Vec<&str> = page
            .facts
            .iter()
            .rev()
            // Of the few that fit, those that say what was measured.
            .filter(|(name, _)| !["Started", "Received", "Iterations"].contains(&name.as_str()))
            .map(|(_, value)| value.as_str())
            .collect();
        let text = self.short(&facts.join(" · "), "  ", "  ", 1);
        self.style.dim(text.trim_end()) + "\n"
    }

    /// The first recommendations.
    fn next(&self, page: &ReportPage) -> String {
        let all = page.why.next.len();
        if all == 0 {
            return String::new();
        }
        let heading = match all {
            0..=MAX_NEXT => "What to try next".to_owned(),
            all => format!("What to try next ({MAX_NEXT} of {all})"),
        };
        let first = page.why.next.iter().take(MAX_NEXT);
        let lines: String = first
            .map(|text| self.short(text, "  - ", "    ", MAX_DEEP))
            .collect();
        format!("{}\n{lines}", self.style.bold(&heading))
    }

    /// What a reader must know before believing a figure.
    fn warnings(&self, page: &ReportPage) -> String {
        let mut text = String::new();
        let all = page.warnings.len();
        for (number, warning) in (1..).zip(page.warnings.iter().take(MAX_LINES)) {
            let first = match all {
                0..=MAX_LINES => "Warning: ".to_owned(),
                all => format!("Warning {number} of {all}: "),
            };
            text.push_str(&self.short(warning, &first, "  ", 1));
        }
        text
    }

    /// Each threshold with its figure, what was missed first; those beyond the bound are counted.
    fn thresholds_in_short(&self, page: &ReportPage) -> String {
        let mut page = page.clone();
        if page.thresholds.len() > MAX_THRESHOLDS {
            page.thresholds
                .sort_by_key(|one| std::cmp::Reverse(one.word));
        }
        let rest: Vec<_> = page
            .thresholds
            .drain(MAX_THRESHOLDS.min(page.thresholds.len())..)
            .collect();
        let row = |one: &ThresholdRow| {
            TableLine::Cells(vec![
                styled(one.word.as_str(), one.tone),
                plain(&one.text),
                plain(&one.figure),
                faint(&one.arm),
            ])
        };
        let lines: Vec<TableLine> = page.thresholds.iter().map(row).collect();
        let sides = [Side::Left, Side::Left, Side::Right, Side::Left];
        let mut text = layout(&lines, &sides, 2, self.width, self.style);
        if !rest.is_empty() {
            let held = rest
                .iter()
                .filter(|one| one.word == ThresholdWord::Pass)
                .count();
            let _infallible = writeln!(
                text,
                "  and {} more thresholds, {held} of them held",
                rest.len()
            );
        }
        text
    }

    /// The operations of a run, one line each: response time, and beside it the service time.
    fn busiest(&self, page: &ReportPage) -> String {
        let Some(arm) = page.operations.last() else {
            return String::new();
        };
        let (total, single): (Vec<&OperationRow>, Vec<&OperationRow>) =
            arm.rows.iter().partition(|row| row.name == "total");
        let mut by_count = single.clone();
        let count = |row: &OperationRow| row.keys[0].parse().unwrap_or(0_u64);
        by_count.sort_by_key(|row| std::cmp::Reverse((row.failing, count(row))));
        by_count.truncate(MAX_OPERATIONS);
        let shown = single
            .iter()
            .filter(|row| by_count.iter().any(|kept| kept.name == row.name));
        let head = [
            "ms", "count", "rate", "errors", "p50", "p95", "p97.5", "p99", "max", "p95", "p99",
        ];
        let of = match single.len() {
            0..=MAX_OPERATIONS => String::new(),
            all => format!(" ({MAX_OPERATIONS} of {all})"),
        };
        let heading =
            format!("Response time from the intended start; at the right service time{of}");
        let mut lines = vec![
            TableLine::Heading(heading),
            TableLine::Cells(head.iter().map(|text| faint(*text)).collect()),
        ];
        for row in shown.chain(&total) {
            let mut cells = operation_cells(row);
            cells.extend([&row.service[1], &row.service[3]].map(faint));
            lines.push(TableLine::Cells(cells));
        }
        let mut sides = [Side::Right; 11];
        sides[0] = Side::Left;
        layout(&lines, &sides, 0, self.width, self.style)
    }

    /// Why requests failed: the most frequent reasons, a line each.
    fn failures(&self, page: &ReportPage) -> String {
        let all = page.failures.len();
        if all == 0 {
            return String::new();
        }
        let heading = match all {
            0..=MAX_LINES => "Why requests failed".to_owned(),
            all => format!("Why requests failed ({MAX_LINES} of {all} reasons)"),
        };
        let first = page.failures.iter().take(MAX_LINES);
        let lines: String = first
            .map(|text| self.short(text, "  - ", "    ", 1))
            .collect();
        format!("{}\n{lines}", self.style.bold(&heading))
    }

    /// What the slowest requests spent their time on, in a line an arm.
    fn slow(&self, page: &ReportPage) -> String {
        let slowest_bands = page.why.time.iter().filter_map(|line| {
            let (arm, slowest) = line.split_once(", above ")?;
            let (from, parts) = slowest.split_once(": ")?;
            Some((arm, from, parts))
        });
        let line = |(arm, from, parts): (&str, &str, &str)| {
            let begin = match page.operations.as_slice() {
                [_] => format!("Above {from}: "),
                _ => format!("Above {from}, {arm}: "),
            };
            self.wrap(parts, &begin, "  ")
        };
        slowest_bands.map(line).collect()
    }

    /// Whether anything grew, in a line.
    fn growth(&self, page: &ReportPage) -> String {
        match page.growth_verdict.as_str() {
            "" => String::new(),
            text => self.short(text, "", "  ", 1),
        }
    }

    /// Whether the figures can be believed: what does not hold, once for all trials.
    fn doubts(&self, page: &ReportPage) -> String {
        let mut text = self.wrap(&page.validity_line, "Validity: ", "  ");
        text.push_str(&self.controls(page));
        for doubt in page.doubts.iter().take(MAX_LINES) {
            let line = format!("{} in {}: {}", doubt.code, doubt.trials, doubt.advice);
            text.push_str(&self.short(&line, "  ", "    ", 1));
        }
        if page.doubts.len() > MAX_LINES {
            let more = page.doubts.len() - MAX_LINES;
            let _infallible = writeln!(text, "  and {more} more in the report");
        }
        text
    }

    /// Whether the data is still right: the line of the audit, and what is broken.
    fn data(&self, page: &ReportPage) -> String {
        let line = self.style.tone(page.audit.tone, &page.audit.line);
        let mut text = format!("Audit: {line}\n");
        for writes in &page.audit.writes {
            text.push_str(&self.short(writes, "  ", "    ", 1));
        }
        for broken in page.audit.broken.iter().take(MAX_LINES) {
            let line = format!(
                "{}: invariant {} {} is broken by {}. {}",
                broken.arm,
                broken.number,
                broken.name,
                plural(broken.violations, "row"),
                broken.statement
            );
            text.push_str(&self.short(&line, "  ", "    ", MAX_DEEP));
            for row in broken.rows.iter().take(1) {
                text.push_str(&self.short(row, "      ", "      ", 1));
            }
        }
        if page.audit.broken.len() > MAX_LINES {
            let more = page.audit.broken.len() - MAX_LINES;
            let _infallible = writeln!(text, "  and {more} more in the report");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::{FailureSample, Recommendation};

    fn screen(summary: &Summary, colour: bool) -> String {
        console(summary, Some(Path::new("results/runs/x")), 80, colour)
    }

    fn fits(text: &str) {
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn what_a_run_ends_with_is_one_screen() {
        let mut summary = fixture::run();
        summary.recommendations = (0..5)
            .map(|number| Recommendation {
                code: "POOL_WAIT".into(),
                evidence: format!("{number}1 % of the slowest requests is pool wait"),
                advice: "give the pool more connections".into(),
                switch: Some("pool.max=22".into()),
            })
            .collect();
        let text = screen(&summary, false);
        fits(&text);
        assert!((24..=40).contains(&text.lines().count()), "{text}");
        assert!(text.starts_with("FAILED  run codeconnect\n"), "{text}");
        assert!(
            text.ends_with("Report: results/runs/x/report.html\n"),
            "{text}"
        );
        assert!(text.contains("What to try next (3 of 5)"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn the_load_is_said_however_much_else_is_known() {
        let mut summary = fixture::run();
        let before = screen(&summary, false);
        summary.arms[0].bytes_per_s = Some(12_900_000.0);
        assert_eq!(screen(&summary, false), before);
    }

    #[test]
    fn an_experiment_ends_with_what_changed_and_the_way_to_the_report() {
        let text = screen(&fixture::experiment(false), false);
        fits(&text);
        assert!(text.lines().count() < 90, "{text}");
        assert!(
            text.ends_with("Report: results/runs/x/report.html\n"),
            "{text}"
        );
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_violation_comes_before_the_figures_and_again_with_its_rows() {
        let text = screen(&fixture::experiment(true), false);
        assert!(text.starts_with("VIOLATED  "), "{text}");
        assert!(
            text.contains("invariant 1 slot_capacity is broken by 7 rows"),
            "{text}"
        );
    }

    #[test]
    fn the_most_frequent_reasons_of_failures_have_a_line_each() {
        let mut summary = fixture::run();
        assert!(!screen(&summary, false).contains("Why requests failed"));
        summary.trials[0].failures = (1..=5)
            .map(|count| FailureSample {
                operation: "mentors.list".into(),
                reason: format!("reason {count}: {}", "long ".repeat(30)),
                count,
            })
            .collect();
        let text = screen(&summary, false);
        fits(&text);
        let said = "\nWhy requests failed (3 of 5 reasons)\n  - 5 x mentors.list (run): reason 5: ";
        assert!(text.contains(said), "{text}");
        assert!(!text.contains("reason 2"), "{text}");
    }

    #[test]
    fn many_operations_and_thresholds_stay_one_screen() {
        let mut summary = fixture::run();
        summary.arms[0].operations = fixture::large().arms.remove(1).operations;
        summary.arms[0].operations[28].planned = 1;
        let failing = &mut summary.arms[0].operations[29];
        (failing.planned, failing.success) = (2, 0.5);
        let passed = summary.thresholds[1].clone();
        summary.thresholds.splice(0..0, vec![passed; 30]);
        let text = screen(&summary, false);
        fits(&text);
        assert!(text.lines().count() <= 40, "{text}");
        assert!(text.contains("service time (10 of 30)\n"), "{text}");
        // What was missed is listed first, what failed is listed although it is seldom.
        assert!(
            text.contains("FAIL") && text.contains("and 27 more thresholds, 27 of them held"),
            "{text}"
        );
        assert!(
            text.contains("operation_29") && !text.contains("operation_28"),
            "{text}"
        );
    }

    #[test]
    fn colours_are_only_for_a_terminal_and_move_nothing() {
        let plain = screen(&fixture::run(), false);
        let painted = screen(&fixture::run(), true);
        assert!(!plain.contains('\u{1b}') && painted.contains("\u{1b}[31m"));
        let mut bare = painted;
        for code in ["0", "1", "2", "31", "32", "33"] {
            bare = bare.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(bare, plain);
    }
}
