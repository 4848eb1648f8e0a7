//! Configuration: flags over environment over file over defaults.

mod address;
mod args;
mod load;
mod payments;
mod secret;

pub use args::{Args, LogFormat};
pub use load::{ClientLimits, Config, ConfigError};
pub use payments::{PaymentSettings, ProviderBehaviour};
pub use secret::Secret;
