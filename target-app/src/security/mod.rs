//! Passwords, tokens, and how clients are told apart.

mod client_address;
mod hash_rate;
mod jwt;
mod passwords;
mod tokens;

pub use client_address::ClientAddress;
pub use hash_rate::{HashRate, hash_rate};
pub use passwords::{HashError, Hasher, HashingCounters, hash_prefix};
pub use tokens::{Claims, TokenError, Tokens};
