//! Redis: a cache, so nothing is written to disk; on loopback, behind a password.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    binaries,
    error::StackError,
    folder::StackFolder,
    process::{ChildProcess, ProcessSpec, fresh_log, on_free_port},
    supervisor::ProcessSupervisor,
};

/// It has nothing to save: when loadgen is killed it is killed too.
const SPEC: ProcessSpec = ProcessSpec {
    name: "Redis",
    remedy: "install the package redis-server, or use a running Redis",
    stop_signal: Signal::TERM,
    on_parent_death: Signal::KILL,
    start_timeout: Duration::from_secs(20),
};

/// Longest wait for an answer to a probe.
const PING_TIMEOUT: Duration = Duration::from_millis(500);
/// Longest wait for an answer to a command; one of them writes all data to a file.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);

/// The command that ends it with its data on disk.
const SAVE_AND_END: &str = "SHUTDOWN SAVE";

/// A running Redis.
#[derive(Debug)]
pub(super) struct RedisServer {
    pub(super) process: ChildProcess,
    pub(super) url: String,
    pub(super) port: u16,
    pub(super) password: String,
    /// Where it saves its data, which it does only for a restart.
    dump: PathBuf,
}

impl RedisServer {
    /// Its URL at another port, that of a proxy before it.
    pub(super) fn url_at(&self, port: u16) -> String {
        url(&self.password, port)
    }

    /// Kills it and starts it again, empty.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.kill()?;
        self.start_again(supervisor)
    }

    /// Starts it after it was killed, empty.
    pub(super) fn start_again(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.start_again(supervisor)?;
        self.wait(supervisor)
    }

    /// Stops it gracefully and starts it again with its data.
    pub(super) fn restart(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        // It saves and ends in one step, between which no client writes.
        has_ended(ask(
            self.port,
            &self.password,
            SAVE_AND_END,
            COMMAND_TIMEOUT,
        ))?;
        self.process.restart(supervisor)?;
        let done = self.wait(supervisor);
        // The next start is an empty one again.
        let _none = fs::remove_file(&self.dump);
        done
    }

    /// Lets it reach its limit of memory, or lifts the limit.
    pub(super) fn limit_memory(&self, limited: bool) -> Result<(), StackError> {
        if limited {
            self.tell("CONFIG SET maxmemory-policy noeviction")?;
        }
        // A byte is less than it holds when it is empty; 0 is no limit.
        self.tell(&format!("CONFIG SET maxmemory {}", u8::from(limited)))
    }

    fn wait(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        let (port, password) = (self.port, &self.password);
        self.process
            .ready(supervisor.abort(), |_| answers(port, password))
    }

    /// Sends a command that is answered by `OK`.
    fn tell(&self, command: &str) -> Result<(), StackError> {
        let text = ask(self.port, &self.password, command, COMMAND_TIMEOUT)
            .map_err(unanswered(command))?;
        if text == "+OK" {
            Ok(())
        } else {
            Err(refused(command)(text))
        }
    }
}

/// No answer to a command.
fn unanswered(command: &str) -> impl FnOnce(io::Error) -> StackError {
    StackError::io(format!("Redis does not answer {command}"))
}

/// An answer that says that a command was not carried out.
fn refused(command: &str) -> impl FnOnce(String) -> StackError {
    let what = format!("Redis does not take {command}");
    move |answer| StackError::io(what)(io::Error::other(answer))
}

/// Refuses what is no end with all data saved: that is answered by nothing but the end of the connection. A
/// Redis that is still saving must not be ended without its data.
fn has_ended(answer: io::Result<String>) -> Result<(), StackError> {
    match answer {
        Ok(text) => Err(refused(SAVE_AND_END)(text)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(unanswered(SAVE_AND_END)(error)),
    }
}

/// Starts a Redis that is empty.
pub(super) fn start(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    stop: &CancellationToken,
) -> Result<RedisServer, StackError> {
    let program = binaries::redis()?;
    let password = Uuid::new_v4().simple().to_string();
    let (process, port) = on_free_port(|port| {
        // A file: arguments can be read by every user of the machine.
        let settings = format!(
            "bind 127.0.0.1\nport {port}\nsave \"\"\nappendonly no\ndaemonize no\nrequirepass {password}\n"
        );
        let file = folder.write_secret("redis.conf", &settings)?;
        let mut command = Command::new(&program);
        command.arg(file).current_dir(folder.path());
        let log = fresh_log(folder.join("redis.log"));
        let mut process = ChildProcess::spawn(supervisor, SPEC, command, log)?;
        process.ready(stop, |_| answers(port, &password))?;
        Ok((process, port))
    })?;
    Ok(RedisServer {
        process,
        url: url(&password, port),
        port,
        password,
        dump: folder.join("dump.rdb"),
    })
}

fn url(password: &str, port: u16) -> String {
    format!("redis://:{password}@127.0.0.1:{port}/0")
}

fn answers(port: u16, password: &str) -> Option<()> {
    let answer = ask(port, password, "PING", PING_TIMEOUT).ok()?;
    (answer == "+PONG").then_some(())
}

/// The answer to one command, its first line.
fn ask(port: u16, password: &str, command: &str, limit: Duration) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    write!(stream, "AUTH {password}\r\n{command}\r\n")?;
    let mut lines = BufReader::new(stream).lines();
    let mut next = || {
        lines
            .next()
            .unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
    };
    let signed_in = next()?;
    if signed_in == "+OK" {
        next()
    } else {
        Ok(signed_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_the_connection_says_that_all_is_saved() {
        let failed = |kind: io::ErrorKind| has_ended(Err(kind.into()));
        assert!(failed(io::ErrorKind::UnexpectedEof).is_ok());
        // As a read that times out is reported.
        let still_saving = failed(io::ErrorKind::WouldBlock).unwrap_err().to_string();
        assert!(
            still_saving.starts_with("Redis does not answer SHUTDOWN SAVE"),
            "{still_saving}"
        );
        let refused = has_ended(Ok("-ERR Errors trying to SHUTDOWN".to_owned()));
        assert!(refused.unwrap_err().to_string().contains("-ERR"));
    }
}
