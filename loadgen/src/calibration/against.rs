//! Other load generators beside this one: each is run as a process of its own against the same URL,
//! in turn, round after round, and charged with the processor time that the kernel counted for it.

use std::{
    collections::BTreeMap,
    io,
    process::{Command, Stdio},
};

use serde::Serialize;
use serde_json::Value;

use super::{
    children_cpu::children_cpu_us,
    spread::{RoundSpread, turns},
};

/// Connections that each tool uses.
pub const PEER_CONNECTIONS: u32 = 64;

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

    fn command(self, url: &str, seconds: u32) -> Command {
        let mut command = Command::new(self.program());
        let connections = PEER_CONNECTIONS.to_string();
        let length = format!("{seconds}s");
        match self {
            Self::Wrk => command.args(["-t", "1", "-c", &connections, "-d", &length, url]),
            Self::Oha => command.args([
                "-c",
                &connections,
                "-z",
                &length,
                "--no-tui",
                "--output-format",
                "json",
                url,
            ]),
        };
        command
    }

    /// How many requests were answered, from what the tool printed.
    fn answered(self, text: &str) -> Option<u64> {
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

    /// Whether responses failed, from what the tool printed.
    fn failed(self, text: &str) -> bool {
        match self {
            Self::Wrk => {
                text.contains("Non-2xx or 3xx responses") || text.contains("Socket errors")
            }
            Self::Oha => serde_json::from_str::<Value>(text).is_ok_and(|found| {
                let statuses = found["statusCodeDistribution"].as_object();
                statuses.is_none_or(|all| all.keys().any(|status| !status.starts_with('2')))
            }),
        }
    }

    /// Its version as it prints it.
    fn version(self) -> io::Result<String> {
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

/// How long the tools are compared.
#[derive(Debug, Clone, Copy)]
pub struct PeerPlan {
    /// How often each tool runs.
    pub rounds: u32,
    /// Seconds of each run.
    pub seconds: u32,
    /// Whether it is no measurement, only a check that it works.
    pub quick: bool,
}

/// What a request cost the tools.
#[derive(Debug, Clone, Serialize)]
pub struct PeerComparison {
    /// Whether it is no measurement, only a check that everything works.
    pub quick: bool,
    /// What was requested.
    pub url: String,
    /// Versions of the other tools.
    pub versions: BTreeMap<&'static str, String>,
    /// CPU microseconds a request of the whole process, by tool and round; user and system time.
    pub cpu_per_request_us: BTreeMap<&'static str, Vec<f64>>,
    /// loadgen's cost by that of each other tool, by round.
    pub ratios: BTreeMap<&'static str, Vec<f64>>,
}

impl PeerComparison {
    /// The ratios to a tool.
    pub fn ratio(&self, tool: &str) -> Option<RoundSpread> {
        RoundSpread::of(self.ratios.get(tool)?)
    }
}

/// Runs `own` (this program's `http` command without a URL and length) and the tools against a URL,
/// in turn.
pub fn against(
    own: impl Fn() -> Command,
    tools: &[PeerTool],
    url: &str,
    plan: PeerPlan,
    mut report: impl FnMut(String),
) -> io::Result<PeerComparison> {
    let PeerPlan {
        rounds,
        seconds,
        quick,
    } = plan;
    let mut versions = BTreeMap::new();
    for tool in tools {
        versions.insert(tool.program(), tool.version()?);
    }
    let mut costs: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    let all = tools.len() + 1;
    for round in 0..rounds {
        report(format!("round {} of {rounds}", round + 1));
        for turn in turns(round, all) {
            let (name, cost) = match turn {
                0 => {
                    let mut command = own();
                    let length = format!("{seconds}s");
                    command.args(["--duration", &length, url]);
                    ("loadgen", cost(command, own_answered, |_| false)?)
                }
                other => {
                    let tool = tools[other - 1];
                    let command = tool.command(url, seconds);
                    let answered = |text: &str| tool.answered(text);
                    (
                        tool.program(),
                        cost(command, answered, |text| tool.failed(text))?,
                    )
                }
            };
            costs.entry(name).or_default().push(cost);
        }
    }
    let own = costs.get("loadgen").cloned().unwrap_or_default();
    let ratios = costs
        .iter()
        .filter(|(name, _)| **name != "loadgen")
        .map(|(name, costs)| {
            let ratios = own.iter().zip(costs).map(|(own, other)| own / other);
            (*name, ratios.collect())
        })
        .collect();
    Ok(PeerComparison {
        quick,
        url: url.to_owned(),
        versions,
        cpu_per_request_us: costs,
        ratios,
    })
}

/// Runs one process to its end; CPU microseconds for each answered request.
fn cost(
    mut command: Command,
    answered: impl Fn(&str) -> Option<u64>,
    failed: impl Fn(&str) -> bool,
) -> io::Result<f64> {
    let name = command.get_program().to_string_lossy().into_owned();
    let before = children_cpu_us()?;
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| missing(&name, &error))?;
    let spent = children_cpu_us()?.saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout);
    let error = |what: &str| {
        let why = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("{name} {what}: {}", why.trim()))
    };
    if !output.status.success() {
        return Err(error("failed"));
    }
    if failed(&text) {
        return Err(error(
            "had failed requests, which are cheaper than answered ones",
        ));
    }
    match answered(&text) {
        Some(requests @ 1..) => Ok(spent as f64 / requests as f64),
        _ => Err(error("printed no number of requests")),
    }
}

fn missing(program: &str, error: &io::Error) -> io::Error {
    io::Error::other(format!(
        "{program} cannot be started ({error}): install it, or leave it out of --against"
    ))
}

/// What `loadgen http --json` answered.
fn own_answered(text: &str) -> Option<u64> {
    let found: Value = serde_json::from_str(text).ok()?;
    let outcomes = found.get("outcomes")?.as_object()?;
    let all: u64 = outcomes.values().filter_map(Value::as_u64).sum();
    let ok = outcomes.get("ok")?.as_u64()?;
    (ok == all).then_some(ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_requests_are_read_from_what_tools_print() {
        let wrk = "Running 2s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n  128331 requests in 2.00s, 25.70MB read\nRequests/sec:  64100.11\n";
        assert_eq!(PeerTool::Wrk.answered(wrk), Some(128_331));
        assert!(!PeerTool::Wrk.failed(wrk));
        assert!(PeerTool::Wrk.failed(&format!("{wrk}  Non-2xx or 3xx responses: 7\n")));
        let oha =
            r#"{"summary":{"successRate":1.0},"statusCodeDistribution":{"200":1200,"204":1}}"#;
        assert_eq!(PeerTool::Oha.answered(oha), Some(1_201));
        assert!(!PeerTool::Oha.failed(oha));
        assert!(PeerTool::Oha.failed(&oha.replace("204", "503")));
        assert_eq!(PeerTool::Oha.answered("no json"), None);
        assert_eq!(
            own_answered(r#"{"outcomes":{"ok":7,"timeout":0}}"#),
            Some(7)
        );
        assert_eq!(own_answered(r#"{"outcomes":{"ok":7,"timeout":1}}"#), None);
    }

    #[test]
    fn the_processor_time_of_a_child_is_counted() {
        let command = || {
            let mut command = Command::new("sh");
            command.args([
                "-c",
                "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo 10 requests in 1s",
            ]);
            command
        };
        let busy = cost(command(), |text| PeerTool::Wrk.answered(text), |_| false).unwrap();
        assert!(busy > 1_000.0, "{busy}");
        let none = cost(Command::new("no-such-tool"), |_| None, |_| false).unwrap_err();
        assert!(none.to_string().contains("--against"), "{none}");
    }
}
