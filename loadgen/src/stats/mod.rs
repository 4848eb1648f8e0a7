//! Statistics: slices in, numbers out. Knows no domain word and does no input or output.

mod ks;
mod mser;
mod multiple;
mod signed_rank;
mod theil_sen;

pub use ks::{ks_exponential, ks_two_samples};
pub use mser::{Truncation, mser};
pub use multiple::holm;
pub use signed_rank::{Interval, hodges_lehmann, interval, median, rank, two_sided_p};
pub use theil_sen::theil_sen;
