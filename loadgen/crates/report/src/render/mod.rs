//! Reports, each made from the stored summary alone: `model` says all once, renderers lay it out.

#[cfg(test)]
mod agreement;
mod arm_metrics;
mod baseline;
mod capacity;
pub mod catalogue;
mod change;
mod charts;
mod chosen;
mod closing;
mod comparability;
mod compare;
mod compare_page;
pub mod comparison;
mod csv;
#[cfg(test)]
mod damaged;
mod document;
pub mod evidence;
mod factorial;
mod faults;
pub mod figures;
#[cfg(test)]
mod fixture;
mod formats;
mod github;
mod growth;
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
pub use self::{charts::definition, chosen::Chosen, closing::console, compare::compare, csv::csv};
pub use self::{html::html, junit::junit, markdown::markdown, readiness::SuiteReadiness};
pub use baseline::{BaselineComparison, baseline_markdown, baseline_text};
pub use comparability::{ComparisonCheck, Difference, differences};
pub use compare_page::{ComparePage, compare_page};
pub use factorial::{Factorial, factorial, factorial_markdown};
#[cfg(test)]
pub(crate) use fixture::application;
pub use formats::{Format, ReportError, all, one};
pub use github::{annotations, step_summary};
pub use history::{history, history_csv};
pub use run_list::{runs, runs_json};
pub use sizing::{sizing_html, sizing_markdown, sizing_text};
pub use terminal::{terminal, whereabouts};
