//! What a command runs in: services and lab client, event sinks, interrupt handling, the result
//! folder.

mod github;
mod interrupt;
mod measured;
mod services;
mod sinks;
mod starter;

pub(super) use interrupt::{CleanupSlot, listen};
pub(super) use measured::MeasuredSession;
pub(super) use services::{ServiceSource, StackAddresses, start_stack};
pub(super) use sinks::{EventSinks, announce_page, open_page};
pub(super) use starter::starter;
