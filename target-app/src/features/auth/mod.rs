//! Accounts: register, sign in, trade refresh tokens, sign out, and the rules that throttle
//! guessing; and the extractor of the signed-in user for all features.

mod auth_user;
mod cached;
mod feature;
mod handlers;
mod model;
mod plans;
mod repository;
mod seed;
mod service;
mod unknown_accounts;

pub use auth_user::AuthUser;
pub(super) use feature::feature;
