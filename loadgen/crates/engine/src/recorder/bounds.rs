//! The one histogram configuration. Merging is exact only between equal configurations, so
//! there is no other way to make one.

use hdrhistogram::{Counter, Histogram};

use crate::units::Nanos;

/// Unit of the histograms: values below a microsecond are one.
const LOWEST_NS: u64 = 1_000;
/// Longest response that is recorded; anything beyond is counted as overflow, and a trial with
/// overflow is not valid. Timeout and drain together must stay below.
pub const HIGHEST: Nanos = Nanos::from_secs(1_320);

/// An empty histogram of nanoseconds: 1 microsecond to 22 minutes, relative error below 0.1 %,
/// 190 KB. It never grows, so recording allocates nothing.
pub fn response_histogram() -> Histogram<u64> {
    with_digits(3)
}

/// One second's worth of responses for charts: the same bounds, error below 1 %, 13 KB.
pub(super) fn second_histogram() -> Histogram<u32> {
    with_digits(2)
}

fn with_digits<C: Counter>(digits: u8) -> Histogram<C> {
    Histogram::new_with_bounds(LOWEST_NS, HIGHEST.0, digits)
        .expect("the bounds are constants that the crate accepts: 2 * low <= high, digits <= 5")
}
