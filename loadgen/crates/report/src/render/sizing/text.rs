//! The plan for a terminal: the answer first, each figure with its formula and the assumptions that it rests on.

use std::fmt::Write as _;

use super::{
    simulated::{checks, grounds_of_projections, headline, instances, scales},
    words::{answer, answers, grade, grounds, of, remarks, rests, source},
};
use crate::render::table::{Side, TableLine, TextStyle, faint, layout, plain, wrapped};
use loadgen_experiment::events::printable;
use loadgen_experiment::sizing::SizingPlan;

/// The plan for a terminal of this width.
pub fn sizing_text(plan: &SizingPlan, width: usize, colour: bool) -> String {
    let style = TextStyle { colour };
    let mut text = format!("{}\n", style.bold("Plan"));
    let wrap = |line: &str, first: &str, rest: &str| wrapped(&printable(line), first, rest, width);
    for one in answers(plan) {
        text.push_str(&wrap(&answer(one), "  ", "      "));
        for line in grounds(plan, one) {
            text.push_str(&wrap(&line, "      ", "      "));
        }
    }
    let _infallible = writeln!(text, "\n{}", style.bold("Measured and assumed"));
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
        layout(&lines, &sides, 2, width, style).trim_end()
    );
    for (rows, line) in rests(plan) {
        text.push_str(&wrap(&format!("{rows} rests on: {line}"), "  ", "      "));
    }
    if let Some(found) = &plan.simulation {
        let _infallible = writeln!(text, "\n{}", style.bold("Simulation"));
        for line in headline(plan, found) {
            text.push_str(&wrap(&line, "  ", "    "));
        }
        let projected = instances(plan, found)
            .into_iter()
            .chain(scales(plan, found));
        for row in checks(plan, found).into_iter().chain(projected) {
            text.push_str(&wrap(&row.sentence, "  - ", "    "));
        }
        if let Some(line) = &found.limit {
            text.push_str(&wrap(line, "  ", "    "));
        }
        for line in grounds_of_projections(plan, found) {
            text.push_str(&wrap(&format!("assumes: {line}"), "    ", "      "));
        }
    }
    let _infallible = writeln!(
        text,
        "\n{}",
        style.bold(&format!(
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
        let _infallible = writeln!(text, "\n{}", style.bold(heading));
        for line in all {
            text.push_str(&wrap(line, "  - ", "    "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{
        plan_fixture::{planned, planned_with},
        sizing_markdown,
    };
    use super::*;

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

    #[test]
    fn the_error_of_the_model_or_that_there_is_none_stands_beside_each_projection() {
        let beside = |text: &str, words: &str| {
            let rows = text
                .lines()
                .filter(|line| line.contains("error of the model"));
            let rows: Vec<&str> = rows.collect();
            assert!(rows.len() >= 8, "{text}");
            for row in rows {
                assert!(row.contains(words), "{words}: {row}");
            }
        };
        let without = planned();
        beside(&sizing_text(&without, 1_000, false), "not validated");
        let with = planned_with(Some(150.0));
        let text = sizing_text(&with, 1_000, false);
        beside(&text, "in 3 validations");
        assert!(
            text.contains("validated by other_<load>, 196/s: measured 150/s"),
            "{text}"
        );
        let page = sizing_markdown(&with);
        assert!(page.contains("other\\_&lt;load&gt;"), "{page}");
        assert!(page.matches("in 3 validations").count() >= 8, "{page}");
    }
}
