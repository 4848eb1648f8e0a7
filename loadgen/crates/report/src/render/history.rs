//! The history of a metric: one line a run, with a line between where its level changed.

use std::fmt::Write as _;

use super::{
    csv, figures,
    table::{Side, TableLine, TextStyle, layout, plain, styled, wrapped},
};
use crate::{
    history::{PastRun, RunHistory, Series, SeriesPoint},
    render::tone::Tone,
};
use loadgen_experiment::{
    events::printable,
    schema::{MetricUnit, RunKind},
};
use loadgen_stats::FEWEST_FOR_CHANGES;

/// Most entries of the environment that one line names.
const MOST_ENTRIES: usize = 3;

/// The table. No line is wider than `width` while that is 80 or more.
pub fn history(kept: &RunHistory, all: &[Series], width: usize, colour: bool) -> String {
    let style = TextStyle { colour };
    let what = match kept.kind {
        RunKind::Run => "run",
        RunKind::Experiment => "experiment",
        RunKind::Capacity => "capacity search",
    };
    let mut text = wrapped(
        &format!(
            "{} of {}, oldest first{}",
            figures::plural(kept.runs.len() as u64, what),
            printable(&kept.name),
            if kept.kind == RunKind::Experiment {
                "; figures are after / before, with their intervals"
            } else {
                ""
            }
        ),
        "",
        "  ",
        width,
    );
    for (why, runs) in &kept.left_out {
        let way = if why.starts_with("other ") {
            "; --anyway shows them"
        } else {
            ""
        };
        let line = format!("left out: {runs} ({}){way}", printable(why));
        text.push_str(&style.tone(Tone::Warn, &wrapped(&line, "", "  ", width)));
    }
    let marks: usize = kept
        .differs
        .iter()
        .map(|one| usize::from(!one.is_empty()))
        .sum();
    if marks > 0 {
        let line = format!(
            "{marks} of them differ from the newest one in more than the application; their lines say in what"
        );
        text.push_str(&style.tone(Tone::Bad, &wrapped(&line, "", "  ", width)));
    }
    text.push('\n');
    text.push_str(&table(kept, all, width, style));
    text.push('\n');
    for one in all {
        text.push_str(&wrapped(&sentence(one), "", "  ", width));
    }
    text.push_str(&wrapped(
        "Runs of different days are not interleaved: a change may be the machine's. `loadgen experiment` decides what made it.",
        "",
        "  ",
        width,
    ));
    text
}

fn table(kept: &RunHistory, all: &[Series], width: usize, style: TextStyle) -> String {
    let mut head = vec![plain("When (UTC)"), plain("Run")];
    let mut sides = vec![Side::Left, Side::Left];
    for one in all {
        head.push(plain(match one.unit {
            MetricUnit::Number | MetricUnit::Times => name(one),
            unit => format!("{}, {unit}", name(one)),
        }));
        sides.push(Side::Right);
    }
    head.push(plain("Verdict"));
    sides.push(Side::Left);
    let mut lines = vec![TableLine::Cells(head)];
    for (index, past) in kept.runs.iter().enumerate() {
        if let Some(before) = index.checked_sub(1) {
            lines.extend(surroundings(&kept.runs[before], past).map(TableLine::Heading));
        }
        for one in all {
            lines.extend(change(one, index).map(TableLine::Heading));
        }
        if let Some(differs) = kept.differs.get(index).filter(|some| !some.is_empty()) {
            let differs = printable(&differs.join(", "));
            lines.push(TableLine::Heading(format!("   other {differs}:")));
        }
        let mut cells = vec![
            plain(past.summary.started_at.format("%m-%d %H:%M").to_string()),
            plain(short(past)),
        ];
        cells.extend(
            all.iter()
                .map(|one| plain(cell(&one.points[index], one.unit))),
        );
        let word = past.summary.verdict.word;
        cells.push(styled(word.label(), word.into()));
        lines.push(TableLine::Cells(cells));
        let headline = printable(&past.summary.verdict.headline);
        if !headline.is_empty() {
            lines.push(TableLine::Note(format!("   {headline}")));
        }
        let confidence = past.summary.verdict.confidence;
        lines.push(TableLine::Note(format!("   {confidence}")));
    }
    layout(&lines, &sides, 0, width, style)
}

/// The name of its metric.
fn name(one: &Series) -> String {
    printable(&one.metric.to_string())
}

/// The last part of a folder's name: enough to find it.
fn short(past: &PastRun) -> String {
    let id = past.folder.rsplit('_').next().unwrap_or(&past.folder);
    printable(id).chars().take(7).collect()
}

/// A figure, with its interval where it has one.
fn cell(point: &SeriesPoint, unit: MetricUnit) -> String {
    let digits = |value: f64| match unit {
        MetricUnit::Times => figures::factor(value),
        // The head of the column has the unit.
        MetricUnit::Percent => figures::percent(value / 100.0).replace('%', ""),
        _ => figures::number(value),
    };
    match (point.value, point.interval) {
        (Some(value), Some((low, high))) => {
            format!("{} [{}, {}]", digits(value), digits(low), digits(high))
        }
        (Some(value), None) => digits(value),
        (None, _) if point.beyond => figures::ms_bare(None),
        (None, _) => figures::ABSENT.to_owned(),
    }
}

/// What changed around the application between two runs.
fn surroundings(before: &PastRun, after: &PastRun) -> Option<String> {
    let old = &before.summary.environment;
    let mut changed: Vec<String> = Vec::new();
    for (name, value) in &after.summary.environment {
        let known = old.iter().find(|(there, _)| there == name);
        if let Some((_, was)) = known.filter(|(_, was)| was != value) {
            changed.push(format!(
                "{} {} -> {}",
                printable(name),
                printable(was),
                printable(value)
            ));
        }
    }
    let more = changed.len().saturating_sub(MOST_ENTRIES);
    changed.truncate(MOST_ENTRIES);
    if more > 0 {
        changed.push(format!("and {more} more"));
    }
    (!changed.is_empty()).then(|| format!("   now {}", changed.join(", ")))
}

/// The line above the run that began a new level.
fn change(one: &Series, index: usize) -> Option<String> {
    let at = one.levels.iter().position(|level| level.from == index)?;
    let level = one.levels[at];
    let (p, before) = (level.p?, one.levels[at.checked_sub(1)?]);
    let unit = match one.unit {
        MetricUnit::Times => MetricUnit::Number,
        unit => unit,
    };
    let mut line = format!(
        "== {} changed: {} -> {}",
        name(one),
        figures::with_unit(before.median, unit),
        figures::with_unit(level.median, unit),
    );
    if let (Some(before), Some(level)) = (before.median, level.median)
        && before > 0.0
        && level > 0.0
        && unit != MetricUnit::Percent
    {
        // Writing to a String cannot fail.
        let _infallible = write!(line, " ({} of it)", figures::factor(level / before));
    }
    let _infallible = write!(line, ", p = {p:.3}");
    Some(line)
}

/// What was found in a series, in a sentence.
fn sentence(one: &Series) -> String {
    let name = name(one);
    let known = one
        .points
        .iter()
        .filter(|point| point.value.is_some() || point.beyond)
        .count();
    let absent = one.points.len() - known;
    let mut text = if one.too_few {
        format!(
            "{name}: {known} run(s) with a figure; a change can be distinguished from chance from {FEWEST_FOR_CHANGES} on."
        )
    } else {
        match one.levels.len() {
            0 | 1 => format!("{name}: no change of level over {known} runs."),
            levels => format!(
                "{name}: {} change(s) of level over {known} runs.",
                levels - 1
            ),
        }
    };
    if absent > 0 {
        let _infallible = write!(
            text,
            " {absent} run(s) without a figure, or with a bound only, took no part."
        );
    }
    if one.newest_only {
        text.push_str(" Only the newest runs were searched.");
    }
    text
}

/// One line a run and metric, for a spreadsheet.
pub fn history_csv(kept: &RunHistory, all: &[Series]) -> String {
    let mut text = String::from(
        "started_at,run,name,metric,unit,value,low,high,level,change_p,verdict,headline,differs,confidence\n",
    );
    for one in all {
        for (index, (past, point)) in kept.runs.iter().zip(&one.points).enumerate() {
            let level = one.levels.iter().rfind(|level| level.from <= index);
            let figure = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
            let began = level.filter(|level| level.from == index);
            let differs = kept.differs.get(index).map(|some| some.join(" + "));
            let cells = [
                past.summary.started_at.to_rfc3339(),
                csv::cell(&past.folder),
                csv::cell(&kept.name),
                csv::cell(&one.metric.to_string()),
                one.unit.to_string(),
                figure(point.value),
                figure(point.interval.map(|some| some.0)),
                figure(point.interval.map(|some| some.1)),
                figure(level.and_then(|level| level.median)),
                figure(began.and_then(|level| level.p)),
                past.summary.verdict.word.to_string(),
                csv::cell(&past.summary.verdict.headline),
                csv::cell(&differs.unwrap_or_default()),
                csv::cell(&past.summary.verdict.confidence.to_string()),
            ];
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use loadgen_experiment::schema::Percentile;

    use super::*;
    use crate::{
        history::{comparable_runs, default_metrics, series},
        render::fixture,
    };

    fn line(runs: usize, anyway: bool) -> (RunHistory, Vec<Series>) {
        let all = (0..runs)
            .map(|number| {
                let mut summary = fixture::run();
                summary.verdict.word = loadgen_experiment::schema::VerdictWord::Passed;
                summary.interrupted = false;
                summary.verdict.headline = "p97.5 is fine".to_owned();
                summary.started_at += TimeDelta::days(number as i64);
                let tail = if number < 6 { 100.0 } else { 250.0 };
                summary.trials[0].total.response.p97_5 = Percentile::Known(tail + number as f64);
                if number == 1 {
                    summary.load.push_str("; and something else");
                }
                PastRun {
                    folder: format!("2026_run_core_{number:07}"),
                    summary,
                }
            })
            .collect();
        let kept = comparable_runs(all, None, anyway).unwrap();
        let all = default_metrics(&kept)
            .iter()
            .map(|metric| series(&kept, metric))
            .collect();
        (kept, all)
    }

    #[test]
    fn the_table_marks_the_change_and_what_was_left_out_and_stays_narrow() {
        let (kept, all) = line(13, false);
        let text = history(&kept, &all, 80, false);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        assert!(text.contains("left out: 1 (other load)"), "{text}");
        assert!(
            text.contains("== total p97.5 changed: 103 ms -> 259 ms (2.51x of it)"),
            "{text}"
        );
        assert!(text.contains("total success: no change of level"), "{text}");
        let answers = text.matches("\n   p97.5 is fine").count();
        assert_eq!(answers, 12, "each run has its answer: {text}");
        let confidence = kept.runs[0].summary.verdict.confidence.to_string();
        let below = format!("\n   p97.5 is fine\n   {confidence}\n");
        assert_eq!(text.matches(&below).count(), 12, "{text}");
    }

    #[test]
    fn runs_that_were_asked_something_else_are_marked_where_they_are_wanted() {
        let (kept, all) = line(4, true);
        let text = history(&kept, &all, 80, false);
        assert!(text.contains("   other load:"), "{text}");
        assert!(text.contains("from 8 on"), "{text}");
    }

    #[test]
    fn every_line_of_the_csv_has_as_many_fields_as_its_head() {
        let (kept, all) = line(13, false);
        let text = history_csv(&kept, &all);
        // A comma in quotes ends no field.
        let bare = |line: &str| line.split('"').step_by(2).collect::<String>();
        let fields: Vec<usize> = text
            .lines()
            .map(|line| bare(line).split(',').count())
            .collect();
        assert_eq!(fields.len(), 1 + 2 * 12);
        assert!(fields.iter().all(|count| *count == fields[0]), "{text}");
        let confidence = kept.runs[0].summary.verdict.confidence.to_string();
        assert_eq!(text.matches(&confidence).count(), 2 * 12, "{text}");
    }
}
