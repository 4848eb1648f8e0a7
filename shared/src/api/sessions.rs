//! Video classes: a session of a booking, and the WebRTC signals that its two participants exchange
//! over a WebSocket. Frames are JSON texts with a `type`; the media do not pass through the server.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{BookingId, RecordingId, SessionId, UserId};

/// Longest session description, in bytes.
pub const MAX_SDP_BYTES: usize = 12 * 1024;
/// Longest ICE candidate, in bytes.
pub const MAX_CANDIDATE_BYTES: usize = 1_024;
/// Longest name of a media section, in bytes.
pub const MAX_MID_BYTES: usize = 64;
/// Most sessions of one booking.
pub const MAX_PARTS: i16 = 1_000;

/// WebSocket close codes of the signalling socket beyond those of every socket.
pub mod close {
    /// The session is over.
    pub const ENDED: u16 = 1000;
    /// The frame is not one of the documented ones.
    pub const POLICY: u16 = 1008;
    /// The same participant has opened a newer socket.
    pub const REPLACED: u16 = 4002;
}

/// Body of a session to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// Of which booking.
    pub booking_id: BookingId,
}

/// A session as its participants see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// Which session.
    pub id: SessionId,
    /// Of which booking.
    pub booking_id: BookingId,
    /// 1, 2, 3 … of its booking: a class that has ended may be taken up again while its lesson lasts.
    pub part: i16,
    /// The student of the booking.
    pub student_id: UserId,
    /// The account of its mentor.
    pub mentor_id: UserId,
    /// When it was initiated.
    pub started_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// When it ended; absent while it is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Its recording, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_id: Option<RecordingId>,
}

/// What opens the signalling socket of one session for one participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JoinGrant {
    /// Path and query of the socket, on the same host.
    pub url: String,
    /// The token in that query.
    pub token: String,
    /// When the token stops working; a socket that is open by then stays open.
    pub expires_at: DateTime<Utc>,
}

/// What one participant signals to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignalFrame {
    /// An SDP offer.
    Offer {
        /// 1 to [`MAX_SDP_BYTES`] bytes.
        sdp: String,
    },
    /// An SDP answer.
    Answer {
        /// 1 to [`MAX_SDP_BYTES`] bytes.
        sdp: String,
    },
    /// An ICE candidate; an empty one says that there are no more.
    Ice {
        /// At most [`MAX_CANDIDATE_BYTES`] bytes.
        candidate: String,
        /// The media section that it belongs to, at most [`MAX_MID_BYTES`] bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sdp_mid: Option<String>,
        /// The index of that section.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sdp_m_line_index: Option<u16>,
    },
    /// Ask for a [`RelayFrame::Pong`] with the same nonce.
    Ping {
        /// Comes back.
        nonce: u64,
    },
}

/// What the server sends over the signalling socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RelayFrame {
    /// The socket is one end of the session; the first frame.
    Joined {
        /// Which session.
        session: SessionId,
        /// Whether the other participant is connected.
        peer_present: bool,
    },
    /// The other participant has connected, or has connected anew.
    PeerJoined {
        /// The account of the other participant.
        peer: UserId,
    },
    /// The other participant is not connected any more.
    PeerLeft {
        /// The account of the other participant.
        peer: UserId,
    },
    /// The other participant's offer.
    Offer {
        /// Who sent it.
        from: UserId,
        /// As it was sent.
        sdp: String,
    },
    /// The other participant's answer.
    Answer {
        /// Who sent it.
        from: UserId,
        /// As it was sent.
        sdp: String,
    },
    /// The other participant's ICE candidate.
    Ice {
        /// Who sent it.
        from: UserId,
        /// As it was sent.
        candidate: String,
        /// As it was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sdp_mid: Option<String>,
        /// As it was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sdp_m_line_index: Option<u16>,
    },
    /// Answer to [`SignalFrame::Ping`].
    Pong {
        /// As asked.
        nonce: u64,
    },
    /// The session is over; the server closes the socket.
    Ended,
    /// A signal was not relayed; the socket stays open.
    Error {
        /// A stable code, as in problem bodies.
        code: String,
        /// What was wrong, for people.
        detail: String,
    },
}
