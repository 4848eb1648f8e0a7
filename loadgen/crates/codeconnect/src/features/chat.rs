//! Chat: one virtual user sits in a room over one socket, says something, hears it, pings.
//!
//! Its own message is acknowledged with a number, comes back once with that number and the
//! same text, and the numbers of the room go up by one while the socket is connected.

mod history;

use rand::RngExt as _;
use shared::{
    api::chat::{ChatMessage, ClientFrame, ServerFrame},
    ids::{RoomId, UserId},
    paths,
};

use crate::flows::{AppFlow, AppIteration, ChatMemory, FeatureFlows, Op};
use loadgen_engine::{
    flow::{Access, Settled},
    request::Request,
};

/// Things that people say.
const TEXTS: [&str; 6] = [
    "Hello everyone!",
    "Could you look at exercise three once more?",
    "Thanks, that helped a lot.",
    "When is the next lesson?",
    "I pushed the solution, the second test still fails for me.",
    "See you tomorrow.",
];

static CONNECT: Op = Op::message("chat.connect", Access::Read);
static JOIN: Op = Op::message("chat.join", Access::Read);
static SEND: Op = Op::message("chat.send", Access::Write);
static DELIVER: Op = Op::message("chat.deliver", Access::Read);
static PING: Op = Op::message("chat.ping", Access::Read);

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[
        &CONNECT,
        &JOIN,
        &SEND,
        &DELIVER,
        &PING,
        &history::ROOMS,
        &history::HISTORY,
    ],
    headline: &[&SEND],
    completes: &[
        ("messages sent", &[&SEND]),
        ("messages delivered", &[&DELIVER]),
    ],
    flows: &[
        AppFlow {
            name: "chat.room",
            help: "a student sits in a chat room, sends a message, hears it back and pings",
            operations: &[&CONNECT, &JOIN, &SEND, &DELIVER, &PING],
            needs_sessions: true,
            at_once: 1,
            run: |it| Box::pin(chat(it)),
        },
        history::READ,
    ],
    ..FeatureFlows::new("chat", "Chat")
};

async fn chat(mut it: AppIteration<'_>) {
    let said = TEXTS[it.rng.random_range(0..TEXTS.len())];
    let choice: f64 = it.rng.random();
    let nonce: u64 = it.rng.random();
    if !seated(&mut it, choice).await {
        return;
    }
    let Some(mut seat) = it.memory.chat.take() else {
        return;
    };
    it.memory.made += 1;
    let own = Own {
        client_id: format!(
            "{:016x}-{}-{}-{nonce:x}",
            it.world.nonce, it.user, it.memory.made
        ),
        text: format!("{said} #{}", it.memory.made),
    };
    let heard = say(&mut it, &mut seat, &own).await && ping(&mut it, &mut seat, nonce).await;
    if heard {
        it.memory.chat = Some(seat);
    } else {
        // What went wrong is recorded; the next iteration starts on a new socket.
        it.transport.socket_close().await;
    }
}

/// A message of one's own.
struct Own {
    client_id: String,
    text: String,
}

/// Makes sure that the socket is open and a room joined.
async fn seated(it: &mut AppIteration<'_>, choice: f64) -> bool {
    if !it.transport.socket_is_open() {
        it.memory.chat = None;
        let with_room: Vec<_> = it
            .world
            .accounts
            .iter()
            .filter(|account| !account.rooms.is_empty())
            .collect();
        // The same user has the same account again, so that its sockets do not pile up.
        let Some(account) = with_room.get(it.user as usize % with_room.len().max(1)) else {
            return false;
        };
        let request = Request::get(paths::CHAT_SOCKET).bearer(&account.token);
        if !it.transport.socket_open(CONNECT.id(), request).await {
            return false;
        }
        let room =
            account.rooms[(choice * account.rooms.len() as f64) as usize % account.rooms.len()];
        let seat = (room, account.id);
        return join(it, seat, None).await;
    }
    match it.memory.chat.clone() {
        Some(ChatMemory {
            resume_after: None, ..
        }) => true,
        Some(ChatMemory {
            room,
            sender,
            resume_after: Some(after),
            ..
        }) => join(it, (room, sender), Some(after)).await,
        None => {
            it.transport.socket_close().await;
            false
        }
    }
}

async fn join(
    it: &mut AppIteration<'_>,
    (room, sender): (RoomId, UserId),
    after_seq: Option<i64>,
) -> bool {
    let overflow = it.transport.socket_overflow();
    let mut joined = None;
    let text = frame(&ClientFrame::Join { room, after_seq });
    let done = it
        .transport
        .socket_exchange(
            &[JOIN.id()],
            Some(text),
            &mut |text| match serde_json::from_str(text) {
                Ok(ServerFrame::Joined {
                    room: joined_room,
                    last_seq,
                }) if joined_room == room => {
                    joined = Some(after_seq.unwrap_or(last_seq));
                    Some((0, Ok(())))
                }
                Ok(ServerFrame::Error { code, detail, .. }) => {
                    Some((0, Err(format!("join refused: {code}: {detail}"))))
                }
                Ok(_) => None,
                Err(error) => Some((0, Err(format!("not a documented frame: {error}")))),
            },
        )
        .await;
    match joined {
        Some(last_seq) if done => {
            it.memory.chat = Some(ChatMemory {
                room,
                sender,
                last_seq,
                overflow,
                resume_after: None,
            });
            true
        }
        _ => {
            it.transport.socket_close().await;
            false
        }
    }
}

/// Sends a message; settles its acknowledgement and its delivery, in whichever order they come.
async fn say(it: &mut AppIteration<'_>, seat: &mut ChatMemory, own: &Own) -> bool {
    let overflow = it.transport.socket_overflow();
    let ledger = &it.world.ledger;
    let entry = ledger.message(seat.room, seat.sender, &own.client_id);
    let mut hearing = Hearing::new(seat, overflow, Some(own));
    let text = frame(&ClientFrame::Send {
        room: hearing.seat.room,
        client_id: own.client_id.clone(),
        text: own.text.clone(),
    });
    let done = it
        .transport
        .socket_exchange(&[SEND.id(), DELIVER.id()], Some(text), &mut |text| {
            hearing.own_message(text)
        })
        .await;
    if let Some(seq) = hearing.acked {
        ledger.acknowledged(entry, seq);
    }
    done && !hearing.wrong
}

async fn ping(it: &mut AppIteration<'_>, seat: &mut ChatMemory, nonce: u64) -> bool {
    let overflow = it.transport.socket_overflow();
    let mut hearing = Hearing::new(seat, overflow, None);
    let text = frame(&ClientFrame::Ping { nonce });
    let done = it
        .transport
        .socket_exchange(&[PING.id()], Some(text), &mut |text| {
            hearing.pong(text, nonce)
        })
        .await;
    done && !hearing.wrong
}

fn frame(frame: &ClientFrame) -> String {
    serde_json::to_string(frame).expect("frames have string keys and finite numbers")
}

/// Index of the acknowledgement among the operations of a send.
const ACK: usize = 0;
/// Index of the delivery.
const DELIVERY: usize = 1;

/// Listens to one exchange: follows the room's numbers, and one's own message.
struct Hearing<'a> {
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

impl<'a> Hearing<'a> {
    fn new(seat: &'a mut ChatMemory, overflow: u64, own: Option<&'a Own>) -> Self {
        if overflow != seat.overflow {
            // The generator threw texts away: a gap in the numbers is its own fault.
            seat.overflow = overflow;
            seat.last_seq = i64::MIN;
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

    fn settle(&mut self, index: usize, result: Result<(), String>) -> Settled {
        let result = match self.fault.take() {
            Some(fault) => Err(fault),
            None => result,
        };
        self.wrong |= result.is_err();
        (index, result)
    }

    fn own_message(&mut self, text: &str) -> Option<Settled> {
        match self.hear(text) {
            Heard::Ack { client_id, seq } => {
                let own = self.own?;
                if client_id != own.client_id {
                    return None;
                }
                self.acked = Some(seq);
                let agrees = self.delivered.is_none_or(|delivered| delivered == seq);
                Some(self.settle(ACK, agree(agrees)))
            }
            Heard::Own { seq, right } => {
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
                    Err("one's own message came back with another text".to_owned())
                };
                Some(self.settle(DELIVERY, result))
            }
            Heard::Refused(why) => Some(self.settle(ACK, Err(why))),
            Heard::Nothing | Heard::Pong(_) => None,
        }
    }

    fn pong(&mut self, text: &str, nonce: u64) -> Option<Settled> {
        match self.hear(text) {
            Heard::Pong(received) if received == nonce => Some(self.settle(0, Ok(()))),
            Heard::Pong(_) => Some(self.settle(0, Err("the pong has another nonce".to_owned()))),
            Heard::Refused(why) => Some(self.settle(0, Err(why))),
            _ => None,
        }
    }

    /// Reads one text and follows the room.
    fn hear(&mut self, text: &str) -> Heard {
        match serde_json::from_str::<ServerFrame>(text) {
            Ok(ServerFrame::Message(message)) if message.room == self.seat.room => {
                self.follow(&message);
                match self.own {
                    Some(own) if own.client_id == message.client_id => Heard::Own {
                        seq: message.seq,
                        right: message.text == own.text,
                    },
                    _ => Heard::Nothing,
                }
            }
            Ok(ServerFrame::Ack {
                room,
                client_id,
                seq,
                ..
            }) if room == self.seat.room => Heard::Ack { client_id, seq },
            Ok(ServerFrame::Pong { nonce }) => Heard::Pong(nonce),
            Ok(ServerFrame::Lagged { room, after_seq }) if room == self.seat.room => {
                self.seat.resume_after = Some(after_seq);
                Heard::Nothing
            }
            Ok(ServerFrame::Error { code, detail, .. }) => {
                Heard::Refused(format!("refused: {code}: {detail}"))
            }
            Ok(_) => Heard::Nothing,
            Err(error) => Heard::Refused(format!("not a documented frame: {error}")),
        }
    }

    fn follow(&mut self, message: &ChatMessage) {
        let last = self.seat.last_seq;
        let known = last != i64::MIN && self.seat.resume_after.is_none();
        if known && message.seq != last + 1 {
            self.fault = Some(format!(
                "the room's numbers jump from {last} to {}",
                message.seq
            ));
            self.wrong = true;
        }
        self.seat.last_seq = message.seq;
    }
}

fn agree(agrees: bool) -> Result<(), String> {
    if agrees {
        Ok(())
    } else {
        Err("acknowledgement and message have different numbers".to_owned())
    }
}

/// What one text says to this user.
enum Heard {
    Ack { client_id: String, seq: i64 },
    Own { seq: i64, right: bool },
    Pong(u64),
    Refused(String),
    Nothing,
}

#[cfg(test)]
mod tests;
