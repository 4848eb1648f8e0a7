//! The web page of this machine: the running command while it runs, and the runs of the results
//! folder.
//!
//! | file | content |
//! |---|---|
//! | `server` | the thread and its event loop, from start to shutdown |
//! | `routes`, `response` | every URL, and the form of each response |
//! | `origin_check`, `page_secret` | which requests are accepted |
//! | `live_feed`, `live_snapshot` | the running command, and those who follow it |
//! | `launcher`, `job_template`, `job` | commands that are started from the page, as child processes |
//! | `ndjson` | events and load changes as lines on a pipe |
//! | `run_index`, `report_files`, `comparison` | the results folder |
//! | `live_page` | the page itself |

mod comparison;
mod job;
mod job_template;
mod launcher;
mod live_feed;
mod live_page;
mod live_snapshot;
pub mod ndjson;
mod origin_check;
mod page_secret;
mod report_files;
mod response;
mod routes;
mod run_index;
mod server;

pub use job_template::{CatalogueEntry, JobCatalogue, JobTemplate, SwitchEntry};
pub use page_secret::PageSecret;
pub use server::{AttachedCommand, WebConfig, WebError, WebServer};
