//! The rows of a plan's simulation, each with the error of the model beside its figures.

use serde::Serialize;

use super::words::{assumes, of, shown};
use loadgen_experiment::events::printable;
use loadgen_experiment::sizing::{
    InstanceProjection, PlanSimulation, ScaleProjection, SimulationCheck, SizingPlan,
};

/// Columns of the validations.
pub(super) const CHECK_HEAD: &[&str] = &[
    "Validated by",
    "Measured",
    "Simulated",
    "Error",
    "Differs in",
];
/// Columns of more instances.
pub(super) const INSTANCE_HEAD: &[&str] = &[
    "Instances",
    "Sustain",
    "Response time",
    "Database in use",
    "Used most",
    "Error of the model",
];
/// Columns of more users.
pub(super) const SCALE_HEAD: &[&str] = &[
    "Users",
    "Requests",
    "Instances",
    "Database cores",
    "Databases",
    "Response time",
    "Error of the model",
    "What it means",
];

/// A row: its cells for a table, and the same as a sentence for a terminal.
#[derive(Serialize)]
pub(super) struct RowWords {
    pub(super) cells: Vec<String>,
    pub(super) sentence: String,
}

impl RowWords {
    fn new(cells: Vec<String>, sentence: String) -> Self {
        Self {
            cells: cells.iter().map(|cell| printable(cell)).collect(),
            sentence: printable(&sentence),
        }
    }
}

/// What the model is, and what is known of its error.
pub(super) fn headline(plan: &SizingPlan, found: &PlanSimulation) -> Vec<String> {
    let fitted = format!(
        "A model of queues, fitted to {}. Rates and times below are simulated unless they are called measured.",
        printable(&found.fitted)
    );
    let error = found.error.as_deref().and_then(|id| plan.figure(id));
    let error = error.map(|one| format!("{}: {}.", one.name, shown(one)));
    let trust = printable(&found.trust);
    [fitted, trust].into_iter().chain(error).collect()
}

/// What each projection assumes: figures of the file and defaults, then what the model takes for granted.
pub(super) fn grounds_of_projections(plan: &SizingPlan, found: &PlanSimulation) -> Vec<String> {
    let scales = found.scales.last().map(|row| &row.instances);
    let ids = found.instances.last().map(|row| &row.response);
    let of_file = [ids, scales].into_iter().flatten();
    let of_file = of_file.filter_map(|id| {
        let one = plan.figure(id)?;
        let assumed = assumes(plan, one);
        (!assumed.is_empty()).then(|| format!("{}: {assumed}", one.name))
    });
    of_file.chain(found.assumptions.iter().cloned()).collect()
}

/// The error that stands beside each projection.
fn model_error(plan: &SizingPlan, found: &PlanSimulation) -> String {
    let number = match found.checks.len() {
        0 => return "not validated".to_owned(),
        1 => "1 validation".to_owned(),
        number => format!("{number} validations"),
    };
    let error = found.error.as_deref().map(|id| of(plan, id));
    let bounded = found.checks.iter().all(|one| one.response_error.is_some());
    match error.filter(|_| bounded) {
        Some(error) => format!("up to {error} in {number}"),
        None => format!("without bound in {number}"),
    }
}

/// The validations, in order.
pub(super) fn checks(plan: &SizingPlan, found: &PlanSimulation) -> Vec<RowWords> {
    let words = |one: &SimulationCheck| {
        let percentile = &one.percentile;
        let response = one.simulated_response.as_ref().map_or_else(
            || "the load is too high".to_owned(),
            |id| format!("{percentile} {}", of(plan, id)),
        );
        let response_error = one.response_error.as_ref().map_or_else(
            || format!("{percentile} without bound"),
            |id| format!("{percentile} {}", of(plan, id)),
        );
        let measured = format!(
            "{}, {percentile} {}",
            of(plan, &one.rate),
            of(plan, &one.response)
        );
        let simulated = format!("{}, {response}", of(plan, &one.simulated_rate));
        let error = format!("rate {}, {response_error}", of(plan, &one.rate_error));
        let differs = if one.differs.is_empty() {
            "nothing that was seen".to_owned()
        } else {
            one.differs.join("; ")
        };
        let sentence = format!(
            "validated by {}: measured {measured}; simulated {simulated}; error: {error}; differs in: {differs}",
            one.of
        );
        RowWords::new(
            vec![one.of.clone(), measured, simulated, error, differs],
            sentence,
        )
    };
    found.checks.iter().map(words).collect()
}

/// The rows of more instances.
pub(super) fn instances(plan: &SizingPlan, found: &PlanSimulation) -> Vec<RowWords> {
    let words = |one: &InstanceProjection| {
        let (rate, response) = (of(plan, &one.rate), of(plan, &one.response));
        let (database, error) = (of(plan, &one.database), model_error(plan, found));
        let sentence = format!(
            "instances: {}; sustain {rate}; response time {response}; {database} of the database's processors in use; used most: {}; error of the model: {error}",
            one.instances, one.most_used
        );
        let cells = vec![
            one.instances.clone(),
            rate,
            response,
            database,
            one.most_used.clone(),
            error,
        ];
        RowWords::new(cells, sentence)
    };
    found.instances.iter().map(words).collect()
}

/// The rows of more users.
pub(super) fn scales(plan: &SizingPlan, found: &PlanSimulation) -> Vec<RowWords> {
    let words = |one: &ScaleProjection| {
        let times = format!("{} x the plan", one.times);
        let users = one.users.as_ref().map_or_else(
            || times.clone(),
            |id| format!("{} users ({times})", of(plan, id)),
        );
        let response = one
            .response
            .as_ref()
            .map_or_else(|| "not simulated".to_owned(), |id| of(plan, id));
        let (rate, instances) = (of(plan, &one.rate), of(plan, &one.instances));
        let (cores, databases) = (of(plan, &one.database_cores), of(plan, &one.databases));
        let error = model_error(plan, found);
        let sentence = format!(
            "{users}: {rate}; instances: {instances}; database cores: {cores}; databases: {databases}; response time {response}; error of the model: {error}. {}",
            one.said
        );
        let cells = vec![
            users,
            rate,
            instances,
            cores,
            databases,
            response,
            error,
            one.said.clone(),
        ];
        RowWords::new(cells, sentence)
    };
    found.scales.iter().map(words).collect()
}
