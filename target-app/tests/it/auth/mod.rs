//! Accounts and tokens.

mod access;
mod client_limit;
mod lockout;
mod login;
mod logout;
mod me;
pub(crate) mod operations;
mod refresh;
mod register;
