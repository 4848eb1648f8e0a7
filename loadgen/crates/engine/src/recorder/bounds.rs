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
/// 190 KB. It never grows, so recording allocates nothing. Its pages are in memory from the begin: one
/// that is first touched under load is a page fault within a measured request, and looks like a generator
/// whose memory grows.
pub fn response_histogram() -> Histogram<u64> {
    let mut histogram = with_digits(3);
    // Writes every counter. A new vector of zeros only promises them.
    histogram.clear();
    histogram
}

/// Records a time in a histogram of [`response_histogram`]; one beyond the highest counts as the highest.
pub fn record_cut(histogram: &mut Histogram<u64>, time: Nanos) {
    histogram
        .record(time.min(HIGHEST).0)
        .expect("a value up to the highest always fits");
}

/// Counters at zero whose pages are in memory, as those of [`response_histogram`].
pub(super) fn touched_counters(count: usize) -> Box<[u32]> {
    let mut counters = Vec::with_capacity(count);
    counters.resize_with(count, || std::hint::black_box(0));
    counters.into_boxed_slice()
}

/// One second's worth of responses for charts: the same bounds, error below 1 %, 13 KB.
pub(super) fn second_histogram() -> Histogram<u32> {
    with_digits(2)
}

fn with_digits<C: Counter>(digits: u8) -> Histogram<C> {
    Histogram::new_with_bounds(LOWEST_NS, HIGHEST.0, digits)
        .expect("the bounds are constants that the crate accepts: 2 * low <= high, digits <= 5")
}
