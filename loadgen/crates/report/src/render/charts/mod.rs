//! The drawings of a report. `over_time`, `plots` and `server_plots` prepare lines, `plot` is what
//! they prepare, `axis` its scales; `chart`, `strips` and `anatomy` draw it as SVG, and
//! `interactive` hands it to the page's script.

pub(super) mod anatomy;
pub(super) mod axis;
pub(super) mod chart;
pub(super) mod interactive;
pub(super) mod over_time;
pub(super) mod plot;
pub(super) mod plots;
pub(super) mod server_plots;
pub(super) mod strips;

#[cfg(test)]
mod colours;
