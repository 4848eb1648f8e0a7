//! Video classes: sessions of confirmed bookings, and the signals that set their media up.
//!
//! Beside the layers of every feature there are those of the signalling socket: `socket` (one connection)
//! -> `relay` (the effect of each frame), with `frames` as the format. The two ends of a session meet in
//! `signals`. The media go from participant to participant; the recording that an ended session gets is
//! one of the seeded files, in place of what a media server would have recorded.

mod feature;
mod frames;
mod handlers;
mod join_token;
mod model;
mod plans;
mod relay;
mod repository;
mod service;
mod signals;
mod socket;
mod worker;

pub(super) use feature::feature;
pub(super) use service::on_cancelled;
