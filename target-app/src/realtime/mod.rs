//! Delivery to connected sockets: chat rooms, their subscriptions and the bounded mailbox of each
//! socket; and the queue of messages that are stored together. In this process only; what lasts is
//! in the database.

mod hub;
mod mailbox;
mod outbox;
mod rate_limiter;

pub use hub::{Hub, Socket, Subscription, Turn};
pub use mailbox::{Mailbox, MailboxEvent, MailboxItem, PostOutcome};
pub use outbox::{BatchItem, BatchLeader, BatchReply, Draft, Outbox};
pub use rate_limiter::RateLimiter;
