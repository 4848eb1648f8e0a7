//! What the tests stand on: the servers whose truth is known, and the program that is tested.

mod browser;
mod known_server;
mod log;
mod pages;
mod program;
mod served;
mod transports;
mod under_way;

pub(crate) use browser::{Browser, DESK, PHONE, Page};
pub(crate) use known_server::{Answer, Answers, KnownServer};
pub(crate) use log::percentile;
pub(crate) use pages::{report, store, summary};
pub(crate) use program::{Ran, Running, alone, finish, http, loadgen, script, start};
pub(crate) use served::{Served, results};
pub(crate) use transports::TransportServer;
pub(crate) use under_way::{loading, signal, until};
