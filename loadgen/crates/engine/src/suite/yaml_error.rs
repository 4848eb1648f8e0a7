//! Errors of the YAML reader in the words of a file: where, what, and what would be right.

use serde_saphyr::{Error, Location};
use shared::text::{shortened, unknown};

use super::reader::without_zeros;

/// One line for an error of the YAML reader; `text` is what it read.
pub(super) fn explain(error: &Error, text: &str, file: &str) -> String {
    let error = match error.without_snippet() {
        // The place of the value itself, not of the alias that repeats it.
        Error::AliasError { error, .. } => error.without_snippet(),
        error => error,
    };
    let at = error.location().filter(|at| at.line() > 0);
    let (line, column) = at.map_or((1, 1), |at| (at.line(), at.column().max(1)));
    let word = at.map_or("", |at| word_at(text, &at));
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
        Error::MergeKeyNotAllowed { .. } | Error::MergeValueNotMapOrSeqOfMaps { .. } => {
            "`<<` takes keys from an anchor, and this is none: write the keys out".to_owned()
        }
        Error::ExternalMessage { msg, .. } => syntax(msg).to_owned(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "this has more values, levels or aliases than any file of this kind".to_owned()
        }
        _ if word.is_empty() => "this value does not fit here".to_owned(),
        _ => format!("`{word}` does not fit here"),
    };
    format!("{file}:{line}:{column}: {why}")
}

/// Why a word is not the number that is expected.
fn number(word: &str, kind: &str) -> String {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if kind.starts_with('f') {
        format!("`{word}` is not a number")
    } else if !kind.starts_with(['u', 'i']) {
        format!("`{word}` does not fit here")
    } else if let Some(bare) = without_zeros(digits).filter(|_| whole) {
        format!("`{word}` begins with a zero: write `{bare}`")
    } else if whole && digits.len() == word.len() {
        format!("`{word}` is too large")
    } else {
        format!("`{word}` is not a whole number of 0 or more")
    }
}

/// What is wrong with the marks of a file, by the words of the parser's message.
fn syntax(message: &str) -> &'static str {
    const KNOWN: [(&[&str], &str); 10] = [
        (
            &["tabs ", "tab cannot", "a tab"],
            "a tab: YAML is indented with blanks",
        ),
        (
            &["escape", "hexadecimal", "surrogate"],
            "a `\\` in double quotes begins an escape, and this is none: write the text in single quotes",
        ),
        (
            &["quote"],
            "a quote is not closed, or its text is not indented",
        ),
        (
            &["block scalar"],
            "the text after `|` or `>` begins on the next line, indented",
        ),
        (
            &["BOM"],
            "a BOM (byte order mark) belongs at the begin of a file only: remove it",
        ),
        (
            &["bracket", "flow ", "flow,"],
            "a bracket is not closed, or a comma is missing",
        ),
        (
            &["comment"],
            "a `#` begins a comment after a blank only: write a blank before it, or quote the text",
        ),
        (
            &["anchor", "alias", "tag", "TAG", "handle", "directive", "%"],
            "`&`, `*`, `!` and `%` have a meaning in YAML: quote a text that begins with one",
        ),
        (
            &["document"],
            "`---` and `...` part documents, and a file has one: remove them",
        ),
        (
            &["recursion", "limit", "exceed"],
            "this is longer or deeper than any file of this kind",
        ),
    ];
    let known = KNOWN
        .iter()
        .find(|(words, _)| words.iter().any(|word| message.contains(word)));
    known.map_or(
        "this is not YAML: keys of one level begin in one column, each with `: ` behind it",
        |(_, why)| why,
    )
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
    let word = rest.split([',', '}', ']']).next().unwrap_or_default();
    shortened(word.trim())
}

/// The key of `key: value`.
fn key(word: &str) -> &str {
    word.split(':').next().unwrap_or_default().trim()
}
