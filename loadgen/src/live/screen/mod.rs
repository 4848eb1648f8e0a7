//! The view of a run that fills the terminal: `show` reads events and keys and draws at most ten
//! times a second, `terminal` takes the screen and gives it back whatever happens, `state` is what
//! is known of the run, `timeline` its last minutes, `trials` what has ended, `input` what the keys
//! have set, `load_keys` what a person wants of the load, `draw` lays everything out with the help of
//! `head` and of one file a panel, `theme` colours it, `figures` and `fit` put numbers into text
//! and text into lines.

mod draw;
#[cfg(test)]
mod draw_tests;
mod figures;
mod fit;
mod head;
mod history;
mod input_state;
mod load_keys;
mod operations;
mod over_time;
mod show;
mod spread;
mod state;
mod target;
mod terminal;
mod theme;
mod timeline;
mod trials;
mod view;

pub(in crate::live) use show::{possible, show};
pub use terminal::restore;
