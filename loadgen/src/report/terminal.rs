//! The report of a terminal: the outcome first, then the table that tells what changed, then
//! what each operation did, then why the figures can be believed. 80 columns are enough.

use std::fmt::Write as _;
use std::path::Path;

use crate::report::comparison::{Claim, Row};
use crate::report::model::{ArmOperations, Page};
use crate::report::table::{Cell, Line, Paint, Side, layout, plain, styled, wrapped};
use crate::schema::Summary;

/// Narrowest terminal that is laid out for.
const MIN_WIDTH: usize = 60;
/// Most trials whose failed checks are listed.
const MAX_TRIALS: usize = 6;

/// The whole report; `colour` only where a terminal reads it.
pub fn terminal(summary: &Summary, width: usize, colour: bool) -> String {
    let page = Page::of(summary);
    let sheet = Sheet {
        width: width.max(MIN_WIDTH),
        paint: Paint { colour },
    };
    let sections = [
        sheet.outcome(&page),
        sheet.areas(&page, false),
        sheet.claims(&page),
        sheet.operations(&page),
        sheet.thresholds(&page),
        sheet.validity(&page) + &sheet.audit(&page),
        sheet.why(&page, true),
        sheet.notes(&page),
        sheet.list("What to try next", &page.why.next),
    ];
    joined(sections.into())
}

/// What a command prints at its end: of an experiment the outcome, the headline figures and
/// the decisions, of a run the whole report; then where the rest is; then whether the data is
/// still right.
pub fn console(summary: &Summary, folder: Option<&Path>, width: usize, colour: bool) -> String {
    let page = Page::of(summary);
    let sheet = Sheet {
        width: width.max(MIN_WIDTH),
        paint: Paint { colour },
    };
    let paired = page.operations.len() == 2;
    let sections = [
        sheet.outcome(&page),
        sheet.areas(&page, paired),
        sheet.claims(&page),
        if paired {
            String::new()
        } else {
            sheet.operations(&page)
        },
        sheet.thresholds(&page),
        if paired {
            sheet.doubts(&page)
        } else {
            sheet.validity(&page)
        },
        sheet.why(&page, !paired),
        sheet.list("Warnings", &page.warnings),
        sheet.list("What to try next", &page.why.next),
        folder.map(whereabouts).unwrap_or_default() + &sheet.audit(&page),
    ];
    joined(sections.into())
}

/// Sections with an empty line between them.
fn joined(sections: Vec<String>) -> String {
    let kept: Vec<String> = sections
        .into_iter()
        .filter(|section| !section.is_empty())
        .collect();
    kept.join("\n")
}

/// Where the reports of a folder lie, as a line of a terminal report.
pub fn whereabouts(folder: &Path) -> String {
    format!("Report: {}\n", folder.join("report.html").display())
}

/// The operation that stands for its area in a short report, by its row's first word.
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

/// Where and how sections are laid out.
struct Sheet {
    width: usize,
    paint: Paint,
}

impl Sheet {
    fn wrap(&self, text: &str, first: &str, rest: &str) -> String {
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
        format!("{}\n{lines}", self.paint.bold(heading))
    }

    /// The word, its reasons, what was asked.
    fn outcome(&self, page: &Page) -> String {
        let word = self
            .paint
            .bold(&self.paint.tone(page.verdict.tone, &page.verdict.word));
        let mut text = format!("{word}  {} {}\n", page.kind, self.paint.bold(&page.name));
        for reason in &page.verdict.reasons {
            text.push_str(&self.wrap(reason, "  - ", "    "));
        }
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

    /// `Metric | Before | After | Improvement`, or two columns for a run; of each area only its
    /// headline operation where `headlines` says so.
    fn areas(&self, page: &Page, headlines: bool) -> String {
        let paired = page.operations.len() == 2;
        let head = if paired {
            vec!["Metric", "Before", "After", "Improvement"]
        } else {
            vec!["Metric", "Figure"]
        };
        let mut lines = vec![Line::Cells(
            head.into_iter().map(|text| styled(text, "dim")).collect(),
        )];
        for area in &page.areas {
            let mut rows: Vec<_> = area.rows.iter().filter(|row| !row.detail).collect();
            if headlines {
                let told = |row: &&Row| is_headline(&area.name, &row.metric);
                if rows.iter().any(told) {
                    rows.retain(told);
                }
            }
            if rows.is_empty() {
                continue;
            }
            lines.push(Line::Heading(area.name.clone()));
            for row in rows {
                let mut cells = vec![plain(format!("  {}", row.metric)), plain(&row.before)];
                if paired {
                    let change = if row.interval.is_empty() {
                        row.change.clone()
                    } else {
                        format!("{} {}", row.change, row.interval)
                    };
                    cells.extend([plain(&row.after), styled(change, row.tone)]);
                }
                lines.push(Line::Cells(cells));
            }
        }
        if lines.len() == 1 {
            return String::new();
        }
        let sides = [Side::Left, Side::Right, Side::Right, Side::Left];
        layout(
            &lines,
            if paired { &sides } else { &sides[..2] },
            0,
            self.width,
            self.paint,
        )
    }

    /// What was decided about each metric.
    fn claims(&self, page: &Page) -> String {
        if page.claims.is_empty() {
            return String::new();
        }
        let mut text = format!("{}\n", self.paint.bold("Decisions"));
        let told = |claim: &&Claim| claim.primary || claim.tone == "bad";
        for claim in page.claims.iter().filter(told) {
            let word = self.paint.tone(claim.tone, &claim.decision);
            let staked = if claim.primary {
                ", the claim of this experiment"
            } else {
                ""
            };
            let _infallible = writeln!(text, "  {word}  {}{staked}", claim.metric);
            text.push_str(&self.wrap(&claim.sentence, "    ", "    "));
        }
        let mut words: Vec<(String, usize)> = Vec::new();
        for claim in page.claims.iter().filter(|claim| !told(claim)) {
            let word = claim.decision.to_lowercase();
            match words.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => words.push((word, 1)),
            }
        }
        if !words.is_empty() {
            let counts: Vec<String> = words
                .into_iter()
                .map(|(word, count)| format!("{count} {word}"))
                .collect();
            text.push_str(&self.wrap(
                &format!("other metrics: {}", counts.join(", ")),
                "  ",
                "    ",
            ));
        }
        text
    }

    /// Every operation, arm by arm: response time, and service time below it.
    fn operations(&self, page: &Page) -> String {
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
        format!("{}\n{}", tables.join("\n"), self.paint.dim(note.trim_end())) + "\n"
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
            Line::Heading(title),
            Line::Cells(head.iter().map(|text| styled(*text, "dim")).collect()),
        ];
        for row in &arm.rows {
            let errors = styled(&row.errors, if row.failing { "bad" } else { "" });
            let mut cells: Vec<Cell> = vec![
                plain(&row.name),
                plain(&row.count),
                plain(&row.rate),
                errors,
            ];
            cells.extend(row.response.iter().map(plain));
            lines.push(Line::Cells(cells));
            let mut cells = vec![styled("  service", "dim"), plain(""), plain(""), plain("")];
            cells.extend(row.service.iter().map(|text| styled(text, "dim")));
            lines.push(Line::Cells(cells));
        }
        let mut sides = vec![Side::Right; head.len()];
        sides[0] = Side::Left;
        layout(&lines, &sides, 0, self.width, self.paint)
    }

    /// Each threshold with its figure; the limit is part of its text.
    fn thresholds(&self, page: &Page) -> String {
        if page.thresholds.is_empty() {
            return String::new();
        }
        let mut lines = vec![Line::Heading("Thresholds".into())];
        for one in &page.thresholds {
            lines.push(Line::Cells(vec![
                plain(format!("  {}", one.text)),
                plain(&one.figure),
                styled(&one.word, one.tone),
                styled(&one.arm, "dim"),
            ]));
        }
        layout(
            &lines,
            &[Side::Left, Side::Right, Side::Left, Side::Left],
            0,
            self.width,
            self.paint,
        )
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
        for (code, advice, count) in codes {
            let trials = crate::report::figures::plural(count as u64, "trial");
            let line = format!("{code} in {trials}: {advice}");
            text.push_str(&self.wrap(&line, "  ", "    "));
        }
        text
    }

    /// Whether the figures can be believed, trial by trial.
    fn validity(&self, page: &Page) -> String {
        let mut text = self.wrap(&page.validity_line, "Validity: ", "  ");
        let doubtful = page
            .validity
            .iter()
            .filter(|trial| trial.checks.iter().any(|check| !check.ok) || trial.tone != "good");
        let count = doubtful.clone().count();
        for trial in doubtful.take(MAX_TRIALS) {
            let word = self.paint.tone(trial.tone, &trial.word);
            let _infallible = writeln!(text, "  {word} {}", trial.trial);
            for check in trial.checks.iter().filter(|check| !check.ok) {
                let line = format!(
                    "{}: {}, wants {}. {}",
                    check.code, check.figure, check.limit, check.advice
                );
                text.push_str(&self.wrap(&line, "    ", "      "));
            }
        }
        if count > MAX_TRIALS {
            let _infallible = writeln!(text, "  and {} more trials", count - MAX_TRIALS);
        }
        text
    }

    /// Whether the data is still right.
    fn audit(&self, page: &Page) -> String {
        let line = self.paint.tone(page.audit.tone, &page.audit.line);
        let mut text = format!("Audit: {line}\n");
        for promise in &page.audit.promises {
            text.push_str(&self.wrap(promise, "  ", "    "));
        }
        for broken in &page.audit.broken {
            let line = format!(
                "{}: invariant {} {} is broken by {}. {}",
                broken.arm,
                broken.number,
                broken.name,
                crate::report::figures::plural(broken.violations, "row"),
                broken.statement
            );
            text.push_str(&self.wrap(&line, "  ", "    "));
            for row in &broken.rows {
                text.push_str(&self.wrap(row, "      ", "      "));
            }
        }
        text
    }

    /// Where the time went; all of it, or the slowest requests alone.
    fn why(&self, page: &Page, all: bool) -> String {
        let mut time = page.why.time.clone();
        if !all {
            time.retain(|line| line.contains(", above p99: "));
        }
        let parts = [
            self.list("Where the time goes", &time),
            if all {
                self.list("What PostgreSQL waited for", &page.why.waits)
            } else {
                String::new()
            },
            self.list("Query plans", &page.why.plans),
        ];
        let kept: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        kept.join("\n")
    }

    /// What a reader must know, and what was left out.
    fn notes(&self, page: &Page) -> String {
        let parts = [
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
    use crate::report::fixture;

    #[test]
    fn an_experiment_reads_well_in_80_columns() {
        let text = terminal(&fixture::experiment(false), 80, false);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_a_command_prints_is_short_and_ends_with_the_audit() {
        let folder = Path::new("results/runs/x");
        let text = console(&fixture::experiment(false), Some(folder), 80, false);
        assert!(text.lines().count() < 100, "{text}");
        let end = text.find("\nReport: results/runs/x").unwrap();
        let audit = text.find("\nAudit: ").unwrap();
        assert!(audit > end && text[audit..].lines().count() <= 6, "{text}");
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
    fn colours_are_only_for_a_terminal() {
        assert!(!terminal(&fixture::experiment(true), 80, false).contains('\u{1b}'));
        assert!(terminal(&fixture::experiment(true), 80, true).contains("\u{1b}[31m"));
    }
}
