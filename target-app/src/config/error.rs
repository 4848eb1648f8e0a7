//! What is wrong with the settings.

use shared::profile::BadSwitch;

/// A setting that is missing or wrong: what, where, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is set nowhere.
    #[error("{what} is not set: give {flag} or {env}, like `{example}`")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Its flag.
        flag: &'static str,
        /// Its environment variable.
        env: &'static str,
        /// What would be right.
        example: &'static str,
    },
    /// A file cannot be read or understood.
    #[error("{place}: {why}")]
    File {
        /// Which file, and where in it if that is known: `app.toml:3:1`.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A value does not fit.
    #[error("{0}")]
    Value(String),
    /// A switch or its value does not exist.
    #[error("{0}")]
    Switch(#[from] BadSwitch),
}
