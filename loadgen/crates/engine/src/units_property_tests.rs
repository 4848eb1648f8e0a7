//! Numbers with a unit: any text is read or refused, and what is read prints as it is read.

use std::fmt::Display;

use proptest::prelude::*;
use shared::time::{Millis, nanoseconds};

use super::*;

/// Reads a text; what is read reads as the same from what it prints.
fn reads_back<T>(text: &str) -> Result<Option<T>, TestCaseError>
where
    T: FromStr<Err: Display> + Display + PartialEq + fmt::Debug,
{
    let Ok(value) = text.parse::<T>() else {
        return Ok(None);
    };
    let printed = value.to_string();
    match printed.parse::<T>() {
        Ok(again) => prop_assert_eq!(&again, &value, "{}", printed),
        Err(error) => prop_assert!(false, "{text} is printed as {printed}: {error}"),
    }
    Ok(Some(value))
}

/// Any text, with more of those that are nearly one of these.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,20}",
        "[-+ ]?[0-9]{0,20}[.e]?[0-9]{0,12} ?(ms|us|s|m|h|%|/s|/m|/h|xx)?",
        "p?\\(?[0-9]{0,3}[.]?[0-9]{0,12}\\)?%?",
        "([0-9]{1,9}[.]?[0-9]{0,4} ?(h|m|s|ms|us) ?){1,5}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_text_is_a_number_with_its_unit_or_refused(text in text()) {
        reads_back::<Rate>(&text)?;
        reads_back::<Quantile>(&text)?;
        reads_back::<Percent>(&text)?;
        reads_back::<Millis>(&text)?;
        let _refused = (nanoseconds(&text), Rate::or_zero(&text));
    }

    #[test]
    fn every_rate_that_can_be_counted_is_printed_as_it_is_read(
        thousandths in 1..=1_000_000_000_u64,
        (unit, periods) in prop::sample::select(vec![("s", 1), ("m", 60), ("h", 3_600)]),
        share in 0.0..1.0,
    ) {
        // Up to a million a second in the unit.
        let number = thousandths + (share * ((periods - 1) * 1_000_000_000) as f64) as u64;
        let text = format!("{}.{:03}/{unit}", number / 1_000, number % 1_000);
        let rate = reads_back::<Rate>(&text)?;
        prop_assert_eq!(rate, Some(Rate { thousandths: number, period_s: periods }));
    }
}
