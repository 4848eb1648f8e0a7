//! The screen with which a command ends: what a person wants to know before opening anything, in
//! one screen of 80 columns. The verdict comes first, the way to the whole report last.

use std::fmt::Write as _;
use std::path::Path;

use crate::report::figures::plural;
use crate::report::model::{OperationRow, Page};
use crate::report::table::{Cell, Line, Side, layout, plain, styled};
use crate::report::terminal::{Sheet, joined, whereabouts};
use crate::schema::Summary;

/// Most operations of a run that are listed; the busiest.
const MAX_OPERATIONS: usize = 12;
/// Most thresholds that are listed; what was missed comes first.
const MAX_THRESHOLDS: usize = 8;
/// Most recommendations.
const MAX_NEXT: usize = 3;
/// Most lines of doubts, of warnings and of broken rows.
const MAX_LINES: usize = 3;

/// What a command prints at its end: of an experiment the headline figures and the decisions, of
/// a run every operation; `colour` only where a terminal reads it.
pub fn console(summary: &Summary, folder: Option<&Path>, width: usize, colour: bool) -> String {
    let page = Page::of(summary);
    let sheet = Sheet::new(width, colour);
    let paired = page.operations.len() == 2;
    let figures = if paired {
        sheet.areas(&page, |area, row| is_headline(area, &row.metric))
    } else {
        String::new()
    };
    let sections = [
        sheet.verdict(&page) + &sheet.load(&page),
        figures,
        sheet.claims(&page),
        sheet.promises(&page),
        if paired {
            String::new()
        } else {
            sheet.busiest(&page)
        },
        sheet.slow(&page) + &sheet.doubts(&page) + &sheet.data(&page) + &sheet.warnings(&page),
        sheet.few("What to try next", &page.why.next, MAX_NEXT),
        folder.map(whereabouts).unwrap_or_default(),
    ];
    joined(sections.into())
}

/// The operation that stands for its area of this screen, by its row's first word.
const HEADLINES: [(&str, &[&str]); 5] = [
    ("Login", &["login"]),
    ("Mentor discovery", &["list"]),
    ("Booking", &["create", "race"]),
    ("Recordings", &["play"]),
    ("Chat", &["send"]),
];

fn is_headline(area: &str, metric: &str) -> bool {
    let word = metric.split(' ').next().unwrap_or_default();
    HEADLINES
        .iter()
        .find(|(name, _)| *name == area)
        .is_none_or(|(_, words)| words.contains(&word))
}

impl Sheet {
    /// The load and how much was measured of it.
    fn load(&self, page: &Page) -> String {
        let told: Vec<&str> = page
            .facts
            .iter()
            .filter(|(name, _)| name != "Started")
            .map(|(_, value)| value.as_str())
            .collect();
        let text = self.wrap(&told.join(" · "), "  ", "  ");
        self.paint.dim(text.trim_end()) + "\n"
    }

    /// The first entries of a list, and how many more there are.
    fn few(&self, heading: &str, texts: &[String], most: usize) -> String {
        let mut told = self.list(heading, &texts[..texts.len().min(most)]);
        if texts.len() > most {
            let _infallible = writeln!(told, "  and {} more in the report", texts.len() - most);
        }
        told
    }

    /// What a reader must know before believing a figure.
    fn warnings(&self, page: &Page) -> String {
        let mut told = String::new();
        for warning in page.warnings.iter().take(MAX_LINES) {
            told.push_str(&self.wrap(warning, "Warning: ", "  "));
        }
        if page.warnings.len() > MAX_LINES {
            let more = page.warnings.len() - MAX_LINES;
            let _infallible = writeln!(told, "  and {more} more warnings in the report");
        }
        told
    }

    /// Each threshold with its figure, what was missed first; those beyond the bound are counted.
    fn promises(&self, page: &Page) -> String {
        let mut page = page.clone();
        let place = |word: &str| match word {
            "FAIL" => 0,
            "WARN" => 1,
            _ => 2,
        };
        if page.thresholds.len() > MAX_THRESHOLDS {
            page.thresholds.sort_by_key(|one| place(&one.word));
        }
        let rest: Vec<_> = page
            .thresholds
            .drain(MAX_THRESHOLDS.min(page.thresholds.len())..)
            .collect();
        let mut text = self.thresholds(&page);
        if !rest.is_empty() {
            let held = rest.iter().filter(|one| one.word == "PASS").count();
            let _infallible = writeln!(text, "  and {} more, {held} of them held", rest.len());
        }
        text
    }

    /// The operations of a run, one line each: response time, and beside it the service time.
    fn busiest(&self, page: &Page) -> String {
        let Some(arm) = page.operations.last() else {
            return String::new();
        };
        let (total, single): (Vec<&OperationRow>, Vec<&OperationRow>) =
            arm.rows.iter().partition(|row| row.name == "total");
        let mut by_count = single.clone();
        let count = |row: &OperationRow| row.keys[0].parse().unwrap_or(0_u64);
        by_count.sort_by_key(|row| std::cmp::Reverse(count(row)));
        by_count.truncate(MAX_OPERATIONS);
        let shown = single
            .iter()
            .filter(|row| by_count.iter().any(|kept| kept.name == row.name));
        let head = [
            "ms", "count", "rate", "errors", "p50", "p95", "p97.5", "p99", "max", "p95", "p99",
        ];
        let mut lines = vec![
            Line::Heading(format!(
                "Response time, {}, from the intended start; at the right service time",
                arm.arm
            )),
            Line::Cells(head.iter().map(|text| styled(*text, "dim")).collect()),
        ];
        for row in shown.chain(&total) {
            let errors = styled(&row.errors, if row.failing { "bad" } else { "" });
            let mut cells: Vec<Cell> = vec![
                plain(&row.name),
                plain(&row.count),
                plain(&row.rate),
                errors,
            ];
            cells.extend(row.response.iter().map(plain));
            cells.extend([&row.service[1], &row.service[3]].map(|text| styled(text, "dim")));
            lines.push(Line::Cells(cells));
        }
        let mut sides = [Side::Right; 11];
        sides[0] = Side::Left;
        let mut text = layout(&lines, &sides, 0, self.width, self.paint);
        if single.len() > MAX_OPERATIONS {
            let _infallible = writeln!(
                text,
                "and {} more in the report",
                plural((single.len() - MAX_OPERATIONS) as u64, "operation")
            );
        }
        text
    }

    /// What the slowest requests spent their time on, in a line an arm.
    fn slow(&self, page: &Page) -> String {
        let of = ", above p99: ";
        let told = page.why.time.iter().filter_map(|line| line.split_once(of));
        let line = |(arm, parts): (&str, &str)| {
            let begin = match page.operations.as_slice() {
                [_] => "Above p99: ".to_owned(),
                _ => format!("Above p99, {arm}: "),
            };
            self.wrap(parts, &begin, "  ")
        };
        told.map(line).collect()
    }

    /// Whether the figures can be believed: what does not hold, once for all trials.
    fn doubts(&self, page: &Page) -> String {
        let mut text = self.wrap(&page.validity_line, "Validity: ", "  ");
        for (tone, line) in &page.controls {
            let line = self.wrap(line, "  ", "    ");
            text.push_str(&self.paint.tone(tone, line.trim_end()));
            text.push('\n');
        }
        let mut codes: Vec<(&str, &str, usize)> = Vec::new();
        let failed = page
            .validity
            .iter()
            .flat_map(|trial| &trial.checks)
            .filter(|check| !check.ok);
        for check in failed {
            match codes.iter_mut().find(|(code, ..)| *code == check.code) {
                Some((.., count)) => *count += 1,
                None => codes.push((&check.code, &check.advice, 1)),
            }
        }
        let more = codes.len().saturating_sub(MAX_LINES);
        for (code, advice, count) in codes.into_iter().take(MAX_LINES) {
            let trials = plural(count as u64, "trial");
            let line = format!("{code} in {trials}: {advice}");
            text.push_str(&self.wrap(&line, "  ", "    "));
        }
        if more > 0 {
            let _infallible = writeln!(text, "  and {more} more in the report");
        }
        text
    }

    /// Whether the data is still right: the line of the audit, and what is broken.
    fn data(&self, page: &Page) -> String {
        let line = self.paint.tone(page.audit.tone, &page.audit.line);
        let mut text = format!("Audit: {line}\n");
        for promise in &page.audit.promises {
            text.push_str(&self.wrap(promise, "  ", "    "));
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
            text.push_str(&self.wrap(&line, "  ", "    "));
            for row in broken.rows.iter().take(1) {
                text.push_str(&self.wrap(row, "      ", "      "));
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
    use crate::report::fixture;
    use crate::schema::Recommendation;

    fn folder() -> Option<&'static Path> {
        Some(Path::new("results/runs/x"))
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
        let text = console(&summary, folder(), 80, false);
        fits(&text);
        assert!((24..=40).contains(&text.lines().count()), "{text}");
        assert!(text.starts_with("FAILED  run codeconnect\n"), "{text}");
        assert!(
            text.ends_with("Report: results/runs/x/report.html\n"),
            "{text}"
        );
        assert!(text.contains("and 2 more in the report"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn an_experiment_ends_with_what_changed_and_the_way_to_the_report() {
        let text = console(&fixture::experiment(false), folder(), 80, false);
        fits(&text);
        assert!(text.lines().count() < 90, "{text}");
        assert!(
            text.ends_with("Report: results/runs/x/report.html\n"),
            "{text}"
        );
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_violation_is_told_before_the_figures_and_again_with_its_rows() {
        let text = console(&fixture::experiment(true), folder(), 80, false);
        assert!(text.starts_with("VIOLATED  "), "{text}");
        assert!(
            text.contains("invariant 1 slot_capacity is broken by 7 rows"),
            "{text}"
        );
    }

    #[test]
    fn many_operations_and_promises_stay_one_screen() {
        let mut summary = fixture::run();
        summary.arms[0].operations = fixture::large().arms.remove(1).operations;
        summary.arms[0].operations[29].planned = 1;
        let passed = summary.thresholds[1].clone();
        summary.thresholds.splice(0..0, vec![passed; 30]);
        let text = console(&summary, folder(), 80, false);
        fits(&text);
        assert!(text.lines().count() <= 48, "{text}");
        assert!(
            text.contains("and 18 operations more in the report"),
            "{text}"
        );
        // What was missed is among those that are listed.
        assert!(
            text.contains("FAIL") && text.contains("and 25 more, 25 of them held"),
            "{text}"
        );
        assert!(!text.contains("operation_29"), "{text}");
    }

    #[test]
    fn colours_are_only_for_a_terminal_and_move_nothing() {
        let plain = console(&fixture::run(), folder(), 80, false);
        let painted = console(&fixture::run(), folder(), 80, true);
        assert!(!plain.contains('\u{1b}') && painted.contains("\u{1b}[31m"));
        let mut bare = painted;
        for code in ["0", "1", "2", "31", "32", "33"] {
            bare = bare.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(bare, plain);
    }
}
