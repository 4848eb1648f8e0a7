//! Delivery to connected sockets: chat rooms, their subscriptions and the bounded mailbox of each
//! socket; the queue of messages that are stored together; and the way to the other processes. What
//! lasts is in the database.

mod hub;
mod mailbox;
mod outbox;
mod rate_limiter;
mod relay;

pub use hub::{Hub, Socket, Subscription, Turn};
pub use mailbox::{Mailbox, MailboxEvent, MailboxItem, PostOutcome};
pub use outbox::{BatchItem, BatchLeader, BatchReply, Draft, Outbox};
pub use rate_limiter::RateLimiter;
pub use relay::{Relay, RelayError, RelayLink, RelayedFrame, RelayedKind};
