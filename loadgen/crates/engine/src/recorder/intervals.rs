//! Every distribution by interval of time, kept so that all intervals together are exactly the
//! histogram of the trial.
//!
//! A whole histogram for each second, operation and kind would take 190 KB apiece. Here one row
//! of counters is filled at a time; at the end of its interval the few that were touched are
//! kept as [`ClosedRows`]. There are at most [`MOST_INTERVALS`] rows however long the run is, and those of
//! single requests that are recorded late.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    bounds::{HIGHEST, response_histogram, touched_counters},
    closed_rows::{ClosedCount, ClosedRows},
};
use crate::{
    sample::{OpId, Outcome, Sample},
    units::{NANOS_PER_SECOND, Nanos},
};

/// Intervals of a trial; a longer trial has longer ones.
const MOST_INTERVALS: u64 = 600;

/// The layout of [`response_histogram`], HdrHistogram's own: the unit is the largest power of
/// two up to a microsecond, three digits take 2048 sub-buckets.
const UNIT_BITS: u32 = 9;
const HALF: u64 = 1024;
const HALF_BITS: u32 = 10;
const BUCKETS: usize = bucket(HIGHEST.0) as usize + 1;

/// Which counter a time belongs to.
const fn bucket(nanos: u64) -> u16 {
    let units = nanos >> UNIT_BITS;
    if units < 2 * HALF {
        return units as u16;
    }
    let shift = (u64::BITS - 1 - units.leading_zeros()) - HALF_BITS;
    (shift as u64 * HALF + (units >> shift)) as u16
}

/// The smallest time that belongs to it.
const fn lowest(bucket: u16) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * HALF {
        return bucket << UNIT_BITS;
    }
    let shift = bucket / HALF - 1;
    (bucket - shift * HALF) << shift << UNIT_BITS
}

/// Which times a distribution holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DistributionKind {
    /// Response times of the successes.
    Ok,
    /// Service times of the successes.
    Service,
    /// Times after which requests failed.
    Failed,
}

impl DistributionKind {
    /// Every kind, in the order of the log.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Service, Self::Failed];
}

/// Begin and length of the intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intervals {
    from: Nanos,
    /// Length of each.
    width: Nanos,
}

impl Intervals {
    /// Those of a trial whose window begins at `from` and whose drain ends at `end`.
    pub(super) fn of(from: Nanos, end: Nanos) -> Self {
        let seconds = end.since(from).0.div_ceil(NANOS_PER_SECOND);
        let width = Nanos::from_secs(seconds.div_ceil(MOST_INTERVALS).max(1));
        Self { from, width }
    }

    /// Number of the one in which a time lies; the last takes what comes after the end.
    fn number(&self, at: Nanos) -> u32 {
        (at.since(self.from).0 / self.width.0).min(MOST_INTERVALS - 1) as u32
    }

    /// When it begins.
    fn begin(&self, number: u32) -> Nanos {
        Nanos(self.from.0 + u64::from(number) * self.width.0)
    }
}

/// One distribution of one worker.
#[derive(Debug)]
struct IntervalLog {
    current: u32,
    counts: Box<[u32]>,
    touched: Vec<u16>,
}

impl IntervalLog {
    fn new() -> Self {
        Self {
            current: 0,
            counts: touched_counters(BUCKETS),
            touched: Vec::with_capacity(1_024),
        }
    }

    /// Counts a time; of a new interval, the one before goes to `closed` as a row of `distribution`, and so does
    /// a time of an earlier one.
    fn record(
        &mut self,
        interval: u32,
        time: Nanos,
        (closed, distribution): (&mut ClosedRows, u32),
    ) {
        let bucket = bucket(time.0);
        // A request may be recorded after one that was done later: those of a burst are when all have their
        // answers. It is a row by itself then, and whoever reads adds up the rows of an interval.
        if interval < self.current {
            return closed.push(distribution, interval, &[(bucket, 1)]);
        }
        if interval > self.current {
            self.close(closed, distribution);
            self.current = interval;
        }
        let count = &mut self.counts[usize::from(bucket)];
        if *count == 0 {
            self.touched.push(bucket);
        }
        *count += 1;
    }

    fn close(&mut self, closed: &mut ClosedRows, distribution: u32) {
        if self.touched.is_empty() {
            return;
        }
        self.touched.sort_unstable();
        let counts = &mut self.counts;
        let row: Vec<(u16, u32)> = self
            .touched
            .drain(..)
            .map(|bucket| (bucket, std::mem::take(&mut counts[usize::from(bucket)])))
            .collect();
        closed.push(distribution, self.current, &row);
    }
}

/// All distributions of one worker.
#[derive(Debug)]
pub(super) struct IntervalLogs {
    intervals: Intervals,
    logs: Vec<[Option<IntervalLog>; DistributionKind::ALL.len()]>,
    closed: ClosedRows,
}

impl IntervalLogs {
    pub(super) fn new(intervals: Intervals) -> Self {
        Self {
            intervals,
            logs: Vec::new(),
            closed: ClosedRows::new(),
        }
    }

    /// Provides the counters of an operation now: made at its first answer or its first failure, which may
    /// come late in the window, they would look like memory that grows.
    pub(super) fn provide(&mut self, op: OpId) {
        for kind in DistributionKind::ALL {
            let _provided = log(&mut self.logs, op, kind);
        }
    }

    /// Bytes in memory of the counters and of the rows that are closed.
    #[cfg(test)]
    pub(super) fn in_memory(&self) -> usize {
        let logs = self.logs.iter().flatten().flatten();
        let bytes = |log: &IntervalLog| {
            size_of_val::<[u32]>(&log.counts) + log.touched.capacity() * size_of::<u16>()
        };
        logs.map(bytes).sum::<usize>() + self.closed.in_memory()
    }

    /// Counts a finished request of the window in the interval in which it was done.
    pub(super) fn record(&mut self, sample: &Sample) {
        let interval = self.intervals.number(sample.done);
        if sample.outcome == Outcome::Ok {
            self.one(sample.op, DistributionKind::Ok, interval, sample.response());
            self.one(
                sample.op,
                DistributionKind::Service,
                interval,
                sample.service(),
            );
        } else {
            self.one(
                sample.op,
                DistributionKind::Failed,
                interval,
                sample.response(),
            );
        }
    }

    fn one(&mut self, op: OpId, kind: DistributionKind, interval: u32, time: Nanos) {
        // Such a time is counted as overflow by the operation's own data.
        if time > HIGHEST {
            return;
        }
        let log = log(&mut self.logs, op, kind);
        log.record(interval, time, (&mut self.closed, distribution(op, kind)));
    }
}

/// The counters of one distribution, which are made if they are not there.
fn log(
    logs: &mut Vec<[Option<IntervalLog>; DistributionKind::ALL.len()]>,
    op: OpId,
    kind: DistributionKind,
) -> &mut IntervalLog {
    let index = usize::from(op.0);
    if logs.len() <= index {
        logs.resize_with(index + 1, || [None, None, None]);
    }
    logs[index][kind as usize].get_or_insert_with(IntervalLog::new)
}

/// The number of a distribution in closed rows.
const fn distribution(op: OpId, kind: DistributionKind) -> u32 {
    op.0 as u32 * DistributionKind::ALL.len() as u32 + kind as u32
}

/// Counts of one distribution, by number of the interval and bucket.
type MergedIntervals = BTreeMap<u32, BTreeMap<u16, u64>>;

/// The intervals of all workers.
#[derive(Debug, Clone, Default)]
pub struct IntervalHistograms {
    intervals: Option<Intervals>,
    rows: BTreeMap<(OpId, DistributionKind), MergedIntervals>,
}

impl IntervalHistograms {
    /// Adds the intervals of one worker.
    pub(super) fn add(&mut self, logs: &mut IntervalLogs) {
        self.intervals.get_or_insert(logs.intervals);
        for (index, kinds) in logs.logs.iter_mut().enumerate() {
            for (log, kind) in kinds.iter_mut().zip(DistributionKind::ALL) {
                let Some(log) = log else { continue };
                log.close(&mut logs.closed, distribution(OpId(index as u16), kind));
            }
        }
        let counts = logs.closed.counts();
        let counts = counts.expect("an unnamed file of this process gives back what it took");
        for ClosedCount {
            distribution,
            interval,
            bucket,
            count,
        } in counts
        {
            let kinds = DistributionKind::ALL.len() as u32;
            let op = OpId((distribution / kinds) as u16);
            let kind = DistributionKind::ALL[(distribution % kinds) as usize];
            let merged = self.rows.entry((op, kind)).or_default();
            let row = merged.entry(interval).or_default();
            *row.entry(bucket).or_default() += u64::from(count);
        }
        logs.closed = ClosedRows::new();
    }

    /// Adds the intervals of another process of the same trial; false where they are not the same ones.
    pub(crate) fn join(&mut self, other: &Self) -> bool {
        let Some(theirs) = other.intervals else {
            return true;
        };
        if *self.intervals.get_or_insert(theirs) != theirs {
            return false;
        }
        for (series, intervals) in &other.rows {
            let mine = self.rows.entry(*series).or_default();
            for (interval, row) in intervals {
                let mine = mine.entry(*interval).or_default();
                for (bucket, count) in row {
                    *mine.entry(*bucket).or_default() += count;
                }
            }
        }
        true
    }

    /// Begin and length of every interval in which something was done, in order of time.
    pub fn intervals(&self) -> Vec<(u32, Nanos, Nanos)> {
        let Some(intervals) = self.intervals else {
            return Vec::new();
        };
        let mut numbers: Vec<u32> = self
            .rows
            .values()
            .flat_map(|one| one.keys())
            .copied()
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
            .into_iter()
            .map(|number| (number, intervals.begin(number), intervals.width))
            .collect()
    }

    /// One interval of a distribution, with the bounds of [`response_histogram`]; `None` where
    /// nothing was done in it.
    pub fn histogram(
        &self,
        op: OpId,
        kind: DistributionKind,
        interval: u32,
    ) -> Option<Histogram<u64>> {
        let row = self.rows.get(&(op, kind))?.get(&interval)?;
        let mut histogram = response_histogram();
        for (bucket, count) in row {
            histogram
                .record_n(lowest(*bucket), *count)
                .expect("no bucket lies beyond the highest value");
        }
        Some(histogram)
    }
}

/// One distribution as it goes to other processes: of each interval the buckets that have counts. They
/// are the counters themselves, a few bytes each, where a histogram of each would be a hundred.
#[derive(Serialize, Deserialize)]
struct StoredSeries {
    op: OpId,
    kind: DistributionKind,
    rows: Vec<(u32, Vec<(u16, u64)>)>,
}

impl Serialize for IntervalHistograms {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let row = |(interval, row): (&u32, &BTreeMap<u16, u64>)| {
            (*interval, row.iter().map(|(at, n)| (*at, *n)).collect())
        };
        let series = |((op, kind), rows): (&(OpId, DistributionKind), &MergedIntervals)| {
            let (op, kind) = (*op, *kind);
            let rows = rows.iter().map(row).collect();
            StoredSeries { op, kind, rows }
        };
        let all: Vec<StoredSeries> = self.rows.iter().map(series).collect();
        (self.intervals, all).serialize(to)
    }
}

impl<'de> Deserialize<'de> for IntervalHistograms {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (intervals, all) = <(Option<Intervals>, Vec<StoredSeries>)>::deserialize(from)?;
        let mut rows = BTreeMap::new();
        for series in all {
            let mut merged = MergedIntervals::new();
            for (interval, row) in series.rows {
                let outside = row.iter().any(|(at, _)| usize::from(*at) >= BUCKETS);
                if outside || u64::from(interval) >= MOST_INTERVALS {
                    return Err(D::Error::custom(
                        "an interval or a bucket is beyond the last one",
                    ));
                }
                merged.insert(interval, row.into_iter().collect());
            }
            rows.insert((series.op, series.kind), merged);
        }
        Ok(Self { intervals, rows })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recorder::{Shard, Window};

    fn sample(done_ms: u64, took: Nanos, outcome: Outcome) -> Sample {
        let done = Nanos::from_millis(done_ms);
        let began = Nanos(done.0 - took.0);
        Sample {
            outcome,
            ..Sample::answered(began, done)
        }
    }

    #[test]
    fn a_long_trial_has_longer_intervals_and_never_more_of_them() {
        let hour = Intervals::of(Nanos::from_secs(10), Nanos::from_secs(3_610));
        assert_eq!(hour.width, Nanos::from_secs(6));
        assert_eq!(hour.number(Nanos::from_secs(99_999)), 599);
        let short = Intervals::of(Nanos::from_secs(10), Nanos::from_secs(40));
        assert_eq!(short.width, Nanos::from_secs(1));
        assert_eq!(short.begin(2), Nanos::from_secs(12));
    }

    proptest! {
        #[test]
        fn a_bucket_is_one_of_hdr_histograms(nanos in 0_u64..=HIGHEST.0) {
            let histogram = response_histogram();
            prop_assert_eq!(lowest(bucket(nanos)), histogram.lowest_equivalent(nanos));
            prop_assert!(usize::from(bucket(nanos)) < BUCKETS);
        }
    }

    #[test]
    fn a_request_that_is_recorded_late_is_counted_where_it_was_done() {
        let window = Window {
            from: Nanos(0),
            to: Nanos::from_secs(10),
        };
        let mut shard = Shard::new(window, &[OpId(0)], Nanos::from_secs(10));
        for done_ms in [1_500, 2_500, 1_900, 2_900, 900] {
            let sample = sample(done_ms, Nanos::from_millis(10), Outcome::Ok);
            shard.begin(sample.op, sample.intended);
            shard.settle(&sample, None);
        }
        let mut merged = IntervalHistograms::default();
        shard.add_intervals_to(&mut merged);
        let intervals = merged.intervals();
        let counts = intervals.iter().map(|(number, ..)| {
            let one = merged.histogram(OpId(0), DistributionKind::Ok, *number);
            (*number, one.unwrap().len())
        });
        assert_eq!(counts.collect::<Vec<_>>(), [(0, 1), (1, 2), (2, 2)]);
    }

    proptest! {
        // Each case adds histograms of 190 KB by the hundred.
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn all_intervals_together_are_the_trials_histogram(
            samples in prop::collection::vec((1_u64..3_000, 0_u64..50_000_000, any::<bool>()), 1..60),
            workers in 1_usize..4,
        ) {
            let window = Window { from: Nanos::from_secs(100), to: Nanos::from_secs(200) };
            let mut shards: Vec<Shard> = (0..workers)
                .map(|_| Shard::new(window, &[OpId(0)], Nanos::from_secs(210)))
                .collect();
            for (number, (ms, took, ok)) in samples.iter().enumerate() {
                let outcome = if *ok { Outcome::Ok } else { Outcome::Reset };
                let sample = sample(101_000 + ms, Nanos(*took), outcome);
                let shard = &mut shards[number % workers];
                shard.begin(OpId(0), sample.intended);
                shard.settle(&sample, None);
            }
            let mut merged = IntervalHistograms::default();
            let mut whole = crate::recorder::OpData::default();
            for shard in &mut shards {
                if let Some((_, data)) = shard.ops().next() {
                    whole.merge(data);
                }
                shard.add_intervals_to(&mut merged);
            }
            for (kind, total) in DistributionKind::ALL.into_iter().zip([&whole.ok, &whole.service_ok, &whole.failed]) {
                let mut sum = response_histogram();
                for (number, ..) in merged.intervals() {
                    if let Some(one) = merged.histogram(OpId(0), kind, number) {
                        sum.add(one).unwrap();
                    }
                }
                prop_assert_eq!(sum.len(), total.len());
                for share in [0.5, 0.9, 0.99, 1.0] {
                    prop_assert_eq!(sum.value_at_quantile(share), total.value_at_quantile(share));
                }
            }
        }
    }
}
