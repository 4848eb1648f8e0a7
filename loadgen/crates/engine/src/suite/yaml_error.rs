//! Errors of the YAML reader in the words of a file: where, what, and what would be right.

use serde_saphyr::{Error, Location};

use super::reader::unknown;

/// One line for an error of the YAML reader; `text` is what it read.
pub(super) fn explain(error: &Error, text: &str, file: &str) -> String {
    let error = error.without_snippet();
    let place = error.location().map_or_else(
        || file.to_owned(),
        |at| format!("{file}:{}:{}", at.line(), at.column()),
    );
    let word = error
        .location()
        .map(|at| word_at(text, &at))
        .unwrap_or_default();
    let why = match error {
        _ if is_blank(text) => "the file has no keys".to_owned(),
        Error::SerdeUnknownField {
            field, expected, ..
        } => unknown("key", field, expected.iter().copied()),
        Error::SerdeMissingField { field, .. } => format!("the key `{field}` is missing"),
        Error::DuplicateMappingKey { .. } => {
            format!("the key `{}` is written twice: remove one", key(word))
        }
        Error::MultipleDocuments { .. } => {
            "a second document begins here: a file has one; remove the `---` or split the file"
                .to_owned()
        }
        Error::Eof { .. } => "the file ends where a value is missing".to_owned(),
        Error::NullIntoString { .. } => {
            "a value is missing: write one, or remove the key".to_owned()
        }
        Error::InvalidScalar { ty, .. } => number(word, ty),
        Error::NonFiniteFloat { .. } => format!("`{word}` is not a number"),
        Error::InvalidBooleanStrict { .. } => {
            format!("`{word}` is neither `true` nor `false`")
        }
        Error::Unexpected { expected, .. } if expected.contains("mapping") => {
            "keys with values are expected here, like `name: smoke`".to_owned()
        }
        Error::Unexpected { expected, .. } if expected.contains("sequence") => {
            "a list is expected here, like `[ a, b ]`".to_owned()
        }
        Error::Unexpected { .. } => "one value is expected here, no list and no keys".to_owned(),
        Error::UnknownAnchor { .. } => {
            format!("`{word}` refers to an anchor that is not defined above it")
        }
        Error::TaggedScalarCannotDeserializeIntoString { .. } => {
            "a tag like `!!int` does not fit here: remove it".to_owned()
        }
        other => syntax(&other.to_string()),
    };
    format!("{place}: {why}")
}

/// Why a word is not the number that is expected.
fn number(word: &str, kind: &str) -> String {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if kind.starts_with('f') {
        format!("`{word}` is not a number")
    } else if !kind.starts_with(['u', 'i']) {
        format!("`{word}` does not fit here")
    } else if whole && digits.len() > 1 && digits.starts_with('0') {
        let bare = digits.trim_start_matches('0');
        format!("`{word}` begins with a zero: write `{bare}`")
    } else if whole && digits.len() == word.len() {
        format!("`{word}` is too large")
    } else {
        format!("`{word}` is not a whole number of 0 or more")
    }
}

/// The message of the parser, without the place that is printed before it.
fn syntax(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.rsplit_once(" at line ").map_or(line, |(why, _)| why);
    if line.contains("tabs") {
        "a tab: YAML is indented with blanks".to_owned()
    } else if line.contains("quoted scalar") {
        "a quote is not closed, or its text is not indented".to_owned()
    } else {
        line.to_owned()
    }
}

/// Whether a file has nothing but comments and markers.
fn is_blank(text: &str) -> bool {
    let blank = |line: &str| line.is_empty() || line.starts_with('#') || line == "---";
    text.lines().map(str::trim).all(blank)
}

/// The value that begins at a place.
fn word_at<'a>(text: &'a str, at: &Location) -> &'a str {
    let line = usize::try_from(at.line()).unwrap_or(usize::MAX);
    let column = usize::try_from(at.column()).unwrap_or(usize::MAX);
    let text = text.trim_start_matches('\u{feff}');
    let Some(line) = text.lines().nth(line.saturating_sub(1)) else {
        return "";
    };
    let from = line.char_indices().nth(column.saturating_sub(1));
    let rest = from.map_or("", |(from, _)| &line[from..]);
    let rest = rest.split(" #").next().unwrap_or_default();
    rest.split([',', '}', ']'])
        .next()
        .unwrap_or_default()
        .trim()
}

/// The key of `key: value`.
fn key(word: &str) -> &str {
    word.split(':').next().unwrap_or_default().trim()
}
