//! The plan as a page: one file in the style of the reports, without a script, that asks no network for anything.

use serde::Serialize;

use super::{
    simulated::{
        CHECK_HEAD, INSTANCE_HEAD, RowWords, SCALE_HEAD, checks, grounds_of_projections, headline,
        instances, scales,
    },
    words::{answers, assumes, formula, grade, of, remarks, shown, source},
};
use crate::render::{
    charts::{
        axis::Axis,
        chart::{self, Chart},
        over_time::PlotPoint,
        plot::{Plot, PlotLine},
    },
    formats::ReportError,
    template,
};
use loadgen_experiment::{
    events::printable,
    sizing::{PlanFigure, PlanSimulation, SizingPlan},
};

const PAGE: &str = include_str!("../../../../../assets/report/plan.html");
const STYLE: &str = concat!(
    include_str!("../../../../../assets/report/page.css"),
    include_str!("../../../../../assets/report/plan.css"),
);

#[derive(Serialize)]
struct SizingPage {
    policy: String,
    style: &'static str,
    runs: String,
    answers: Vec<[String; 4]>,
    projections: Vec<[String; 4]>,
    simulation: Option<SimulationPart>,
    readiness: Vec<[String; 3]>,
    readiness_of: String,
    grade: String,
    sources: Vec<String>,
    remarks: Vec<(&'static str, Vec<String>)>,
}

#[derive(Serialize)]
struct SimulationPart {
    headline: Vec<String>,
    tables: Vec<SimulationTable>,
    chart: Option<Chart>,
    limit: Option<String>,
    assumes: Vec<String>,
}

#[derive(Serialize)]
struct SimulationTable {
    title: &'static str,
    head: &'static [&'static str],
    rows: Vec<RowWords>,
}

/// The plan as a page.
pub fn sizing_html(plan: &SizingPlan) -> Result<String, ReportError> {
    let clean = |text: String| printable(&text);
    let runs: Vec<String> = plan.runs.iter().map(|run| printable(run)).collect();
    let words = SizingPage {
        policy: template::policy(STYLE, None),
        style: STYLE,
        runs: runs.join(", "),
        answers: answers(plan)
            .into_iter()
            .map(|one| {
                [
                    one.name.clone(),
                    shown(one),
                    formula(one),
                    assumes(plan, one),
                ]
                .map(clean)
            })
            .collect(),
        projections: plan
            .projections
            .iter()
            .map(|row| {
                let ends = (of(plan, &row.current), of(plan, &row.projected));
                [row.what.clone(), ends.0, ends.1, row.rests_on.clone()].map(clean)
            })
            .collect(),
        simulation: plan.simulation.as_ref().map(|found| part(plan, found)),
        readiness: plan
            .readiness
            .rows
            .iter()
            .map(|row| {
                [
                    row.part.clone(),
                    row.word.label().to_owned(),
                    row.evidence.clone(),
                ]
                .map(clean)
            })
            .collect(),
        readiness_of: printable(&plan.readiness.folder),
        grade: printable(&grade(plan)),
        sources: plan.figures.iter().filter_map(source).map(clean).collect(),
        remarks: remarks(plan)
            .into_iter()
            .map(|(heading, lines)| (heading, lines.iter().map(|line| printable(line)).collect()))
            .collect(),
    };
    Ok(template::html(PAGE, &words)?)
}

fn part(plan: &SizingPlan, found: &PlanSimulation) -> SimulationPart {
    let tables = [
        ("Measured beside simulated", CHECK_HEAD, checks(plan, found)),
        (
            "More instances before one database",
            INSTANCE_HEAD,
            instances(plan, found),
        ),
        ("Many times the users", SCALE_HEAD, scales(plan, found)),
    ];
    SimulationPart {
        headline: headline(plan, found),
        tables: tables
            .into_iter()
            .filter(|(_, _, rows)| !rows.is_empty())
            .map(|(title, head, rows)| SimulationTable { title, head, rows })
            .collect(),
        chart: rates(plan, found),
        limit: found.limit.as_deref().map(printable),
        assumes: grounds_of_projections(plan, found)
            .iter()
            .map(|line| printable(line))
            .collect(),
    }
}

/// The rates of the instances, beside as many times that of one.
fn rates(plan: &SizingPlan, found: &PlanSimulation) -> Option<Chart> {
    let figures = found.instances.iter().filter_map(|row| {
        let instances: f64 = row.instances.parse().ok()?;
        Some((instances, plan.figure(&row.rate)?))
    });
    let figures: Vec<(f64, &PlanFigure)> = figures.collect();
    let one = figures
        .first()
        .map(|(instances, rate)| rate.value / instances)?;
    let sustained = figures.iter().map(|(instances, rate)| PlotPoint {
        x: *instances,
        y: rate.value,
        range: (
            rate.low.unwrap_or(rate.value),
            rate.high.unwrap_or(rate.value),
        ),
    });
    let straight = figures.iter().map(|(instances, _)| PlotPoint {
        x: *instances,
        y: one * instances,
        range: (one * instances, one * instances),
    });
    chart::draw(&Plot {
        x: Axis::Log,
        y: Axis::Log,
        x_name: Some("instances, logarithmic"),
        note: "Simulated; the shade is the 95 % interval of the random numbers. Where the line leaves the dashed one, the instances wait for what they share.".into(),
        lines: vec![
            PlotLine {
                class: "after".into(),
                label: "sustained within the SLO".into(),
                points: sustained.collect(),
                band: true,
            },
            PlotLine {
                class: "before dashed".into(),
                label: "as many times one instance".into(),
                points: straight.collect(),
                band: false,
            },
        ],
        ..Plot::over_time("plan-instances", "Answers a second over instances", "answers a second, logarithmic")
    })
}

#[cfg(test)]
mod tests {
    use super::super::plan_fixture::{planned, planned_with};
    use super::*;

    #[test]
    fn the_page_has_every_answer_and_row_asks_no_network_and_names_cannot_inject() {
        let plan = planned_with(Some(150.0));
        let page = sizing_html(&plan).unwrap();
        for part in [
            "loaded_instances + spare_instances",
            "headroom 0.65 (default)",
            "Measured beside simulated",
            "Many times the users",
            "in 3 validations",
            "other_&lt;load&gt;",
            "<svg",
            "default-src 'none'",
            "@media print",
            "light-dark(",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("<script") && !page.contains("<load>"));
        for address in ["http://", "https://", "url("] {
            assert!(!page.contains(address), "{address}");
        }
        assert!(!page.contains("NaN") && !page.contains("inf,"));
    }

    #[test]
    fn a_page_without_a_validation_says_so_and_one_without_a_simulation_has_no_such_part() {
        let mut plan = planned();
        assert!(sizing_html(&plan).unwrap().contains("not validated"));
        plan.simulation = None;
        let page = sizing_html(&plan).unwrap();
        assert!(!page.contains("id=\"simulation\"") && page.contains("Readiness"));
    }
}
