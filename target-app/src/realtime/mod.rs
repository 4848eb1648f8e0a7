//! Delivery to connected sockets: chat rooms, their subscriptions and the bounded mailbox of each
//! socket; the way to the other processes; and what all sockets have in common, with how many an account
//! has. What lasts is in the database.

mod hub;
mod mailbox;
mod open_sockets;
mod rate_limiter;
mod relay;
mod socket_loop;
mod upgrade;
mod waiting;
mod wire;

pub use hub::{Hub, Socket, Subscription, Turn};
pub use mailbox::{Delivery, Mailbox, MailboxEvent, MailboxItem};
pub use open_sockets::{OpenSockets, SocketKind, SocketPlace};
pub use relay::{Relay, RelayError, RelayLink, RelayedFrame, RelayedKind};
pub use socket_loop::{SocketLifetime, SocketSide, serve};
pub use upgrade::checked_upgrade;
pub use waiting::{PostOutcome, WaitingItems};
pub use wire::{FrameText, SocketEnd, Wire};
