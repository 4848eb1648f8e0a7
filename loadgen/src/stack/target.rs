//! target-app: its schema, its data, and the server itself.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
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
    options::StackOptions,
    service::{Manner, Service, fresh},
};

/// What the server says on its standard output when it listens.
const LISTENING: &str = "listening on http://";

/// The server, ended in good order or, at our own death, at once.
const SERVER: Manner = Manner {
    name: "target-app",
    end: libc::SIGTERM,
    farewell: libc::SIGKILL,
    start: Duration::from_mins(1),
};
/// Bringing the schema up to date.
const MIGRATE: Manner = Manner {
    name: "target-app migrate",
    ..SERVER
};
/// Filling the database; the largest scale takes its time.
const SEED: Manner = Manner {
    name: "target-app seed",
    start: Duration::from_mins(30),
    ..SERVER
};

/// A running target-app.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) service: Service,
    pub(super) url: String,
    pub(super) lab_token: String,
    address: SocketAddr,
}

impl Target {
    /// Ends it in good order and starts it again at the same address, with the same secrets.
    pub(super) fn restart(&mut self, keeper: &Keeper) -> Result<(), StackError> {
        self.service.restart(keeper)?;
        self.wait()
    }

    /// Kills it and starts it again.
    pub(super) fn crash(&mut self, keeper: &Keeper) -> Result<(), StackError> {
        self.service.crash(keeper)?;
        self.wait()
    }

    fn wait(&mut self) -> Result<(), StackError> {
        let address = self.address;
        self.service
            .ready(&CancellationToken::new(), |_| ready(address))
    }
}

/// Migrates, seeds and serves.
pub(super) fn start(
    keeper: &Keeper,
    folder: &Folder,
    options: &StackOptions,
    database_url: &str,
    redis_url: &str,
) -> Result<Target, StackError> {
    let program = binaries::target(options.target_bin.as_deref())?;
    let lab_token = Uuid::new_v4().simple().to_string();
    let command = |verb: &str| {
        let mut command = Command::new(&program);
        // Settings of the caller's environment would make this another target than was asked.
        for name in ["CONFIG", "SEED_SCALE", "LOG_FORMAT"] {
            command.env_remove(name);
        }
        command
            .arg(verb)
            .env("DATABASE_URL", database_url)
            .env("REDIS_URL", redis_url)
            .env("MEDIA_DIR", folder.join("media"))
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("LAB_TOKEN", &lab_token)
            .env("JWT_SECRET", secret())
            .env("PROFILE", &options.profile);
        command
    };
    let log = |name: &str| fresh(folder.join(name));

    (options.log)("bringing the schema up to date");
    Service::spawn(keeper, MIGRATE, command("migrate"), log("migrate.log"))?
        .finish(&options.stop)?;

    (options.log)(&format!(
        "filling the database ({})",
        options.scale.as_str()
    ));
    let mut seed = command("seed");
    seed.args(["--scale", options.scale.as_str()])
        .args(["--seed", &options.seed.to_string()]);
    if options.keep_in.is_some() || !options.services.postgres {
        seed.arg("--if-empty");
    }
    Service::spawn(keeper, SEED, seed, log("seed.log"))?.finish(&options.stop)?;

    (options.log)("starting target-app");
    let mut service = Service::spawn(keeper, SERVER, command("serve"), log("target-app.log"))?;
    let address = service.ready(&options.stop, listening)?;
    service.ready(&options.stop, |_| ready(address))?;
    // Where it is started again, it is found at the same place.
    service.set(&[("LISTEN_ADDR", &address.to_string())]);
    Ok(Target {
        service,
        url: format!("http://{address}"),
        lab_token,
        address,
    })
}

fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn listening(log: &Path) -> Option<SocketAddr> {
    let text = fs::read_to_string(log).ok()?;
    // A line that is not ended yet may be half an address.
    let (whole, _) = text.rsplit_once('\n')?;
    whole
        .lines()
        .find_map(|line| line.trim().strip_prefix(LISTENING)?.trim().parse().ok())
}

fn ready(address: SocketAddr) -> Option<()> {
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&address, limit).ok()?;
    stream.set_read_timeout(Some(limit)).ok()?;
    let path = shared::paths::HEALTH_READY;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .ok()?;
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).ok()?;
    (&begin == b"HTTP/1.1 200").then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_a_whole_line_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let told = |text: &str| {
            fs::write(&log, text).unwrap();
            listening(&log)
        };
        assert_eq!(told("warming up\nlistening on http://127.0.0.1:80"), None);
        let address = told("warming up\nlistening on http://127.0.0.1:8080\n").unwrap();
        assert_eq!(address.port(), 8080);
    }
}
