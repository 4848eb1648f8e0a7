//! Attendance: marking one participant or several, and the summary of a student.

mod marking;
mod races;
mod summary;
