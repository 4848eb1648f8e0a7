//! Other load generators: how each is started, and what it prints.

use std::{io, process::Command};

use serde_json::Value;

use super::peer_load::PeerLoad;

/// Connections that each tool uses.
pub const PEER_CONNECTIONS: u32 = 64;

/// The error of requests that oha had not finished when the time of its load was over.
const OHA_UNFINISHED: &str = "aborted due to deadline";

/// A load generator that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum PeerTool {
    /// wrk, with one thread.
    Wrk,
    /// oha, with as many threads as it chooses.
    Oha,
}

impl PeerTool {
    /// The name of the program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Wrk => "wrk",
            Self::Oha => "oha",
        }
    }

    /// Why it cannot send this load.
    pub(super) fn refusal(self, load: &PeerLoad) -> Option<&'static str> {
        match (self, &load.logins) {
            (Self::Oha, Some(_)) => {
                Some("cannot mix: all of its requests have one method and one body")
            }
            _ => None,
        }
    }

    /// The command that sends it.
    pub(super) fn command(self, load: &PeerLoad, seconds: u32) -> Command {
        let mut command = Command::new(self.program());
        let connections = PEER_CONNECTIONS.to_string();
        let length = format!("{seconds}s");
        match self {
            Self::Wrk => {
                command.args(["-t", "1", "-c", &connections, "-d", &length]);
                if let Some(mix) = &load.logins {
                    // That of `loadgen http`: with its own two seconds, logins that wait for others would fail.
                    command.args(["--timeout", "10s", "-s"]).arg(mix.script());
                }
            }
            Self::Oha => {
                command.args(["-c", &connections, "-z", &length, "--no-tui"]);
                command.args(["--output-format", "json"]);
            }
        }
        command.arg(&load.url);
        command
    }

    /// How many requests were answered, from what the tool printed.
    pub(super) fn answered(self, text: &str) -> Option<u64> {
        match self {
            // `  128331 requests in 2.00s, 25.70MB read`
            Self::Wrk => {
                let line = text.lines().find(|line| line.contains(" requests in "))?;
                line.split_whitespace().next()?.parse().ok()
            }
            Self::Oha => {
                let found: Value = serde_json::from_str(text).ok()?;
                let statuses = found.get("statusCodeDistribution")?.as_object()?;
                statuses.values().map(Value::as_u64).sum()
            }
        }
    }

    /// Whether requests failed, from what the tool printed.
    pub(super) fn failed(self, text: &str) -> bool {
        match self {
            Self::Wrk => {
                text.contains("Non-2xx or 3xx responses") || text.contains("Socket errors")
            }
            Self::Oha => serde_json::from_str::<Value>(text).is_ok_and(|found| {
                let statuses = found["statusCodeDistribution"].as_object();
                let errors = found["errorDistribution"].as_object();
                statuses.is_none_or(|all| all.keys().any(|status| !status.starts_with('2')))
                    || errors.is_some_and(|all| all.keys().any(|why| why != OHA_UNFINISHED))
            }),
        }
    }

    /// Its version as it prints it.
    pub(super) fn version(self) -> io::Result<String> {
        let flag = match self {
            Self::Wrk => "-v",
            Self::Oha => "--version",
        };
        let output = Command::new(self.program())
            .arg(flag)
            .output()
            .map_err(|error| missing(self.program(), &error))?;
        // wrk prints its version with its usage, and fails.
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().next().unwrap_or("unknown").trim().to_owned())
    }
}

/// The error of a program that cannot be started.
pub(super) fn missing(program: &str, error: &io::Error) -> io::Error {
    io::Error::other(format!(
        "{program} cannot be started ({error}): install it, or leave it out of --against"
    ))
}

#[cfg(test)]
mod tests {
    use super::{super::peer_load::LoginMix, *};

    const OHA: &str = r#"{"summary":{"successRate":1.0},"statusCodeDistribution":{"200":1200,"204":1},"errorDistribution":{"aborted due to deadline":64}}"#;

    fn load(every: Option<u32>) -> PeerLoad {
        PeerLoad {
            url: "http://127.0.0.1:1/page".to_owned(),
            logins: every.map(|every| LoginMix::prepare("/page", every).unwrap()),
        }
    }

    fn arguments(command: &Command) -> Vec<String> {
        let arguments = command.get_args();
        arguments
            .map(|one| one.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn the_numbers_of_requests_are_read_from_what_tools_print() {
        let wrk = "Running 2s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n  128331 requests in 2.00s, 25.70MB read\nRequests/sec:  64100.11\n";
        assert_eq!(PeerTool::Wrk.answered(wrk), Some(128_331));
        assert!(!PeerTool::Wrk.failed(wrk));
        assert!(PeerTool::Wrk.failed(&format!("{wrk}  Non-2xx or 3xx responses: 7\n")));
        let timeouts = "  Socket errors: connect 0, read 0, write 0, timeout 3\n";
        assert!(PeerTool::Wrk.failed(&format!("{wrk}{timeouts}")));
        assert_eq!(PeerTool::Oha.answered(OHA), Some(1_201));
        assert!(!PeerTool::Oha.failed(OHA));
        assert!(PeerTool::Oha.failed(&OHA.replace("204", "503")));
        assert_eq!(PeerTool::Oha.answered("no json"), None);
    }

    #[test]
    fn what_oha_did_not_finish_in_time_is_no_failure_and_every_other_error_is() {
        let refused = OHA.replace(
            "aborted due to deadline",
            "Connection refused (os error 111)",
        );
        assert!(PeerTool::Oha.failed(&refused));
        let without = OHA.replace(r#","errorDistribution":{"aborted due to deadline":64}"#, "");
        assert!(!PeerTool::Oha.failed(&without));
    }

    #[test]
    fn logins_are_sent_by_a_script_of_wrk_and_refused_for_oha() {
        let plain = load(None);
        let wrk = PeerTool::Wrk.command(&plain, 3);
        let wanted = ["-t", "1", "-c", "64", "-d", "3s", plain.url.as_str()];
        assert_eq!(arguments(&wrk), wanted);
        let mixed = load(Some(50));
        let wrk = arguments(&PeerTool::Wrk.command(&mixed, 3));
        let script = mixed.logins.as_ref().unwrap().script();
        let script = script.to_string_lossy().into_owned();
        assert_eq!(wrk[6..10], ["--timeout", "10s", "-s", script.as_str()]);
        assert_eq!(wrk.last(), Some(&mixed.url));
        assert_eq!(PeerTool::Wrk.refusal(&mixed), None);
        let why = PeerTool::Oha.refusal(&mixed).unwrap();
        assert!(why.starts_with("cannot mix"), "{why}");
        assert_eq!(PeerTool::Oha.refusal(&plain), None);
    }
}
