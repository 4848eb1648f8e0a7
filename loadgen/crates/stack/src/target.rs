//! target-app: its schema, its data, and the instances that serve.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use uuid::Uuid;

use super::{
    binaries,
    error::StackError,
    folder::StackFolder,
    options::StackOptions,
    postgres,
    process::{ChildProcess, ProcessSpec, fresh_log},
    supervisor::ProcessSupervisor,
};
use loadgen_experiment::services::instance_name;

/// What the server prints when it listens.
const LISTENING: &str = "listening on http://";

/// The server, stopped gracefully, or killed when loadgen is killed.
const SERVER: ProcessSpec = ProcessSpec {
    name: "target-app",
    remedy: "build it with `cargo build --release`, or name another with --target-bin",
    stop_signal: Signal::TERM,
    on_parent_death: Signal::KILL,
    start_timeout: Duration::from_mins(1),
};
/// Brings the schema up to date.
const MIGRATE: ProcessSpec = ProcessSpec {
    name: "target-app migrate",
    ..SERVER
};
/// Fills the database; the largest scale takes minutes.
const SEED: ProcessSpec = ProcessSpec {
    name: "target-app seed",
    start_timeout: Duration::from_mins(30),
    ..SERVER
};

/// Settings of target-app that it gets neither from here nor from the caller's environment, where they would
/// configure it differently.
const NOT_PASSED_ON: [&str; 19] = [
    "CONFIG",
    "HEAD_TIMEOUT",
    "KEEP_BOOKING_CONFLICTS",
    "KEEP_IDEMPOTENCY_KEYS",
    "KEEP_READ_NOTIFICATIONS",
    "KEEP_REFRESH_TOKENS",
    "KEEP_SIGN_IN_ATTEMPTS",
    "LAB_HOSTS",
    "LOG_FORMAT",
    "MAX_CONNECTIONS",
    "MAX_SOCKETS_PER_ACCOUNT",
    "MAX_UPLOAD_BYTES",
    "PAYMENT_INTERVAL",
    "PAYMENT_PROVIDER_URL",
    "PAYMENT_WEBHOOK_SECRET",
    "PURGE_INTERVAL",
    "SEED_SCALE",
    "UPLOAD_DIR",
    "WRITE_TIMEOUT",
];

/// Where the services are that target-app needs.
#[derive(Clone, Copy)]
pub(super) struct ServiceUrls<'a> {
    /// PostgreSQL.
    pub(super) database: &'a str,
    /// PgBouncer; empty where there is none.
    pub(super) pgbouncer: &'a str,
    /// The replica of PostgreSQL; empty where there is none.
    pub(super) replica: &'a str,
    pub(super) redis: &'a str,
}

/// Program and settings that all instances share.
#[derive(Debug)]
pub(super) struct TargetSetup {
    /// Token of the control plane.
    pub(super) lab_token: String,
    program: PathBuf,
    /// Whether its PostgreSQL is one of the stack, and not one of the caller.
    own_database: bool,
    environment: Vec<(&'static str, String)>,
}

impl TargetSetup {
    /// Finds the program and draws the secrets.
    pub(super) fn new(
        folder: &StackFolder,
        options: &StackOptions,
        services: &ServiceUrls<'_>,
    ) -> Result<Self, StackError> {
        for (name, url) in [("PostgreSQL", services.database), ("Redis", services.redis)] {
            if url.is_empty() {
                return Err(StackError::Needs("target-app", name));
            }
        }
        let lab_token = Uuid::new_v4().simple().to_string();
        let environment = vec![
            ("DATABASE_URL", services.database.to_owned()),
            ("PGBOUNCER_URL", services.pgbouncer.to_owned()),
            ("REPLICA_URL", services.replica.to_owned()),
            ("REDIS_URL", services.redis.to_owned()),
            ("MEDIA_DIR", folder.join("media").display().to_string()),
            ("LISTEN_ADDR", "127.0.0.1:0".to_owned()),
            ("LAB_TOKEN", lab_token.clone()),
            ("JWT_SECRET", secret()),
            ("PROFILE", options.profile.clone()),
            // All users of a load are one client.
            ("MAX_REGISTRATIONS_PER_MINUTE", u32::MAX.to_string()),
        ];
        Ok(Self {
            lab_token,
            program: choose(folder, &binaries::target(options.target_bin.as_deref())?)?,
            own_database: options.services.postgres,
            environment,
        })
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = if self.own_database {
            postgres::client(self.program.clone())
        } else {
            Command::new(&self.program)
        };
        for name in NOT_PASSED_ON {
            command.env_remove(name);
        }
        command
            .arg(verb)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Brings the schema up to date and fills the database.
    pub(super) fn migrate_and_seed(
        &self,
        supervisor: &ProcessSupervisor,
        folder: &StackFolder,
        options: &StackOptions,
    ) -> Result<(), StackError> {
        (options.log)("bringing the schema up to date");
        let log = fresh_log(folder.join("migrate.log"));
        ChildProcess::spawn(supervisor, MIGRATE, self.command("migrate"), log)?
            .finish(&options.stop)?;

        (options.log)(&format!(
            "filling the database ({})",
            options.scale.as_str()
        ));
        let mut seed = self.command("seed");
        seed.args(["--scale", options.scale.as_str()])
            .args(["--seed", &options.seed.to_string()]);
        if options.keep_in.is_some() || !options.services.postgres {
            seed.arg("--if-empty");
        }
        let log = fresh_log(folder.join("seed.log"));
        ChildProcess::spawn(supervisor, SEED, seed, log)?.finish(&options.stop)
    }

    /// Starts an instance and waits until it is ready.
    pub(super) fn serve(
        &self,
        index: u16,
        supervisor: &ProcessSupervisor,
        folder: &StackFolder,
        options: &StackOptions,
    ) -> Result<TargetApp, StackError> {
        let name = instance_name(usize::from(index));
        (options.log)(&format!("starting {name}"));
        let log = fresh_log(folder.join(&format!("{name}.log")));
        let mut process = ChildProcess::spawn(supervisor, SERVER, self.command("serve"), log)?;
        let address = process.ready(&options.stop, listening)?;
        process.ready(&options.stop, |_| ready(address))?;
        // A restart uses the same address.
        process.set(&[("LISTEN_ADDR", &address.to_string())]);
        Ok(TargetApp { process, address })
    }
}

/// A running instance of target-app.
#[derive(Debug)]
pub(super) struct TargetApp {
    pub(super) process: ChildProcess,
    address: SocketAddr,
}

impl TargetApp {
    /// `http://127.0.0.1:PORT`.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it gracefully and starts it again at the same address, with the same secrets.
    pub(super) fn restart(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.restart(supervisor)?;
        self.wait(supervisor)
    }

    /// Stops it gracefully.
    pub(super) fn stop(&mut self) {
        self.process.stop(SERVER.stop_signal);
    }

    /// Kills it and starts it again.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.crash(supervisor)?;
        self.wait(supervisor)
    }

    fn wait(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        let address = self.address;
        self.process.ready(supervisor.abort(), |_| ready(address))
    }
}

/// Has instances that are started from now on run `program`. They are started by a link in the stack's
/// folder, so that another program needs no other command. Returns the link.
pub(super) fn choose(folder: &StackFolder, program: &Path) -> Result<PathBuf, StackError> {
    let cannot = || StackError::io(format!("cannot choose {} as target-app", program.display()));
    let (link, next) = (folder.join("target-app"), folder.join("target-app.next"));
    // One that a killed process left in a folder that stays.
    let _none = fs::remove_file(&next);
    let absolute = program.canonicalize().map_err(cannot())?;
    symlink(absolute, &next).map_err(cannot())?;
    fs::rename(&next, &link).map_err(cannot())?;
    Ok(link)
}

fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn listening(log: &Path) -> Option<SocketAddr> {
    let text = fs::read_to_string(log).ok()?;
    // A line without an end may contain half an address.
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
    fn no_setting_of_the_callers_environment_reaches_the_target() {
        let folder = StackFolder::temporary().unwrap();
        let options = StackOptions {
            // Any program: it is not started.
            target_bin: std::env::current_exe().ok(),
            ..StackOptions::default()
        };
        let services = ServiceUrls {
            database: "postgres://127.0.0.1:9/none",
            pgbouncer: "",
            replica: "",
            redis: "redis://127.0.0.1:9/0",
        };
        let setup = TargetSetup::new(&folder, &options, &services).unwrap();
        let command = setup.command("serve");
        let decided: Vec<&str> = command
            .get_envs()
            .filter_map(|(name, _)| name.to_str())
            .collect();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target-app/src");
        let mut found = 0;
        for file in ["config/args.rs", "cli/args.rs"] {
            let text = fs::read_to_string(sources.join(file)).unwrap();
            for rest in text.split("env = \"").skip(1) {
                let name = rest.split('"').next().unwrap();
                assert!(decided.contains(&name), "{name} of {file}");
                found += 1;
            }
        }
        assert!(found > 20, "{found}");
        // Its library for PostgreSQL reads this one, and the URL does not say it.
        assert!(decided.contains(&"PGSSLMODE"));
    }

    #[test]
    fn the_address_is_read_from_a_whole_line_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let read = |text: &str| {
            fs::write(&log, text).unwrap();
            listening(&log)
        };
        assert_eq!(read("warming up\nlistening on http://127.0.0.1:80"), None);
        let address = read("warming up\nlistening on http://127.0.0.1:8080\n").unwrap();
        assert_eq!(address.port(), 8080);
    }
}
