//! PostgreSQL: an own cluster, durable as in production, on loopback only.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
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
    folder::{StackFolder, is_root},
    process::{ChildProcess, ProcessSpec, fresh_log, on_free_port},
    supervisor::ProcessSupervisor,
};

/// Role and database.
const NAME: &str = "codeconnect";
/// File of the role's password, for a folder that is used again.
const PASSWORD: &str = "postgres.password";

/// What to do if a program of PostgreSQL cannot be started.
const REMEDY: &str = "install the package postgresql, or use a running PostgreSQL";
/// SIGINT is PostgreSQL's fast shutdown; SIGQUIT, when loadgen is killed, is the immediate one, which
/// still ends its children and frees shared memory, unlike SIGKILL.
const SPEC: ProcessSpec = ProcessSpec {
    name: "PostgreSQL",
    remedy: REMEDY,
    stop_signal: Signal::INT,
    on_parent_death: Signal::QUIT,
    start_timeout: Duration::from_mins(1),
};

/// A running PostgreSQL.
#[derive(Debug)]
pub(super) struct Postgres {
    pub(super) process: ChildProcess,
    pub(super) url: String,
    bin: PathBuf,
    port: u16,
}

impl Postgres {
    /// Kills all of its processes at once and starts it again on the same data; it recovers.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.crash(supervisor)?;
        let (bin, port) = (&self.bin, self.port);
        self.process
            .ready(supervisor.abort(), |_| answers(bin, port).then_some(()))
    }
}

/// The user that PostgreSQL runs as if loadgen runs as root.
#[derive(Debug, Clone, Copy)]
struct SystemUser {
    uid: u32,
    gid: u32,
}

/// Creates the cluster, unless the folder has one, and starts it.
pub(super) fn start(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    durable: bool,
    stop: &CancellationToken,
) -> Result<Postgres, StackError> {
    let bin = binaries::postgres()?;
    let user = is_root().then(unprivileged).transpose()?;
    let data = folder.join("postgres");
    let found = data.join("PG_VERSION").is_file();
    let password = if found {
        fs::read_to_string(folder.join(PASSWORD)).map_err(StackError::io(format!(
            "{} has a database without its password",
            folder.path().display()
        )))?
    } else {
        Uuid::new_v4().simple().to_string()
    };
    if !found {
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
            server(&bin, &data, port, user, durable),
            log,
        )?;
        process.ready(stop, |_| answers(&bin, port).then_some(()))?;
        Ok((process, port))
    })?;
    if !found {
        let mut create = Command::new(bin.join("createdb"));
        create
            .args(["-h", "127.0.0.1", "-U", NAME, "-p", &port.to_string(), NAME])
            .env("PGPASSWORD", &password);
        tool(supervisor, folder, "createdb", create)?.finish(stop)?;
    }
    Ok(Postgres {
        process,
        url: format!("postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"),
        bin,
        port,
    })
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
    if let Some(SystemUser { uid, gid }) = user {
        for path in [data, &secret] {
            chown(path, Some(uid), Some(gid)).map_err(StackError::io(format!(
                "cannot give {} to PostgreSQL's user",
                path.display()
            )))?;
        }
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
    become_user(&mut initdb, user);
    tool(supervisor, folder, "initdb", initdb)?.finish(stop)
}

fn server(bin: &Path, data: &Path, port: u16, user: Option<SystemUser>, durable: bool) -> Command {
    let mut server = Command::new(bin.join("postgres"));
    server.arg("-D").arg(data);
    let mut set = |setting: &str| {
        server.args(["-c", setting]);
    };
    set("listen_addresses=127.0.0.1");
    set(&format!("port={port}"));
    // TCP only: the path of a Unix socket is limited to 107 bytes.
    set("unix_socket_directories=");
    set("max_connections=260");
    set("shared_buffers=256MB");
    set("max_wal_size=2GB");
    // Durability, which no experiment may trade for speed. Dropping a database waits for a
    // checkpoint, and that for the disk: tests that do it hundreds of times turn it off.
    let on = if durable { "on" } else { "off" };
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        set(&format!("{setting}={on}"));
    }
    set("track_io_timing=on");
    if has_statements(bin) {
        set("shared_preload_libraries=pg_stat_statements");
    }
    become_user(&mut server, user);
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

fn answers(bin: &Path, port: u16) -> bool {
    Command::new(bin.join("pg_isready"))
        .args(["-q", "-t", "1", "-h", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Starts one of PostgreSQL's tools, which ends by itself.
fn tool(
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

fn become_user(command: &mut Command, user: Option<SystemUser>) {
    if let Some(SystemUser { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    // That user may have no access to the current folder.
    command.current_dir("/");
}

/// The user of PostgreSQL's package, or one that owns nothing.
fn unprivileged() -> Result<SystemUser, StackError> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| user_in(&users, name))
        .ok_or(StackError::NoUser)
}

fn user_in(users: &str, name: &str) -> Option<SystemUser> {
    let line = users
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let mut fields = line.split(':').skip(1);
    Some(SystemUser {
        uid: fields.next()?.parse().ok()?,
        gid: fields.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:9:9::/:\npostgres:x:101:104:PG:/:";
        let user = user_in(users, "postgres").unwrap();
        assert_eq!((user.uid, user.gid), (101, 104));
        assert!(user_in(users, "nobody").is_none());
    }
}
