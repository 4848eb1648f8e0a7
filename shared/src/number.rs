//! Numbers as people write them: `_` may part the digits, like `1_000`, and none begins with a zero that it does
//! not need. `010` is ten to one reader and eight to another, because in YAML 1.1 it was octal.

use std::{fmt::Display, str::FromStr};

/// A number without the `_` between its digits; `None` where one is not between two digits.
pub fn without_underscores(number: &str) -> Option<String> {
    let bytes = number.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let all_between = bytes
        .iter()
        .enumerate()
        .all(|(at, byte)| *byte != b'_' || at > 0 && is_digit(at - 1) && is_digit(at + 1));
    all_between.then(|| number.replace('_', ""))
}

/// A number without the zeros that it begins with and does not need, and without its sign; `None` where there
/// are none.
pub fn without_zeros(number: &str) -> Option<String> {
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    let rest = digits.strip_prefix('0')?;
    if !rest.starts_with(|next: char| next.is_ascii_digit()) {
        return None;
    }
    let bare = rest.trim_start_matches('0');
    let begins_with_digit = bare.starts_with(|first: char| first.is_ascii_digit());
    Some(if begins_with_digit {
        bare.to_owned()
    } else {
        format!("0{bare}")
    })
}

/// Why a text of numbers and units, like `010ms`, was refused, if it was for a zero that a number begins with:
/// what it would be without such zeros, where `is_right` takes that.
pub fn needless_zeros(text: &str, is_right: impl Fn(&str) -> bool) -> Option<String> {
    let right = all_without_zeros(text).filter(|right| is_right(right))?;
    let which = if without_zeros(text.trim()).is_some() {
        ""
    } else {
        "a number of "
    };
    Some(format!(
        "{which}`{text}` begins with a zero: write `{right}`"
    ))
}

/// Reads a number, or a number and its unit. One that begins with a zero that it does not need is refused with what
/// it would be, anything else that `read` does not take with `wrong`.
pub fn read_or_refuse<T>(
    text: &str,
    read: impl Fn(&str) -> Option<T>,
    wrong: impl FnOnce() -> String,
) -> Result<T, String> {
    let strictly =
        |text: &str| read(text).filter(|_| without_zeros(&text.replace('_', "")).is_none());
    strictly(text).ok_or_else(|| {
        needless_zeros(text, |right| strictly(right).is_some()).unwrap_or_else(wrong)
    })
}

/// A parser of whole numbers from `least` to `most`; `_` may part the digits, like `1_000`.
pub fn whole<T>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static,
{
    move |text| {
        let digits = without_underscores(text.trim());
        if let Some(bare) = digits.as_deref().and_then(without_zeros) {
            return Err(format!("`{text}` begins with a zero: write `{bare}`"));
        }
        digits
            .and_then(|digits| digits.parse().ok())
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("`{text}` is not a whole number from {least} to {most}"))
    }
}

/// A text with each of its numbers, runs of digits and points with `_` between digits, without zeros that it does
/// not need; `None` where there are none.
fn all_without_zeros(text: &str) -> Option<String> {
    let of_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut right = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(of_number) {
        let (between, from) = rest.split_at(begin);
        let end = from
            .find(|letter| !of_number(letter) && letter != '_')
            .unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        right.push_str(between);
        let bare = without_underscores(number).and_then(|digits| without_zeros(&digits));
        right.push_str(bare.as_deref().unwrap_or(number));
        rest = after;
    }
    right.push_str(rest);
    (right != text).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zeros_that_a_number_does_not_need_are_left_out() {
        for needed in ["0", "0.5", ".05", "-0", "10", "1.05", "1e05", "", "x0"] {
            assert_eq!(without_zeros(needed), None, "{needed}");
        }
        for (text, bare) in [
            ("010", "10"),
            ("-010", "10"),
            ("+00.5", "0.5"),
            ("00", "0"),
            ("0010.50", "10.50"),
        ] {
            assert_eq!(without_zeros(text).as_deref(), Some(bare), "{text}");
        }
    }

    #[test]
    fn an_underscore_parts_two_digits() {
        for (text, digits) in [
            ("1_000", "1000"),
            ("1_000_000.5", "1000000.5"),
            ("-1_0", "-10"),
            ("0.000_1", "0.0001"),
            ("0_1", "01"),
            ("7", "7"),
            ("", ""),
        ] {
            assert_eq!(without_underscores(text).as_deref(), Some(digits), "{text}");
        }
        for wrong in ["_1", "1_", "1__0", "_", "1_.5", "1._5", "-_1", "1_k"] {
            assert_eq!(without_underscores(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_would_be_right_is_said_if_it_is_right() {
        let any = |_: &str| true;
        for (text, said) in [
            ("010/s", "`010/s` begins with a zero: write `10/s`"),
            ("00.5s", "`00.5s` begins with a zero: write `0.5s`"),
            ("01_000/s", "`01_000/s` begins with a zero: write `1000/s`"),
            (
                "1m030s",
                "a number of `1m030s` begins with a zero: write `1m30s`",
            ),
        ] {
            assert_eq!(needless_zeros(text, any).as_deref(), Some(said));
        }
        for text in [
            "0.5/s",
            "1.05s",
            ".05s",
            "10",
            "",
            "s",
            "2_000_000/s",
            "1__000/s",
        ] {
            assert_eq!(needless_zeros(text, any), None, "{text}");
        }
        assert_eq!(needless_zeros("010 parsecs", |right| right == "10 s"), None);
    }

    #[test]
    fn what_is_read_only_without_its_zeros_is_refused_with_them() {
        let read = |text: &str| {
            let small = |text: &str| text.parse::<u8>().ok();
            read_or_refuse(text, small, || "wrong".to_owned())
        };
        assert_eq!(read("10"), Ok(10));
        assert_eq!(read("0"), Ok(0));
        let zero = "`010` begins with a zero: write `10`";
        assert_eq!(read("010"), Err(zero.to_owned()));
        assert_eq!(read("0300"), Err("wrong".to_owned()));
        assert_eq!(read("ten"), Err("wrong".to_owned()));
    }

    #[test]
    fn a_number_may_be_parted_and_lies_between_its_bounds() {
        let users = whole(1_u32, 20_000);
        assert_eq!(users("1_000"), Ok(1_000));
        assert_eq!(users(" 7 "), Ok(7));
        for (text, bare) in [("010", "10"), (" 07 ", "7"), ("0_1", "1")] {
            assert_eq!(
                users(text),
                Err(format!("`{text}` begins with a zero: write `{bare}`"))
            );
        }
        for wrong in [
            "ten", "-1", "1e999", "", "NaN", "0", "20001", "_1", "1__0", "1.5",
        ] {
            assert_eq!(
                users(wrong),
                Err(format!("`{wrong}` is not a whole number from 1 to 20000"))
            );
        }
    }
}
