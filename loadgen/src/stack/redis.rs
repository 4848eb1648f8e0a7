//! Redis: a cache, so nothing is written to disk; on loopback, behind a password.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    binaries,
    error::StackError,
    folder::Folder,
    keeper::Keeper,
    service::{Manner, Service, fresh, on_free_port},
};

/// Nothing to save: at our own death it may go at once.
const MANNER: Manner = Manner {
    name: "Redis",
    end: libc::SIGTERM,
    farewell: libc::SIGKILL,
    start: Duration::from_secs(20),
};

/// A running Redis.
#[derive(Debug)]
pub(super) struct Redis {
    pub(super) service: Service,
    pub(super) url: String,
    port: u16,
    password: String,
}

impl Redis {
    /// Kills it and starts an empty one in its place.
    pub(super) fn crash(&mut self, keeper: &Keeper) -> Result<(), StackError> {
        self.service.crash(keeper)?;
        let (port, password) = (self.port, &self.password);
        self.service
            .ready(&CancellationToken::new(), |_| answers(port, password))
    }
}

/// Starts a Redis that is empty.
pub(super) fn start(
    keeper: &Keeper,
    folder: &Folder,
    stop: &CancellationToken,
) -> Result<Redis, StackError> {
    let program = binaries::redis()?;
    let password = Uuid::new_v4().simple().to_string();
    let (service, port) = on_free_port(|port| {
        // A file, not arguments: those can be read by every user of the machine.
        let settings = format!(
            "bind 127.0.0.1\nport {port}\nsave \"\"\nappendonly no\ndaemonize no\nrequirepass {password}\n"
        );
        let file = folder.write_secret("redis.conf", &settings)?;
        let mut command = Command::new(&program);
        command.arg(file).current_dir(folder.path());
        let log = fresh(folder.join("redis.log"));
        let mut service = Service::spawn(keeper, MANNER, command, log)?;
        service.ready(stop, |_| answers(port, &password))?;
        Ok((service, port))
    })?;
    Ok(Redis {
        service,
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
