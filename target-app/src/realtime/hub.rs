//! Subscriptions of sockets to rooms, and fan-out to them.
//!
//! A message is published in the *turn* of its room, taken before it is stored, so that sockets
//! receive messages in the order of their sequence numbers. A slow socket never makes a room wait:
//! its mailbox is bounded, and what does not fit is replaced by one marker after which the room
//! sends that socket nothing until it joins again.
//!
//! One process only. Rooms exist while somebody holds them (a subscription or a turn) and then vanish.

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
    snapshot::ChatSnapshot,
};
use tokio::sync::{Mutex as OrderMutex, OwnedMutexGuard};

use super::{
    mailbox::{Mailbox, MailboxEvent, MailboxItem},
    outbox::Outbox,
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
    outbox: Outbox,
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

    /// Messages of all rooms that wait to be stored together.
    pub fn outbox(&self) -> &Outbox {
        &self.0.outbox
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
        let RoomHandle { hub, id: room, .. } = &self.handle;
        let (mut queued, mut lagged) = (0, 0);
        for (&subscription, member) in lock(&self.handle.room.members).iter_mut() {
            if member.lagged {
                continue;
            }
            let item = |kind| MailboxItem {
                room: *room,
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
        hub.messages.fetch_add(1, Relaxed);
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
mod tests {
    use std::time::Duration;

    use super::{
        super::mailbox::{CAPACITY, Delivery},
        *,
    };

    fn room(n: u128) -> RoomId {
        RoomId(uuid::Uuid::from_u128(n))
    }

    fn user(n: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(n))
    }

    fn next(socket: &Socket) -> Option<MailboxItem> {
        socket.mailbox().try_next().map(|next| match next {
            Delivery::Room(item) => item,
            Delivery::Personal(frame) => panic!("not of a room: {frame}"),
        })
    }

    fn seqs(socket: &Socket) -> Vec<Option<i64>> {
        std::iter::from_fn(|| next(socket))
            .map(|item| match item.kind {
                MailboxEvent::Message { seq, .. } => Some(seq),
                MailboxEvent::Ephemeral(_) | MailboxEvent::Lagged => None,
            })
            .collect()
    }

    fn rooms(hub: &Hub) -> usize {
        lock(&hub.0.rooms).len()
    }

    #[tokio::test]
    async fn everybody_in_the_room_receives_a_message_and_no_one_else() {
        let hub = Hub::new();
        let [ann, bob, eve] = [1, 2, 3].map(|n| hub.connect(user(n)));
        let _subscriptions = [ann.join(room(1)), bob.join(room(1)), eve.join(room(2))];
        hub.turn(room(1)).await.publish(7, &"hello".into());
        assert_eq!(seqs(&ann), [Some(7)]);
        assert_eq!(seqs(&bob), [Some(7)]);
        assert!(seqs(&eve).is_empty());
        let counts = hub.snapshot();
        assert_eq!(
            (counts.sockets, counts.messages, counts.deliveries),
            (3, 1, 2)
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn messages_arrive_in_the_order_of_the_turns() {
        let hub = Hub::new();
        let socket = hub.connect(user(1));
        let _subscription = socket.join(room(1));
        let next = Arc::new(AtomicU64::new(0));
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let (hub, next) = (hub.clone(), next.clone());
                tokio::spawn(async move {
                    for _ in 0..25 {
                        let turn = hub.turn(room(1)).await;
                        let seq = next.fetch_add(1, Relaxed) + 1;
                        // Where the message is stored.
                        tokio::task::yield_now().await;
                        turn.publish(seq as i64, &"x".into());
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        assert_eq!(seqs(&socket), (1..=200).map(Some).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_slow_socket_gets_one_marker_behind_what_it_was_sent() {
        let hub = Hub::new();
        let (slow, quick) = (hub.connect(user(1)), hub.connect(user(2)));
        let _slow_seat = slow.join(room(1));
        let _quick_seat = quick.join(room(1));
        let full = CAPACITY as i64;
        for seq in 1..=full + 10 {
            hub.turn(room(1)).await.publish(seq, &"x".into());
            assert_eq!(seqs(&quick), [Some(seq)]);
        }
        let mut expected: Vec<_> = (1..=full).map(Some).collect();
        expected.push(None);
        assert_eq!(seqs(&slow), expected);
        // Silent until it joins again, however much room there is now.
        hub.turn(room(1)).await.publish(full + 11, &"x".into());
        assert!(seqs(&slow).is_empty());
        assert_eq!(hub.snapshot().lagged, 1);
    }

    #[tokio::test]
    async fn a_socket_that_joins_again_receives_again() {
        let hub = Hub::new();
        let socket = hub.connect(user(1));
        let first = socket.join(room(1));
        for seq in 0..=CAPACITY as i64 {
            hub.turn(room(1)).await.publish(seq, &"x".into());
        }
        seqs(&socket);
        drop(first);
        let second = socket.join(room(1));
        hub.turn(room(1)).await.publish(1_000, &"x".into());
        let item = next(&socket).unwrap();
        assert_eq!(item.subscription, second.id());
    }

    #[tokio::test]
    async fn typing_reaches_the_others_only() {
        let hub = Hub::new();
        let (ann, bob) = (hub.connect(user(1)), hub.connect(user(2)));
        let _subscriptions = [ann.join(room(1)), bob.join(room(1))];
        hub.publish_ephemeral(room(1), user(1), &"typing".into());
        hub.publish_ephemeral(room(9), user(1), &"typing".into());
        assert!(seqs(&ann).is_empty());
        assert_eq!(seqs(&bob), [None]);
    }

    #[tokio::test]
    async fn a_notification_reaches_every_socket_of_its_user_and_no_other() {
        let hub = Hub::new();
        let [one, two, other] = [1, 1, 2].map(|n| hub.connect(user(n)));
        hub.notify(user(1), &"news".into());
        hub.notify(user(9), &"news".into());
        for socket in [&one, &two] {
            assert!(matches!(
                socket.mailbox().try_next(),
                Some(Delivery::Personal(frame)) if frame.as_str() == "news"
            ));
        }
        assert!(other.mailbox().try_next().is_none());
        drop((one, two, other));
        assert!(lock(&hub.0.users).is_empty());
    }

    #[tokio::test]
    async fn leaving_and_dropping_leave_no_empty_room_behind() {
        let hub = Hub::new();
        let socket = hub.connect(user(1));
        let (one, two) = (socket.join(room(1)), socket.join(room(2)));
        assert_eq!(rooms(&hub), 2);
        drop(one);
        assert_eq!(rooms(&hub), 1);
        drop(socket);
        assert_eq!(hub.snapshot().sockets, 0);
        drop(two);
        assert_eq!(rooms(&hub), 0);
    }

    #[tokio::test]
    async fn a_turn_that_was_waited_for_in_vain_leaves_no_room_behind() {
        let hub = Hub::new();
        let turn = hub.turn(room(1)).await;
        let waited = tokio::time::timeout(Duration::from_millis(5), hub.turn(room(1))).await;
        assert!(waited.is_err());
        drop(turn);
        assert_eq!(rooms(&hub), 0);
    }

    #[tokio::test]
    async fn a_message_under_way_reaches_one_who_joins_after_everybody_left() {
        let hub = Hub::new();
        let (ann, bob) = (hub.connect(user(1)), hub.connect(user(2)));
        let subscription = ann.join(room(1));
        let turn = hub.turn(room(1)).await;
        drop(subscription);
        let _subscription = bob.join(room(1));
        turn.publish(5, &"x".into());
        assert_eq!(seqs(&bob), [Some(5)]);
    }
}
