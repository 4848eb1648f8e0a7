//! Redis: a cache, so nothing is written to disk; on loopback, behind a password.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
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

/// A running Redis.
#[derive(Debug)]
pub(super) struct RedisServer {
    pub(super) process: ChildProcess,
    pub(super) url: String,
    pub(super) port: u16,
    pub(super) password: String,
}

impl RedisServer {
    /// Kills it and starts it again, empty.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.crash(supervisor)?;
        let (port, password) = (self.port, &self.password);
        self.process
            .ready(supervisor.abort(), |_| answers(port, password))
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
        url: format!("redis://:{password}@127.0.0.1:{port}/0"),
        port,
        password,
    })
}

fn answers(port: u16, password: &str) -> Option<()> {
    let limit = Duration::from_millis(500);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, limit).ok()?;
    stream.set_read_timeout(Some(limit)).ok()?;
    write!(stream, "AUTH {password}\r\nPING\r\n").ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    (&answer == b"+OK\r\n+PONG\r\n").then_some(())
}
