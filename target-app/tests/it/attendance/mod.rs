//! Attendance: marking one participant or several, and the summary of a student.

mod marking;
pub(crate) mod operations;
mod races;
mod summary;
