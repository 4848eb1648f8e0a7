//! Types of chat: checked texts, checked queries, outcomes.

use shared::{
    api::chat::{ChatMessage, HistoryQuery, MAX_HISTORY, MAX_TEXT},
    ids::{RoomId, UserId},
};

use crate::text::fits;

/// Longest name that a sender may give a message, in characters.
pub(super) const MAX_CLIENT_ID: usize = 64;
/// Messages of a history page that does not say how many.
const DEFAULT_HISTORY: u32 = 50;

/// A field out of range: its name, and what would be right.
pub(super) type InvalidField = (&'static str, String);

/// A checked message that may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// The room that it is sent to.
    pub(super) room: RoomId,
    /// By whom.
    pub(super) sender: UserId,
    /// The id that the sender gave it.
    pub(super) client_id: String,
    /// What it says.
    pub(super) text: String,
}

impl Draft {
    /// Checks what a client wants to send.
    pub(super) fn read(
        room: RoomId,
        sender: UserId,
        client_id: String,
        text: String,
    ) -> Result<Self, InvalidField> {
        bounded("client_id", &client_id, MAX_CLIENT_ID)?;
        bounded("text", &text, MAX_TEXT)?;
        Ok(Self {
            room,
            sender,
            client_id,
            text,
        })
    }
}

/// The outcome of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoredMessage {
    /// It is stored, and published with it.
    New(ChatMessage),
    /// It was stored before, and its name stands for that message.
    Before(ChatMessage),
}

impl StoredMessage {
    /// The message, whenever it was stored.
    pub(super) fn into_message(self) -> ChatMessage {
        match self {
            Self::New(message) | Self::Before(message) => message,
        }
    }
}

fn bounded(field: &'static str, value: &str, most: usize) -> Result<(), InvalidField> {
    if !value.is_empty() && fits(value, most) {
        Ok(())
    } else {
        Err((field, format!("1 to {most} characters, none of them NUL")))
    }
}

/// Which messages of a room a history page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HistorySpan {
    /// Those after this one; the newest when absent.
    pub(super) after: Option<i64>,
    /// At most so many.
    pub(super) limit: u32,
}

impl HistorySpan {
    /// Checks a query.
    pub(super) fn read(query: &HistoryQuery) -> Result<Self, InvalidField> {
        let limit = query.limit.unwrap_or(DEFAULT_HISTORY);
        if !(1..=MAX_HISTORY).contains(&limit) {
            return Err(("limit", format!("from 1 to {MAX_HISTORY}")));
        }
        Ok(Self {
            after: query.after_seq.map(checked_seq).transpose()?,
            limit,
        })
    }
}

/// Checks the number of a message that a client has seen; 0 stands before the first.
pub(super) fn checked_seq(seq: i64) -> Result<i64, InvalidField> {
    if seq >= 0 {
        Ok(seq)
    } else {
        Err(("after_seq", "0 or the number of a message".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn draft(client_id: &str, text: &str) -> Result<Draft, InvalidField> {
        let (room, sender) = (RoomId(Uuid::nil()), UserId(Uuid::nil()));
        Draft::read(room, sender, client_id.to_owned(), text.to_owned())
    }

    #[test]
    fn texts_are_measured_in_characters_not_bytes() {
        assert!(draft("c", &"ü".repeat(MAX_TEXT)).is_ok());
        assert_eq!(draft("c", &"u".repeat(MAX_TEXT + 1)).unwrap_err().0, "text");
        assert!(draft(&"ü".repeat(MAX_CLIENT_ID), "t").is_ok());
    }

    #[test]
    fn empty_long_and_unstorable_texts_are_refused_by_name() {
        assert_eq!(draft("", "t").unwrap_err().0, "client_id");
        let long = "x".repeat(MAX_CLIENT_ID + 1);
        assert_eq!(draft(&long, "t").unwrap_err().0, "client_id");
        assert_eq!(draft("c", "").unwrap_err().0, "text");
        assert_eq!(draft("c", "a\0b").unwrap_err().0, "text");
    }

    #[test]
    fn a_history_page_is_bounded_and_starts_at_a_message() {
        let read = |after_seq, limit| HistorySpan::read(&HistoryQuery { after_seq, limit });
        assert_eq!(read(None, None).unwrap().limit, DEFAULT_HISTORY);
        assert_eq!(read(Some(0), Some(1)).unwrap().after, Some(0));
        assert_eq!(read(None, Some(0)).unwrap_err().0, "limit");
        assert_eq!(read(None, Some(MAX_HISTORY + 1)).unwrap_err().0, "limit");
        assert_eq!(read(Some(-1), None).unwrap_err().0, "after_seq");
    }
}
