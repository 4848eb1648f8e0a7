//! The drawings of a report. `definition` names the charts and series that a running command shows
//! as well; `over_time`, `plots`, `response`, `capacity` and `server_plots` prepare lines, `marks` what is marked in them, `plot` is what they
//! prepare, `axis` its scales; `chart`, `strips` and `anatomy` draw it as SVG, and
//! `interactive` hands it to the page's script.

pub(super) mod anatomy;
pub(super) mod axis;
pub(super) mod capacity;
pub(super) mod chart;
pub mod definition;
pub(super) mod interactive;
pub(super) mod marks;
pub(super) mod over_time;
pub(super) mod plot;
pub(super) mod plots;
pub(super) mod response;
pub(super) mod server_plots;
pub(super) mod strips;

#[cfg(test)]
mod colours;
