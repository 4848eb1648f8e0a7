//! One run of the built program, in an environment of its own.

use std::{
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{media_dir, services};

/// Longest wait for the program's end, or for its next line.
const PATIENCE: Duration = Duration::from_mins(2);
/// A secret that is long enough for an address which others reach.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Nothing to complain about.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.stdout
    }

    /// Refused with exit code 2 and one line that holds all of these words.
    #[track_caller]
    pub(crate) fn refused(&self, words: &[&str]) {
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
        // As in a small image: no file of certificate authorities.
        .env("SSL_CERT_FILE", "/nonexistent/ca.pem")
        .env("SSL_CERT_DIR", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs it to its end.
pub(crate) async fn run(database_url: &str, args: &[&str]) -> Ended {
    ended(command(database_url, args)).await
}

/// The same with one variable more.
pub(crate) async fn run_with(variable: (&str, &str), args: &[&str]) -> Ended {
    let mut command = command("postgres://127.0.0.1:1/codeconnect", args);
    command.env(variable.0, variable.1);
    ended(command).await
}

async fn ended(mut command: Command) -> Ended {
    let output = command.output();
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
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Running {
    pub(crate) fn start(database_url: &str, args: &[&str]) -> Self {
        let mut child = command(database_url, args).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let log = Arc::<Mutex<Vec<String>>>::default();
        // Read all the time: a full pipe would stop the program.
        let (mut logged, kept) = (
            BufReader::new(child.stderr.take().unwrap()).lines(),
            Arc::clone(&log),
        );
        tokio::spawn(async move {
            while let Ok(Some(line)) = logged.next_line().await {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Self { child, lines, log }
    }

    /// Its next line.
    pub(crate) async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.next_line())
            .await
            .expect("it says something in time")
            .unwrap()
            .expect("it says something before it ends")
    }

    /// What it has logged so far, one event a line.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends it a signal, by its usual name.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.await.unwrap().success());
    }

    /// Waits for its end; its exit code.
    pub(crate) async fn ended(mut self) -> i32 {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("it ends in time").unwrap();
        status.code().expect("it was not killed")
    }
}
