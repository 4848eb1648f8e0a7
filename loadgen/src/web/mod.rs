//! The results folder on a page of localhost: a list of runs, and each run's files.
//!
//! Reads only what is on disk, takes GET and HEAD alone, and never leaves the folder.

mod files;
mod index;
mod server;

pub use server::{ServeError, Served, serve};
