//! What a command publishes while it runs: `event` are the words, `tick` is where the running
//! trial stands, `channel` carries them to everyone who listens, `load_control` carries back what a
//! person wants of the load, `span` writes a duration as seconds.

mod channel;
mod event;
mod load_control;
mod span;
mod tick;

pub use channel::{Publisher, channel, channels};
pub use event::{Begun, Ended, Event, printable};
pub use load_control::{Adjustable, ControlError, ControlEvent, LoadControl};
pub use tick::{HistogramBar, OperationNow, TargetNow, Tick};
