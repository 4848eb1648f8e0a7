//! What GitHub Actions shows of a run beside its log: the summary of a step, and annotations.
//!
//! An annotation is a line `::error title=…::…` on standard output. Its texts come from elsewhere
//! and are escaped, so that none of them can begin a command of its own.

use std::fmt::Write as _;

use crate::render::formats::ReportError;
use crate::render::markdown;
use crate::render::{model::ReportPage, tone::Tone};
use loadgen_experiment::schema::{Summary, ThresholdWord};

/// GitHub shows ten errors and ten warnings of a step; the last of each says how many follow.
const MOST: usize = 10;
/// Longest text of an annotation, in characters.
const LONGEST: usize = 1_000;
/// What GitHub takes as the summary of one step, in bytes.
const STEP_LIMIT: u64 = 1024 * 1024;

/// What is appended to the file of the step's summary, of which `held` bytes are there already:
/// the report of a pull request, or less where it would not fit. GitHub drops a summary that is
/// too long, and with it what other programs wrote.
pub fn step_summary(summary: &Summary, held: u64) -> Result<String, ReportError> {
    let fits = |text: &str| held + text.len() as u64 <= STEP_LIMIT;
    let whole = format!("{}\n", markdown(summary)?);
    if fits(&whole) {
        return Ok(whole);
    }
    let head: String = whole.lines().take(1).collect::<String>() + "\n";
    Ok(if fits(&head) { head } else { String::new() })
}

/// One line each: an error for what was missed or broken, a warning for what makes the figures
/// doubtful; the most important first.
pub fn annotations(summary: &Summary) -> String {
    let page = ReportPage::of(summary);
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let what = format!("{} {}", page.kind, page.name);
    let verdict = (
        format!("{} {what}", page.verdict.word),
        page.verdict.reasons.join("\n"),
    );
    match page.verdict.tone {
        _ if page.verdict.exit_code == 0 => {}
        Tone::Bad => errors.push(verdict),
        _ => warnings.push(verdict),
    }
    for broken in &page.audit.broken {
        errors.push((
            format!("VIOLATED {} {}", broken.number, broken.name),
            format!(
                "{}: {} rows break: {}",
                broken.arm, broken.violations, broken.statement
            ),
        ));
    }
    // An experiment shows on purpose what its first arm misses.
    let judged = page.operations.last().map_or("", |arm| arm.arm.as_str());
    for one in &page.thresholds {
        let found = format!("found {}, limit {} ({})", one.figure, one.text, one.arm);
        match one.word {
            ThresholdWord::Fail if one.arm == judged => {
                errors.push((format!("FAILED {}", one.text), found));
            }
            ThresholdWord::Warn => warnings.push((format!("missed {}", one.text), found)),
            ThresholdWord::Unknown => {
                warnings.push((format!("not decided: {}", one.text), found));
            }
            _ => {}
        }
    }
    warnings.extend(page.doubts.iter().map(|doubt| {
        let title = format!("{} {}", doubt.word, doubt.code);
        (title, doubt.line())
    }));
    lines("error", errors) + &lines("warning", warnings)
}

/// The lines of one kind, at most [`MOST`].
fn lines(kind: &str, mut found: Vec<(String, String)>) -> String {
    if found.len() > MOST {
        let more = found.len() - MOST + 1;
        found.truncate(MOST - 1);
        let rest = format!("{more} more are in the report");
        found.push(("and others".to_owned(), rest));
    }
    let mut text = String::new();
    for (title, message) in found {
        let (title, message) = (property(&cut(&title)), data(&cut(&message)));
        let _infallible = writeln!(text, "::{kind} title={title}::{message}");
    }
    text
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// A message as the runner reads it back; the percent sign first, because the others make some.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property, which a colon or comma would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn what_was_broken_and_missed_is_an_error_and_what_is_doubtful_a_warning() {
        let text = annotations(&fixture::experiment(true));
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some(
                "::error title=VIOLATED experiment mentor-cache::slot_capacity is broken 7 times in the after arm%0Amentors.list p97.5 IMPROVED, but a faster wrong answer is no answer"
            )
        );
        assert!(text.contains("::error title=VIOLATED 1 slot_capacity::after: 7 rows break"));
        assert!(text.contains("::warning title=missed warn%3A p99 < 200ms::found 231 ms"));
        assert!(text.contains("::warning title=NOISY STEAL::"), "{text}");
        // The first arm misses its threshold on purpose.
        assert!(!text.contains("4,212 ms"), "{text}");
        let text = annotations(&fixture::run());
        assert!(
            text.contains(
                "::error title=FAILED p95 < 1000ms::found 98.4 ms, limit p95 < 1000ms (run)"
            ),
            "{text}"
        );
        let mut open = fixture::run();
        open.thresholds[0].word = ThresholdWord::Unknown;
        open.thresholds[0].figure = "–  n=24 (needs 200)".to_owned();
        let text = annotations(&open);
        assert!(
            text.contains("::warning title=not decided%3A ")
                && text.contains("::found –  n=24 (needs 200), limit "),
            "{text}"
        );
        assert!(
            annotations(&fixture::experiment(false))
                .lines()
                .all(|line| line.starts_with("::warning "))
        );
    }

    #[test]
    fn a_run_that_could_not_judge_is_a_warning() {
        let mut summary = fixture::run();
        summary.verdict.word = loadgen_experiment::schema::VerdictWord::Invalid;
        summary.thresholds.clear();
        let text = annotations(&summary);
        assert!(
            text.starts_with("::warning title=INVALID run codeconnect::"),
            "{text}"
        );
        assert!(!text.contains("::error"));
    }

    #[test]
    fn a_text_from_elsewhere_cannot_begin_a_command() {
        let evil = "x\r\n::set-env name=PATH::/tmp\n::error::50%0A,a:b";
        let mut summary = fixture::experiment(true);
        summary.name = evil.into();
        summary.verdict.reasons = vec![evil.into(), evil.into()];
        for one in &mut summary.thresholds {
            one.text = evil.into();
            one.figure = evil.into();
        }
        for invariant in summary.arms.iter_mut().flat_map(|arm| &mut arm.audit) {
            invariant.name = evil.into();
            invariant.statement = evil.into();
        }
        let text = annotations(&summary);
        assert!(text.contains("50%250A"), "{text}");
        for line in text.lines() {
            let rest = line
                .strip_prefix("::error title=")
                .or_else(|| line.strip_prefix("::warning title="))
                .unwrap_or_else(|| panic!("{line}"));
            let (title, _) = rest.split_once("::").unwrap();
            assert!(!title.contains([':', ',']), "{title}");
        }
        // Escaped even where no printable text comes in between.
        assert_eq!(data("a%\r\nb"), "a%25%0D%0Ab");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }

    #[test]
    fn many_findings_are_bounded_and_the_last_one_says_so() {
        let mut summary = fixture::run();
        let one = summary.thresholds[0].clone();
        summary.thresholds = vec![one; 40];
        let text = annotations(&summary);
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("::error"))
                .count(),
            MOST
        );
        assert!(text.contains("::error title=and others::32 more"), "{text}");
    }

    #[test]
    fn the_summary_of_a_step_stays_below_what_github_takes() {
        let summary = fixture::run();
        let whole = step_summary(&summary, 0).unwrap();
        assert!(whole.starts_with("## FAILED: run codeconnect\n"), "{whole}");
        let head = step_summary(&summary, STEP_LIMIT - 100).unwrap();
        assert_eq!(head, "## FAILED: run codeconnect\n");
        assert_eq!(step_summary(&summary, STEP_LIMIT).unwrap(), "");
    }
}
