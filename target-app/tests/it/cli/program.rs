//! One run of the built program, in an environment of its own.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::support::{media_dir, services};

/// Longest wait for the program's end, or for its next line.
const PATIENCE: Duration = Duration::from_secs(30);
/// A secret that an address which others reach would do with.
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What a run came to.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ended {
    /// Nothing to complain about.
    #[track_caller]
    pub(super) fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.stdout
    }

    /// Refused with exit code 2 and one line that holds all of these words.
    #[track_caller]
    pub(super) fn refused(&self, words: &[&str]) {
        assert_eq!(self.code, 2, "{self:?}");
        let lines: Vec<_> = self.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "{self:?}");
        assert!(lines[0].starts_with("error: "), "{self:?}");
        for word in words {
            assert!(lines[0].contains(word), "`{word}` is not in {}", lines[0]);
        }
    }
}

fn command(database_url: &str, args: &[&str]) -> Command {
    let services = services();
    let mut command = Command::new(env!("CARGO_BIN_EXE_target-app"));
    command
        .args(args)
        .env_clear()
        .env("DATABASE_URL", database_url)
        .env("REDIS_URL", services.redis_url)
        .env("JWT_SECRET", SECRET)
        .env("MEDIA_DIR", media_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs it to its end.
pub(super) async fn run(database_url: &str, args: &[&str]) -> Ended {
    let output = command(database_url, args).output();
    let output = timeout(PATIENCE, output)
        .await
        .expect("it ends in time")
        .unwrap();
    Ended {
        code: output.status.code().expect("it was not killed"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A run that goes on.
pub(super) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts it.
    pub(super) fn start(database_url: &str, args: &[&str]) -> Self {
        let mut child = command(database_url, args).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Its next line.
    pub(super) async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.next_line())
            .await
            .expect("it says something in time")
            .unwrap()
            .expect("it says something before it ends")
    }

    /// Sends it a signal, by its usual name.
    pub(super) async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.await.unwrap().success());
    }

    /// Waits for its end; its exit code.
    pub(super) async fn ended(mut self) -> i32 {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("it ends in time").unwrap();
        status.code().expect("it was not killed")
    }
}
