//! Statistics: slices in, numbers out. Knows no domain word and does no input or output.

mod attainable;
mod binomial;
mod bounded;
mod change_points;
mod distributions;
mod factorial;
mod ks;
mod mser;
mod multiple;
mod power;
mod queueing;
pub mod seed;
mod shares;
mod sign_flip;
mod signed_rank;
mod theil_sen;
mod two_samples;

pub use attainable::attainable_hit_ratio;
pub use binomial::{binomial_at_least, binomial_at_most};
pub use bounded::{Bounds, bounded_estimate, bounded_interval, bounded_p};
pub use change_points::{Change, FEWEST as FEWEST_FOR_CHANGES, change_points};
pub use factorial::{Design, Fit, MOST_FACTORS, Term};
pub use ks::ks_two_samples;
pub use mser::{Truncation, mser};
pub use multiple::holm;
pub use power::{CLAIM_LEVEL, detectable_effect, fewest_pairs, pairs_needed};
pub use queueing::steady_limit;
pub use shares::largest_share_of_none;
pub use sign_flip::SubsetMeans;
pub use signed_rank::{Interval, hodges_lehmann, interval, median, rank, two_sided_p};
pub use theil_sen::theil_sen;
pub use two_samples::{FEWEST as FEWEST_FOR_TWO_SAMPLES, MeanDifference, mean_difference};
