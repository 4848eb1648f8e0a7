//! The bare parts: programs that are run to their end, and the rate that each prints.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// Interval at which a program is looked at.
const POLL: Duration = Duration::from_millis(10);

/// Runs a program whose output is a few lines, for at most `limit`; returns what it printed, or one line
/// why it failed. It is killed where it takes longer, and where `stop` is cancelled.
pub(super) fn output_of(
    mut command: Command,
    limit: Duration,
    stop: &CancellationToken,
) -> Result<String, String> {
    let path = command.get_program().to_string_lossy().into_owned();
    let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name} cannot be started: {error}"))?;
    let begun = Instant::now();
    let late = loop {
        match child.try_wait() {
            Ok(Some(_)) => break None,
            Ok(None) if stop.is_cancelled() => break Some("was stopped".to_owned()),
            Ok(None) if begun.elapsed() > limit => {
                break Some(format!("did not end within {} s", limit.as_secs()));
            }
            Ok(None) => thread::sleep(POLL),
            Err(error) => break Some(format!("cannot be waited for: {error}")),
        }
    };
    if late.is_some() {
        // An error means that it has just ended.
        let _ended = child.kill();
    }
    let output = child
        .wait_with_output()
        .map_err(|error| format!("{name} cannot be waited for: {error}"))?;
    if let Some(why) = late {
        return Err(format!("{name} {why}"));
    }
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        let why = last.unwrap_or("it printed nothing").trim();
        return Err(format!("{name} ended with {}: {why}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Transactions a second, from what pgbench printed; of two figures the one without connecting.
pub(super) fn pgbench_rate(text: &str) -> Result<f64, String> {
    // `tps = 21034.512 (without initial connection time)`
    let mut rates = text.lines().filter_map(|line| line.strip_prefix("tps = "));
    let word = rates.next_back().and_then(|rest| rest.split(' ').next());
    figure("pgbench", word)
}

/// Requests a second, from the CSV of redis-benchmark.
pub(super) fn redis_benchmark_rate(text: &str) -> Result<f64, String> {
    // `"GET bare:value","98039.22","0.26",…`; newer versions print the names of the columns first.
    let mut lines = text.lines().filter(|line| line.starts_with("\"GET"));
    let word = lines
        .next_back()
        .and_then(|line| line.split("\",\"").nth(1));
    figure("redis-benchmark", word.map(|word| word.trim_matches('"')))
}

/// How many hashes were checked, and how many a second, from the object that `target-app hash-rate` printed.
pub(super) fn hash_rate(text: &str) -> Result<(u64, f64), String> {
    let found: Option<Value> = serde_json::from_str(text).ok();
    let rate = found.and_then(|found| {
        Some((
            found.get("checked")?.as_u64()?,
            found.get("per_s")?.as_f64()?,
        ))
    });
    rate.ok_or_else(|| "target-app hash-rate printed no rate".to_owned())
}

fn figure(name: &str, word: Option<&str>) -> Result<f64, String> {
    word.and_then(|word| word.parse().ok())
        .ok_or_else(|| format!("{name} printed no rate"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<String, String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        output_of(command, limit, &CancellationToken::new())
    }

    #[test]
    fn the_rates_are_read_from_what_the_programs_print() {
        let new = "pgbench (15.14)\nnumber of transactions actually processed: 1\nlatency average = 1.5 ms\ninitial connection time = 9.1 ms\ntps = 21034.512345 (without initial connection time)\n";
        assert_eq!(pgbench_rate(new), Ok(21_034.512_345));
        let old = "tps = 900.1 (including connections establishing)\ntps = 950.5 (excluding connections establishing)\n";
        assert_eq!(pgbench_rate(old), Ok(950.5));
        assert!(pgbench_rate("tps = many").unwrap_err().contains("pgbench"));
        let csv =
            "\"test\",\"rps\",\"avg_latency_ms\"\n\"GET bare:value\",\"98039.22\",\"0.260\"\n";
        assert_eq!(redis_benchmark_rate(csv), Ok(98_039.22));
        assert_eq!(redis_benchmark_rate("\"GET k\",\"5.5\"\n"), Ok(5.5));
        assert!(redis_benchmark_rate("ERR").is_err());
        let json = r#"{"scheme":"bcrypt(10)","threads":2,"checked":90,"per_s":30.25}"#;
        assert_eq!(hash_rate(json), Ok((90, 30.25)));
        assert!(hash_rate("{}").is_err());
    }

    #[test]
    fn a_program_that_fails_or_does_not_end_is_said_in_one_line() {
        assert_eq!(
            shell("echo 7", Duration::from_mins(1)),
            Ok("7\n".to_owned())
        );
        let failed = shell("echo one >&2; echo two >&2; exit 3", Duration::from_mins(1));
        let why = failed.unwrap_err();
        assert!(
            why.starts_with("sh ended with") && why.ends_with(": two"),
            "{why}"
        );
        let late = shell("exec sleep 30", Duration::from_millis(50)).unwrap_err();
        assert!(late.contains("did not end within"), "{late}");
        let none = Command::new("/nowhere/pgbench");
        let why = output_of(none, Duration::from_secs(1), &CancellationToken::new());
        assert!(why.unwrap_err().starts_with("pgbench cannot be started"));
    }

    #[test]
    fn a_program_is_killed_when_the_command_is_stopped() {
        let stop = CancellationToken::new();
        stop.cancel();
        let mut command = Command::new("sleep");
        command.arg("30");
        let begun = Instant::now();
        let why = output_of(command, Duration::from_mins(1), &stop).unwrap_err();
        assert_eq!(why, "sleep was stopped");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
