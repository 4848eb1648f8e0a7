//! The state of one socket: the rooms it is in, the messages of them that it was sent, and the
//! effect of each frame of its client.
//!
//! Between frames it holds no engine, so that an idle socket never keeps an old one alive.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use shared::{
    api::{
        chat::{ClientFrame, ServerFrame},
        socket::close,
    },
    ids::{RoomId, UserId},
    problem::Code,
};

use super::{
    frames::{self, FrameError},
    model::{Draft, StoredMessage, checked_seq},
    outbox::Outbox,
    service,
};
use crate::{
    error::ApiError,
    realtime::{
        Delivery, MailboxEvent, MailboxItem, RelayedKind, Socket, SocketEnd, SocketSide,
        Subscription, Wire,
    },
    state::AppState,
    timing::{self, Timing},
};

/// How a connection ends whose client sends something that is no frame.
pub(super) const BAD_FRAME: SocketEnd = SocketEnd::Close(close::BAD_FRAME, "frames are JSON texts");
/// Most rooms that one socket joins at once.
const MAX_JOINED: usize = 100;

/// One socket's side of its rooms.
pub(super) struct Conversation {
    state: AppState,
    user: UserId,
    hub: Socket,
    joined: HashMap<RoomId, JoinedRoom>,
    /// Rooms of which the person is known to be a member; members are never taken out.
    member_of: HashSet<RoomId>,
}

struct JoinedRoom {
    subscription: Subscription,
    /// The last message that went to this client, or that it said it has.
    sent: i64,
}

impl Conversation {
    /// A socket in no room.
    pub(super) fn new(state: AppState, user: UserId) -> Self {
        let hub = state.hub().connect(user);
        Self {
            state,
            user,
            hub,
            joined: HashMap::new(),
            member_of: HashSet::new(),
        }
    }

    /// Sends one item of a room: messages in order, none twice, none left out.
    async fn deliver_item(&mut self, wire: &mut Wire, item: MailboxItem) -> Result<(), SocketEnd> {
        let Some(sent) = self.sent_of(&item) else {
            return Ok(());
        };
        match item.kind {
            MailboxEvent::Message { seq, .. } if seq <= sent => Ok(()),
            MailboxEvent::Message { seq, frame } => {
                // A number is left out where another process stored the message, or where we
                // lost the answer to our own statement: what is missing is in the database.
                if seq > sent + 1 {
                    self.catch_up(wire, item.room, seq - 1).await?;
                }
                let Some(joined) = self.joined.get_mut(&item.room) else {
                    return Ok(());
                };
                joined.sent = seq;
                wire.queue(frame).await
            }
            MailboxEvent::Ephemeral(frame) => wire.queue(frame).await,
            MailboxEvent::Lagged => self.give_up(wire, item.room).await,
        }
    }

    /// The last message sent of the item's room, if the item belongs to the present stay there.
    fn sent_of(&self, item: &MailboxItem) -> Option<i64> {
        self.joined
            .get(&item.room)
            .filter(|joined| joined.subscription.id() == item.subscription)
            .map(|joined| joined.sent)
    }

    async fn carry_out(&mut self, wire: &mut Wire, text: &str) -> Result<(), SocketEnd> {
        match frames::read(text) {
            Ok(ClientFrame::Join { room, after_seq }) => self.join(wire, room, after_seq).await,
            Ok(ClientFrame::Leave { room }) => {
                self.joined.remove(&room);
                send_frame(wire, &ServerFrame::Left { room }).await
            }
            Ok(ClientFrame::Send {
                room,
                client_id,
                text,
            }) => self.send(wire, room, client_id, text).await,
            Ok(ClientFrame::Typing { room }) => self.typing(wire, room).await,
            Ok(ClientFrame::Ping { nonce }) => send_frame(wire, &ServerFrame::Pong { nonce }).await,
            Err(FrameError::NotJson) => Err(BAD_FRAME),
            Err(FrameError::Refused(frame)) => send_frame(wire, &frame).await,
        }
    }

    async fn join(
        &mut self,
        wire: &mut Wire,
        room: RoomId,
        after_seq: Option<i64>,
    ) -> Result<(), SocketEnd> {
        let after = match after_seq.map(checked_seq).transpose() {
            Ok(after) => after,
            Err(wrong) => return refuse(wire, &frames::invalid(wrong), None).await,
        };
        let before = self.joined.get(&room).map(|joined| joined.sent);
        if before.is_none() && self.joined.len() >= MAX_JOINED {
            let detail = format!("a socket joins at most {MAX_JOINED} rooms: leave one first");
            let error = ApiError::new(Code::InvalidRequest, detail);
            return refuse(wire, &error, None).await;
        }
        // Received before it is read: a message that the look below does not see is then in the
        // mailbox, and one that is in both is known by its number.
        let subscription = self.hub.join(room);
        let known = self.member_of.contains(&room);
        let last_seq = match self.state.admit() {
            Ok(engine) => service::enter(&engine, self.user, room, known).await,
            Err(error) => Err(error),
        };
        let last_seq = match last_seq {
            Ok(last_seq) => last_seq,
            Err(error) => return refuse(wire, &error, None).await,
        };
        self.member_of.insert(room);
        let sent = after.or(before).map_or(last_seq, |seen| seen.min(last_seq));
        self.joined.insert(room, JoinedRoom { subscription, sent });
        send_frame(wire, &ServerFrame::Joined { room, last_seq }).await?;
        self.catch_up(wire, room, last_seq).await
    }

    /// Sends the messages of a room up to `up_to` that were not sent yet, in batches.
    async fn catch_up(
        &mut self,
        wire: &mut Wire,
        room: RoomId,
        up_to: i64,
    ) -> Result<(), SocketEnd> {
        loop {
            let Some(sent) = self.joined.get(&room).map(|joined| joined.sent) else {
                return Ok(());
            };
            if sent >= up_to {
                return Ok(());
            }
            if self.state.shutdown().is_cancelled() {
                return Err(SocketEnd::GOING_AWAY);
            }
            let missed = match self.state.admit() {
                Ok(engine) => service::messages_after(&engine, room, sent, up_to).await,
                Err(error) => Err(error),
            };
            let missed = match missed {
                Ok(missed) => missed,
                Err(error) => {
                    refuse(wire, &error, None).await?;
                    return self.give_up(wire, room).await;
                }
            };
            // Fewer than announced: the data was reset meanwhile.
            let reached = missed.last().map_or(up_to, |message| message.seq);
            for message in missed {
                send_frame(wire, &ServerFrame::Message(message)).await?;
            }
            wire.flush().await?;
            if let Entry::Occupied(mut joined) = self.joined.entry(room) {
                joined.get_mut().sent = reached;
            }
        }
    }

    /// Leaves a room of which messages are missing; the frame says from where to join again.
    async fn give_up(&mut self, wire: &mut Wire, room: RoomId) -> Result<(), SocketEnd> {
        let Some(joined) = self.joined.remove(&room) else {
            return Ok(());
        };
        let after_seq = joined.sent;
        send_frame(wire, &ServerFrame::Lagged { room, after_seq }).await
    }

    async fn send(
        &mut self,
        wire: &mut Wire,
        room: RoomId,
        client_id: String,
        text: String,
    ) -> Result<(), SocketEnd> {
        let draft = match Draft::read(room, self.user, client_id.clone(), text) {
            Ok(draft) => draft,
            Err(wrong) => {
                let client_id = (wrong.0 != "client_id").then_some(client_id);
                return refuse(wire, &frames::invalid(wrong), client_id).await;
            }
        };
        if !self.joined.contains_key(&room) {
            return refuse(wire, &not_joined(), Some(client_id)).await;
        }
        let stored = match self.state.admit() {
            Ok(engine) => {
                let outbox = self.state.part::<Outbox>();
                service::send(self.state.hub(), outbox, engine, draft).await
            }
            Err(error) => Err(error),
        };
        match stored {
            Ok(stored) => {
                if let StoredMessage::Before(message) = &stored {
                    // Whoever stored it may not have published it to this socket: another process
                    // did, which has stopped since, or it was done before this socket joined.
                    self.catch_up(wire, room, message.seq).await?;
                }
                let message = stored.into_message();
                let ack = ServerFrame::Ack {
                    room,
                    client_id,
                    seq: message.seq,
                    id: message.id,
                };
                send_frame(wire, &ack).await
            }
            Err(error) => refuse(wire, &error, Some(client_id)).await,
        }
    }

    async fn typing(&mut self, wire: &mut Wire, room: RoomId) -> Result<(), SocketEnd> {
        if !self.joined.contains_key(&room) {
            return refuse(wire, &not_joined(), None).await;
        }
        let user = self.user;
        let frame = frames::write(&ServerFrame::Typing { room, user });
        let hub = self.state.hub();
        hub.publish_ephemeral(room, user, &frame);
        let kind = RelayedKind::Ephemeral(room, user);
        hub.pass_on(self.state.engine().policies.chat.fanout, kind, &frame);
        Ok(())
    }
}

impl SocketSide for Conversation {
    type Item = Delivery;

    async fn next(&self) -> Delivery {
        self.hub.mailbox().next().await
    }

    fn try_next(&self) -> Option<Delivery> {
        self.hub.mailbox().try_next()
    }

    /// Sends what waited: a notification as it is, an item of a room if it belongs to the present
    /// stay there.
    async fn deliver(&mut self, wire: &mut Wire, next: Delivery) -> Result<(), SocketEnd> {
        match next {
            Delivery::Personal(frame) => wire.queue(frame).await,
            Delivery::Room(item) => self.deliver_item(wire, item).await,
        }
    }

    /// Handles a client's text, and counts it as a request with what it cost.
    async fn handle(&mut self, wire: &mut Wire, text: &str) -> Result<(), SocketEnd> {
        let state = self.state.clone();
        let costs = Timing::default();
        let person = self.user.0;
        let work = async {
            timing::signed_in(person);
            self.carry_out(wire, text).await
        };
        let outcome = timing::scope(costs.clone(), work).await;
        state.http().api_answered(None, &costs.read());
        outcome
    }
}

fn not_joined() -> ApiError {
    ApiError::new(Code::Forbidden, "join the room first")
}

async fn send_frame(wire: &mut Wire, frame: &ServerFrame) -> Result<(), SocketEnd> {
    wire.queue(frames::write(frame)).await
}

async fn refuse(
    wire: &mut Wire,
    error: &ApiError,
    client_id: Option<String>,
) -> Result<(), SocketEnd> {
    error.log_frame();
    send_frame(wire, &frames::refusal(error, client_id)).await
}
