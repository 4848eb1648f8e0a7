//! The flags of `loadgen validate`.

use clap::Args;

/// `loadgen validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateArgs {
    /// Suite or experiment files, or names of bundled ones
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
}
