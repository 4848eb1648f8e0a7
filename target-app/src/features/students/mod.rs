//! Students as the staff sees them: mentors those who booked a lesson, administrators all.

mod feature;
mod handlers;
mod model;
mod plans;
mod repository;
mod service;

pub(super) use feature::feature;
pub(super) use model::StudentViewer;
pub(super) use service::find_card;
