//! The program `loadgen`: command line, terminal view, web page, metrics export. What it measures
//! and decides with is in the crates under `loadgen/crates`.
//!
//! | module | content |
//! |---|---|
//! | [`coordination`] | a load of several workers, over Redis |
//! | [`cli`] | the commands: flags, what a command runs in, one file a command |
//! | [`library`] | the suites and experiments that come with the program |
//! | [`live`] | the view in the terminal |
//! | [`web`] | the page of the running command and of past runs |
//! | [`export`] | metrics of a running command for Prometheus and OTLP |
//! | `http_server` | connections of both pages, within bounds |
//! | [`doctor`] | whether this machine is fit to measure on |
//! | [`calibration`] | what the generator itself costs, and what the reference backend costs beside its bare parts |
//! | [`exit`] | exit codes |

pub mod calibration;
pub mod cli;
pub mod coordination;
pub mod doctor;
pub mod exit;
pub mod export;
mod http_server;
pub mod library;
pub mod live;
pub mod web;
