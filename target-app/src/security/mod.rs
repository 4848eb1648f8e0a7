//! Passwords and tokens.

mod hash_rate;
mod jwt;
mod passwords;
mod tokens;

pub use hash_rate::{HashRate, hash_rate};
pub use passwords::{HashError, Hasher, HashingCounters, hash_prefix};
pub use tokens::{Claims, TokenError, Tokens};
