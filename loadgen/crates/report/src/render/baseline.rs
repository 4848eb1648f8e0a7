//! Runs beside their baseline: each metric with its change, interval and decision, for a terminal
//! and for a pull request.

use std::fmt::Write as _;

use super::{
    comparability::Difference,
    figures::{ABSENT, factor, factors, plural, with_unit},
    table::{Side, TableLine, TextStyle, faint, layout, plain, styled, wrapped},
    template::safe_markdown as safe,
    tone::Tone,
};
use crate::history::PastRun;
use loadgen_experiment::{
    baseline::{BaselineChange, LEVEL, overall},
    events::printable,
    metric::{difference, differences},
    schema::{Decision, MetricUnit, VerdictWord},
};

/// What a reader must know of any such comparison.
const APART: &str = "The runs were not interleaved: what happened to the machine between the baseline and now is in the change as well. `loadgen experiment` compares two configurations without that.";
/// Titles of the columns.
const HEAD: [&str; 6] = [
    "Metric", "Baseline", "Now", "Change", "Interval", "Decision",
];

/// Runs beside a baseline.
#[derive(Debug)]
pub struct BaselineComparison<'a> {
    /// Name of the baseline.
    pub name: &'a str,
    /// Its run.
    pub baseline: &'a PastRun,
    /// Number of earlier runs like it, which show the spread between runs.
    pub earlier: usize,
    /// The runs that are compared with it.
    pub now: &'a [PastRun],
    /// One for each metric.
    pub changes: &'a [BaselineChange],
    /// Everything but figures in which the runs differ.
    pub differences: &'a [Difference],
    /// Why nothing is decided, whatever the figures are; empty where it is.
    pub doubts: &'a [String],
}

impl BaselineComparison<'_> {
    /// The decision that stands for all metrics; INVALID where nothing may be decided.
    fn word(&self) -> Decision {
        if self.doubts.is_empty() {
            overall(self.changes)
        } else {
            Decision::Invalid
        }
    }

    /// The exit code of that decision.
    pub fn exit_code(&self) -> u8 {
        VerdictWord::from(self.word()).exit_code()
    }

    /// That decision, with the number of metrics that are not decided where others are.
    fn title(&self) -> String {
        let word = self.word();
        let open = |change: &&BaselineChange| !self.decision(change).is_decided();
        let (open, all) = (self.changes.iter().filter(open).count(), self.changes.len());
        if open == 0 || open == all {
            word.to_string()
        } else {
            format!("{word} ({open} of {all} metrics not decided)")
        }
    }

    /// The decision on one metric.
    fn decision(&self, change: &BaselineChange) -> Decision {
        if self.doubts.is_empty() {
            change.decision
        } else {
            Decision::Invalid
        }
    }

    /// One row of the table.
    fn cells(&self, change: &BaselineChange) -> [String; 6] {
        let (by, interval) = match change.change {
            Some((estimate, low, high)) if change.in_points => (
                difference(estimate, MetricUnit::Percent),
                differences(low, high, MetricUnit::Percent),
            ),
            Some((estimate, low, high)) => (factor(estimate), factors(low, high)),
            None => (ABSENT.to_owned(), ABSENT.to_owned()),
        };
        // A figure that no run has is not one beyond the timeout.
        let figure = |value: Option<f64>| match (value, change.unit) {
            (None, _) => ABSENT.to_owned(),
            (value, unit) => with_unit(value, unit),
        };
        let name = if change.unit == MetricUnit::Times {
            format!("{}, after / before", change.metric)
        } else {
            change.metric.to_string()
        };
        [
            name,
            figure(change.baseline),
            figure(change.now),
            by,
            interval,
            self.decision(change).to_string(),
        ]
    }

    /// Why the decisions are what they are, one line each.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.doubts.iter().map(|why| format!("no decision: {why}")));
        for change in self.changes.iter().filter(|change| !change.why.is_empty()) {
            notes.push(format!("{}: {}", change.metric, change.why));
        }
        let partly = self.changes.iter().filter(|one| !one.left_out.is_empty());
        for change in partly {
            notes.push(format!("{}: left out: {}", change.metric, change.left_out));
        }
        let now: Vec<&str> = self.now.iter().map(|run| run.folder.as_str()).collect();
        notes.push(format!(
            "baseline {}: {} and {} like it before it; now: {}",
            self.name,
            self.baseline.folder,
            plural(self.earlier as u64, "run"),
            now.join(", ")
        ));
        let margins: Vec<String> = self
            .changes
            .iter()
            .map(|change| {
                if change.in_points {
                    format!("{} {} pp", change.metric, change.margin)
                } else {
                    format!("{} {:.0} %", change.metric, change.margin * 100.0)
                }
            })
            .collect();
        notes.push(format!(
            "noise gate: trials that are not VALID are left out; a change is decided where its interval ({:.0} % for all metrics together, from the spread between runs, and of a share of requests no narrower than chance) excludes no change; NO_CHANGE where it lies within the margin: {}",
            LEVEL * 100.0,
            margins.join(", ")
        ));
        for one in self.differences {
            notes.push(format!("differs: {}", one.sentence()));
        }
        notes.push(APART.to_owned());
        notes
    }
}

/// For a terminal.
pub fn baseline_text(comparison: &BaselineComparison<'_>, width: usize, colour: bool) -> String {
    let style = TextStyle { colour };
    let word = comparison.word();
    let title = format!(
        "{} against baseline {}\n\n",
        comparison.title(),
        comparison.name
    );
    let mut text = style.tone(tone(word), &title);
    let mut lines = vec![TableLine::Cells(HEAD.map(faint).to_vec())];
    for change in comparison.changes {
        let tone = tone(comparison.decision(change));
        let mut cells = comparison.cells(change).map(plain).to_vec();
        if let Some(last) = cells.last_mut() {
            *last = styled(comparison.decision(change).to_string(), tone);
        }
        lines.push(TableLine::Cells(cells));
    }
    let mut sides = [Side::Right; 6];
    sides[0] = Side::Left;
    sides[5] = Side::Left;
    text.push_str(&layout(&lines, &sides, 0, width, style));
    text.push('\n');
    for note in comparison.notes() {
        text.push_str(&wrapped(&printable(&note), "", "  ", width));
    }
    text
}

/// For a pull request.
pub fn baseline_markdown(comparison: &BaselineComparison<'_>) -> String {
    let mut text = format!(
        "### loadgen: {} against baseline {}\n\n{}\n\n",
        comparison.title(),
        safe(comparison.name),
        safe(&comparison.baseline.summary.name)
    );
    let mut row = |cells: &[String]| {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "| {} |", cells.join(" | "));
    };
    row(&HEAD.map(str::to_owned));
    row(&["---", "---:", "---:", "---:", "---:", "---"].map(str::to_owned));
    for change in comparison.changes {
        let mut cells = comparison.cells(change).map(|cell| safe(&cell));
        cells[5] = format!("**{}**", comparison.decision(change));
        row(&cells);
    }
    text.push('\n');
    for note in comparison.notes() {
        let _infallible = writeln!(text, "- {}", safe(&note));
    }
    text
}

fn tone(decision: Decision) -> Tone {
    match decision {
        Decision::Improved => Tone::Good,
        Decision::Regressed | Decision::Invalid => Tone::Bad,
        Decision::NoChange | Decision::Inconclusive => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::MetricKind;

    fn run(folder: &str) -> PastRun {
        PastRun {
            folder: folder.to_owned(),
            summary: fixture::run(),
        }
    }

    fn change(decision: Decision) -> BaselineChange {
        BaselineChange {
            metric: "total p97.5".parse().unwrap(),
            unit: MetricUnit::Milliseconds,
            kind: MetricKind::Latency,
            baseline: Some(100.0),
            now: Some(150.0),
            change: Some((1.5, 1.2, 1.9)),
            in_points: false,
            margin: 0.1,
            decision,
            why: String::new(),
            left_out: String::new(),
        }
    }

    #[test]
    fn a_pull_request_reads_the_word_its_interval_and_the_noise_gate() {
        let (baseline, now) = (run("old"), [run("new|<b>")]);
        let changes = [change(Decision::Regressed)];
        let mut comparison = BaselineComparison {
            name: "main",
            baseline: &baseline,
            earlier: 4,
            now: &now,
            changes: &changes,
            differences: &[],
            doubts: &[],
        };
        let text = baseline_markdown(&comparison);
        assert!(text.starts_with("### loadgen: REGRESSED against"), "{text}");
        assert!(
            text.contains("| 1.50x | \\[1.20x, 1.90x\\] | **REGRESSED** |"),
            "{text}"
        );
        let in_points = [BaselineChange {
            change: Some((-2.0, -3.5, -0.5)),
            in_points: true,
            unit: MetricUnit::Percent,
            ..change(Decision::Regressed)
        }];
        let points = baseline_markdown(&BaselineComparison {
            changes: &in_points,
            ..comparison
        });
        assert!(
            points.contains("| −2.0 pp | \\[−3.5 pp, −0.50 pp\\] | **REGRESSED** |"),
            "{points}"
        );
        assert!(text.contains("noise gate") && text.contains("4 runs like it"));
        assert!(!text.contains("new|<b>"), "{text}");
        let table = baseline_text(&comparison, 80, false);
        assert!(
            table.lines().all(|line| line.chars().count() <= 80),
            "{table}"
        );
        let doubts = ["the runs also differ in load".to_owned()];
        comparison.doubts = &doubts;
        let text = baseline_markdown(&comparison);
        assert!(!text.contains("REGRESSED"), "{text}");
        assert!(text.contains("INVALID against") && text.contains("differ in load"));
        assert_eq!(comparison.exit_code(), 97);
    }

    #[test]
    fn the_exit_code_is_that_of_the_title() {
        use Decision::{Improved, Inconclusive, NoChange, Regressed};
        let (baseline, now) = (run("old"), [run("new")]);
        for (decisions, title, code) in [
            (&[NoChange, NoChange][..], "NO_CHANGE", 0),
            (&[Improved, NoChange], "IMPROVED", 0),
            (
                &[Inconclusive, NoChange],
                "INCONCLUSIVE (1 of 2 metrics not decided)",
                96,
            ),
            (
                &[Improved, Inconclusive],
                "INCONCLUSIVE (1 of 2 metrics not decided)",
                96,
            ),
            (&[Inconclusive, Inconclusive], "INCONCLUSIVE", 96),
            (&[], "INCONCLUSIVE", 96),
            (
                &[Improved, Inconclusive, Regressed],
                "REGRESSED (1 of 3 metrics not decided)",
                99,
            ),
        ] {
            let changes: Vec<BaselineChange> = decisions.iter().copied().map(change).collect();
            let comparison = BaselineComparison {
                name: "main",
                baseline: &baseline,
                earlier: 4,
                now: &now,
                changes: &changes,
                differences: &[],
                doubts: &[],
            };
            assert_eq!(comparison.title(), title);
            assert_eq!(comparison.exit_code(), code, "{title}");
        }
    }
}
