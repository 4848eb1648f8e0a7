//! Statistics: slices in, numbers out. Knows no domain word and does no input or output.

mod signed_rank;

pub use signed_rank::{Interval, hodges_lehmann, interval, median, rank, two_sided_p};
