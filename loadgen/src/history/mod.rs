//! One metric over many finished runs, and where its level changed. `kept` says which runs may
//! stand in one line, `series` takes the figures and looks for the changes.
//!
//! Only for looking back: whether an optimization helped, an experiment decides.

mod kept;
mod series;

pub use kept::{Kept, Past, keep};
pub use series::{Level, Point, Series, default_metrics, series};
