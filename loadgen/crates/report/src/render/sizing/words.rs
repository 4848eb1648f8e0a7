//! What each form of a plan says, figure by figure.

use std::fmt::Write as _;

use crate::render::figures::{ABSENT, count, number};
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

/// The figures that answer, in order; cores of each tier and the cost of users among them.
pub(super) fn answers(plan: &SizingPlan) -> Vec<&PlanFigure> {
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

pub(super) fn answer(one: &PlanFigure) -> String {
    format!("{}: {}", one.name, shown(one))
}

/// How it follows from others; empty where it does not.
pub(super) fn formula(one: &PlanFigure) -> String {
    match &one.origin {
        FigureOrigin::Derived { formula, .. } => formula.clone(),
        FigureOrigin::Simulated { of, .. } => format!("simulation of {of}"),
        FigureOrigin::Measured { .. } | FigureOrigin::Assumed { .. } => String::new(),
    }
}

/// The formula, and the assumptions beside it.
pub(super) fn grounds(plan: &SizingPlan, one: &PlanFigure) -> Vec<String> {
    let mut lines = Vec::new();
    let formula = formula(one);
    if !formula.is_empty() {
        lines.push(format!("= {formula}"));
    }
    let assumes = assumes(plan, one);
    if !assumes.is_empty() {
        lines.push(format!("assumes {assumes}"));
    }
    lines
}

pub(super) fn assumes(plan: &SizingPlan, one: &PlanFigure) -> String {
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
pub(super) fn source(one: &PlanFigure) -> Option<String> {
    let from = match &one.origin {
        FigureOrigin::Measured { folder, what } => format!("measured in {folder}: {what}"),
        FigureOrigin::Assumed { key, stated: true } => format!("assumed, {key}"),
        FigureOrigin::Assumed { key, stated: false } => {
            format!("assumed by default, {key} is not in the file")
        }
        FigureOrigin::Derived { .. } | FigureOrigin::Simulated { .. } => return None,
    };
    Some(format!("{}: {} ({from})", one.name, shown(one)))
}

/// The figure with its interval and unit: `7 [6, 8]`, `200/s`.
pub(super) fn shown(one: &PlanFigure) -> String {
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

pub(super) fn of(plan: &SizingPlan, id: &str) -> String {
    plan.figure(id).map_or_else(|| ABSENT.to_owned(), shown)
}

/// Each different ground of the projections, with the rows that it is of.
pub(super) fn rests(plan: &SizingPlan) -> Vec<(String, String)> {
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

pub(super) fn grade(plan: &SizingPlan) -> String {
    let readiness = &plan.readiness;
    match readiness.grade {
        Some(grade) => format!("Grade {grade:?}: {}", readiness.why),
        None => format!("No grade: {}", readiness.why),
    }
}

pub(super) fn remarks(plan: &SizingPlan) -> Vec<(&'static str, &Vec<String>)> {
    let all = [
        ("Not known", &plan.unknown),
        ("Before you believe a figure", &plan.doubts),
    ];
    all.into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .collect()
}
