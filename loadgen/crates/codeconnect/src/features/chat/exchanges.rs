//! What a user says over the socket and waits for: a join, a message, a ping. Each goes on over
//! another socket when its own is lost, and what is sent again has no second effect.

use shared::{
    api::chat::{ClientFrame, ServerFrame},
    ids::RoomId,
    paths,
};

use super::hearing::{Hearing, Own, undocumented};
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
fn rejoin(hearing: &mut Hearing<'_>) -> String {
    let (room, after) = hearing.begin_again();
    frame(&ClientFrame::Join {
        room,
        after_seq: Some(after),
    })
}

/// Joins a room.
pub(super) struct Joining<'a> {
    pub(super) account: &'a TestAccount,
    pub(super) room: RoomId,
    /// The last message that was seen there; the newest one where it is not known.
    pub(super) after_seq: Option<i64>,
    /// The number that the next message follows, once the room is joined.
    pub(super) joined: Option<i64>,
}

impl Joining<'_> {
    pub(super) fn frame(&self) -> String {
        frame(&ClientFrame::Join {
            room: self.room,
            after_seq: self.after_seq,
        })
    }
}

impl ResumableExchange for Joining<'_> {
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
pub(super) struct Saying<'a> {
    account: &'a TestAccount,
    own: &'a Own,
    hearing: Hearing<'a>,
}

impl<'a> Saying<'a> {
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
            hearing: Hearing::new(seat, overflow, Some(own)),
        }
    }

    pub(super) fn frame(&self) -> String {
        frame(&ClientFrame::Send {
            room: self.hearing.room(),
            client_id: self.own.client_id.clone(),
            text: self.own.text.clone(),
        })
    }

    /// The number under which it was acknowledged.
    pub(super) fn acked(&self) -> Option<i64> {
        self.hearing.acked()
    }

    /// Whether nothing was wrong with what was heard.
    pub(super) fn is_right(&self) -> bool {
        !self.hearing.is_wrong()
    }
}

impl ResumableExchange for Saying<'_> {
    fn on_text(&mut self, text: &str) -> Option<Settled> {
        self.hearing.own_message(text)
    }

    fn handshake(&self) -> Request {
        connect(self.account)
    }

    fn resume(&mut self) -> Vec<String> {
        let mut texts = vec![rejoin(&mut self.hearing)];
        // One that was stored is only acknowledged again: its name stands for one message.
        if self.acked().is_none() {
            texts.push(self.frame());
        }
        texts
    }
}

/// Sends a ping and waits for its pong.
pub(super) struct Pinging<'a> {
    account: &'a TestAccount,
    nonce: u64,
    hearing: Hearing<'a>,
}

impl<'a> Pinging<'a> {
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
            hearing: Hearing::new(seat, overflow, None),
        }
    }

    pub(super) fn frame(&self) -> String {
        frame(&ClientFrame::Ping { nonce: self.nonce })
    }

    /// Whether nothing was wrong with what was heard.
    pub(super) fn is_right(&self) -> bool {
        !self.hearing.is_wrong()
    }
}

impl ResumableExchange for Pinging<'_> {
    fn on_text(&mut self, text: &str) -> Option<Settled> {
        self.hearing.pong(text, self.nonce)
    }

    fn handshake(&self) -> Request {
        connect(self.account)
    }

    fn resume(&mut self) -> Vec<String> {
        vec![rejoin(&mut self.hearing), self.frame()]
    }
}

#[cfg(test)]
#[path = "exchanges_tests.rs"]
mod tests;
