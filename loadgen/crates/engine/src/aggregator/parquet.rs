//! The requests of a trial as columns: `samples.parquet`, with the names and meanings of
//! `samples.csv.gz`.

use std::{io::Write, sync::Arc};

use parquet::{
    basic::Compression,
    column::writer::ColumnWriter,
    data_type::ByteArray,
    errors::{ParquetError, Result},
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::parser::parse_message_type,
};

use crate::{
    flow::Operations,
    recorder::{RawSample, RawSamples},
};

/// Rows of a group: what is in memory at once besides the samples themselves.
const GROUP: usize = 131_072;

const SCHEMA: &str = "message samples {
    required binary operation (UTF8);
    required int64 intended_ns;
    required int64 woke_ns;
    required int64 admitted_ns;
    required int64 sent_ns;
    required int64 first_byte_ns;
    required int64 done_ns;
    required binary outcome (UTF8);
    required int32 status;
    required int64 bytes_in;
    required double response_ms;
    required double service_ms;
}";

/// Writes one row a request.
pub fn write_parquet(
    samples: &RawSamples,
    operations: Operations,
    to: impl Write + Send,
) -> Result<()> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut file = SerializedFileWriter::new(to, schema, Arc::new(properties))?;
    let rows: Vec<&RawSample> = samples.iter().collect();
    for rows in rows.chunks(GROUP) {
        let mut group = file.next_row_group()?;
        let mut number = 0;
        while let Some(mut column) = group.next_column()? {
            fill(&mut column, number, rows, operations)?;
            column.close()?;
            number += 1;
        }
        group.close()?;
    }
    file.close()?;
    Ok(())
}

/// One column of a group, by its place in the schema.
fn fill(
    column: &mut SerializedColumnWriter<'_>,
    number: usize,
    rows: &[&RawSample],
    operations: Operations,
) -> Result<()> {
    match column.untyped() {
        ColumnWriter::ByteArrayColumnWriter(to) => {
            let word = |raw: &RawSample| match number {
                0 => operations.name(raw.op),
                _ => raw.outcome.as_str(),
            };
            let values: Vec<ByteArray> = rows.iter().map(|raw| word(raw).into()).collect();
            to.write_batch(&values, None, None)?;
        }
        ColumnWriter::Int64ColumnWriter(to) => {
            let figure = |raw: &RawSample| match number {
                1 => raw.intended.0,
                2 => raw.woke.0,
                3 => raw.admitted.0,
                4 => raw.sent.0,
                5 => raw.first_byte.0,
                6 => raw.done.0,
                _ => raw.bytes_in,
            };
            let values: Vec<i64> = rows.iter().map(|raw| figure(raw).cast_signed()).collect();
            to.write_batch(&values, None, None)?;
        }
        ColumnWriter::Int32ColumnWriter(to) => {
            let values: Vec<i32> = rows.iter().map(|raw| i32::from(raw.status)).collect();
            to.write_batch(&values, None, None)?;
        }
        ColumnWriter::DoubleColumnWriter(to) => {
            let ms = |raw: &RawSample| match number {
                10 => raw.response().as_ms(),
                _ => raw.service().as_ms(),
            };
            let values: Vec<f64> = rows.iter().map(|raw| ms(raw)).collect();
            to.write_batch(&values, None, None)?;
        }
        _ => {
            return Err(ParquetError::General(format!(
                "column {number} has a type that no sample has"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::RowAccessor as _,
    };

    use super::*;
    use crate::{
        flow::shop,
        sample::{OpId, Outcome, Sample},
        units::Nanos,
    };

    #[test]
    fn every_row_can_be_read_back() {
        let mut samples = RawSamples::with_room(usize::MAX);
        let rows = GROUP as u64 + 10;
        for number in 0..rows {
            let at = |ms: u64| Nanos::from_millis(number + ms);
            samples.push(&Sample {
                op: OpId(0),
                intended: at(0),
                woke: at(1),
                admitted: at(2),
                sent: at(3),
                first_byte: at(5),
                done: at(8),
                outcome: Outcome::Ok,
                status: 201,
                bytes_in: number,
                cost: None,
            });
        }
        let operations = shop().operations;
        let mut file = tempfile::tempfile().unwrap();
        write_parquet(&samples, operations, &mut file).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), rows as i64);
        assert_eq!(reader.num_row_groups(), 2);
        let mut seen = 0;
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let long = |column| row.get_long(column).unwrap();
            assert_eq!(row.get_string(0).unwrap(), operations.name(OpId(0)));
            let times: Vec<i64> = (1..=6)
                .map(|column| (long(column) - long(1)) / 1_000_000)
                .collect();
            assert_eq!(times, [0, 1, 2, 3, 5, 8]);
            assert_eq!(long(1), seen * 1_000_000);
            assert_eq!(row.get_string(7).unwrap(), "ok");
            assert_eq!((row.get_int(8).unwrap(), long(9)), (201, seen));
            assert_eq!(
                (row.get_double(10).unwrap(), row.get_double(11).unwrap()),
                (8.0, 5.0)
            );
            seen += 1;
        }
        assert_eq!(seen, rows as i64);
    }
}
