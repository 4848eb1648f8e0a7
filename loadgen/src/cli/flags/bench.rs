//! The flags of `loadgen bench`.

use clap::{ArgAction, Args};
use shared::number::read_or_refuse;

use super::{http::MAX_LOGIN_EVERY, values::whole};
use crate::calibration::PeerTool;

/// `loadgen bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// Seconds that each is measured in each round, whole ones with --against [default: 0.5; 3 with --against;
    /// 1.5 with --target]
    #[arg(long, env = "LOADGEN_SECONDS", value_name = "S", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Run two or three short rounds: a check that it works, no measurement
    #[arg(long, env = "LOADGEN_QUICK", conflicts_with = "seconds")]
    pub quick: bool,
    /// Print one JSON object instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// Compare the reference backend with the bare parts it stands on instead: starts an own stack
    #[arg(
        long,
        env = "LOADGEN_TARGET",
        action = ArgAction::SetTrue,
        value_parser = wanted,
        conflicts_with_all = ["against", "url"]
    )]
    pub target: bool,
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
    /// Make one of so many requests a login of a seeded student, at the host of --url: the reference backend
    #[arg(
        long,
        env = "LOADGEN_LOGIN_EVERY",
        value_name = "N",
        requires = "url",
        value_parser = whole(2, MAX_LOGIN_EVERY)
    )]
    pub login_every: Option<u32>,
    /// Role of a child process that `bench` starts
    #[arg(long, env = "LOADGEN_ROLE", hide = true)]
    pub role: Option<String>,
}

/// The variable of this flag is that of the URL that other commands load, which is not meant here.
fn wanted(text: &str) -> Result<bool, String> {
    if ["true", "1"].contains(&text) {
        Ok(true)
    } else if ["false", "0", ""].contains(&text) || text.contains("://") {
        Ok(false)
    } else {
        Err(format!("`{text}` is neither true nor false"))
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let read = |text: &str| {
        let seconds = text.parse::<f64>().ok();
        seconds.filter(|seconds| (0.1..=60.0).contains(seconds))
    };
    read_or_refuse(text, read, || {
        format!("`{text}` is not a number of seconds from 0.1 to 60")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_that_other_commands_load_does_not_ask_for_a_comparison_of_the_backend() {
        assert_eq!(wanted("true"), Ok(true));
        assert_eq!(wanted("http://127.0.0.1:8080"), Ok(false));
        assert_eq!(wanted("false"), Ok(false));
        assert!(wanted("localhost").is_err());
    }
}
