//! Chat over a WebSocket, and its history over HTTP. Frames are JSON texts with a `type`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::notifications::NotificationView;
use crate::ids::{MessageId, RoomId, UserId};

/// Longest message, in characters.
pub const MAX_TEXT: usize = 2_000;
/// Most messages that one history page or one resume returns.
pub const MAX_HISTORY: u32 = 200;

/// WebSocket close codes of the chat socket beyond those of every socket.
pub mod close {
    /// The access token expired.
    pub const TOKEN_EXPIRED: u16 = 4001;
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatMessage {
    /// Which message.
    pub id: MessageId,
    /// In which room.
    pub room: RoomId,
    /// Its place in the room: 1, 2, 3 … without gaps.
    pub seq: i64,
    /// Who wrote it.
    pub sender: UserId,
    /// The sender's own name for it; a repetition has no second effect.
    pub client_id: String,
    /// The text.
    pub text: String,
    /// When the server took it.
    pub sent_at: DateTime<Utc>,
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// Hear a room's messages from now on, and those after `after_seq` first.
    Join {
        /// Which room.
        room: RoomId,
        /// The last message already seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_seq: Option<i64>,
    },
    /// Stop hearing a room.
    Leave {
        /// Which room.
        room: RoomId,
    },
    /// Say something in a joined room.
    Send {
        /// Which room.
        room: RoomId,
        /// The sender's own name for it, 1 to 64 characters.
        client_id: String,
        /// 1 to [`MAX_TEXT`] characters.
        text: String,
    },
    /// Tell the others that one is typing.
    Typing {
        /// Which room.
        room: RoomId,
    },
    /// Ask for a [`ServerFrame::Pong`] with the same nonce.
    Ping {
        /// Comes back.
        nonce: u64,
    },
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The room is joined; missed messages follow.
    Joined {
        /// Which room.
        room: RoomId,
        /// The room's last message.
        last_seq: i64,
    },
    /// The room is left.
    Left {
        /// Which room.
        room: RoomId,
    },
    /// Somebody's message, the sender's own sockets included.
    Message(ChatMessage),
    /// One's own message is stored.
    Ack {
        /// Which room.
        room: RoomId,
        /// The sender's own name for it.
        client_id: String,
        /// Its place in the room.
        seq: i64,
        /// Its id.
        id: MessageId,
    },
    /// Somebody is typing.
    Typing {
        /// Which room.
        room: RoomId,
        /// The member who is typing.
        user: UserId,
    },
    /// Answer to [`ClientFrame::Ping`].
    Pong {
        /// As asked.
        nonce: u64,
    },
    /// This socket was too slow: join again with `after_seq` to get what it missed.
    Lagged {
        /// Which room.
        room: RoomId,
        /// The last message that was surely sent.
        after_seq: i64,
    },
    /// A notification of the one whose socket it is. One that is not pushed is in the list.
    Notification(NotificationView),
    /// A frame was refused; the socket stays open.
    Error {
        /// A stable code, as in problem bodies.
        code: String,
        /// What was wrong, for people.
        detail: String,
        /// The refused message's own name, if it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
    },
}

/// A chat room as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomView {
    /// Which room.
    pub id: RoomId,
    /// Shown title.
    pub title: String,
    /// The room's last message.
    pub last_seq: i64,
    /// How many members.
    pub members: i64,
}

/// One's rooms, by id, at most 100.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomList {
    /// The rooms.
    pub rooms: Vec<RoomView>,
}

/// Query of a room's history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// Messages after this one; the newest ones when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 0))]
    pub after_seq: Option<i64>,
    /// At most [`MAX_HISTORY`]; 50 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 200))]
    pub limit: Option<u32>,
}

/// Messages in order of sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    /// The messages.
    pub messages: Vec<ChatMessage>,
    /// The room's last message, so that a client knows whether more follow.
    pub last_seq: i64,
}
