//! The list of runs: one line each, for people and as JSON.

use crate::render::table::faint;
use std::fmt::Write as _;

use serde_json::json;

use crate::render::figures;
use crate::render::table::{Side, TableLine, TextStyle, cut, layout, plain, styled};
use crate::render::tone::Tone;
use crate::store::StoredRun;
use loadgen_experiment::events::printable;

/// Narrowest terminal that is laid out for.
const MIN_WIDTH: usize = 60;
/// Longest name in the table, in characters.
const MAX_NAME: usize = 30;
/// Longest kind or verdict.
const MAX_WORD: usize = 12;

/// A table of runs, the answer below each, and how many older ones there are.
pub fn runs(found: &[StoredRun], more: usize, width: usize, colour: bool) -> String {
    if found.is_empty() {
        return "no runs\n".to_owned();
    }
    let width = width.max(MIN_WIDTH);
    let style = TextStyle { colour };
    let head = ["Name", "Id", "When (UTC)", "Kind", "Verdict", "Size"];
    let mut lines = vec![TableLine::Cells(
        head.iter().map(|text| faint(*text)).collect(),
    )];
    for run in found {
        lines.push(TableLine::Cells(vec![
            plain(cut(&printable(&run.name), MAX_NAME)),
            plain(printable(run.id())),
            plain(run.started_at.format("%Y-%m-%d %H:%M").to_string()),
            plain(cut(&printable(&run.command), MAX_WORD)),
            styled(
                run.word(),
                run.verdict
                    .as_ref()
                    .map_or(Tone::Warn, |ending| ending.word.into()),
            ),
            plain(figures::bytes(run.bytes as f64)),
        ]));
        let answer = below(run);
        if !answer.is_empty() {
            lines.push(TableLine::Note(format!("  {}", printable(&answer))));
        }
    }
    let mut sides = [Side::Left; 6];
    sides[5] = Side::Right;
    let mut text = layout(&lines, &sides, 0, width, style);
    if more > 0 {
        let older = figures::plural(more as u64, "older run");
        let _infallible = writeln!(text, "and {older}: --limit {}", found.len() + more);
    }
    text
}

/// The line below a run: its answer, and whether it is a baseline.
fn below(run: &StoredRun) -> String {
    let kept =
        (!run.baselines.is_empty()).then(|| format!("baseline {}", run.baselines.join(", ")));
    let headline = Some(run.headline().clone()).filter(|text| !text.is_empty());
    let parts: Vec<String> = kept.into_iter().chain(headline).collect();
    parts.join("; ")
}

/// The same for programs.
pub fn runs_json(found: &[StoredRun]) -> serde_json::Value {
    let one = |run: &StoredRun| {
        json!({
            "folder": run.folder,
            "started_at": run.started_at,
            "command": run.command,
            "name": run.name,
            "verdict": run.word(),
            "exit_code": run.exit_code(),
            "finished": run.is_finished(),
            "headline": run.headline(),
            "bytes": run.bytes,
            "baselines": run.baselines,
        })
    };
    found.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::store::StoredEnding;

    fn entry(name: &str, headline: &str) -> StoredRun {
        StoredRun {
            folder: "2026-08-30T14-05-11Z_experiment_mentor-cache_41e7cc0".into(),
            started_at: Utc.with_ymd_and_hms(2026, 8, 30, 14, 5, 11).unwrap(),
            command: "experiment".into(),
            name: name.into(),
            verdict: Some(StoredEnding {
                word: loadgen_experiment::schema::VerdictWord::Passed,
                exit_code: 0,
                headline: headline.into(),
                confidence: loadgen_experiment::schema::Confidence::default(),
            }),
            took_s: Some(3.5),
            bytes: 12_900_000,
            baselines: vec!["main".into()],
        }
    }

    #[test]
    fn the_list_fits_a_terminal_whatever_a_run_is_called() {
        let evil = format!("\u{1b}[31m{}\n::error::x", "long ".repeat(40));
        let found = [
            entry("mentor-cache", "list p97.5 0.0139x"),
            entry(&evil, &evil),
        ];
        let text = runs(&found, 3, 80, false);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert!(
                !line.starts_with("::") && !line.contains('\u{1b}'),
                "{line}"
            );
        }
        assert_eq!(text.lines().count(), 1 + 2 * 2 + 1, "{text}");
        assert!(
            text.contains(" 41e7cc0 2026-08-30 14:05 experiment PASSED "),
            "{text}"
        );
        assert!(text.contains("\n  baseline main; list p97.5"), "{text}");
        assert!(text.ends_with("and 3 older runs: --limit 5\n"), "{text}");
        assert_eq!(runs(&[], 0, 80, false), "no runs\n");
        assert_eq!(runs_json(&found)[1]["name"], evil);
    }
}
