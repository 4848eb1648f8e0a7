//! Notifications: what others did to one's lessons.
//!
//! A notification is written in the transaction of what causes it, where the switch
//! `notifications.write` asks for it, and pushed to the sockets of its reader after the commit. A push
//! that is lost loses nothing: the list shows what is stored.

mod feature;
mod handlers;
mod model;
mod plans;
mod repository;
mod seed;
mod service;
mod service_outgoing;

pub(super) use feature::feature;
pub(super) use model::Audience;
pub(super) use service_outgoing::Outgoing;
