//! The view of a run that fills the terminal: `show` reads events and keys and draws at most ten
//! times a second, `terminal` takes over the screen and restores it in every case, `state` is what
//! is known of the run, `timeline` its last minutes, `trials` the finished trials, `input_state`
//! what the keys have set, `load_keys` changes the load, `view` is what is drawn, `draw` lays it out
//! with `head` and one file for each panel, `theme` colours it, `fit` fits text into lines.

mod draw;
#[cfg(test)]
mod draw_tests;
mod fit;
mod head;
mod history;
mod input_state;
mod load_keys;
mod operations;
mod over_time;
mod setup;
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
