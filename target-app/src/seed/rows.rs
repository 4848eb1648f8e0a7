//! Rows as COPY text, and a digest of them that does not depend on the day.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use shared::hex;
use uuid::Uuid;

/// Collects rows in the text format of COPY.
///
/// Everything written goes into the digest, with two exceptions: an instant goes in as
/// its distance from the anchor, and what is [`opaque`](Self::opaque) does not go in.
pub(crate) struct Rows {
    anchor: DateTime<Utc>,
    out: String,
    /// How far `out` is in the digest.
    hashed: usize,
    hash: Sha256,
    at_start: bool,
    count: u64,
}

impl Rows {
    pub(crate) fn new(anchor: DateTime<Utc>) -> Self {
        Self {
            anchor,
            out: String::with_capacity(1 << 20),
            hashed: 0,
            hash: Sha256::new(),
            at_start: true,
            count: 0,
        }
    }

    /// Bytes collected and not yet taken.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Rows ended since the last [`start_table`](Self::start_table).
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Names the table that the next rows are of.
    pub(crate) fn start_table(&mut self, name: &str) {
        self.catch_up();
        self.hash.update(name.as_bytes());
        self.count = 0;
    }

    /// Takes what was collected.
    pub(crate) fn take(&mut self) -> String {
        self.catch_up();
        self.hashed = 0;
        std::mem::take(&mut self.out)
    }

    /// The digest of everything, as hexadecimal digits.
    pub(crate) fn digest(mut self) -> String {
        self.catch_up();
        hex::of(&self.hash.finalize())
    }

    pub(crate) fn uuid(&mut self, id: Uuid) -> &mut Self {
        self.next();
        let mut buffer = Uuid::encode_buffer();
        self.out.push_str(id.hyphenated().encode_lower(&mut buffer));
        self
    }

    pub(crate) fn int(&mut self, value: impl Into<i64>) -> &mut Self {
        self.next();
        let _ = write!(self.out, "{}", value.into());
        self
    }

    pub(crate) fn flag(&mut self, value: bool) -> &mut Self {
        self.next();
        self.out.push(if value { 't' } else { 'f' });
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.next();
        for c in value.chars() {
            match c {
                '\\' => self.out.push_str("\\\\"),
                '\t' => self.out.push_str("\\t"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                c => self.out.push(c),
            }
        }
        self
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.next();
        self.out.push_str("\\N");
        self
    }

    /// An array of plain words: no quote, comma or brace in them.
    pub(crate) fn words(&mut self, values: &[&str]) -> &mut Self {
        self.next();
        let _ = write!(self.out, "{{{}}}", values.join(","));
        self
    }

    /// An instant, in seconds from the anchor.
    pub(crate) fn time(&mut self, offset: i64) -> &mut Self {
        self.next();
        self.catch_up();
        self.hash.update(offset.to_le_bytes());
        let at = self.anchor + chrono::TimeDelta::seconds(offset);
        let _ = write!(self.out, "{}", at.naive_utc());
        self.out.push('Z');
        self.hashed = self.out.len();
        self
    }

    /// A text that is not the same in two runs: a salted hash.
    pub(crate) fn opaque(&mut self, value: &str) -> &mut Self {
        self.next();
        self.catch_up();
        self.text_only(value);
        self.hashed = self.out.len();
        self
    }

    /// Ends the row.
    pub(crate) fn end(&mut self) {
        self.out.push('\n');
        self.at_start = true;
        self.count += 1;
    }

    fn text_only(&mut self, value: &str) {
        // `$2b$…` and `$argon2id$…` hold nothing that COPY would read otherwise.
        self.out.push_str(value);
    }

    fn next(&mut self) {
        if self.at_start {
            self.at_start = false;
        } else {
            self.out.push('\t');
        }
    }

    fn catch_up(&mut self) {
        self.hash.update(&self.out.as_bytes()[self.hashed..]);
        self.hashed = self.out.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(anchor: &str, text: &str) -> (String, String) {
        let mut rows = Rows::new(anchor.parse().unwrap());
        rows.start_table("a");
        rows.int(7)
            .text(text)
            .time(90)
            .null()
            .words(&["x", "y"])
            .end();
        rows.flag(true).opaque(anchor).uuid(Uuid::nil()).end();
        assert_eq!(rows.count(), 2);
        (rows.take(), rows.digest())
    }

    #[test]
    fn rows_are_written_as_copy_reads_them() {
        let (text, _) = written("2026-03-01T00:00:00Z", "a\tb\\c\n");
        assert_eq!(
            text,
            "7\ta\\tb\\\\c\\n\t2026-03-01 00:01:30Z\t\\N\t{x,y}\n\
             t\t2026-03-01T00:00:00Z\t00000000-0000-0000-0000-000000000000\n"
        );
    }

    #[test]
    fn the_digest_is_the_same_on_any_day_and_another_for_other_data() {
        let (_, today) = written("2026-03-01T00:00:00Z", "same");
        let (_, tomorrow) = written("2026-03-02T00:00:00Z", "same");
        let (_, other) = written("2026-03-01T00:00:00Z", "other");
        assert_eq!(today, tomorrow);
        assert_ne!(today, other);
    }
}
