//! What a user says over the socket and waits for: a join, a message, a ping. Each goes on over
//! another socket when its own is lost, and what is sent again has no second effect.

use shared::{
    api::chat::{ClientFrame, ServerFrame},
    ids::RoomId,
    paths,
};

use super::room_listener::{Own, RoomListener, undocumented};
use crate::flows::{ChatMemory, TestAccount};
use loadgen_engine::{
    flow::{ResumableExchange, Settled},
    request::Request,
    sample::Outcome,
};

/// The request that opens an account's socket.
pub(super) fn connect(account: &TestAccount) -> Request {
    Request::get(paths::CHAT_SOCKET).bearer(&account.token.get())
}

fn frame(frame: &ClientFrame) -> String {
    serde_json::to_string(frame).expect("frames have string keys and finite numbers")
}

/// Joins a room again behind the last message that was seen there.
fn rejoin(listener: &mut RoomListener<'_>) -> String {
    let (room, after) = listener.begin_again();
    frame(&ClientFrame::Join {
        room,
        after_seq: Some(after),
    })
}

/// Joins a room.
pub(super) struct JoinExchange<'a> {
    pub(super) account: &'a TestAccount,
    pub(super) room: RoomId,
    /// The last message that was seen there; the newest one where it is not known.
    pub(super) after_seq: Option<i64>,
    /// The number that the next message follows, once the room is joined.
    pub(super) joined: Option<i64>,
}

impl JoinExchange<'_> {
    pub(super) fn frame(&self) -> String {
        frame(&ClientFrame::Join {
            room: self.room,
            after_seq: self.after_seq,
        })
    }
}

impl ResumableExchange for JoinExchange<'_> {
    fn on_text(&mut self, text: &str) -> Option<Settled> {
        match serde_json::from_str(text) {
            Ok(ServerFrame::Joined { room, last_seq }) if room == self.room => {
                self.joined = Some(self.after_seq.unwrap_or(last_seq));
                Some((0, Ok(())))
            }
            Ok(ServerFrame::Error { code, detail, .. }) => {
                let why = format!("join refused: {code}: {detail}");
                Some((0, Err((Outcome::HttpError, why))))
            }
            Ok(_) => None,
            Err(error) => Some((0, Err(undocumented(&error)))),
        }
    }

    fn handshake(&self) -> Request {
        connect(self.account)
    }

    fn resume(&mut self) -> Vec<String> {
        vec![self.frame()]
    }
}

/// Sends a message and waits for its acknowledgement and its delivery.
pub(super) struct SendExchange<'a> {
    account: &'a TestAccount,
    own: &'a Own,
    listener: RoomListener<'a>,
}

impl<'a> SendExchange<'a> {
    /// `overflow`: how many texts the generator has thrown away so far on the present socket.
    pub(super) fn new(
        account: &'a TestAccount,
        seat: &'a mut ChatMemory,
        overflow: u64,
        own: &'a Own,
    ) -> Self {
        Self {
            account,
            own,
            listener: RoomListener::new(seat, overflow, Some(own)),
        }
    }

    pub(super) fn frame(&self) -> String {
        frame(&ClientFrame::Send {
            room: self.listener.room(),
            client_id: self.own.client_id.clone(),
            text: self.own.text.clone(),
        })
    }

    /// The number under which it was acknowledged.
    pub(super) fn acked(&self) -> Option<i64> {
        self.listener.acked()
    }

    /// Whether nothing was wrong with what was received.
    pub(super) fn is_right(&self) -> bool {
        !self.listener.is_wrong()
    }
}

impl ResumableExchange for SendExchange<'_> {
    fn on_text(&mut self, text: &str) -> Option<Settled> {
        self.listener.own_message(text)
    }

    fn handshake(&self) -> Request {
        connect(self.account)
    }

    fn resume(&mut self) -> Vec<String> {
        let mut texts = vec![rejoin(&mut self.listener)];
        // One that was stored is only acknowledged again: its name stands for one message.
        if self.acked().is_none() {
            texts.push(self.frame());
        }
        texts
    }
}

/// Sends a ping and waits for its pong.
pub(super) struct PingExchange<'a> {
    account: &'a TestAccount,
    nonce: u64,
    listener: RoomListener<'a>,
}

impl<'a> PingExchange<'a> {
    /// `overflow`: how many texts the generator has thrown away so far on the present socket.
    pub(super) fn new(
        account: &'a TestAccount,
        seat: &'a mut ChatMemory,
        overflow: u64,
        nonce: u64,
    ) -> Self {
        Self {
            account,
            nonce,
            listener: RoomListener::new(seat, overflow, None),
        }
    }

    pub(super) fn frame(&self) -> String {
        frame(&ClientFrame::Ping { nonce: self.nonce })
    }

    /// Whether nothing was wrong with what was received.
    pub(super) fn is_right(&self) -> bool {
        !self.listener.is_wrong()
    }
}

impl ResumableExchange for PingExchange<'_> {
    fn on_text(&mut self, text: &str) -> Option<Settled> {
        self.listener.pong(text, self.nonce)
    }

    fn handshake(&self) -> Request {
        connect(self.account)
    }

    fn resume(&mut self) -> Vec<String> {
        vec![rejoin(&mut self.listener), self.frame()]
    }
}

#[cfg(test)]
#[path = "exchanges_tests.rs"]
mod tests;
