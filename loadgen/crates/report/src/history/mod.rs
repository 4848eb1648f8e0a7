//! One metric over many finished runs, and where its level changed. `comparable` selects the runs
//! that can be compared, `series` takes the figures and has the changes looked for.
//!
//! Only for looking back: whether an optimization helped is decided by an experiment.

mod comparable;
mod series;

pub use comparable::{PastRun, RunHistory, comparable_runs, earlier_like, is_valid, load_of_trial};
pub use series::{Series, SeriesPoint, default_metrics, default_metrics_of, metric_named, series};
