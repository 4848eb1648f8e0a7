//! The view of a run that fills the terminal: `show` reads events and keys and draws at most ten
//! times a second, `terminal` takes the screen and gives it back whatever happens, `state` is what
//! is known of the run, `course` its last minutes, `trials` what has ended, `desk` what the keys
//! have set, `steer` what a person wants of the load, `draw` lays everything out with the help of
//! `head` and of one file a panel, `theme` colours it, `figures` and `fit` put numbers into text
//! and text into lines.

mod course;
mod desk;
mod draw;
#[cfg(test)]
mod draw_tests;
mod figures;
mod fit;
mod head;
mod operations;
mod over_time;
mod past;
mod show;
mod spread;
mod state;
mod steer;
mod target;
mod terminal;
mod theme;
mod trials;

pub(in crate::live) use show::{possible, show};
pub use terminal::restore;
