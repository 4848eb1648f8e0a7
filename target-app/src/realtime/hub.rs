//! Subscriptions of sockets to rooms, and fan-out to them.
//!
//! A message is published in the *turn* of its room, taken before it is stored, so that sockets
//! receive messages in the order of their sequence numbers. A slow socket never makes a room wait:
//! its mailbox is bounded, and what does not fit is replaced by one marker after which the room
//! sends that socket nothing until it joins again.
//!
//! Sockets of this process only; `relay.rs` is the way to those of others. Rooms exist while somebody holds them (a subscription or a turn) and then vanish.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use axum::extract::ws::Utf8Bytes;
use shared::{
    ids::{RoomId, UserId},
    profile::Fanout,
    snapshot::ChatSnapshot,
};
use tokio::sync::{Mutex as OrderMutex, OwnedMutexGuard};

use super::{
    mailbox::{Mailbox, MailboxEvent, MailboxItem},
    relay::{Relay, RelayedFrame, RelayedKind},
    waiting::PostOutcome,
};

/// All rooms of this process; clones share them.
#[derive(Clone, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Default)]
struct Inner {
    rooms: Mutex<HashMap<RoomId, RoomEntry>>,
    /// The sockets of each connected user, by their numbers.
    users: Mutex<HashMap<UserId, HashMap<u64, Arc<Mailbox>>>>,
    relay: Relay,
    last_subscription: AtomicU64,
    last_socket: AtomicU64,
    sockets: AtomicU64,
    messages: AtomicU64,
    batches: AtomicU64,
    deliveries: AtomicU64,
    lagged: AtomicU64,
}

struct RoomEntry {
    room: Arc<LiveRoom>,
    /// Subscriptions and turns; the entry goes with the last of them.
    holders: usize,
}

#[derive(Default)]
struct LiveRoom {
    /// RoomHandle from before a message is stored until it is in every mailbox.
    order: Arc<OrderMutex<()>>,
    members: Mutex<HashMap<u64, RoomMember>>,
}

struct RoomMember {
    user: UserId,
    mailbox: Arc<Mailbox>,
    lagged: bool,
}

impl Hub {
    /// A hub without rooms.
    pub fn new() -> Self {
        Self::default()
    }

    /// A new socket of `user`, counted until it is dropped.
    pub fn connect(&self, user: UserId) -> Socket {
        self.0.sockets.fetch_add(1, Relaxed);
        let number = self.0.last_socket.fetch_add(1, Relaxed) + 1;
        let mailbox = Arc::<Mailbox>::default();
        lock(&self.0.users)
            .entry(user)
            .or_default()
            .insert(number, mailbox.clone());
        Socket {
            hub: self.0.clone(),
            user,
            number,
            mailbox,
        }
    }

    /// Queues a notification to every socket of a user, if their mailboxes have space for it.
    pub fn notify(&self, user: UserId, frame: &Utf8Bytes) {
        if let Some(sockets) = lock(&self.0.users).get(&user) {
            for mailbox in sockets.values() {
                mailbox.post_personal(frame.clone());
            }
        }
    }

    /// Waits for this room's turn: until the turn is dropped, there is no other.
    pub async fn turn(&self, room: RoomId) -> Turn {
        let handle = RoomHandle::new(&self.0, room);
        let guard = handle.room.order.clone().lock_owned().await;
        Turn {
            _guard: guard,
            handle,
        }
    }

    /// Queues a frame for sockets of the other processes too, where frames are carried to them.
    pub fn pass_on(&self, fanout: Fanout, kind: RelayedKind, frame: &Utf8Bytes) {
        if fanout == Fanout::Redis {
            self.0.relay.send(kind, frame);
        }
    }

    /// Frames for the other processes.
    pub fn relay(&self) -> &Relay {
        &self.0.relay
    }

    /// Queues a frame of another process to those here for whom it is. It takes no turn: sockets look
    /// at the numbers, and read what is missing from the database.
    pub fn deliver_relayed(&self, frame: &RelayedFrame) {
        let text = Utf8Bytes::from(frame.text.as_str());
        match frame.kind {
            RelayedKind::Ephemeral(room, from) => self.publish_ephemeral(room, from, &text),
            RelayedKind::Personal(user) => self.notify(user, &text),
            RelayedKind::Message(id, seq) => {
                let found = lock(&self.0.rooms).get(&id).map(|entry| entry.room.clone());
                if let Some(room) = found {
                    room.post(&self.0, id, seq, &text);
                }
            }
        }
    }

    /// Counts a commit that stored messages together.
    pub fn count_batch(&self) {
        self.0.batches.fetch_add(1, Relaxed);
    }

    /// Queues an event to everybody in a room except `from`, if their mailboxes have space for it;
    /// it is not stored.
    pub fn publish_ephemeral(&self, room: RoomId, from: UserId, frame: &Utf8Bytes) {
        let Some(found) = lock(&self.0.rooms)
            .get(&room)
            .map(|entry| entry.room.clone())
        else {
            return;
        };
        for (&subscription, member) in lock(&found.members).iter() {
            if member.user != from {
                let kind = MailboxEvent::Ephemeral(frame.clone());
                member.mailbox.post_ephemeral(MailboxItem {
                    room,
                    subscription,
                    kind,
                });
            }
        }
    }

    /// The counters so far.
    pub fn snapshot(&self) -> ChatSnapshot {
        ChatSnapshot {
            sockets: self.0.sockets.load(Relaxed),
            messages: self.0.messages.load(Relaxed),
            batches: self.0.batches.load(Relaxed),
            deliveries: self.0.deliveries.load(Relaxed),
            lagged: self.0.lagged.load(Relaxed),
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("rooms", &lock(&self.0.rooms).len())
            .field("counts", &self.snapshot())
            .finish()
    }
}

/// A connected socket's side of the hub.
pub struct Socket {
    hub: Arc<Inner>,
    user: UserId,
    number: u64,
    mailbox: Arc<Mailbox>,
}

impl Socket {
    /// What the rooms have for this socket.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Hears a room from now on, until the subscription is dropped.
    pub fn join(&self, room: RoomId) -> Subscription {
        let handle = RoomHandle::new(&self.hub, room);
        let id = self.hub.last_subscription.fetch_add(1, Relaxed) + 1;
        let member = RoomMember {
            user: self.user,
            mailbox: self.mailbox.clone(),
            lagged: false,
        };
        lock(&handle.room.members).insert(id, member);
        Subscription { id, handle }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut users = lock(&self.hub.users);
        if let Some(sockets) = users.get_mut(&self.user) {
            sockets.remove(&self.number);
            if sockets.is_empty() {
                users.remove(&self.user);
            }
        }
        drop(users);
        self.hub.sockets.fetch_sub(1, Relaxed);
    }
}

/// The subscription of one socket to one room; dropping it leaves the room.
pub struct Subscription {
    id: u64,
    handle: RoomHandle,
}

impl Subscription {
    /// Its number in this process; mailbox items carry it.
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        lock(&self.handle.room.members).remove(&self.id);
    }
}

/// The right to be the next to publish in a room.
pub struct Turn {
    // Dropped first: a task that waits for the turn holds the room itself.
    _guard: OwnedMutexGuard<()>,
    handle: RoomHandle,
}

impl Turn {
    /// Queues a stored message to everybody who is in the room now.
    pub fn publish(&self, seq: i64, frame: &Utf8Bytes) {
        let RoomHandle { hub, id, room } = &self.handle;
        room.post(hub, *id, seq, frame);
        hub.messages.fetch_add(1, Relaxed);
    }
}

impl LiveRoom {
    /// Queues a stored message to everybody who is in the room now.
    fn post(&self, hub: &Inner, room: RoomId, seq: i64, frame: &Utf8Bytes) {
        let (mut queued, mut lagged) = (0, 0);
        for (&subscription, member) in lock(&self.members).iter_mut() {
            if member.lagged {
                continue;
            }
            let item = |kind| MailboxItem {
                room,
                subscription,
                kind,
            };
            let frame = frame.clone();
            match member
                .mailbox
                .post(item(MailboxEvent::Message { seq, frame }))
            {
                PostOutcome::Queued => queued += 1,
                PostOutcome::Full => {
                    member.lagged = true;
                    member.mailbox.mark(item(MailboxEvent::Lagged));
                    lagged += 1;
                }
            }
        }
        hub.deliveries.fetch_add(queued, Relaxed);
        hub.lagged.fetch_add(lagged, Relaxed);
    }
}

/// Keeps a room's entry alive. Counted under the map's lock, so that a room cannot be taken off
/// the map while a message for it is on its way and be made anew by somebody who then misses it.
struct RoomHandle {
    hub: Arc<Inner>,
    id: RoomId,
    room: Arc<LiveRoom>,
}

impl RoomHandle {
    fn new(hub: &Arc<Inner>, id: RoomId) -> Self {
        let mut rooms = lock(&hub.rooms);
        let entry = rooms.entry(id).or_insert_with(|| RoomEntry {
            room: Arc::default(),
            holders: 0,
        });
        entry.holders += 1;
        Self {
            hub: hub.clone(),
            id,
            room: entry.room.clone(),
        }
    }
}

impl Drop for RoomHandle {
    fn drop(&mut self) {
        let mut rooms = lock(&self.hub.rooms);
        if let Some(entry) = rooms.get_mut(&self.id) {
            entry.holders -= 1;
            if entry.holders == 0 {
                rooms.remove(&self.id);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks, so what they guard is whole even then.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
