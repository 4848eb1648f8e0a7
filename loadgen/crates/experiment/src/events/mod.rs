//! What a command publishes while it runs: `event` has the event types, `tick` the state of the
//! running trial, `channel` delivers events to all listeners, `stage_times` remembers how long stages took, `span` writes a duration as seconds.

mod channel;
mod event;
mod span;
mod stage_times;
mod tick;

pub use channel::{Publisher, channel, channels};
pub use event::{Begun, Ended, Event, printable};
pub use loadgen_engine::load_control::{Adjustable, ControlError, ControlEvent, LoadControl};
pub use tick::{HistogramBar, OperationNow, TargetNow, ThresholdNow, Tick};
