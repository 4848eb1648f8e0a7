//! The result folder, every renderer, comparison of runs and their history. Everything is made from
//! stored summaries: no statistic is computed here, and no clock is read.

pub mod history;
pub mod render;
pub mod store;
