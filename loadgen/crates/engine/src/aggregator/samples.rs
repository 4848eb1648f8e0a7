//! The requests of a trial as lines: `samples.csv.gz`.

use std::io::{self, BufWriter, Write};

use flate2::{Compression, GzBuilder};

use crate::{flow::Operations, recorder::RawSamples, units::Nanos};

/// The head of the file. Times count from the start of the trial's clock, in nanoseconds;
/// `response_ms` is `done_ns - intended_ns` and `service_ms` is `done_ns - sent_ns`.
pub const COLUMNS: &str = "operation,intended_ns,woke_ns,admitted_ns,sent_ns,first_byte_ns,done_ns,outcome,status,bytes_in,response_ms,service_ms";

/// Writes one line a request, packed.
pub fn write_samples(
    samples: &RawSamples,
    operations: Operations,
    to: impl Write,
) -> io::Result<()> {
    let packed = GzBuilder::new().mtime(0).write(to, Compression::fast());
    let mut lines = BufWriter::new(packed);
    writeln!(lines, "{COLUMNS}")?;
    for one in samples.iter() {
        writeln!(
            lines,
            "{},{},{},{},{},{},{},{},{},{},{},{}",
            operations.name(one.op),
            one.intended.0,
            one.woke.0,
            one.admitted.0,
            one.sent.0,
            one.first_byte.0,
            one.done.0,
            one.outcome.as_str(),
            one.status,
            one.bytes_in,
            exact_ms(one.response()),
            exact_ms(one.service()),
        )?;
    }
    let packed = lines.into_inner().map_err(io::IntoInnerError::into_error)?;
    packed.finish()?.flush()
}

/// Milliseconds with all their digits: no rounding lies between the file and the clock.
fn exact_ms(time: Nanos) -> String {
    format!("{}.{:06}", time.0 / 1_000_000, time.0 % 1_000_000)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;
    use crate::flow::shop;
    use crate::sample::{OpId, Outcome, Sample};

    #[test]
    fn a_line_holds_every_time_and_the_two_that_follow_from_them() {
        let mut samples = RawSamples::with_room(9);
        samples.push(&Sample {
            op: OpId(0),
            intended: Nanos(1_000_000),
            woke: Nanos(1_000_500),
            admitted: Nanos(1_200_000),
            sent: Nanos(1_500_000),
            first_byte: Nanos(3_000_000),
            done: Nanos(4_000_001),
            outcome: Outcome::HttpError,
            status: 503,
            bytes_in: 42,
            cost: None,
        });
        let mut packed = Vec::new();
        write_samples(&samples, shop().operations, &mut packed).unwrap();
        let mut text = String::new();
        GzDecoder::new(&packed[..])
            .read_to_string(&mut text)
            .unwrap();
        let name = shop().operations.name(OpId(0));
        let line = format!(
            "{name},1000000,1000500,1200000,1500000,3000000,4000001,http_error,503,42,3.000001,2.500001"
        );
        assert_eq!(text, format!("{COLUMNS}\n{line}\n"));
    }
}
