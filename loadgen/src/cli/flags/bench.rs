//! The flags of `loadgen bench`.

use clap::Args;

use crate::calibration::PeerTool;

/// `loadgen bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// Seconds that each loop is measured in each of thirteen rounds
    #[arg(long, env = "LOADGEN_SECONDS", value_name = "S", default_value_t = 0.5, value_parser = seconds)]
    pub seconds: f64,
    /// Run three short rounds: a check that it works, no measurement
    #[arg(long, env = "LOADGEN_QUICK", conflicts_with = "seconds")]
    pub quick: bool,
    /// Print one JSON object instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// Compare the CPU time a request with other load generators instead; they must be installed
    #[arg(
        long,
        env = "LOADGEN_AGAINST",
        value_name = "TOOL",
        value_delimiter = ','
    )]
    pub against: Vec<PeerTool>,
    /// URL that the tools request [default: a process that answers with the reference backend's headers]
    #[arg(long, env = "LOADGEN_URL", value_name = "URL", requires = "against")]
    pub url: Option<String>,
    /// Role of a child process that `bench` starts
    #[arg(long, env = "LOADGEN_ROLE", hide = true)]
    pub role: Option<String>,
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.1..=60.0).contains(seconds))
        .ok_or_else(|| format!("`{text}` is not a number of seconds from 0.1 to 60"))
}
