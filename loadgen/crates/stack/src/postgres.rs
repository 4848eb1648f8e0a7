//! PostgreSQL: an own cluster, durable as in production, on loopback only.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    binaries,
    error::StackError,
    folder::{PRIMARY_DATA, StackFolder},
    process::{ChildProcess, ProcessSpec, fresh_log, on_free_port},
    supervisor::ProcessSupervisor,
    system_user::SystemUser,
};

/// Role and database.
pub(super) const NAME: &str = "codeconnect";
/// Slot for which the log is kept that the replica has not had yet.
pub(super) const REPLICA_SLOT: &str = "replica";
/// Log after which it is written back to the data, and most of it that is kept for a replica, after which
/// that has to be copied again: a lost replica must not fill the disk.
const LARGE_LOG: (&str, &str) = ("2GB", "4GB");
/// The same on a small disk.
const SMALL_LOG: (&str, &str) = ("128MB", "128MB");
/// File of the role's password, for a folder that is used again.
const PASSWORD: &str = "postgres.password";

/// What to do if a program of PostgreSQL cannot be started.
pub(super) const REMEDY: &str = "install the package postgresql, or use a running PostgreSQL";
/// SIGINT is PostgreSQL's fast shutdown; SIGQUIT, when loadgen is killed, is the immediate one, which
/// still ends its children and frees shared memory, unlike SIGKILL.
const SPEC: ProcessSpec = ProcessSpec {
    name: "PostgreSQL",
    remedy: REMEDY,
    stop_signal: Signal::INT,
    on_parent_death: Signal::QUIT,
    start_timeout: Duration::from_mins(1),
};

/// What the environment may say of a server, and of how to reach it (libpq, sqlx): the caller's own one.
pub const OTHER_SERVER: [&str; 12] = [
    "PGCHANNELBINDING",
    "PGDATABASE",
    "PGGSSENCMODE",
    "PGHOSTADDR",
    "PGOPTIONS",
    "PGREQUIREAUTH",
    "PGREQUIRESSL",
    "PGSERVICE",
    "PGSSLCERTMODE",
    "PGSSLMODE",
    "PGSSLNEGOTIATION",
    "PGTARGETSESSIONATTRS",
];

/// A running PostgreSQL.
#[derive(Debug)]
pub(super) struct Postgres {
    pub(super) process: ChildProcess,
    pub(super) url: String,
    pub(super) port: u16,
    pub(super) password: String,
    /// Folder of PostgreSQL's programs.
    pub(super) bin: PathBuf,
}

impl Postgres {
    /// Its URL at another port, that of a proxy before it.
    pub(super) fn url_at(&self, port: u16) -> String {
        url(&self.password, port)
    }

    /// Kills all of its processes at once and starts it again on the same data; it recovers.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.crash(supervisor)?;
        self.wait(supervisor)
    }

    /// Starts it after it was killed, on the same data.
    pub(super) fn start_again(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.start_again(supervisor)?;
        self.wait(supervisor)
    }

    /// Ends its sessions, shuts it down and starts it again, as an administrator would.
    pub(super) fn restart(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.restart_by(SPEC.stop_signal, supervisor)?;
        self.wait(supervisor)
    }

    /// Waits until it is ready after its disk was full. Where it has found no space for its log, it has
    /// ended and is started again.
    pub(super) fn recover(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        match self.wait(supervisor) {
            Err(StackError::Failed { .. }) if self.process.has_ended()? => {
                self.start_again(supervisor)
            }
            done => done,
        }
    }

    /// Ends all of its processes at once and for good, leaving what a crash leaves. Other than killed ones
    /// they free the memory that they share, which nobody would do later.
    pub(super) fn end_at_once(&mut self) {
        self.process.stop(Signal::QUIT);
    }

    /// Starts it anew with commits that are answered when a replica has them on its disk, too. While
    /// none follows, they wait.
    pub(super) fn wait_for_replica(
        &mut self,
        supervisor: &ProcessSupervisor,
    ) -> Result<(), StackError> {
        self.process
            .add_arguments(&["-c", "synchronous_standby_names=*"]);
        self.restart(supervisor)
    }

    fn wait(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        let (bin, port) = (&self.bin, self.port);
        self.process
            .ready(supervisor.abort(), |_| answers(bin, port).then_some(()))
    }
}

/// What may differ from one PostgreSQL to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct PostgresSetup {
    /// Whether a commit waits for the disk.
    pub(super) durable: bool,
    /// Most connections.
    pub(super) max_connections: u32,
    /// Whether its disk is small, and its log has to be.
    pub(super) small_disk: bool,
}

/// Creates the cluster, unless the folder has one, and starts it.
pub(super) fn start(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    setup: PostgresSetup,
    stop: &CancellationToken,
) -> Result<Postgres, StackError> {
    let bin = binaries::postgres()?;
    let user = SystemUser::for_service()?;
    let data = folder.join(PRIMARY_DATA);
    folder.take_promoted()?;
    let found = data.join("PG_VERSION").is_file();
    let password = if found {
        fs::read_to_string(folder.join(PASSWORD)).map_err(StackError::io(format!(
            "{} has a database without its password",
            folder.path().display()
        )))?
    } else {
        Uuid::new_v4().simple().to_string()
    };
    if found {
        drop_slot(&data)?;
    } else {
        init(supervisor, folder, stop, &bin, &data, user, &password)?;
    }
    let mut spec = SPEC;
    if !folder.stays() {
        // A last checkpoint would only write what is removed a moment later.
        spec.stop_signal = Signal::QUIT;
    }
    let (process, port) = on_free_port(|port| {
        let log = fresh_log(folder.join("postgres.log"));
        let mut process = ChildProcess::spawn(
            supervisor,
            spec,
            server(&bin, &data, port, user, setup),
            log,
        )?;
        process.ready(stop, |_| answers(&bin, port).then_some(()))?;
        Ok((process, port))
    })?;
    if !found {
        let mut create = client(bin.join("createdb"));
        create
            .args(["-h", "127.0.0.1", "-U", NAME, "-p", &port.to_string(), NAME])
            .env("PGPASSWORD", &password);
        tool(supervisor, folder, "createdb", create)?.finish(stop)?;
    }
    Ok(Postgres {
        process,
        url: url(&password, port),
        port,
        password,
        bin,
    })
}

/// Removes the slot of a replica that followed before, while the server does not run: a new one is
/// copied at each start, and until then the log would be kept for nobody.
fn drop_slot(data: &Path) -> Result<(), StackError> {
    let slot = data.join("pg_replslot").join(REPLICA_SLOT);
    match fs::remove_dir_all(&slot) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let what = format!("cannot remove {}", slot.display());
            Err(StackError::io(what)(error))
        }
        _ => Ok(()),
    }
}

fn url(password: &str, port: u16) -> String {
    format!("postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}")
}

fn init(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    stop: &CancellationToken,
    bin: &Path,
    data: &Path,
    user: Option<SystemUser>,
    password: &str,
) -> Result<(), StackError> {
    let secret = folder.write_secret(PASSWORD, password)?;
    fs::create_dir_all(data).map_err(StackError::io(format!("cannot make {}", data.display())))?;
    if let Some(user) = user {
        user.own(data)?;
        user.own(&secret)?;
    }
    let mut initdb = Command::new(bin.join("initdb"));
    initdb
        .arg("-D")
        .arg(data)
        // Not SCRAM: sqlx computes its 4,096 rounds in slices of five between other tasks, so that on
        // a busy target a new connection takes seconds. Loopback cannot be listened to by other machines.
        .args(["-U", NAME, "--auth=md5", "-E", "UTF8"])
        .arg("--locale=C.UTF-8")
        .arg(format!("--pwfile={}", secret.display()))
        // A new cluster that is lost in a power failure is created again.
        .args(["--no-sync", "--no-instructions"]);
    SystemUser::take(&mut initdb, user);
    tool(supervisor, folder, "initdb", initdb)?.finish(stop)
}

/// The server on a folder of data, with the same settings for the primary and its replica.
pub(super) fn server(
    bin: &Path,
    data: &Path,
    port: u16,
    user: Option<SystemUser>,
    setup: PostgresSetup,
) -> Command {
    // The replica is a client of the primary.
    let mut server = client(bin.join("postgres"));
    server.arg("-D").arg(data);
    let mut set = |setting: &str| {
        server.args(["-c", setting]);
    };
    set("listen_addresses=127.0.0.1");
    set(&format!("port={port}"));
    // TCP only: the path of a Unix socket is limited to 107 bytes.
    set("unix_socket_directories=");
    set(&format!("max_connections={}", setup.max_connections));
    set("shared_buffers=256MB");
    let (log, kept) = if setup.small_disk {
        SMALL_LOG
    } else {
        LARGE_LOG
    };
    set(&format!("max_wal_size={log}"));
    set(&format!("max_slot_wal_keep_size={kept}"));
    // Durability, which no experiment may trade for speed. Dropping a database waits for a
    // checkpoint, and that for the disk: tests that do it hundreds of times turn it off.
    let on = if setup.durable { "on" } else { "off" };
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        set(&format!("{setting}={on}"));
    }
    set("track_io_timing=on");
    if has_statements(bin) {
        set("shared_preload_libraries=pg_stat_statements");
    }
    SystemUser::take(&mut server, user);
    server
}

/// Whether pg_stat_statements is installed; without it its figures are missing.
fn has_statements(bin: &Path) -> bool {
    let output = Command::new(bin.join("pg_config"))
        .arg("--pkglibdir")
        .output();
    let configured = output.ok().map(|output| {
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join("pg_stat_statements.so")
    });
    // Debian has pg_config in another package; the libraries are beside the programs.
    let beside = bin
        .parent()
        .map(|home| home.join("lib/pg_stat_statements.so"));
    configured
        .into_iter()
        .chain(beside)
        .any(|path| path.is_file())
}

/// A client of PostgreSQL that reaches a server of the stack, and none that the caller's environment names.
pub(super) fn client(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    for name in OTHER_SERVER {
        command.env_remove(name);
    }
    command
}

/// Whether a server takes connections; a replica does once it is consistent.
pub(super) fn answers(bin: &Path, port: u16) -> bool {
    client(bin.join("pg_isready"))
        .args(["-q", "-t", "1", "-h", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Starts one of PostgreSQL's tools, which ends by itself.
pub(super) fn tool(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    name: &'static str,
    command: Command,
) -> Result<ChildProcess, StackError> {
    let spec = ProcessSpec {
        name,
        remedy: REMEDY,
        stop_signal: Signal::TERM,
        on_parent_death: Signal::KILL,
        start_timeout: Duration::from_mins(2),
    };
    ChildProcess::spawn(
        supervisor,
        spec,
        command,
        fresh_log(folder.join(&format!("{name}.log"))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_postgresql_reaches_no_server_of_the_caller() {
        let command = client(PathBuf::from("createdb"));
        let mut removed = command.get_envs();
        assert!(removed.any(|(name, value)| name == "PGHOSTADDR" && value.is_none()));
        assert_eq!(command.get_envs().count(), OTHER_SERVER.len());
    }
}
