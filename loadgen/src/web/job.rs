//! A command in a child process: its events come from its standard output, load changes go to its
//! standard input.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    job_template::JobTemplate,
    live_feed::LiveFeed,
    ndjson::{self, ControlLine, EventLine},
};
use loadgen_experiment::{
    events::{ControlEvent, Event, printable},
    schema::VerdictWord,
};

/// Longest line of events, in bytes: a trial of a day, second by second, fits.
const MAX_LINE_BYTES: usize = 32 * 1024 * 1024;
/// How much of a child's standard error is kept, in bytes.
const ERROR_BYTES: usize = 4_096;
/// How long a child may take to end before it gets a second signal, and again before it is killed.
const END_TIMEOUT: Duration = Duration::from_secs(20);
/// How long its output is still read after its end.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts a child in a process group of its own, so that Ctrl-C reaches the server alone and the
/// child can be stopped in order.
pub(super) fn spawn(template: &JobTemplate, words: &[String]) -> io::Result<Child> {
    let mut command = Command::new(&template.program);
    command.args(words).args(&template.arguments).args([
        "--quiet",
        "--events-to",
        "-",
        "--control-from",
        "-",
    ]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOADGEN_") {
            command.env_remove(name);
        }
    }
    command
        .envs(&template.environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    #[expect(
        unsafe_code,
        reason = "the signal at the parent's death is set by the child"
    )]
    // SAFETY: between fork and exec the closure makes one system call and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            // A server that is killed leaves no load behind.
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGINT) == 0 {
                Ok(())
            } else {
                Err(io::Error::last_os_error())
            }
        });
    }
    command.spawn()
}

/// Follows a child until it has ended; returns why it has no verdict. `stop` asks it to end, and
/// `shutdown` gives it a limited time for that.
pub(super) async fn follow(
    mut child: Child,
    feed: &LiveFeed,
    changes: mpsc::Receiver<ControlEvent>,
    stop: CancellationToken,
    shutdown: CancellationToken,
) -> Option<String> {
    let pid = child.id();
    let (Some(input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Some("its pipes are missing".to_owned());
    };
    let writing = tokio::spawn(write_changes(input, changes));
    let publishing = feed.clone();
    let reading =
        tokio::spawn(
            async move { tokio::join!(read_events(output, &publishing), read_tail(errors)) },
        );
    let stopping = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = shutdown.cancelled() => {}
        }
        interrupt(pid);
        // A person who stops a load may wait for its report; a server that ends may not for long.
        shutdown.cancelled().await;
        sleep(END_TIMEOUT).await;
        interrupt(pid);
        sleep(END_TIMEOUT).await;
    };
    let ended = tokio::select! {
        status = child.wait() => Some(status),
        () = stopping => None,
    };
    writing.abort();
    let Some(status) = ended else {
        let _already_ended = child.start_kill();
        let _status = timeout(END_TIMEOUT, child.wait()).await;
        return Some("it did not end in time and was killed".to_owned());
    };
    // What it has written is still on its way; what it started may hold the pipe open.
    let read = timeout(OUTPUT_TIMEOUT, reading).await;
    let (ended, errors) = read.ok().and_then(Result::ok).unwrap_or_default();
    failure(status, ended, &errors)
}

/// Why a child has no verdict; `None` where it has one. `ended` says whether it has published one, `errors` is the end
/// of its standard error.
fn failure(status: io::Result<ExitStatus>, ended: bool, errors: &str) -> Option<String> {
    let code = match status {
        Ok(status) => status.code(),
        Err(error) => return Some(error.to_string()),
    };
    let line = errors
        .lines()
        .rev()
        .find(|line| line.starts_with("error: "));
    let line = line.map(|line| printable(line.trim_start_matches("error: ")));
    let of_verdict = |code: i32| {
        let mut words = VerdictWord::ALL.iter();
        words.any(|word| i32::from(word.exit_code()) == code)
    };
    match code {
        // A limit of the generator, or a signal, may end it with such a code before there is a verdict.
        Some(code) if of_verdict(code) => line.filter(|_| !ended),
        Some(code) => Some(line.unwrap_or_else(|| format!("it ended with exit code {code}"))),
        None => Some(line.unwrap_or_else(|| "a signal ended it".to_owned())),
    }
}

/// Sends the signal of Ctrl-C. The child has not been waited for, so the number is still its own.
fn interrupt(pid: Option<u32>) {
    let pid = pid.and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        // An error means that it has ended meanwhile.
        let _gone = kill_process(pid, Signal::INT);
    }
}

/// Writes load changes as lines until the child closes its input.
async fn write_changes(
    mut input: ChildStdin,
    mut changes: mpsc::Receiver<ControlEvent>,
) -> io::Result<()> {
    while let Some(change) = changes.recv().await {
        input.write_all(&ndjson::line(&change)?).await?;
    }
    Ok(())
}

/// Publishes events from lines, until the child closes its output; returns whether its verdict was among them.
async fn read_events(output: impl AsyncRead + Unpin, feed: &LiveFeed) -> bool {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    let mut ended = false;
    while let Ok(true) = next_line(&mut reader, &mut line).await {
        match serde_json::from_slice(&line) {
            Ok(EventLine::Event(event)) => {
                ended |= matches!(event, Event::Ended(_));
                feed.publish(event);
            }
            Ok(EventLine::Control(ControlLine::Adjustable(adjustable))) => {
                feed.set_adjustable(adjustable);
            }
            // Other output of the child, or a line that was cut.
            Err(_) => {}
        }
    }
    ended
}

/// Reads the next line into `line`, without its line break; one longer than [`MAX_LINE_BYTES`] is
/// cut. False at the end of the output.
async fn next_line(
    reader: &mut BufReader<impl AsyncRead + Unpin>,
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    line.clear();
    loop {
        let found = reader.fill_buf().await?;
        if found.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = found.iter().position(|byte| *byte == b'\n');
        let part = &found[..end.unwrap_or(found.len())];
        let room = MAX_LINE_BYTES.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(found.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Reads to the end and returns the last [`ERROR_BYTES`].
async fn read_tail(mut from: impl AsyncRead + Unpin) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut buffer = [0; 1_024];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&buffer[..read]);
        let over = kept.len().saturating_sub(ERROR_BYTES);
        kept.drain(..over);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn every_exit_code_of_a_verdict_is_one_and_an_error_without_a_verdict_is_said() {
        let exited = |code: u8| Ok(ExitStatus::from_raw(i32::from(code) << 8));
        for word in VerdictWord::ALL {
            assert_eq!(failure(exited(word.exit_code()), true, ""), None, "{word}");
        }
        let error = "warning: x\nerror: INVALID: too few files\n";
        let said = Some("INVALID: too few files".to_owned());
        assert_eq!(failure(exited(97), false, error), said);
        assert_eq!(failure(exited(97), true, error), None);
        let said = Some("it ended with exit code 1".to_owned());
        assert_eq!(failure(exited(1), true, ""), said);
        let killed = Ok(ExitStatus::from_raw(9));
        let said = Some("a signal ended it".to_owned());
        assert_eq!(failure(killed, false, ""), said);
    }

    #[tokio::test]
    async fn lines_are_read_one_by_one_even_where_they_exceed_the_buffer() {
        let mut reader = BufReader::with_capacity(4, &b"one\n\nlonger than the buffer\nrest"[..]);
        let mut line = Vec::new();
        let mut all = Vec::new();
        while next_line(&mut reader, &mut line).await.unwrap() {
            all.push(String::from_utf8(line.clone()).unwrap());
        }
        assert_eq!(all, ["one", "", "longer than the buffer", "rest"]);
    }
}
