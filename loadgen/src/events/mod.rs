//! What a command publishes while it runs: `event` are the words, `tick` is where the running
//! trial stands, `channel` carries them to everyone who listens, `steering` carries back what a
//! person wants of the load, `span` writes a duration as seconds.

mod channel;
mod event;
mod span;
mod steering;
mod tick;

pub use channel::{Publisher, channel, channels};
pub use event::{Begun, Ended, Event, printable};
pub use steering::{Steerable, Steering, Unsteerable, Wish};
pub use tick::{Bar, OperationNow, TargetNow, Tick};
