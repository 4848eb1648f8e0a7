//! Configuration: flags over environment over file over defaults.

mod address;
mod args;
mod error;
mod lab_hosts;
mod load;
mod payments;
mod retention;
mod secret;
mod toml_error;

pub use args::{Args, LogFormat};
pub use error::ConfigError;
pub use lab_hosts::LabHosts;
pub use load::{ClientLimits, Config};
pub use payments::{PaymentSettings, ProviderBehaviour};
pub use retention::Retention;
pub use secret::Secret;
