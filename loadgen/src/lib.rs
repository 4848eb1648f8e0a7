//! Loads CodeConnect on an honest schedule, flips its optimizations between paired trials,
//! audits the database afterwards and reports.
//!
//! A room may use only the rooms above it in this table.
//!
//! | room | what it holds |
//! |---|---|
//! | [`units`], [`seed`], [`check`], [`request`] | the small types everything else is made of |
//! | [`sample`], [`schema`], [`clock`], [`threshold`] | one measured request, what is stored of a run, the one clock, one promise |
//! | [`stats`] | pure functions on slices |
//! | [`flows`] | what users do, and what the right answers look like |
//! | [`suite`] | the file: flows, load, thresholds |
//! | [`recorder`], [`observer`], [`stack`] | figures of the client, of the target, and the services themselves |
//! | [`schedule`], [`aggregator`] | when to send; what came of it |
//! | [`driver`], [`verdict`], [`events`] | the one sender; what may be believed; what is going on |
//! | [`doctor`] | whether this machine is fit to measure on |
//! | [`trial`], [`live`], [`exit`], [`calibration`] | one measured run of one arm; what the generator itself costs |
//! | [`export`] | the figures of a running command for monitoring systems |
//! | [`experiment`], [`diagnose`] | paired trials and the decision; what to try next |
//! | [`factorial`], [`history`] | several switches in every combination; one metric over many finished runs |
//! | [`codeconnect`] | what is known of the reference backend: its switches, control plane, accounts and audit, and which switch helps against what |
//! | [`library`], [`summary`] | the bundled suites and experiments; from the results of trials to the summary of a run |
//! | [`store`], [`report`], [`web`] | the result folder, its pages, and the page that shows them and the running command |
//! | [`cli`] | the commands |

pub mod calibration;
pub mod cli;
pub mod doctor;
pub mod exit;
pub mod export;
mod http_server;
pub mod library;
pub mod live;
pub mod web;
