//! The report of a factorial experiment: interactions first, because a main effect means nothing
//! where the effect of one switch depends on another.

use crate::render::table::Cell;
use crate::render::table::bold;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    figures,
    table::{Side, TableLine, TextStyle, layout, plain, wrapped},
};
use loadgen_experiment::{
    events::printable,
    factorial::{Factor, FactorialAnalysis, FactorialEffect},
    schema::{MetricId, Verdict},
};

/// The whole of `factorial.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Factorial {
    /// Version of the stored types.
    pub schema_version: u32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// The load, in one line.
    pub load: String,
    /// What is compared: `mentors.list p97.5`.
    pub metric: MetricId,
    /// Its unit.
    pub unit: String,
    /// The factors; the first is A.
    pub factors: Vec<Factor>,
    /// How half of the cells was chosen, where only half was run: `D = ABC`.
    pub fraction: Option<String>,
    /// Replicates that were planned.
    pub replicates: u32,
    /// Those of them in which every cell has a figure.
    pub whole_replicates: usize,
    /// What was found; absent where no replicate is whole.
    pub reading: Option<FactorialAnalysis>,
    /// The outcome in one word, with its reasons.
    pub verdict: Verdict,
    /// What a reader must know.
    pub warnings: Vec<String>,
}

/// The report as plain text; no line is wider than `width` while that is 80 or more.
pub fn factorial(of: &Factorial, width: usize, colour: bool) -> String {
    let style = TextStyle { colour };
    let mut text = style.tone(of.verdict.word.into(), of.verdict.word.label());
    text.push_str(&wrapped(
        &format!(
            "factorial of {} switches: {}",
            of.factors.len(),
            printable(&of.metric.to_string())
        ),
        "  ",
        "  ",
        width,
    ));
    for reason in &of.verdict.reasons {
        text.push_str(&wrapped(&printable(reason), "  - ", "    ", width));
    }
    text.push_str(&wrapped(&printable(&of.load), "  ", "  ", width));
    text.push('\n');
    for (factor, letter) in of.factors.iter().zip('A'..) {
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            text,
            "{letter}  {}: {} -> {}",
            printable(&factor.switch),
            printable(&factor.low),
            printable(&factor.high)
        );
    }
    if let Some(fraction) = &of.fraction {
        text.push_str(&wrapped(
            &format!("Half of the cells ({fraction}): each term stands for its alias as well."),
            "",
            "  ",
            width,
        ));
    }
    text.push('\n');
    match &of.reading {
        Some(reading) => text.push_str(&read(of, reading, width, style)),
        None => text.push_str("No replicate is whole: there is nothing to read.\n"),
    }
    if !of.warnings.is_empty() {
        text.push_str("\nWarnings\n");
        for warning in &of.warnings {
            text.push_str(&wrapped(&printable(warning), "  - ", "    ", width));
        }
    }
    text
}

fn read(of: &Factorial, reading: &FactorialAnalysis, width: usize, style: TextStyle) -> String {
    let mut text = String::new();
    let unit = match of.unit.as_str() {
        "" => String::new(),
        unit => format!(", {unit}"),
    };
    let mut lines = vec![TableLine::Heading(format!(
        "Cells{unit} (named by their high factors; {} replicate(s))",
        of.whole_replicates
    ))];
    for cell in &reading.cells {
        let mut cells = vec![plain(format!("  {}", cell.name))];
        let values: Vec<String> = cell.values.iter().copied().map(figures::ms_bare).collect();
        cells.push(plain(values.join("  ")));
        lines.push(TableLine::Cells(cells));
    }
    text.push_str(&layout(&lines, &[Side::Left, Side::Left], 0, width, style));
    text.push('\n');
    let (stand, fall): (Vec<&FactorialEffect>, Vec<&FactorialEffect>) =
        reading.main.iter().partition(|one| {
            let listed =
                |simple: &loadgen_experiment::factorial::SimpleEffect| simple.factor == one.term;
            !reading.simple.iter().any(listed)
        });
    let sides = [
        Side::Left,
        Side::Right,
        Side::Left,
        Side::Right,
        Side::Right,
        Side::Right,
    ];
    let mut lines = vec![TableLine::Cells(
        ["", "ratio", "95 % interval", "p", "Holm", "variation"]
            .map(plain)
            .to_vec(),
    )];
    lines.push(TableLine::Heading(
        "Interactions: how many times larger the one effect is where the other is high".to_owned(),
    ));
    lines.extend(reading.interactions.iter().map(row));
    if !stand.is_empty() {
        lines.push(TableLine::Heading("Main effects: high / low".to_owned()));
        lines.extend(stand.iter().map(|one| row(one)));
    }
    text.push_str(&layout(&lines, &sides, 0, width, style));
    if !fall.is_empty() {
        text.push('\n');
        let names: Vec<&str> = fall.iter().map(|one| one.term.as_str()).collect();
        text.push_str(&wrapped(
            &format!(
                "{} depend on others, so that no one figure is their effect. Simple effects, high / low:",
                names.join(", ")
            ),
            "",
            "",
            width,
        ));
        let mut lines = vec![TableLine::Cells(
            ["", "ratio", "95 % interval", "Holm"].map(plain).to_vec(),
        )];
        lines.extend(reading.simple.iter().map(|one| {
            TableLine::Cells(vec![
                plain(format!("  {} where {}", one.factor, printable(&one.given))),
                plain(format!("{:.3}", one.ratio)),
                plain(bounds(Some(one.interval))),
                plain(probability(one.p_holm)),
            ])
        }));
        let sides = [Side::Left, Side::Right, Side::Left, Side::Right];
        text.push_str(&layout(&lines, &sides, 0, width, style));
    }
    for limit in limits(reading) {
        text.push('\n');
        text.push_str(&wrapped(&limit, "", "", width));
    }
    text.push('\n');
    text.push_str(&wrapped(&notes(reading), "", "  ", width));
    text
}

/// What half of the cells cannot say of simple effects.
fn limits(reading: &FactorialAnalysis) -> Vec<String> {
    let mut limits = Vec::new();
    if !reading.undetermined.is_empty() {
        limits.push(format!(
            "{}: half of the cells cannot tell which of the two it is. A main effect of a factor in either is a mean that need hold in no cell, and no simple effect is given; all cells (without --fraction) can tell.",
            reading.undetermined.join("; ")
        ));
    }
    if !reading.taken_as_absent.is_empty() {
        limits.push(format!(
            "The simple effects take these interactions as absent, because half of the cells cannot tell them from terms of fewer switches: {}.",
            reading.taken_as_absent.join(", ")
        ));
    }
    limits
}

/// A line of the table of effects.
fn row(one: &FactorialEffect) -> TableLine {
    let mut name = format!("  {}", one.term);
    for alias in &one.aliases {
        name.push_str(" = ");
        name.push_str(alias);
    }
    let cell: fn(String) -> Cell = if one.excludes_1() { bold } else { plain };
    TableLine::Cells(vec![
        cell(name),
        cell(ratio(one)),
        plain(bounds(one.interval)),
        plain(probability(one.p)),
        plain(probability(one.p_holm)),
        plain(
            one.variation
                .map_or_else(|| figures::ABSENT.to_owned(), figures::percent),
        ),
    ])
}

/// The ratio, or what is known of it.
fn ratio(one: &FactorialEffect) -> String {
    match (one.ratio, one.bound) {
        (Some(ratio), _) => figures::factor(ratio),
        (None, Some(bound)) => bound.to_string(),
        (None, None) => figures::ABSENT.to_owned(),
    }
}

fn probability(p: Option<f64>) -> String {
    match p {
        Some(p) if p < 0.001 => "<0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
        None => figures::ABSENT.to_owned(),
    }
}

fn bounds(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(
        || figures::ABSENT.to_owned(),
        |(low, high)| figures::factors(low, high),
    )
}

/// What stands below the tables.
fn notes(reading: &FactorialAnalysis) -> String {
    let between = figures::percent(reading.between_replicates);
    if reading.beyond > 0 {
        format!(
            "{} figure(s) lie beyond the timeout and are known to be at least that: an effect has a bound or no figure, and no interval. Take a rate that every combination sustains.",
            reading.beyond
        )
    } else if reading.standard_error.is_some() {
        let families = if reading.simple.is_empty() {
            "all of them together"
        } else {
            "all terms together, and that of the simple effects all of these"
        };
        format!(
            "Of the variation, {between} lies between replicates and {} is unexplained ({} degrees of freedom). An interval that excludes 1 is one test; Holm's p holds {families}.",
            figures::percent(reading.unexplained),
            reading.df
        )
    } else if reading.df > 0 {
        "The replicates are alike to the last digit and show no error to compare an effect with: no interval, no p."
            .to_owned()
    } else {
        "One replicate has no error to compare an effect with: no interval, no p. Two or more have."
            .to_owned()
    }
}

/// The same as Markdown, as it stands in `factorial.md`.
pub fn factorial_markdown(of: &Factorial) -> String {
    format!(
        "# Factorial experiment: {}\n\n```text\n{}```\n\nThe figures are in `factorial.json`, each trial is in `trials/`.\n",
        printable(&of.metric.to_string()),
        factorial(of, 100, false)
    )
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;
    use loadgen_experiment::factorial::{CellFigures, SimpleEffect};
    use loadgen_experiment::schema::{RatioBound, VerdictWord};

    fn effect(term: &str, ratio: f64) -> FactorialEffect {
        FactorialEffect {
            term: term.to_owned(),
            aliases: vec!["BCD".to_owned()],
            ratio: Some(ratio),
            bound: None,
            interval: Some((ratio * 0.9, ratio * 1.1)),
            p: Some(0.000_2),
            p_holm: Some(0.04),
            variation: Some(0.3),
        }
    }

    fn found() -> Factorial {
        let cell = |name: &str| CellFigures {
            name: name.to_owned(),
            values: vec![Some(1_000.0), Some(9.87), Some(0.123)],
        };
        let factor = |switch: &str| Factor {
            switch: switch.to_owned(),
            low: "off".to_owned(),
            high: "redis".to_owned(),
        };
        Factorial {
            schema_version: 1,
            started_at: Utc.with_ymd_and_hms(2026, 11, 21, 9, 0, 0).unwrap(),
            took_s: 10.0,
            load: "open: 20/s iterations, arriving at random; 2s warm-up, 8s measured; mentors.browse 100 %; 12 trials".to_owned(),
            metric: "mentors.list p97.5".parse().unwrap(),
            unit: "ms".to_owned(),
            factors: vec![factor("pool.max"), factor("cache.mentors"), factor("db.index")],
            fraction: None,
            replicates: 3,
            whole_replicates: 3,
            reading: Some(FactorialAnalysis {
                mean: Some(30.0),
                beyond: 0,
                interactions: vec![effect("AB", 1.5)],
                main: vec![effect("A", 0.5), effect("B", 0.5), effect("C", 0.5)],
                simple: vec![SimpleEffect {
                    factor: "A".to_owned(),
                    given: "cache.mentors=off".to_owned(),
                    ratio: 0.8,
                    interval: (0.7, 0.9),
                    p: Some(0.02),
                    p_holm: Some(0.083),
                }],
                taken_as_absent: Vec::new(),
                undetermined: Vec::new(),
                standard_error: Some(0.01),
                df: 6,
                between_replicates: 0.01,
                unexplained: 0.02,
                cells: vec![cell("low"), cell("a"), cell("b"), cell("ab")],
            }),
            verdict: Verdict::new(
                VerdictWord::Measured,
                vec!["no trial is invalid and no invariant is broken".to_owned()],
            ),
            warnings: vec!["a word of warning".to_owned()],
        }
    }

    #[test]
    fn interactions_come_first_and_a_factor_in_one_has_only_simple_effects() {
        let text = factorial(&found(), 80, false);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let (first, then) = (
            text.find("Interactions").unwrap(),
            text.find("Main").unwrap(),
        );
        assert!(first < then, "{text}");
        let simple = text.lines().find(|line| line.contains("A where cache"));
        assert!(simple.is_some_and(|line| line.ends_with("0.083")), "{text}");
        let wide = factorial(&found(), 1_000, false);
        assert!(wide.contains("the simple effects all of these"), "{wide}");
        let main = &text[then..];
        let lines: Vec<&str> = main.lines().skip(1).take(2).collect();
        assert!(
            lines[0].starts_with("  B") && lines[1].starts_with("  C"),
            "{text}"
        );
    }

    #[test]
    fn what_half_of_the_cells_cannot_tell_is_said() {
        let mut half = found();
        assert!(!factorial(&half, 80, false).contains("half of the cells"));
        half.fraction = Some("E = ABCD".to_owned());
        let reading = half.reading.as_mut().unwrap();
        reading.taken_as_absent = vec!["ABC".to_owned(), "ABD".to_owned()];
        let text = factorial(&half, 200, false);
        assert!(
            text.contains("take these interactions as absent") && text.contains("ABC, ABD."),
            "{text}"
        );
        let reading = half.reading.as_mut().unwrap();
        reading.taken_as_absent.clear();
        reading.simple.clear();
        reading.undetermined = vec!["AB = CD".to_owned()];
        let text = factorial(&half, 200, false);
        assert!(text.contains("AB = CD: half of the cells"), "{text}");
    }

    #[test]
    fn replicates_that_are_alike_are_not_called_one_replicate() {
        let mut alike = found();
        let reading = alike.reading.as_mut().unwrap();
        reading.standard_error = None;
        let text = factorial(&alike, 200, false);
        assert!(text.contains("alike to the last digit"), "{text}");
        assert!(!text.contains("One replicate"), "{text}");
    }

    #[test]
    fn nothing_to_read_is_said() {
        let mut none = found();
        none.reading = None;
        assert!(factorial(&none, 80, false).contains("No replicate is whole"));
        assert!(factorial_markdown(&none).starts_with("# Factorial experiment: mentors.list"));
    }

    #[test]
    fn an_effect_of_figures_beyond_the_timeout_is_a_bound() {
        let mut cut = found();
        let reading = cut.reading.as_mut().unwrap();
        reading.beyond = 2;
        reading.standard_error = None;
        reading.simple.clear();
        reading.cells[0].values[0] = None;
        reading.main[0].ratio = None;
        reading.main[0].bound = Some(RatioBound::AtMost(0.25));
        reading.main[0].interval = None;
        let text = factorial(&cut, 80, false);
        assert!(
            text.contains("<= 0.25x") && text.contains("2 figure(s) lie beyond"),
            "{text}"
        );
    }
}
