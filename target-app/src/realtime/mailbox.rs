//! A socket's mailbox: frames of its rooms and for its user, which its task writes to the client.

use axum::extract::ws::Utf8Bytes;
use shared::ids::RoomId;

use super::waiting::{PostOutcome, WaitingItems};

/// Most frames that wait for one socket; beyond it the socket lags.
pub(super) const CAPACITY: usize = 256;
/// Beyond this many waiting frames, ephemeral events are not queued.
const EPHEMERAL_LIMIT: usize = CAPACITY / 2;

/// One entry of a mailbox.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// From a room that the socket joined.
    Room(MailboxItem),
    /// For the person whose socket it is.
    Personal(Utf8Bytes),
}

/// What a room has for a socket.
#[derive(Debug, Clone)]
pub struct MailboxItem {
    /// About which room.
    pub room: RoomId,
    /// For which subscription to that room; items of an earlier one are ignored.
    pub subscription: u64,
    /// What happened.
    pub kind: MailboxEvent,
}

/// What a mailbox entry reports.
#[derive(Debug, Clone)]
pub enum MailboxEvent {
    /// A stored message, serialised once for everybody.
    Message {
        /// Its place in the room.
        seq: i64,
        /// The frame.
        frame: Utf8Bytes,
    },
    /// An event that is not stored and has no number, such as somebody typing.
    Ephemeral(Utf8Bytes),
    /// From here on messages of this room are missing: the mailbox was full.
    Lagged,
}

/// A bounded queue with one reader.
#[derive(Debug, Default)]
pub struct Mailbox(WaitingItems<Delivery>);

impl Mailbox {
    /// The oldest item, once there is one. Nothing is lost when the wait is cut short.
    pub async fn next(&self) -> Delivery {
        self.0.next().await
    }

    /// The oldest item, if there is one.
    pub fn try_next(&self) -> Option<Delivery> {
        self.0.try_next()
    }

    /// Queues a message, unless the mailbox is full.
    pub(super) fn post(&self, item: MailboxItem) -> PostOutcome {
        self.0.push(Delivery::Room(item), CAPACITY)
    }

    /// Queues an ephemeral event only while the mailbox is less than half full, so that it never
    /// takes the space of a message.
    pub(super) fn post_ephemeral(&self, item: MailboxItem) -> PostOutcome {
        self.0.push(Delivery::Room(item), EPHEMERAL_LIMIT)
    }

    /// Queues a notification with the bound of ephemeral events: it is stored, and its reader finds
    /// it in the list.
    pub(super) fn post_personal(&self, frame: Utf8Bytes) -> PostOutcome {
        self.0.push(Delivery::Personal(frame), EPHEMERAL_LIMIT)
    }

    /// Queues a marker even if the mailbox is full: at most one for each subscription, so still
    /// bounded.
    pub(super) fn mark(&self, item: MailboxItem) {
        self.0.push(Delivery::Room(item), usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ephemeral(subscription: u64) -> MailboxItem {
        MailboxItem {
            room: RoomId(uuid::Uuid::nil()),
            subscription,
            kind: MailboxEvent::Ephemeral("typing".into()),
        }
    }

    fn subscription(delivery: Delivery) -> u64 {
        match delivery {
            Delivery::Room(item) => item.subscription,
            Delivery::Personal(frame) => panic!("not of a room: {frame}"),
        }
    }

    #[test]
    fn a_full_mailbox_refuses_messages_but_takes_the_marker() {
        let mailbox = Mailbox::default();
        for _ in 0..CAPACITY {
            assert_eq!(mailbox.post(ephemeral(0)), PostOutcome::Queued);
        }
        assert_eq!(mailbox.post(ephemeral(0)), PostOutcome::Full);
        mailbox.mark(ephemeral(1));
        let last = std::iter::from_fn(|| mailbox.try_next()).last().unwrap();
        assert_eq!(
            subscription(last),
            1,
            "the marker stands behind what was queued"
        );
    }

    #[test]
    fn ephemeral_events_do_not_take_the_last_places() {
        let mailbox = Mailbox::default();
        let queued = (0..CAPACITY)
            .filter(|_| mailbox.post_ephemeral(ephemeral(0)) == PostOutcome::Queued)
            .count();
        assert_eq!(queued, EPHEMERAL_LIMIT);
        assert_eq!(mailbox.post_personal("news".into()), PostOutcome::Full);
        assert_eq!(mailbox.post(ephemeral(0)), PostOutcome::Queued);
    }
}
