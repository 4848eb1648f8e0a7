//! The report of a pull request: the outcome and the table in sight, the rest folded away, and
//! no longer than a comment may be.

use crate::render::tone::Tone;
use loadgen_experiment::schema::ThresholdWord;
use std::fmt::Write as _;

use crate::render::figures;
use crate::render::model::{ArmOperations, ReportPage};
use loadgen_experiment::schema::Summary;

/// A comment may have 65,536 characters; what is longer is cut with a note.
const MAX_LENGTH: usize = 60_000;
/// Most trials whose failed checks are listed.
const MAX_TRIALS: usize = 10;
/// Most failed checks that stand in sight; more of them are folded.
const MAX_DOUBTS: usize = 3;

/// The whole report.
pub fn markdown(summary: &Summary) -> String {
    let page = ReportPage::of(summary);
    let mut text = String::new();
    outcome(&mut text, &page);
    if let [only] = page.operations.as_slice() {
        operations(&mut text, only);
        text.push('\n');
    }
    areas(&mut text, &page);
    thresholds(&mut text, &page);
    evidence(&mut text, &page);
    list(&mut text, "Warnings", &page.warnings);
    list(&mut text, "Not tested", &page.not_tested);
    list(&mut text, "What to try next", &page.why.next);
    decisions(&mut text, &page);
    for (title, lines) in [
        ("Where the time goes", &page.why.time),
        ("What PostgreSQL waited for", &page.why.waits),
        ("Query plans", &page.why.plans),
    ] {
        if !lines.is_empty() {
            folded(&mut text, title, |text| {
                for line in lines {
                    say(text, format_args!("- {}", safe(line)));
                }
            });
        }
    }
    if page.operations.len() > 1 {
        for arm in &page.operations {
            let title = format!("Operations, {} (response time in ms)", safe(&arm.arm));
            folded(&mut text, &title, |text| operations(text, arm));
        }
    }
    switches(&mut text, &page);
    if text.len() > MAX_LENGTH {
        let mut end = MAX_LENGTH;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let end = text[..end].rfind('\n').unwrap_or(end);
        text.truncate(end);
        text.push_str("\n\nThe rest is in `report.html`.\n");
    }
    text
}

/// Writes a line into a string, which cannot fail.
fn say(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _infallible = text.write_fmt(line);
    text.push('\n');
}

/// A text from elsewhere that no reader takes for markup.
pub(super) fn safe(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => clean.push_str("&amp;"),
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            // A name after an at sign would be notified, a number after a hash linked.
            '@' => clean.push_str("&#64;"),
            '#' => clean.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '!' | '~' => clean.extend(['\\', letter]),
            letter => clean.push(letter),
        }
    }
    clean
}

/// A row of a table.
fn row(text: &mut String, cells: &[String]) {
    say(text, format_args!("| {} |", cells.join(" | ")));
}

/// The head of a table; figures keep to the right.
fn head(text: &mut String, cells: &[&str], right: &[usize]) {
    say(text, format_args!("| {} |", cells.join(" | ")));
    let rule: Vec<&str> = (0..cells.len())
        .map(|index| {
            if right.contains(&index) {
                "---:"
            } else {
                ":---"
            }
        })
        .collect();
    say(text, format_args!("| {} |", rule.join(" | ")));
}

/// The word, its reasons, what was asked.
fn outcome(text: &mut String, page: &ReportPage) {
    say(
        text,
        format_args!(
            "## {}: {} {}\n",
            page.verdict.word.label(),
            page.kind,
            safe(&page.name)
        ),
    );
    if !page.verdict.headline.is_empty() {
        say(text, format_args!("**{}**\n", safe(&page.verdict.headline)));
    }
    say(text, format_args!("{}\n", safe(&page.verdict.confidence)));
    for reason in &page.verdict.reasons {
        say(text, format_args!("- {}", safe(reason)));
    }
    if !page.question.is_empty() {
        say(text, format_args!("\n> {}", safe(&page.question)));
    }
    let facts: Vec<String> = page
        .facts
        .iter()
        .map(|(name, value)| format!("{name}: {}", safe(value)))
        .collect();
    say(text, format_args!("\n{}\n", facts.join(" · ")));
}

/// `Metric | Before | After | Improvement`, or two columns for a run.
fn areas(text: &mut String, page: &ReportPage) {
    let paired = page.operations.len() == 2;
    if paired {
        head(text, &["Metric", "Before", "After", "Improvement"], &[1, 2]);
    } else {
        head(text, &["Metric", "Figure"], &[1]);
    }
    for area in &page.areas {
        let rows: Vec<_> = area.rows.iter().filter(|row| !row.detail).collect();
        if rows.is_empty() {
            continue;
        }
        let blanks = if paired { 3 } else { 1 };
        let title = format!("**{}**", safe(&area.name));
        row(
            text,
            &std::iter::once(title)
                .chain(vec![String::new(); blanks])
                .collect::<Vec<_>>(),
        );
        for one in rows {
            let mut cells = vec![safe(&one.metric), safe(&one.before)];
            if paired {
                let change = match one.tone {
                    Tone::Plain => one.change.clone(),
                    _ => format!("**{}**", one.change),
                };
                cells.extend([
                    safe(&one.after),
                    format!("{change} {}", safe(&one.interval))
                        .trim_end()
                        .to_owned(),
                ]);
            }
            row(text, &cells);
        }
    }
    text.push('\n');
}

/// Each threshold with its figure.
fn thresholds(text: &mut String, page: &ReportPage) {
    if page.thresholds.is_empty() {
        return;
    }
    head(text, &["Threshold", "Arm", "Found", "Result"], &[2]);
    for one in &page.thresholds {
        let word = if one.word == ThresholdWord::Pass {
            one.word.to_string()
        } else {
            format!("**{}**", one.word)
        };
        row(
            text,
            &[safe(&one.text), safe(&one.arm), safe(&one.figure), word],
        );
    }
    text.push('\n');
}

/// Whether the figures can be believed, and whether the answers were right.
fn evidence(text: &mut String, page: &ReportPage) {
    say(text, format_args!("**Validity:** {}\n", page.validity_line));
    for (_, line) in &page.controls {
        say(text, format_args!("- {}", safe(line)));
    }
    let mut doubts = String::new();
    let mut count = 0;
    for trial in page
        .validity
        .iter()
        .filter(|trial| trial.checks.iter().any(|check| !check.ok))
        .take(MAX_TRIALS)
    {
        for check in trial.checks.iter().filter(|check| !check.ok) {
            count += 1;
            say(
                &mut doubts,
                format_args!(
                    "- {} {}: {} {}, wants {}. {}",
                    trial.word,
                    safe(&trial.trial),
                    safe(check.code.as_str()),
                    safe(&check.figure),
                    safe(&check.limit),
                    safe(&check.advice)
                ),
            );
        }
    }
    if count > MAX_DOUBTS {
        folded(text, "Self-checks that do not hold", |text| {
            text.push_str(&doubts);
        });
    } else {
        text.push_str(&doubts);
    }
    say(text, format_args!("\n**Audit:** {}\n", page.audit.line));
    for promise in &page.audit.promises {
        say(text, format_args!("- {}", safe(promise)));
    }
    for broken in &page.audit.broken {
        say(
            text,
            format_args!(
                "- {}: invariant {} {} is broken by {}. {}",
                safe(&broken.arm),
                broken.number,
                safe(&broken.name),
                figures::plural(broken.violations, "row"),
                safe(&broken.statement)
            ),
        );
        for found in &broken.rows {
            say(text, format_args!("  - {}", safe(found)));
        }
    }
}

/// A list below a heading.
fn list(text: &mut String, heading: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    say(text, format_args!("\n**{heading}**\n"));
    for item in items {
        say(text, format_args!("- {}", safe(item)));
    }
}

/// Opens and closes a folded part.
fn folded(text: &mut String, title: &str, inside: impl FnOnce(&mut String)) {
    say(
        text,
        format_args!("\n<details><summary>{title}</summary>\n"),
    );
    inside(text);
    say(text, format_args!("\n</details>"));
}

/// What was decided about each metric.
fn decisions(text: &mut String, page: &ReportPage) {
    if page.claims.is_empty() {
        return;
    }
    folded(text, "Decisions", |text| {
        head(
            text,
            &[
                "Metric", "Before", "After", "Change", "Interval", "Decision",
            ],
            &[1, 2],
        );
        for claim in &page.claims {
            let name = if claim.primary {
                format!("**{}**", safe(&claim.metric))
            } else {
                safe(&claim.metric)
            };
            row(
                text,
                &[
                    name,
                    safe(&claim.before),
                    safe(&claim.after),
                    claim.change.clone(),
                    safe(&claim.interval),
                    safe(claim.decision),
                ],
            );
        }
    });
}

/// Every operation of an arm, times in milliseconds.
fn operations(text: &mut String, arm: &ArmOperations) {
    let names = [
        "Operation",
        "Count",
        "Rate",
        "Errors",
        "p50",
        "p95",
        "p97.5",
        "p99",
        "max",
        "service p50",
        "service p99",
    ];
    head(text, &names, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for one in &arm.rows {
        let mut cells = vec![
            safe(&one.name),
            one.count.clone(),
            one.rate.clone(),
            safe(&one.errors),
        ];
        cells.extend(one.response.iter().cloned());
        cells.extend([one.service[0].clone(), one.service[3].clone()]);
        row(text, &cells);
    }
}

/// The switches in which the arms differ, or all of a run.
fn switches(text: &mut String, page: &ReportPage) {
    let differing: Vec<_> = page
        .switches
        .iter()
        .filter(|switch| switch.differs || page.operations.len() == 1)
        .collect();
    if differing.is_empty() {
        return;
    }
    let title = if page.operations.len() == 1 {
        "Profile"
    } else {
        "Switches that differ"
    };
    folded(text, title, |text| {
        let names: Vec<&str> = std::iter::once("Switch")
            .chain(page.operations.iter().map(|arm| arm.arm.as_str()))
            .collect();
        head(text, &names, &[]);
        for switch in differing {
            let values = switch.values.iter().map(|value| safe(value));
            row(
                text,
                &std::iter::once(safe(&switch.name))
                    .chain(values)
                    .collect::<Vec<_>>(),
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn an_experiment_fits_a_pull_request() {
        insta::assert_snapshot!(markdown(&fixture::experiment(false)));
    }

    #[test]
    fn a_run_fits_a_pull_request() {
        insta::assert_snapshot!(markdown(&fixture::run()));
    }

    #[test]
    fn many_doubts_are_folded_below_the_table() {
        let mut summary = fixture::experiment(false);
        for trial in &mut summary.trials {
            trial.validity.checks[0].ok = false;
        }
        let text = markdown(&summary);
        let order = [
            "## IMPROVED: ",
            "| Metric | Before | After | Improvement |",
            "<details><summary>Self-checks that do not hold</summary>",
        ];
        let places = order.map(|part| text.find(part).expect(part));
        assert!(places.is_sorted(), "{text}");
        let opened = text.matches("<details>").count();
        assert_eq!(opened, text.matches("</details>").count());
    }

    #[test]
    fn a_long_report_is_cut_at_a_line() {
        let mut summary = fixture::experiment(true);
        summary.not_tested = vec!["ö".repeat(300); 1_000];
        let text = markdown(&summary);
        assert!(text.len() < 65_536);
        assert!(text.ends_with("`report.html`.\n"));
    }
}
