//! Which figures a report sets side by side, where each lies in the summary, and under which
//! name the experiment may have estimated its change.

use crate::render::arm_metrics;
use crate::render::metric::{Figure, ReportMetric, Unit, measured};
use loadgen_experiment::events::printable;
use loadgen_experiment::{
    metric::{MetricId, OperationFigure},
    schema::{ApplicationInfo, Arm, Effect, Summary},
};

/// Areas about a whole arm, which follow those of its operations.
pub(super) const WHOLE_ARM: [&str; 4] = ["All requests", "Caches", "Database", "Machine"];

/// Figures that belong to no other area.
pub(super) const OTHER_AREA: &str = "Other figures";

/// The effect that estimates the change of a metric.
pub(super) fn effect<'a>(summary: &'a Summary, id: &MetricId) -> Option<&'a Effect> {
    summary.effects.iter().find(|effect| effect.metric == *id)
}

/// Every metric by area, in the order of a report.
pub(super) fn areas(summary: &Summary) -> Vec<(String, Vec<ReportMetric>)> {
    let arms: Vec<&Arm> = summary.arms.iter().collect();
    let mut areas: Vec<(String, Vec<ReportMetric>)> = Vec::new();
    for name in operations(&arms) {
        let label = area_label(&summary.application, &name);
        let found = of_operation(&arms, &name);
        match areas.iter_mut().find(|(known, _)| *known == label) {
            Some((_, metrics)) => metrics.extend(found),
            None => areas.push((label, found)),
        }
    }
    let described = &summary.application.areas;
    areas.sort_by_key(|(label, _)| {
        described
            .iter()
            .position(|area| printable(&area.label) == *label)
            .unwrap_or(described.len())
    });
    let whole = [
        arm_metrics::of_total(&arms),
        arm_metrics::of_caches(&arms, &summary.application),
        arm_metrics::of_database(&arms),
        arm_metrics::of_machine(&arms),
    ];
    areas.extend(WHOLE_ARM.map(String::from).into_iter().zip(whole));
    areas
}

/// The area in which an effect is shown that no metric stands for.
pub(super) fn area_of_effect(summary: &Summary, metric: &MetricId) -> String {
    match metric {
        MetricId::Operation(name, _) if operation_names(summary).contains(name) => {
            area_label(&summary.application, name)
        }
        MetricId::Total(_) => WHOLE_ARM[0].to_owned(),
        MetricId::CpuPerRequest(_) => WHOLE_ARM[3].to_owned(),
        _ => OTHER_AREA.to_owned(),
    }
}

/// Names of the operations that any arm measured, in the order of the suite.
pub(super) fn operation_names(summary: &Summary) -> Vec<String> {
    operations(&summary.arms.iter().collect::<Vec<_>>())
}

fn operations(arms: &[&Arm]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for operation in arms.iter().flat_map(|arm| &arm.operations) {
        if operation.planned > 0 && !names.contains(&operation.name) {
            names.push(operation.name.clone());
        }
    }
    names
}

/// The word before the first dot.
fn prefix_of(operation: &str) -> &str {
    operation.split('.').next().unwrap_or(operation)
}

/// The heading of an operation's area: the application's label, else the first word of its name.
pub(super) fn area_label(application: &ApplicationInfo, operation: &str) -> String {
    if let Some(area) = application.area_of(operation) {
        return printable(&area.label);
    }
    let clean = printable(prefix_of(operation));
    let mut letters = clean.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The metrics of one operation.
fn of_operation(arms: &[&Arm], name: &str) -> Vec<ReportMetric> {
    let clean = printable(name);
    let short = clean
        .split_once('.')
        .map_or(clean.as_str(), |(_, rest)| rest)
        .to_owned();
    let of = |figure: OperationFigure| {
        let id = MetricId::Operation(name.to_owned(), figure);
        let label = id.description().label;
        ReportMetric {
            operation: Some(name.to_owned()),
            label: format!("{short} {label}"),
            full_label: format!("{clean} {label}"),
            kind: id.description().kind,
            unit: Unit::of(&id),
            values: arms.iter().map(|arm| Figure::of(arm, &id)).collect(),
            detail: false,
            id,
        }
    };
    let mut metrics = [
        OperationFigure::P97_5,
        OperationFigure::P50,
        OperationFigure::Success,
        OperationFigure::CacheHitRatio,
        OperationFigure::Queries,
        OperationFigure::PoolWait,
    ]
    .map(of)
    .to_vec();
    for metric in metrics.iter_mut().skip(4) {
        metric.detail = metric.unit == Unit::Ms || !moved(&metric.values);
    }
    metrics.retain(measured);
    metrics
}

/// Whether a figure differs enough between the arms to be shown in a short report.
fn moved(values: &[Figure]) -> bool {
    match values {
        [Figure::Value(before), Figure::Value(after)] => {
            (before - after).abs() > 0.2 * before.max(*after) && before.max(*after) >= 1.0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::metric::TargetFigure;

    #[test]
    fn a_figure_of_the_target_is_not_one_of_an_operation_whose_name_it_begins_with() {
        let mut summary = fixture::experiment(false);
        summary.arms[0].operations[0].name = "pool".to_owned();
        let area = |metric: &MetricId| area_of_effect(&summary, metric);
        let of_pool = MetricId::Operation("pool".to_owned(), OperationFigure::P50);
        assert_eq!(area(&of_pool), "Pool");
        assert_eq!(area(&MetricId::Target(TargetFigure::PoolWait)), OTHER_AREA);
        assert_eq!(area(&MetricId::Total(OperationFigure::P95)), WHOLE_ARM[0]);
        let of_process = MetricId::CpuPerRequest("pool".to_owned());
        assert_eq!(area(&of_process), WHOLE_ARM[3]);
    }
}
