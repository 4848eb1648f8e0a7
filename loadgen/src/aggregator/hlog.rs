//! The interval log of a trial: HdrHistogram V2, compressed, readable by the usual tools.

use std::io::{self, Write};

use hdrhistogram::{
    Histogram,
    serialization::{
        V2DeflateSerializeError, V2DeflateSerializer,
        interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError, Tag},
    },
};

use super::TrialData;
use crate::flows;

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

/// Writes one interval, the whole window, for each distribution. Values are nanoseconds; the
/// column of the largest one is in milliseconds.
///
/// Tags: `OP` the responses of the successes, `OP:service` the same from the actual send,
/// `OP:failed` the failures, `total`, `total:service`, `total:failed`, and `lag` of the pacer.
pub fn write_hlog(data: &TrialData, mut to: impl Write) -> Result<(), HlogError> {
    let mut serializer = V2DeflateSerializer::new();
    let from = data.window.0.duration();
    let length = data.window.1.since(data.window.0).duration();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .with_start_time(data.started_at + from)
        .with_base_time(data.started_at)
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut to, &mut serializer)?;
    let mut write = |tag: &str, histogram: &Histogram<u64>| {
        if histogram.is_empty() {
            return Ok(());
        }
        log.write_histogram(histogram, from, length, Tag::new(tag))
            .map_err(|error| match error {
                IntervalLogWriterError::IoError(error) => HlogError::Io(error),
                IntervalLogWriterError::SerializeError(error) => HlogError::Encode(error),
            })
    };
    let named = data
        .ops
        .iter()
        .map(|(op, ops)| (flows::operation_name(*op), ops))
        .chain([("total", &data.total)]);
    for (name, ops) in named {
        write(name, &ops.ok)?;
        write(&format!("{name}:service"), &ops.service_ok)?;
        write(&format!("{name}:failed"), &ops.failed)?;
    }
    write("lag", &data.lag)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use base64::Engine as _;
    use hdrhistogram::serialization::{
        Deserializer,
        interval_log::{IntervalLogIterator, LogEntry},
    };

    use super::*;
    use crate::{recorder::Window, sample::OpId, units::Nanos};

    #[test]
    fn the_log_reads_back_with_every_value_in_its_bucket() {
        let window = Window {
            from: Nanos::from_secs(2),
            to: Nanos::from_secs(7),
        };
        let mut data = TrialData::empty(SystemTime::UNIX_EPOCH, window);
        let op = data.ops.entry(OpId(0)).or_default();
        for ms in 1..=100 {
            op.ok.record(ms * 1_000_000).unwrap();
        }
        let mut text = Vec::new();
        write_hlog(&data, &mut text).unwrap();
        let intervals: Vec<_> = IntervalLogIterator::new(&text)
            .filter_map(|entry| match entry.unwrap() {
                LogEntry::Interval(interval) => Some(interval),
                _ => None,
            })
            .collect();
        assert_eq!(intervals.len(), 1);
        assert_eq!(intervals[0].tag().unwrap().as_str(), flows::OPERATIONS[0]);
        assert_eq!(intervals[0].duration(), Duration::from_secs(5));
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(intervals[0].encoded_histogram())
            .unwrap();
        let read: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
        assert_eq!(read.len(), 100);
        assert_eq!(
            read.value_at_quantile(0.5),
            data.ops[&OpId(0)].ok.value_at_quantile(0.5)
        );
    }
}
