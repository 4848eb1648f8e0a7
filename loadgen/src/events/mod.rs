//! What a command publishes while it runs: `event` has the event types, `tick` the state of the
//! running trial, `channel` delivers events to all listeners, `load_control` carries changes of the
//! load back, `span` writes a duration as seconds.

mod channel;
mod event;
mod load_control;
mod span;
mod tick;

pub use channel::{Publisher, channel, channels};
pub use event::{Begun, Ended, Event, printable};
pub use load_control::{Adjustable, ControlError, ControlEvent, LoadControl};
pub use tick::{HistogramBar, OperationNow, TargetNow, Tick};
