//! What is told to people while they are connected: chat rooms, who listens to them, and
//! the bounded mailbox of each socket. In this process only; the database is what lasts.

mod hub;
mod mailbox;
mod pace;

pub use hub::{Hub, Seat, Socket, Turn};
pub use mailbox::{Item, Kind, Mailbox, Posted};
pub use pace::Pace;
