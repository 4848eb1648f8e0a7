//! Reports, each made from the stored summary alone. `model` says everything once, in words, and a
//! renderer lays it out; `figures` writes numbers, `comparison` compares the arms, `charts` draws.

#[cfg(test)]
mod agreement;
mod arm_capacities;
mod arm_metrics;
mod baseline;
mod capacity;
mod capacity_terminal;
pub mod catalogue;
mod change;
mod charts;
mod chosen;
mod closing;
mod compare;
mod compare_page;
pub mod comparison;
mod csv;
#[cfg(test)]
mod damaged;
mod document;
pub mod evidence;
mod factorial;
pub mod figures;
#[cfg(test)]
mod fixture;
mod formats;
mod gate;
mod github;
mod history;
mod html;
mod junit;
mod markdown;
mod metric;
mod metrics;
pub mod model;
mod readiness;
mod run_list;
mod sizing;
mod table;
mod template;
mod terminal;
mod thresholds;
pub mod tone;
pub mod why;
#[cfg(test)]
pub(crate) use fixture::application;

pub use self::{charts::definition, chosen::Chosen};
pub use self::{compare::compare, csv::csv, html::html, junit::junit, markdown::markdown};
pub use baseline::{BaselineComparison, baseline_markdown, baseline_text};
pub use closing::console;
pub use compare_page::{ComparePage, compare_page};
pub use factorial::{Factorial, factorial, factorial_markdown};
pub use formats::{Format, ReportError, all, one};
pub use gate::{ComparisonGate, Difference, differences};
pub use github::{annotations, step_summary};
pub use history::{history, history_csv};
pub use readiness::SuiteReadiness;
pub use run_list::{runs, runs_json};
pub use sizing::{sizing_markdown, sizing_text};
pub use terminal::{terminal, whereabouts};
