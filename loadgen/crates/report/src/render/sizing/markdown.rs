//! The plan as Markdown.

use std::fmt::Write as _;

use super::{
    simulated::{
        CHECK_HEAD, INSTANCE_HEAD, SCALE_HEAD, checks, grounds_of_projections, headline, instances,
        scales,
    },
    words::{answers, assumes, formula, grade, of, remarks, shown, source},
};
use crate::render::template::safe_markdown as safe;
use loadgen_experiment::sizing::{PlanSimulation, SizingPlan};

/// The plan as Markdown.
pub fn sizing_markdown(plan: &SizingPlan) -> String {
    let mut page =
        String::from("# Plan\n\n| | Figure | How | Assumes |\n| :--- | ---: | :--- | :--- |\n");
    for one in answers(plan) {
        let formula = safe(&formula(one));
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
    if let Some(found) = &plan.simulation {
        page.push_str(&simulation(plan, found));
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

/// The part about the simulation.
fn simulation(plan: &SizingPlan, found: &PlanSimulation) -> String {
    let mut part = String::from("\n## Simulation\n\n");
    for line in headline(plan, found) {
        let _infallible = writeln!(part, "{}\n", safe(&line));
    }
    for (head, rows) in [
        (CHECK_HEAD, checks(plan, found)),
        (INSTANCE_HEAD, instances(plan, found)),
        (SCALE_HEAD, scales(plan, found)),
    ] {
        if rows.is_empty() {
            continue;
        }
        let rule = vec![":---"; head.len()].join(" | ");
        let _infallible = writeln!(part, "| {} |\n| {rule} |", head.join(" | "));
        for row in rows {
            let cells: Vec<String> = row.cells.iter().map(|cell| safe(cell)).collect();
            let _infallible = writeln!(part, "| {} |", cells.join(" | "));
        }
        part.push('\n');
    }
    if let Some(limit) = &found.limit {
        let _infallible = writeln!(part, "{}\n", safe(limit));
    }
    part.push_str("Assumed by each of these figures:\n\n");
    for line in grounds_of_projections(plan, found) {
        let _infallible = writeln!(part, "- {}", safe(&line));
    }
    part
}
