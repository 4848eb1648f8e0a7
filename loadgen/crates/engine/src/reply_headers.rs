//! The headers of a response. Those that came as text are looked through when one is asked for: most
//! responses are checked by their status and body alone.

use std::{borrow::Cow, fmt, ops::Range};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use memchr::memchr;
use shared::headers::SERVER_TIMING;

/// The header with the times that a target spent on a request.
const COST: HeaderName = HeaderName::from_static(SERVER_TIMING);

/// The headers of a response.
#[derive(Clone, Default)]
pub struct ReplyHeaders(Form);

#[derive(Clone)]
enum Form {
    Map(HeaderMap),
    Lines {
        /// The header lines with their line ends, valid as HTTP/1.1 (RFC 9112, section 5).
        lines: Bytes,
        /// Where in them the value of `Server-Timing` is.
        cost: Option<Range<usize>>,
    },
}

impl Default for Form {
    fn default() -> Self {
        Self::Lines {
            lines: Bytes::new(),
            cost: None,
        }
    }
}

impl From<HeaderMap> for ReplyHeaders {
    fn from(headers: HeaderMap) -> Self {
        Self(Form::Map(headers))
    }
}

impl ReplyHeaders {
    /// Of header lines that were found to be valid, and where in them the value of the first
    /// `Server-Timing` is: it is read of every response.
    pub(crate) fn of_lines(lines: Bytes, cost: Option<Range<usize>>) -> Self {
        Self(Form::Lines { lines, cost })
    }

    /// The first value of `Server-Timing`.
    pub(crate) fn server_timing(&self) -> Option<Cow<'_, str>> {
        match &self.0 {
            Form::Map(_) => self.get(&COST),
            Form::Lines { lines, cost } => {
                let value = lines.get(cost.clone()?)?;
                Some(text(value.trim_ascii()))
            }
        }
    }

    /// The first value of a header. Bytes that are not UTF-8 are replaced.
    pub fn get(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        match &self.0 {
            Form::Map(map) => map
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes())),
            Form::Lines { lines, .. } => Lines(lines)
                .find(|(other, _)| other.eq_ignore_ascii_case(name.as_str().as_bytes()))
                .map(|(_, value)| text(value)),
        }
    }

    /// Every header in the order of the response, names as they came.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let (map, lines) = match &self.0 {
            Form::Map(map) => (Some(map), &[][..]),
            Form::Lines { lines, .. } => (None, &lines[..]),
        };
        let map = map.into_iter().flatten().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (Cow::Borrowed(name.as_str()), value)
        });
        let lines = Lines(lines).map(|(name, value)| (String::from_utf8_lossy(name), text(value)));
        map.chain(lines)
    }
}

impl fmt::Debug for ReplyHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The lines of a head, each as name and value; a folded line belongs to the one before.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut end = 0;
        loop {
            let rest = &self.0[end..];
            end += memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            if !matches!(self.0.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (line, rest) = self.0.split_at(end);
        let colon = memchr(b':', line)?;
        self.0 = rest;
        Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
    }
}

/// A value as text, the line breaks of a folded one replaced by a space each.
fn text(value: &[u8]) -> Cow<'_, str> {
    if memchr(b'\n', value).is_none() {
        // Nearly every value is UTF-8, which is found out several bytes at a time.
        return std::str::from_utf8(value)
            .map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
    }
    let parts: Vec<_> = value
        .split(|byte| *byte == b'\n')
        .map(|part| String::from_utf8_lossy(part.trim_ascii()))
        .collect();
    Cow::Owned(parts.join(" "))
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    #[test]
    fn lines_and_maps_are_read_alike() {
        let lines =
            "Content-Type: a/b\r\nX:1\r\nx : 2 \r\nFolded: a\r\n\tb\r\n  c\r\nempty:\r\n\r\n";
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("content-type", "a/b"),
            ("x", "1"),
            ("folded", "a b c"),
            ("empty", ""),
        ] {
            map.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        for headers in [
            ReplyHeaders::of_lines(Bytes::from_static(lines.as_bytes()), None),
            ReplyHeaders::from(map),
        ] {
            let get = |name| headers.get(&HeaderName::from_static(name));
            assert_eq!(get("content-type").as_deref(), Some("a/b"));
            assert_eq!(get("x").as_deref(), Some("1"));
            assert_eq!(get("folded").as_deref(), Some("a b c"));
            assert_eq!(get("empty").as_deref(), Some(""));
            assert_eq!(headers.get(&header::ETAG), None);
        }
        let headers = ReplyHeaders::of_lines(Bytes::from_static(lines.as_bytes()), None);
        assert_eq!(headers.iter().count(), 5);
        assert_eq!(ReplyHeaders::default().iter().count(), 0);
        let foreign = ReplyHeaders::of_lines(Bytes::from_static(b"x: \xff1\r\n\r\n"), None);
        let value = foreign.get(&HeaderName::from_static("x"));
        assert_eq!(value.as_deref(), Some("\u{fffd}1"));
    }
}
