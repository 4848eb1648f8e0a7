//! Histograms as text, for other processes: HdrHistogram V2, compressed, in base64, as in an interval
//! log. Only those with the bounds of this program are read, because only they add up exactly.

use std::io::Read as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::ZlibDecoder;
use hdrhistogram::{
    Counter, Histogram,
    serialization::{Deserializer, Serializer as _, V2DeflateSerializer},
};

/// Bytes of the compressed form before what is compressed: its mark, and the length of the rest.
const OUTER_HEAD: usize = 8;
/// Bytes before the counters: mark, length, offset, digits, lowest, highest and ratio.
const INNER_HEAD: usize = 40;
/// Largest histogram that is read: one with a counter of nine bytes in each bucket has 220 KB.
const MOST_BYTES: usize = 1 << 20;

fn encode<C: Counter>(histogram: &Histogram<C>) -> Result<String, String> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(STANDARD.encode(bytes))
}

/// The histogram of a text, with the bounds of `empty`.
fn decode<C: Counter>(text: &str, empty: &Histogram<C>) -> Result<Histogram<C>, String> {
    if text.len() > 2 * MOST_BYTES {
        return Err(format!("a histogram of {} bytes is too long", text.len()));
    }
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| format!("a histogram is not base64: {error}"))?;
    let packed = bytes.get(OUTER_HEAD..).unwrap_or_default();
    let mut plain = Vec::new();
    ZlibDecoder::new(packed)
        .take(MOST_BYTES as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|error| format!("a histogram cannot be unpacked: {error}"))?;
    if plain.len() > MOST_BYTES {
        return Err(format!("a histogram has more than {MOST_BYTES} bytes"));
    }
    // The crate would make room for whatever the head asks for.
    let length = number(&plain, 4, 4);
    let asked = (
        number(&plain, 12, 4),
        number(&plain, 16, 8),
        number(&plain, 24, 8),
    );
    let own = (
        Some(u64::from(empty.sigfig())),
        Some(empty.low()),
        Some(empty.high()),
    );
    let rest = plain.len().saturating_sub(INNER_HEAD) as u64;
    if asked != own || length.is_none_or(|length| length > rest) {
        return Err("a histogram has other bounds than those of this program".to_owned());
    }
    Deserializer::new()
        .deserialize(&mut &plain[..])
        .map_err(|error| format!("a histogram cannot be read: {error}"))
}

/// A number of the head, most significant byte first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + length)?;
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

/// A histogram of times.
pub(crate) mod response {
    use hdrhistogram::Histogram;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _, ser::Error as _};

    use crate::recorder::bounds::response_histogram;

    pub(crate) fn serialize<S: Serializer>(
        histogram: &Histogram<u64>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::encode(histogram).map_err(S::Error::custom)?)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Histogram<u64>, D::Error> {
        let text = String::deserialize(from)?;
        super::decode(&text, &response_histogram()).map_err(D::Error::custom)
    }
}

/// The distributions of the seconds; `None` for one in which there is nothing.
pub(crate) mod seconds {
    use hdrhistogram::Histogram;
    use serde::{
        Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _, ser::Error as _,
    };

    use crate::recorder::bounds::second_histogram;

    pub(crate) fn serialize<S: Serializer>(
        all: &[Histogram<u32>],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let texts: Result<Vec<Option<String>>, String> = all
            .iter()
            .map(|one| (!one.is_empty()).then(|| super::encode(one)).transpose())
            .collect();
        texts.map_err(S::Error::custom)?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Histogram<u32>>, D::Error> {
        let empty = second_histogram();
        let read = |text: Option<String>| match text {
            Some(text) => super::decode(&text, &empty),
            None => Ok(empty.clone()),
        };
        let texts = Vec::<Option<String>>::deserialize(from)?;
        let all: Result<Vec<_>, String> = texts.into_iter().map(read).collect();
        all.map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recorder::bounds::{HIGHEST, response_histogram, second_histogram};

    proptest! {
        // Each case makes histograms of 190 KB.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_histogram_comes_back_as_it_was(times in prop::collection::vec(0..=HIGHEST.0, 0..200)) {
            let mut whole = response_histogram();
            for time in &times {
                whole.record(*time).unwrap();
            }
            let text = encode(&whole).unwrap();
            prop_assert_eq!(decode(&text, &response_histogram()).unwrap(), whole);
        }
    }

    #[test]
    fn a_histogram_with_other_bounds_is_refused_because_it_would_not_add_up() {
        let other = Histogram::<u64>::new_with_bounds(1, 60_000, 3).unwrap();
        let error = decode(&encode(&other).unwrap(), &response_histogram()).unwrap_err();
        assert!(error.contains("other bounds"), "{error}");
        let coarse = encode(&second_histogram()).unwrap();
        assert!(decode(&coarse, &response_histogram()).is_err());
    }

    #[test]
    fn what_is_no_histogram_is_refused_whatever_it_is() {
        let empty = response_histogram();
        let whole = encode(&empty).unwrap();
        let half = &whole[..whole.len() / 2 / 4 * 4];
        for text in ["", "AAAA", "not base64!", half, &"A".repeat(3 * MOST_BYTES)] {
            assert!(decode(text, &empty).is_err(), "{} bytes", text.len());
        }
        let mut bomb = vec![0; OUTER_HEAD];
        let mut packer = flate2::write::ZlibEncoder::new(&mut bomb, flate2::Compression::best());
        std::io::Write::write_all(&mut packer, &vec![0; 4 * MOST_BYTES]).unwrap();
        packer.finish().unwrap();
        let error = decode(&STANDARD.encode(&bomb), &empty).unwrap_err();
        assert!(error.contains("more than"), "{error}");
    }
}
