//! Reads the single values of a file: each error names the file, the line and the nearest right word.

use std::str::FromStr;

use serde_saphyr::{Location, Spanned};
use shared::{
    number,
    text::{escaped, shortened},
    time::Millis,
};

use super::model::Think;
use crate::flow::Catalog;

/// Most virtual users that one process opens connections for.
pub const MAX_USERS: u32 = 20_000;
/// Longest timeout of a request; with the drain it has to fit into a histogram.
pub const MAX_TIMEOUT: Millis = Millis(600_000);
/// Longest wait for what is under way at the end: a request is recorded then at the latest.
const MAX_DRAIN: Millis = Millis(600_000);
/// Longest warm-up, and longest window or phase.
pub const MAX_DURATION: Millis = Millis(24 * 3_600_000);

/// A file that cannot be used, in one line: where, what, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", escaped(.0))]
pub struct BadFile(pub String);

impl BadFile {
    /// What is wrong at a place of a file.
    pub fn at(file: &str, place: Location, why: &str) -> Self {
        let (line, column) = (place.line().max(1), place.column().max(1));
        Self(format!("{file}:{line}:{column}: {why}"))
    }
}

/// A number in decimal digits, which `_` may part, with a point or an exponent or without. One that begins
/// with a zero, like `010`, is refused, as a whole number is: in YAML 1.1 it was octal.
pub fn decimal(text: &str) -> Result<f64, String> {
    let plain = number::without_underscores(text).unwrap_or_else(|| text.to_owned());
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    if let Some(bare) = without_zeros(digits) {
        let word = shortened(text);
        return Err(format!("`{word}` begins with a zero: write `{bare}`"));
    }
    // What Rust reads besides, like `inf`, begins with a letter.
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    plain
        .parse::<f64>()
        .ok()
        .filter(|number| is_number && number.is_finite())
        .ok_or_else(|| format!("`{}` is not a number", shortened(text)))
}

/// The begin of a number without the zeros that it begins with and does not need, for an error; `None` where
/// there are none.
pub(super) fn without_zeros(digits: &str) -> Option<String> {
    number::without_zeros(digits).map(|bare| shortened(&bare).to_owned())
}

/// Turns raw texts into types; knows the file for its errors, and which flows there are.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) catalog: &'a Catalog,
}

impl Reader<'_> {
    pub(super) fn think(&self, text: &Spanned<String>) -> Result<Think, BadFile> {
        think(&text.value).map_err(|why| self.at(text, &why))
    }

    pub(super) fn read<T: FromStr<Err: std::fmt::Display>>(
        &self,
        text: &Spanned<String>,
    ) -> Result<T, BadFile> {
        text.value
            .parse()
            .map_err(|error: T::Err| self.at(text, &error.to_string()))
    }

    pub(super) fn positive(&self, text: &Spanned<String>) -> Result<Millis, BadFile> {
        match self.up_to(MAX_DURATION, "a duration", text)? {
            Millis(0) => Err(self.at(text, "a duration is longer than nothing")),
            span => Ok(span),
        }
    }

    /// How long load is not counted; nothing where it is not said.
    pub(super) fn warm_up(&self, text: Option<&Spanned<String>>) -> Result<Millis, BadFile> {
        text.map_or(Ok(Millis(0)), |text| {
            self.up_to(MAX_DURATION, "a warm-up", text)
        })
    }

    /// How long what is under way at the end is waited for; 10 s where it is not said.
    pub(super) fn drain(&self, text: Option<&Spanned<String>>) -> Result<Millis, BadFile> {
        text.map_or(Ok(Millis(10_000)), |text| {
            self.up_to(MAX_DRAIN, "the wait at the end", text)
        })
    }

    /// A duration of at most `most`; a text beyond what any duration may be is refused with that bound, too.
    fn up_to(&self, most: Millis, what: &str, text: &Spanned<String>) -> Result<Millis, BadFile> {
        match text.value.parse::<Millis>() {
            Ok(span) if span <= most => Ok(span),
            Err(error) if !error.is_too_long() => Err(self.at(text, &error.to_string())),
            _ => Err(self.at(text, &format!("{what} is at most {most}"))),
        }
    }

    pub(super) fn decimal(&self, text: &Spanned<String>) -> Result<f64, BadFile> {
        decimal(&text.value).map_err(|why| self.at(text, &why))
    }

    pub(super) fn number(
        &self,
        number: Option<&Spanned<u32>>,
        default: u32,
        min: u32,
        max: u32,
    ) -> Result<u32, BadFile> {
        match number {
            None => Ok(default),
            Some(number) if (min..=max).contains(&number.value) => Ok(number.value),
            Some(number) => Err(self.at(
                number,
                &format!("{} is not a whole number from {min} to {max}", number.value),
            )),
        }
    }

    /// A number of users at the end of a phase, where a rate may stand in another model.
    pub(super) fn users(&self, text: &Spanned<String>) -> Result<u32, BadFile> {
        let read = |word: &str| {
            let users = number::without_underscores(word)?.parse::<u32>().ok();
            users.filter(|users| *users <= MAX_USERS)
        };
        let wrong = || format!("`to` is a number of users up to {MAX_USERS}");
        number::read_or_refuse(&text.value, read, wrong).map_err(|why| self.at(text, &why))
    }

    pub(super) fn refuse<T>(
        &self,
        key: Option<&Spanned<T>>,
        name: &str,
        model: &str,
    ) -> Result<(), BadFile> {
        key.map_or(Ok(()), |spanned| {
            Err(self.at(spanned, &format!("`{name}` belongs to the {model} model")))
        })
    }

    pub(super) fn at<T>(&self, spanned: &Spanned<T>, why: &str) -> BadFile {
        BadFile::at(self.file, spanned.referenced, why)
    }
}

/// Reads `1s..3s`, `2s`, or `exp(2s)`.
pub fn think(text: &str) -> Result<Think, String> {
    let read = |part: &str| {
        part.trim()
            .parse::<Millis>()
            .map_err(|error| error.to_string())
    };
    if let Some(mean) = text.trim().strip_prefix("exp(") {
        let mean = mean
            .strip_suffix(')')
            .ok_or_else(|| format!("`{text}` is not a pause like `exp(2s)`"))?;
        let mean = read(mean)?;
        return Ok(Think {
            min: Millis(0),
            // One pause in 22,000 is longer; one of hours would outlive the run.
            max: Millis(mean.0.saturating_mul(10)),
            mean: Some(mean),
        });
    }
    let (min, max) = match text.split_once("..") {
        Some((min, max)) => (read(min)?, read(max)?),
        None => (read(text)?, read(text)?),
    };
    if min > max {
        return Err(format!("`{text}` ends before it begins"));
    }
    Ok(Think {
        min,
        max,
        mean: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_begins_with_a_zero_is_none_and_what_it_would_be_is_said() {
        for (text, number) in [
            ("0", 0.0),
            ("0.5", 0.5),
            (".5", 0.5),
            ("-0.25", -0.25),
            ("10", 10.0),
            ("1e3", 1_000.0),
            ("1_000", 1_000.0),
        ] {
            assert_eq!(decimal(text), Ok(number));
        }
        for (text, right) in [
            ("010", "10"),
            ("-010", "10"),
            ("00.5", "0.5"),
            ("00", "0"),
            ("0_1", "1"),
        ] {
            let why = format!("`{text}` begins with a zero: write `{right}`");
            assert_eq!(decimal(text), Err(why));
        }
        for text in [
            "", "ten", "inf", "-nan", ".nan", "1e999", "1 2", "0x1", "1__0", "_1",
        ] {
            assert_eq!(decimal(text), Err(format!("`{text}` is not a number")));
        }
    }
}
