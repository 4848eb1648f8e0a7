//! Accounts and tokens.

mod access;
mod lockout;
mod login;
mod logout;
mod me;
mod refresh;
mod register;
