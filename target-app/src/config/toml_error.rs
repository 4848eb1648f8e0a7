//! Errors of the TOML reader in the words of a configuration file: where, what, and what would be right. Its own words
//! are several lines, and quote one of the file that may hold a secret.

use std::path::Path;

use shared::text::{shortened, unknown};
use toml::{Table, de::Error};

use super::ConfigError;

/// What an error of the reader says of the file at `path`, which has this text.
pub(super) fn explain(error: &Error, text: &str, path: &Path) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[begin..].chars().count() + 1;
    let written = text[begin..].lines().next().unwrap_or_default();
    ConfigError::File {
        place: format!("{}:{line}:{column}", path.display()),
        why: reason(error.message(), key_of(written), text),
    }
}

/// What is wrong, by the message of the reader.
fn reason(message: &str, key: Option<&str>, text: &str) -> String {
    let named = key.map_or_else(|| "this".to_owned(), |key| format!("`{key}`"));
    if let Some((word, known)) = refused_word(message, "unknown field `") {
        // The other way to write a key has hyphens.
        return unknown("key", word, known.filter(|key| !key.contains('-')));
    }
    if let Some((word, known)) = refused_word(message, "unknown variant `") {
        return unknown(&format!("value of {named}:"), word, known);
    }
    if message.starts_with("duplicate") {
        // Of a key that is written with a hyphen as well the reader does not say where.
        let word = refused_word(message, "duplicate field `");
        let named = word.map_or(named, |(word, _)| format!("`{word}`"));
        return format!("{named} is written twice: remove one");
    }
    if ["invalid type: ", "invalid value: ", "wanted "]
        .iter()
        .any(|one| message.starts_with(one))
    {
        let right = match message.rsplit_once(", expected ") {
            Some((_, expected)) if expected.contains("nonzero") => "a whole number of 1 or more",
            Some((_, "a sequence")) => "a list of texts, like `[\"a\", \"b\"]`",
            _ => "a text in double quotes",
        };
        return format!("{named} takes {right}");
    }
    if text.parse::<Table>().is_err() {
        return format!(
            "this is not TOML ({message}): write `key = value`, with a text in double quotes"
        );
    }
    // A type's own words for its value.
    format!("{named}: {message}")
}

/// The word that a message refuses, and those that would be right.
fn refused_word<'a>(
    message: &'a str,
    begin: &str,
) -> Option<(&'a str, impl Iterator<Item = &'a str> + Clone)> {
    let (word, rest) = message.strip_prefix(begin)?.split_once('`')?;
    Some((word, rest.split('`').skip(1).step_by(2)))
}

/// The key of a line, if it has one.
fn key_of(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.trim();
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    key.chars().all(is_bare).then(|| shortened(key))
}

#[cfg(test)]
mod tests {
    use super::{super::Args, *};

    #[test]
    fn a_mistake_is_one_line_with_its_place_and_what_would_be_right_and_quotes_no_secret() {
        for (text, said) in [
            (
                "\nlisden = \"127.0.0.1:7\"",
                "f.toml:2:1: unknown key `lisden`; did you mean `listen`?",
            ),
            ("[server]\n", "unknown key `server`"),
            ("listen = 8080", "f.toml:1:10: `listen` takes a text"),
            ("jwt_secret = 1234", ":1:14: `jwt_secret` takes a text"),
            ("media_dir = 1", "`media_dir` takes a text in double quotes"),
            (
                "set = \"pool.max=9\"",
                "`set` takes a list of texts, like `[",
            ),
            (
                "max_connections = 0",
                "`max_connections` takes a whole number of 1 or more",
            ),
            (
                "max_connections = \"9\"",
                "`max_connections` takes a whole number of 1 or more",
            ),
            (
                "log_format = \"xml\"",
                "unknown value of `log_format`: `xml`; it is one of text, json",
            ),
            ("head_timeout = \"soon\"", "`head_timeout`: "),
            (
                "listen = \"a\"\nlisten = \"b\"",
                "f.toml:2:1: `listen` is written twice: remove one",
            ),
            (
                "listen = \"a\"\nmedia_dir = \"a\"\nmedia-dir = \"b\"",
                "`media_dir` is written twice: remove one",
            ),
            ("log_format = 5", "`log_format` takes a text"),
            ("jwt_secret = hush", "write `key = value`, with a text in"),
            ("jwt_secret = \"hush", "this is not TOML"),
            ("jwt_secret hush", "this is not TOML"),
        ] {
            let error = toml::from_str::<Args>(text).unwrap_err();
            let line = explain(&error, text, Path::new("f.toml")).to_string();
            assert!(line.contains(said), "{text}: {line}");
            assert!(line.starts_with("f.toml:"), "{text}: {line}");
            assert_eq!(line.lines().count(), 1, "{line}");
            for secret in ["hush", "1234"] {
                assert!(!line.contains(secret), "{text}: {line}");
            }
        }
    }
}
