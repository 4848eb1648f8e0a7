//! The interval log of a trial: HdrHistogram V2, compressed, readable by the usual tools.

use std::{
    io::{self, Write},
    time::Duration,
};

use hdrhistogram::{
    Histogram,
    serialization::{
        V2DeflateSerializeError, V2DeflateSerializer,
        interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError, Tag},
    },
};

use super::TrialData;
use crate::{
    flow::Operations,
    recorder::{DistributionKind, response_histogram},
};

/// The log could not be written.
#[derive(Debug, thiserror::Error)]
pub enum HlogError {
    /// The destination refused.
    #[error("cannot write the interval log: {0}")]
    Io(#[from] io::Error),
    /// A histogram could not be encoded.
    #[error("cannot encode a histogram: {0}")]
    Encode(V2DeflateSerializeError),
}

/// Writes one interval a second (longer ones where the trial is longer than ten minutes), in the
/// order of time, each request in the interval in which it was done. Values are nanoseconds; the
/// column of the largest one is in milliseconds.
///
/// Tags: `OP:ok` the responses of the successes, `OP:service` the same from the actual send,
/// `OP:err` the failures; the same of all operations as `ok`, `service` and `err`; and `lag` of
/// the pacer, one interval for the whole window. All intervals of a tag together are exactly the
/// histogram that the summary's percentiles are taken from.
pub fn write_hlog(
    data: &TrialData,
    operations: Operations,
    mut to: impl Write,
) -> Result<(), HlogError> {
    let mut serializer = V2DeflateSerializer::new();
    let from = data.window.0.duration();
    let length = data.window.1.since(data.window.0).duration();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .with_start_time(data.started_at + from)
        .with_base_time(data.started_at)
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut to, &mut serializer)?;
    let mut write = |tag: &str, histogram: &Histogram<u64>, from: Duration, length: Duration| {
        if histogram.is_empty() {
            return Ok(());
        }
        log.write_histogram(histogram, from, length, Tag::new(tag))
            .map_err(|error| match error {
                IntervalLogWriterError::IoError(error) => HlogError::Io(error),
                IntervalLogWriterError::SerializeError(error) => HlogError::Encode(error),
            })
    };
    write("lag", &data.lag, from, length)?;
    for (number, begin, width) in data.intervals.intervals() {
        let (begin, width) = (begin.duration(), width.duration());
        for kind in DistributionKind::ALL {
            let mut all = response_histogram();
            for op in data.ops.keys() {
                if let Some(one) = data.intervals.histogram(*op, kind, number) {
                    all.add(&one)
                        .expect("all have the bounds of response_histogram");
                    let tag = format!("{}:{}", operations.name(*op), word(kind));
                    write(&tag, &one, begin, width)?;
                }
            }
            write(word(kind), &all, begin, width)?;
        }
    }
    Ok(())
}

const fn word(kind: DistributionKind) -> &'static str {
    match kind {
        DistributionKind::Ok => "ok",
        DistributionKind::Service => "service",
        DistributionKind::Failed => "err",
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::SystemTime};

    use base64::Engine as _;
    use hdrhistogram::serialization::{
        Deserializer,
        interval_log::{IntervalLogIterator, LogEntry},
    };

    use super::*;
    use crate::{
        flow::shop,
        recorder::{Shard, Window},
        sample::{OpId, Outcome, Sample},
        units::Nanos,
    };

    /// Every tag with its number of intervals and all of them added up.
    fn read(text: &[u8]) -> BTreeMap<String, (usize, Histogram<u64>)> {
        let mut tags = BTreeMap::new();
        let mut last = Duration::ZERO;
        for entry in IntervalLogIterator::new(text) {
            let LogEntry::Interval(interval) = entry.unwrap() else {
                continue;
            };
            assert!(interval.start_timestamp() >= last, "in the order of time");
            last = interval.start_timestamp();
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(interval.encoded_histogram())
                .unwrap();
            let one: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
            let (count, sum) = tags
                .entry(interval.tag().unwrap().as_str().to_owned())
                .or_insert_with(|| (0, response_histogram()));
            *count += 1;
            sum.add(one).unwrap();
        }
        tags
    }

    #[test]
    fn the_log_reads_back_second_by_second_and_adds_up_to_the_trial() {
        let window = Window {
            from: Nanos::from_secs(2),
            to: Nanos::from_secs(7),
        };
        let mut shard = Shard::new(window, &[OpId(0)], Nanos::from_secs(9));
        for number in 0..100 {
            let intended = Nanos::from_millis(2_000 + 50 * number);
            let done = Nanos(intended.0 + (number + 1) * 1_000_000);
            let failed = number % 10 == 0;
            shard.begin(OpId(0), intended);
            shard.settle(
                &Sample {
                    outcome: if failed { Outcome::Reset } else { Outcome::Ok },
                    ..Sample::answered(intended, done)
                },
                None,
            );
        }
        let data = TrialData::from_shards(SystemTime::UNIX_EPOCH, window, vec![shard]);
        let mut text = Vec::new();
        write_hlog(&data, shop().operations, &mut text).unwrap();
        let tags = read(&text);
        let op = shop().operations.name(OpId(0));
        for (tag, whole) in [
            (format!("{op}:ok"), &data.ops[&OpId(0)].ok),
            (format!("{op}:service"), &data.ops[&OpId(0)].service_ok),
            (format!("{op}:err"), &data.ops[&OpId(0)].failed),
            ("ok".to_owned(), &data.total.ok),
            ("err".to_owned(), &data.total.failed),
        ] {
            let (intervals, sum) = &tags[&tag];
            // The last request is done in the sixth second.
            assert!((5..=6).contains(intervals), "{tag}: {intervals}");
            assert_eq!(sum.len(), whole.len(), "{tag}");
            for share in [0.1, 0.5, 0.99, 1.0] {
                assert_eq!(sum.value_at_quantile(share), whole.value_at_quantile(share));
            }
        }
        assert_eq!(tags.len(), 6, "one operation and all, three kinds each");
    }
}
