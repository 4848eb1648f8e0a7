//! Listens to a room: its numbers go up by one, and one's own message comes back once, as it was sent.

use shared::{
    api::chat::{ChatMessage, ServerFrame},
    ids::RoomId,
};

use crate::flows::ChatMemory;
use loadgen_engine::{
    flow::{Failed, Settled},
    sample::Outcome,
};

/// A message of one's own.
pub(super) struct Own {
    pub(super) client_id: String,
    pub(super) text: String,
}

/// Index of the acknowledgement among the operations of a send.
const ACK: usize = 0;
/// Index of the delivery.
const DELIVERY: usize = 1;

/// Listens to one exchange: follows the room's numbers, and one's own message.
pub(super) struct RoomListener<'a> {
    seat: &'a mut ChatMemory,
    own: Option<&'a Own>,
    /// What the acknowledgement said.
    acked: Option<i64>,
    /// Under which number the own message came.
    delivered: Option<i64>,
    /// A fault of the stream, reported with the next operation that is settled.
    fault: Option<String>,
    /// Whether anything was wrong.
    wrong: bool,
}

impl<'a> RoomListener<'a> {
    /// Listens to the room of a seat, and for the message of one's own if there is one.
    pub(super) fn new(seat: &'a mut ChatMemory, overflow: u64, own: Option<&'a Own>) -> Self {
        if overflow != seat.overflow {
            // The generator threw texts away: a gap in the numbers is its own fault.
            seat.overflow = overflow;
            seat.gap_excused = true;
        }
        Self {
            seat,
            own,
            acked: None,
            delivered: None,
            fault: None,
            wrong: false,
        }
    }

    /// Which room it is.
    pub(super) fn room(&self) -> RoomId {
        self.seat.room
    }

    /// What the acknowledgement said.
    pub(super) fn acked(&self) -> Option<i64> {
        self.acked
    }

    /// Whether anything was wrong.
    pub(super) fn is_wrong(&self) -> bool {
        self.wrong
    }

    /// Begins on a new socket: the room, and the number that its next message follows.
    pub(super) fn begin_again(&mut self) -> (RoomId, i64) {
        let after = self.seat.resume_after.take();
        self.seat.last_seq = after.unwrap_or(self.seat.last_seq);
        // Nothing was thrown away of what the new one brings.
        self.seat.overflow = 0;
        self.seat.gap_excused = false;
        (self.seat.room, self.seat.last_seq)
    }

    fn settle(&mut self, index: usize, result: Result<(), Failed>) -> Settled {
        let result = match self.fault.take() {
            Some(fault) => Err((Outcome::BodyMismatch, fault)),
            None => result,
        };
        self.wrong |= result.is_err();
        (index, result)
    }

    /// Reads one text; whether it settles the acknowledgement or the delivery.
    pub(super) fn own_message(&mut self, text: &str) -> Option<Settled> {
        match self.receive(text) {
            ReceivedFrame::Ack { client_id, seq } => {
                let own = self.own?;
                if client_id != own.client_id {
                    return None;
                }
                // A message that was sent again is acknowledged with the same number.
                let before = self.acked.replace(seq).or(self.delivered);
                let agrees = before.is_none_or(|before| before == seq);
                Some(self.settle(ACK, agree(agrees)))
            }
            ReceivedFrame::Own { seq, right } => {
                if self.delivered.is_some() {
                    self.fault = Some("one's own message came twice".to_owned());
                    self.wrong = true;
                    return None;
                }
                self.delivered = Some(seq);
                let agrees = self.acked.is_none_or(|acked| acked == seq);
                let result = if right {
                    agree(agrees)
                } else {
                    Err(mismatch("one's own message came back with another text"))
                };
                Some(self.settle(DELIVERY, result))
            }
            ReceivedFrame::Refused(why) => Some(self.settle(ACK, Err(why))),
            ReceivedFrame::Nothing | ReceivedFrame::Pong(_) => None,
        }
    }

    /// Reads one text; whether it is the pong to a ping with this nonce.
    pub(super) fn pong(&mut self, text: &str, nonce: u64) -> Option<Settled> {
        match self.receive(text) {
            ReceivedFrame::Pong(received) if received == nonce => Some(self.settle(0, Ok(()))),
            ReceivedFrame::Pong(_) => {
                Some(self.settle(0, Err(mismatch("the pong has another nonce"))))
            }
            ReceivedFrame::Refused(why) => Some(self.settle(0, Err(why))),
            _ => None,
        }
    }

    /// Reads one text and follows the room.
    fn receive(&mut self, text: &str) -> ReceivedFrame {
        match serde_json::from_str::<ServerFrame>(text) {
            Ok(ServerFrame::Message(message)) if message.room == self.seat.room => {
                self.follow(&message);
                match self.own {
                    Some(own) if own.client_id == message.client_id => ReceivedFrame::Own {
                        seq: message.seq,
                        right: message.text == own.text,
                    },
                    _ => ReceivedFrame::Nothing,
                }
            }
            Ok(ServerFrame::Ack {
                room,
                client_id,
                seq,
                ..
            }) if room == self.seat.room => ReceivedFrame::Ack { client_id, seq },
            Ok(ServerFrame::Pong { nonce }) => ReceivedFrame::Pong(nonce),
            Ok(ServerFrame::Lagged { room, after_seq }) if room == self.seat.room => {
                self.seat.resume_after = Some(after_seq);
                ReceivedFrame::Nothing
            }
            Ok(ServerFrame::Error { code, detail, .. }) => {
                ReceivedFrame::Refused((Outcome::HttpError, format!("refused: {code}: {detail}")))
            }
            Ok(_) => ReceivedFrame::Nothing,
            Err(error) => ReceivedFrame::Refused(undocumented(&error)),
        }
    }

    fn follow(&mut self, message: &ChatMessage) {
        let last = self.seat.last_seq;
        let known = !self.seat.gap_excused && self.seat.resume_after.is_none();
        if known && message.seq != last + 1 {
            self.fault = Some(format!(
                "the room's numbers jump from {last} to {}",
                message.seq
            ));
            self.wrong = true;
        }
        self.seat.last_seq = message.seq;
        self.seat.gap_excused = false;
    }
}

fn agree(agrees: bool) -> Result<(), Failed> {
    if agrees {
        Ok(())
    } else {
        Err(mismatch(
            "acknowledgement and message have different numbers",
        ))
    }
}

fn mismatch(why: &str) -> Failed {
    (Outcome::BodyMismatch, why.to_owned())
}

/// A text that the protocol does not know.
pub(super) fn undocumented(error: &serde_json::Error) -> Failed {
    mismatch(&format!("not a documented frame: {error}"))
}

/// What one text says to this user.
enum ReceivedFrame {
    Ack { client_id: String, seq: i64 },
    Own { seq: i64, right: bool },
    Pong(u64),
    Refused(Failed),
    Nothing,
}

#[cfg(test)]
#[path = "room_listener_tests.rs"]
mod tests;
