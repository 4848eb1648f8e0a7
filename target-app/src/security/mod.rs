//! Passwords and tokens.

mod jwt;
mod passwords;
mod tokens;

pub use passwords::{HashError, Hasher, HashingCounters, hash_prefix};
pub use tokens::{Claims, TokenError, Tokens};
