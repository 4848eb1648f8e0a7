//! Configuration: flags over environment over file over defaults.

mod address;
mod args;
mod load;
mod secret;

pub use args::{Args, LogFormat};
pub use load::{ClientLimits, Config, ConfigError};
pub use secret::Secret;
