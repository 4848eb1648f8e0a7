//! Courses: catalogue, enrolment, lessons, quiz, submitted files, completion.

mod cached;
mod feature;
mod files;
mod handlers;
mod media_type;
mod model;
mod plans;
mod repository;
mod repository_progress;
mod seed;
mod service;
mod service_submit;

pub(super) use feature::feature;
