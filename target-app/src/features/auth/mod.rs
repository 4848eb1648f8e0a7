//! Accounts: register, sign in, trade refresh tokens, sign out, and the rules that throttle guessing.

mod handlers;
mod model;
mod plans;
mod repository;
mod service;
mod strangers;

pub use handlers::*;
pub(crate) use plans::plans;
