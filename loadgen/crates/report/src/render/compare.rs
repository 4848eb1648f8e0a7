//! Runs that were made at different times, side by side, for a terminal.

use crate::render::tone::Tone;
use std::fmt::Write as _;

use super::{
    chosen::Chosen,
    comparability::ComparisonCheck,
    comparison::whole_change,
    metrics,
    table::{Side, TableLine, TextStyle, layout, plain, wrapped},
};
use loadgen_experiment::{events::printable, schema::Summary};

/// What a reader must know of any such comparison.
pub(super) const NOT_INTERLEAVED: &str = "These runs were not interleaved: what the machine did between them is in the change as well, and there is no interval. `loadgen experiment` decides.";

/// The table, with what differs above it.
pub fn compare(runs: &[Chosen], check: &ComparisonCheck<'_>, width: usize, colour: bool) -> String {
    let style = TextStyle { colour };
    let mut text = String::new();
    for (number, run) in (1..).zip(runs) {
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            text,
            "{number}  {}  {} {}, {} trial(s), {}",
            printable(&run.name),
            printable(&run.summary().name),
            printable(&run.arm().name),
            run.arm().trials,
            run.summary().verdict.word,
        );
    }
    text.push('\n');
    for one in check.differences {
        let (word, tone) = if check.undeclared.contains(&one) {
            ("ALSO DIFFERS", Tone::Warn)
        } else {
            ("differs", Tone::Plain)
        };
        text.push_str(&style.tone(
            tone,
            &wrapped(&format!("{word}  {}", one.sentence()), "", "    ", width),
        ));
    }
    if check.differences.is_empty() {
        text.push_str("nothing differs but the figures\n");
    }
    for reason in &check.reasons {
        let line = format!("no change is stated: {}", printable(reason));
        text.push_str(&style.tone(Tone::Warn, &wrapped(&line, "", "  ", width)));
    }
    text.push_str(&wrapped(NOT_INTERLEAVED, "", "", width));
    text.push('\n');
    text.push_str(&table(runs, check.states_changes(), width, style));
    text
}

/// The runs as arms of one summary.
pub(super) fn together(runs: &[Chosen]) -> Summary {
    let mut together = runs[0].summary().clone();
    together.arms = runs.iter().map(|run| run.arm().clone()).collect();
    // Estimates of pairs within one of them say nothing of these.
    together.effects.clear();
    together
}

fn table(runs: &[Chosen], changes: bool, width: usize, style: TextStyle) -> String {
    let together = together(runs);
    let mut head = vec![plain("Metric")];
    head.extend((1..=runs.len()).map(|number| plain(number.to_string())));
    let changes = changes && runs.len() == 2;
    if changes {
        head.push(plain("2/1"));
    }
    let mut lines = vec![TableLine::Cells(head)];
    for (area, found) in metrics::areas(&together) {
        let shown: Vec<_> = found.iter().filter(|metric| !metric.detail).collect();
        if shown.is_empty() {
            continue;
        }
        lines.push(TableLine::Heading(area));
        for metric in shown {
            let mut cells = vec![plain(format!("  {}", metric.label))];
            let values = metric.values.iter();
            cells.extend(values.map(|value| plain(value.text(metric.unit))));
            if changes {
                cells.push(plain(whole_change(metric)));
            }
            lines.push(TableLine::Cells(cells));
        }
    }
    let mut sides = vec![Side::Left];
    sides.extend(std::iter::repeat_n(Side::Right, runs.len()));
    sides.push(Side::Left);
    layout(
        &lines,
        &sides[..1 + runs.len() + usize::from(changes)],
        0,
        width,
        style,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::{Percentile, VerdictWord};

    fn run(name: &str) -> Chosen {
        Chosen::of(name.to_owned(), fixture::experiment(false), Some("after")).unwrap()
    }

    #[test]
    fn the_table_has_a_column_for_each_run_and_stays_narrow() {
        let runs = [run("one"), run("other")];
        let check = ComparisonCheck::of(&runs, &[], &[]);
        let text = compare(&runs, &check, 80, false);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        assert!(
            text.contains("list P97.5") && text.contains("same"),
            "{text}"
        );
        let three = [run("one"), run("other"), run("third")];
        let text = compare(&three, &ComparisonCheck::of(&three, &[], &[]), 80, false);
        assert!(!text.contains("2/1"), "{text}");
    }

    #[test]
    fn an_arm_that_is_not_there_is_named_with_those_that_are() {
        let error = Chosen::of("x".into(), fixture::experiment(false), Some("late")).unwrap_err();
        assert_eq!(error, "x has no arm `late`; it has before, after");
    }

    #[test]
    fn a_pair_that_cannot_be_compared_has_no_change_and_no_colour() {
        let whole = [run("one"), run("other")];
        let coloured = compare(&whole, &ComparisonCheck::of(&whole, &[], &[]), 80, true);
        assert!(
            !coloured.contains("\u{1b}[3"),
            "no decision, no colour: {coloured}"
        );
        let mut summary = fixture::experiment(false);
        summary.verdict.word = VerdictWord::Invalid;
        summary.arms[1].total.response.p97_5 = Percentile::Known(99_000.0);
        let invalid = Chosen::of("bad".into(), summary, Some("after")).unwrap();
        let pair = [run("one"), invalid];
        let text = compare(&pair, &ComparisonCheck::of(&pair, &[], &[]), 80, false);
        assert!(
            text.contains("no change is stated: bad is INVALID"),
            "{text}"
        );
        assert!(!text.contains("2/1"), "{text}");
    }
}
