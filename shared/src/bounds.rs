//! Bounds of what requests carry, checked where it is parsed: a value that PostgreSQL cannot hold is
//! refused with the name of its field and never reaches a statement.

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize as _, Deserializer, de::Error as _};

/// Years that an instant may have: those of RFC 3339. PostgreSQL's `timestamptz` begins in 4713 BC
/// and ends in 294276 AD; chrono reads earlier and later ones.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9_999;

/// Reads an optional instant of the years 1 to 9999.
pub fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let instant = Option::<DateTime<Utc>>::deserialize(from)?;
    instant.map(bounded_instant).transpose()
}

/// Reads an instant of the years 1 to 9999.
pub fn required_instant<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
    bounded_instant(DateTime::<Utc>::deserialize(from)?)
}

fn bounded_instant<E: serde::de::Error>(instant: DateTime<Utc>) -> Result<DateTime<Utc>, E> {
    if YEARS.contains(&instant.year()) {
        Ok(instant)
    } else {
        Err(E::custom("an instant of the years 1 to 9999 is expected"))
    }
}

/// Reads a count that fits PostgreSQL's `bigint`.
pub fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let count = u64::deserialize(from)?;
    if i64::try_from(count).is_err() {
        return Err(D::Error::custom("at most 9223372036854775807 is expected"));
    }
    Ok(count)
}

/// Reads a text that PostgreSQL can hold: without NUL.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.contains('\0') {
        return Err(D::Error::custom("a text without NUL is expected"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn an_instant_that_is_read_has_a_year_of_four_digits(
            from in prop_oneof![
                ".{0,40}",
                "[+-]?[0-9]{1,6}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2})",
            ],
        ) {
            if let Ok(read) = serde_json::from_value::<Bounded>(json!({ "from": from })) {
                prop_assert!((1..=9_999).contains(&read.from.unwrap().year()));
            }
        }

        #[test]
        fn every_instant_of_those_years_is_read(
            micros in -62_135_596_800_000_000..=253_402_300_799_999_999_i64,
        ) {
            let instant = DateTime::<Utc>::from_timestamp_micros(micros).unwrap();
            let from = instant.to_rfc3339_opts(SecondsFormat::Micros, true);
            let read: Bounded = serde_json::from_value(json!({ "from": from })).unwrap();
            prop_assert_eq!(read.from, Some(instant));
        }
    }

    #[derive(Debug, Deserialize)]
    struct Bounded {
        #[serde(default, deserialize_with = "super::instant")]
        from: Option<chrono::DateTime<chrono::Utc>>,
        #[serde(default, deserialize_with = "super::required_instant")]
        starts_at: chrono::DateTime<chrono::Utc>,
        #[serde(default, deserialize_with = "super::count")]
        omitted: u64,
        #[serde(default, deserialize_with = "super::text")]
        client_id: String,
    }

    fn is_read(body: serde_json::Value) -> bool {
        serde_json::from_value::<Bounded>(body).is_ok()
    }

    #[test]
    fn instants_that_postgresql_cannot_hold_are_refused() {
        for from in [
            "-5000-01-01T00:00:00Z",
            "+262000-01-01T00:00:00Z",
            "0000-12-31T23:59:59Z",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert!(!is_read(json!({ "from": from })), "{from}");
            assert!(!is_read(json!({ "starts_at": from })), "{from}");
        }
        for from in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert!(is_read(json!({ "from": from })), "{from}");
            assert!(is_read(json!({ "starts_at": from })), "{from}");
        }
        assert!(!is_read(json!({ "starts_at": null })));
        let absent: Bounded = serde_json::from_value(json!({ "from": null })).unwrap();
        assert_eq!((absent.from, absent.omitted), (None, 0));
        assert_eq!(absent.starts_at, chrono::DateTime::UNIX_EPOCH);
        assert_eq!(absent.client_id, "");
    }

    #[test]
    fn counts_above_a_bigint_are_refused() {
        assert!(is_read(json!({ "omitted": i64::MAX })));
        assert!(!is_read(json!({ "omitted": u64::MAX })));
        assert!(!is_read(json!({ "omitted": -1 })));
    }

    #[test]
    fn texts_with_nul_are_refused() {
        assert!(is_read(json!({ "client_id": "caf\u{e9}" })));
        assert!(!is_read(json!({ "client_id": "a\0b" })));
    }
}
