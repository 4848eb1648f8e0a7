//! Statistics: slices in, numbers out. Knows no domain word and does no input or output.

mod attainable;
mod change_points;
mod distributions;
mod early_stopping;
mod factorial;
mod ks;
mod mser;
mod multiple;
mod order_statistics;
mod power;
mod queueing;
pub mod seed;
mod signed_rank;
mod theil_sen;
mod two_samples;

pub use attainable::attainable_hit_ratio;
pub use change_points::{Change, FEWEST as FEWEST_FOR_CHANGES, change_points};
pub use early_stopping::{dispersion, fewest_requests, limit_is_kept, requests_for_margin};
pub use factorial::{Design, Fit, MOST_FACTORS, Term};
pub use ks::{ks_exponential, ks_two_samples};
pub use mser::{Truncation, mser};
pub use multiple::holm;
pub use order_statistics::{Ranks, coverage, percentile_ranks};
pub use power::{pairs_for_difference, pairs_for_equivalence};
pub use queueing::{Little, little, mm1_percentile};
pub use signed_rank::{Interval, hodges_lehmann, interval, median, rank, two_sided_p};
pub use theil_sen::theil_sen;
pub use two_samples::{FEWEST as FEWEST_FOR_TWO_SAMPLES, MeanDifference, mean_difference};
