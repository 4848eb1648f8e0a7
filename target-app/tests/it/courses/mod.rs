//! Courses: catalogue, enrolment, lessons, quiz, submitted files, completion.

mod aborted;
mod access;
mod catalogue;
mod complete;
mod enrol;
mod lessons;
pub(crate) mod operations;
mod quiz;
pub(crate) mod step;
mod submit;
