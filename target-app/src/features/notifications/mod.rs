//! Notifications: what others did to one's lessons.
//!
//! A notification is written in the transaction of what causes it, where the switch
//! `notifications.write` asks for it, and pushed to the sockets of its reader after the commit. A push
//! that is lost loses nothing: the list shows what is stored.

mod feature;
mod handlers;
mod outgoing;
mod plans;
mod repository;
mod seed;
mod service;

pub(super) use feature::feature;
pub(super) use outgoing::{Audience, Outgoing};
