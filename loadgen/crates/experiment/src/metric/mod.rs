//! What is measured, once: the identity of each metric, its name, unit and definition.
//!
//! | file | content |
//! |---|---|
//! | `id` | [`MetricId`]: which figure, and of what |
//! | `operation`, `target` | the figures of requests, and of the target that answers them |
//! | `rate` | what is shown by the second, live and in charts |
//! | `description` | what is known of a figure |
//! | `change` | how a change is written: a factor, a difference, their intervals |
//! | `kind`, `unit` | which way is better, and what it is counted in |

mod change;
mod description;
mod id;
mod kind;
mod operation;
mod rate;
mod target;
mod unit;

pub use change::{
    difference, differences, factor, factor_with_interval, factors, grouped, percent,
};
pub use description::{Margin, MetricDescription};
pub use id::{MetricId, UnknownMetric};
pub use kind::MetricKind;
pub use operation::OperationFigure;
pub use rate::RateFigure;
pub use target::TargetFigure;
pub use unit::MetricUnit;
