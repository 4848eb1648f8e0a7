//! A plan as text and as Markdown: the answer first, each figure with its formula and the assumptions that
//! it rests on.

use std::fmt::Write as _;

use crate::render::figures::{ABSENT, count, number};
use crate::render::table::{Paint, Side, TableLine, faint, layout, plain, wrapped};
use crate::render::template::safe_markdown as safe;
use loadgen_experiment::events::printable;
use loadgen_experiment::sizing::{FigureOrigin, PlanFigure, SizingPlan};

/// What a plan answers, in this order.
const ANSWERS: [&str; 11] = [
    "planned_rate",
    "instances",
    "pool_size",
    "max_connections",
    "pooler_connections",
    "max_connections_pooler",
    "statement_rate",
    "redis_memory",
    "months_of_one",
    "months_of_plan",
    "cost_month",
];

/// The plan for a terminal of this width.
pub fn sizing_text(plan: &SizingPlan, width: usize, colour: bool) -> String {
    let paint = Paint { colour };
    let mut text = format!("{}\n", paint.bold("Plan"));
    let wrap = |line: &str, first: &str, rest: &str| wrapped(&printable(line), first, rest, width);
    for one in answers(plan) {
        text.push_str(&wrap(&answer(one), "  ", "      "));
        for line in grounds(plan, one) {
            text.push_str(&wrap(&line, "      ", "      "));
        }
    }
    let _infallible = writeln!(text, "\n{}", paint.bold("Measured and assumed"));
    for one in &plan.figures {
        if let Some(line) = source(one) {
            text.push_str(&wrap(&line, "  ", "      "));
        }
    }
    let mut lines = vec![
        TableLine::Heading("Current and projected capacity".to_owned()),
        TableLine::Cells(["", "Current", "Projected"].map(faint).into()),
    ];
    for row in &plan.projections {
        lines.push(TableLine::Cells(vec![
            plain(printable(&row.what)),
            plain(of(plan, &row.current)),
            plain(of(plan, &row.projected)),
        ]));
    }
    let sides = [Side::Left, Side::Right, Side::Right];
    let _infallible = writeln!(
        text,
        "\n{}",
        layout(&lines, &sides, 2, width, paint).trim_end()
    );
    for (rows, line) in rests(plan) {
        text.push_str(&wrap(&format!("{rows} rests on: {line}"), "  ", "      "));
    }
    let _infallible = writeln!(
        text,
        "\n{}",
        paint.bold(&format!(
            "Readiness, from {}",
            printable(&plan.readiness.folder)
        ))
    );
    for row in &plan.readiness.rows {
        let line = format!("{}: {}: {}", row.part, row.word.label(), row.evidence);
        text.push_str(&wrap(&line, "  ", "      "));
    }
    text.push_str(&wrap(&grade(plan), "  ", "      "));
    for (heading, all) in remarks(plan) {
        let _infallible = writeln!(text, "\n{}", paint.bold(heading));
        for line in all {
            text.push_str(&wrap(line, "  - ", "    "));
        }
    }
    text
}

/// The plan as Markdown.
pub fn sizing_markdown(plan: &SizingPlan) -> String {
    let mut page =
        String::from("# Plan\n\n| | Figure | How | Assumes |\n| :--- | ---: | :--- | :--- |\n");
    for one in answers(plan) {
        let formula = match &one.origin {
            FigureOrigin::Derived { formula, .. } => safe(formula),
            _ => String::new(),
        };
        let _infallible = writeln!(
            page,
            "| {} | {} | {formula} | {} |",
            safe(&one.name),
            safe(&shown(one)),
            safe(&assumes(plan, one)),
        );
    }
    page.push_str("\n## Measured and assumed\n\n");
    for line in plan.figures.iter().filter_map(source) {
        let _infallible = writeln!(page, "- {}", safe(&line));
    }
    page.push_str("\n## Current and projected capacity\n\n| | Current | Projected | Rests on |\n| :--- | ---: | ---: | :--- |\n");
    for row in &plan.projections {
        let _infallible = writeln!(
            page,
            "| {} | {} | {} | {} |",
            safe(&row.what),
            safe(&of(plan, &row.current)),
            safe(&of(plan, &row.projected)),
            safe(&row.rests_on),
        );
    }
    let _infallible = writeln!(
        page,
        "\n## Readiness, from {}\n\n| Part | Status | Evidence |\n| :--- | :--- | :--- |",
        safe(&plan.readiness.folder)
    );
    for row in &plan.readiness.rows {
        let _infallible = writeln!(
            page,
            "| {} | {} | {} |",
            safe(&row.part),
            row.word.label(),
            safe(&row.evidence)
        );
    }
    let _infallible = writeln!(page, "\n{}", safe(&grade(plan)));
    for (heading, all) in remarks(plan) {
        let _infallible = writeln!(page, "\n## {heading}\n");
        for line in all {
            let _infallible = writeln!(page, "- {}", safe(line));
        }
    }
    page
}

/// The figures that answer, in order; cores of each tier and the cost of users among them.
fn answers(plan: &SizingPlan) -> Vec<&PlanFigure> {
    let is_cores = |one: &&PlanFigure| one.id.starts_with("cores_");
    let mut all: Vec<&PlanFigure> = ANSWERS[..2]
        .iter()
        .filter_map(|id| plan.figure(id))
        .collect();
    all.extend(plan.figures.iter().filter(is_cores));
    all.extend(ANSWERS[2..].iter().filter_map(|id| plan.figure(id)));
    all.extend(plan.figure("cost_1000_users"));
    all
}

fn answer(one: &PlanFigure) -> String {
    format!("{}: {}", one.name, shown(one))
}

/// The formula, and the assumptions beside it.
fn grounds(plan: &SizingPlan, one: &PlanFigure) -> Vec<String> {
    let mut lines = Vec::new();
    if let FigureOrigin::Derived { formula, .. } = &one.origin {
        lines.push(format!("= {formula}"));
    }
    let assumes = assumes(plan, one);
    if !assumes.is_empty() {
        lines.push(format!("assumes {assumes}"));
    }
    lines
}

fn assumes(plan: &SizingPlan, one: &PlanFigure) -> String {
    let all = plan.assumptions_of(&one.id).into_iter();
    let words: Vec<String> = all
        .map(|one| {
            let default = match one.origin {
                FigureOrigin::Assumed { stated: false, .. } => " (default)",
                _ => "",
            };
            format!("{} {}{default}", one.id, digits(one.value))
        })
        .collect();
    words.join(", ")
}

/// A measured or assumed figure with its source.
fn source(one: &PlanFigure) -> Option<String> {
    let from = match &one.origin {
        FigureOrigin::Measured { folder, what } => format!("measured in {folder}: {what}"),
        FigureOrigin::Assumed { key, stated: true } => format!("assumed, {key}"),
        FigureOrigin::Assumed { key, stated: false } => {
            format!("assumed by default, {key} is not in the file")
        }
        FigureOrigin::Derived { .. } => return None,
    };
    Some(format!("{}: {} ({from})", one.name, shown(one)))
}

/// The figure with its interval and unit: `7 [6, 8]`, `200/s`.
fn shown(one: &PlanFigure) -> String {
    let unit = match one.unit.as_str() {
        "" | "/s" => one.unit.clone(),
        unit => format!(" {unit}"),
    };
    let value = digits(one.value);
    let end = |end: Option<f64>| end.map_or_else(|| "not known".to_owned(), digits);
    match (one.low, one.high) {
        (None, None) => format!("{value}{unit}"),
        (Some(low), Some(high)) if digits(low) == value && digits(high) == value => {
            format!("{value}{unit}")
        }
        (low, high) => format!("{value}{unit} [{}, {}]", end(low), end(high)),
    }
}

/// A number; a whole one without decimals.
fn digits(value: f64) -> String {
    if value >= 0.0 && value.fract().abs() < 1e-9 && value < 1e15 {
        count(value as u64)
    } else {
        number(value)
    }
}

fn of(plan: &SizingPlan, id: &str) -> String {
    plan.figure(id).map_or_else(|| ABSENT.to_owned(), shown)
}

/// Each different ground of the projections, with the rows that it is of.
fn rests(plan: &SizingPlan) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for row in &plan.projections {
        match found.iter_mut().find(|(_, ground)| *ground == row.rests_on) {
            Some((rows, _)) => {
                let _infallible = write!(rows, ", {}", printable(&row.what));
            }
            None => found.push((printable(&row.what), row.rests_on.clone())),
        }
    }
    found
}

fn grade(plan: &SizingPlan) -> String {
    let readiness = &plan.readiness;
    match readiness.grade {
        Some(grade) => format!("Grade {grade:?}: {}", readiness.why),
        None => format!("No grade: {}", readiness.why),
    }
}

fn remarks(plan: &SizingPlan) -> Vec<(&'static str, &Vec<String>)> {
    let all = [
        ("Not known", &plan.unknown),
        ("Before you believe a figure", &plan.doubts),
    ];
    all.into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::sizing::{MeasuredRun, parse_assumptions, plan};

    fn planned() -> SizingPlan {
        let run = MeasuredRun {
            folder: "capacity_core".into(),
            summary: fixture::capacity(),
        };
        let text = "users: 3000\nrequests_per_user_hour: 120\n";
        plan(&[run], &parse_assumptions(text, "a.yaml").unwrap()).unwrap()
    }

    #[test]
    fn every_answer_is_printed_with_its_interval_its_formula_and_its_assumptions() {
        let plan = planned();
        let text = sizing_text(&plan, 200, false);
        let page = sizing_markdown(&plan);
        for all in [&text, &page.replace('\\', "")] {
            for part in [
                "loaded_instances + spare_instances",
                "users 3,000",
                "headroom 0.65 (default)",
                "capacity_core",
                "Current and projected capacity",
                "prices",
                "rade",
            ] {
                assert!(all.contains(part), "{part}: {all}");
            }
        }
        // 3000 x 120 / 3600 x 2 = 200/s, of 195.4 x 0.65 an instance: 2, and one spare.
        assert!(text.contains("  instances: 3\n"), "{text}");
        assert!(
            sizing_text(&plan, 80, false)
                .lines()
                .all(|line| line.chars().count() <= 80)
        );
    }
}
