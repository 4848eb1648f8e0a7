//! Accounts: register, sign in, trade refresh tokens, sign out, and the rules that throttle
//! guessing; the extractor of the signed-in user for all features; and the end of the sockets of accounts
//! that are not active any more.

mod cached;
mod client_limit;
mod extractor;
mod feature;
mod handlers;
mod model;
mod plans;
mod repository;
mod seed;
mod service;
mod worker;

pub use extractor::{AuthUser, Visitor, active_account};
pub(super) use feature::feature;
