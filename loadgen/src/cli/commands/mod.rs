//! The commands, one file each: what is asked for is planned, run in a session, and printed.

pub(super) mod bench;
pub(super) mod capacity;
pub(super) mod compare;
pub(super) mod db;
pub(super) mod demo;
pub(super) mod doctor;
pub(super) mod experiment;
pub(super) mod experiment_list;
pub(super) mod factorial;
pub(super) mod history;
pub(super) mod http;
mod kept_experiments;
mod measured_json;
pub(super) mod report;
pub(super) mod results;
pub(super) mod run;
pub(super) mod run_all;
pub(super) mod serve;
mod single_load;
pub(super) mod sizing;
pub(super) mod stack;
pub(super) mod switches;
pub(super) mod validate;
pub(super) mod worker;
pub(super) mod ws;
