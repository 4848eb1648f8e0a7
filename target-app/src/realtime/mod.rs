//! What is told to people while they are connected: chat rooms, who listens to them, and
//! the bounded mailbox of each socket; and the queue of what is stored together. In this process only; the database is what lasts.

mod hub;
mod mailbox;
mod outbox;
mod pace;

pub use hub::{Hub, Seat, Socket, Turn};
pub use mailbox::{Item, Kind, Mailbox, Posted};
pub use outbox::{Draft, Lead, Letter, Outbox, Word};
pub use pace::Pace;
