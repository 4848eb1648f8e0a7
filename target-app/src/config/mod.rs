//! Configuration: flags over environment over file over defaults.

mod address;
mod args;
mod load;
mod secret;

pub use args::{Args, LogFormat};
pub use load::{Config, ConfigError, ConnectionLimits};
pub use secret::Secret;
