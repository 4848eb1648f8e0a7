//! Accounts: register, sign in, trade refresh tokens, sign out, and the rules that throttle
//! guessing; and the extractor of the signed-in user for all features.

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

pub use extractor::{AuthUser, Visitor};
pub(super) use feature::feature;
