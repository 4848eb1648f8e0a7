//! PostgreSQL: a cluster of its own, durable as in production, on loopback only.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    binaries,
    error::StackError,
    folder::{Folder, is_root},
    keeper::Keeper,
    service::{Manner, Service, fresh, on_free_port},
};

/// Role and database.
const NAME: &str = "codeconnect";
/// File of the role's password, for a folder that is used again.
const PASSWORD: &str = "postgres.password";

/// SIGINT is PostgreSQL's fast shutdown; SIGQUIT, at our own death, ends it at once, and still
/// takes its children and shared memory with it, which SIGKILL would not.
const MANNER: Manner = Manner {
    name: "PostgreSQL",
    end: libc::SIGINT,
    farewell: libc::SIGQUIT,
    start: Duration::from_mins(1),
};

/// A running PostgreSQL.
#[derive(Debug)]
pub(super) struct Postgres {
    pub(super) service: Service,
    pub(super) url: String,
    bin: PathBuf,
    port: u16,
}

impl Postgres {
    /// Kills all of its processes at once and starts it again on the same data; it recovers.
    pub(super) fn crash(&mut self, keeper: &Keeper) -> Result<(), StackError> {
        self.service.crash(keeper)?;
        let (bin, port) = (&self.bin, self.port);
        self.service.ready(&CancellationToken::new(), |_| {
            answers(bin, port).then_some(())
        })
    }
}

/// Who PostgreSQL runs as where we are root.
#[derive(Debug, Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

/// Makes the cluster, unless the folder has one, and starts it.
pub(super) fn start(
    keeper: &Keeper,
    folder: &Folder,
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
        init(keeper, folder, stop, &bin, &data, user, &password)?;
    }
    let mut manner = MANNER;
    if !folder.stays() {
        // Its last checkpoint would only write what is removed a moment later.
        manner.end = libc::SIGQUIT;
    }
    let (service, port) = on_free_port(|port| {
        let log = fresh(folder.join("postgres.log"));
        let mut service = Service::spawn(
            keeper,
            manner,
            server(&bin, &data, port, user, durable),
            log,
        )?;
        service.ready(stop, |_| answers(&bin, port).then_some(()))?;
        Ok((service, port))
    })?;
    if !found {
        let mut create = Command::new(bin.join("createdb"));
        create
            .args(["-h", "127.0.0.1", "-U", NAME, "-p", &port.to_string(), NAME])
            .env("PGPASSWORD", &password);
        tool(keeper, folder, "createdb", create)?.finish(stop)?;
    }
    Ok(Postgres {
        service,
        url: format!("postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"),
        bin,
        port,
    })
}

fn init(
    keeper: &Keeper,
    folder: &Folder,
    stop: &CancellationToken,
    bin: &Path,
    data: &Path,
    user: Option<User>,
    password: &str,
) -> Result<(), StackError> {
    let secret = folder.write_secret(PASSWORD, password)?;
    fs::create_dir_all(data).map_err(StackError::io(format!("cannot make {}", data.display())))?;
    if let Some(User { uid, gid }) = user {
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
        // Not SCRAM: sqlx works its 4,096 rounds out in slices of five between other tasks, so that
        // on a busy target a new connection takes seconds. Here nobody listens between the two.
        .args(["-U", NAME, "--auth=md5", "-E", "UTF8"])
        .arg("--locale=C.UTF-8")
        .arg(format!("--pwfile={}", secret.display()))
        // A new cluster that is lost in a power cut is simply made again.
        .args(["--no-sync", "--no-instructions"]);
    become_user(&mut initdb, user);
    tool(keeper, folder, "initdb", initdb)?.finish(stop)
}

fn server(bin: &Path, data: &Path, port: u16, user: Option<User>, durable: bool) -> Command {
    let mut server = Command::new(bin.join("postgres"));
    server.arg("-D").arg(data);
    let mut set = |setting: &str| {
        server.args(["-c", setting]);
    };
    set("listen_addresses=127.0.0.1");
    set(&format!("port={port}"));
    // TCP only: a socket's path may be at most 107 bytes long, a folder's is longer at times.
    set("unix_socket_directories=");
    set("max_connections=260");
    set("shared_buffers=256MB");
    set("max_wal_size=2GB");
    // What an experiment must not win by. Dropping a database waits for a checkpoint, and that
    // for the disk: tests that do it hundreds of times go without.
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

/// Whether the module that counts statements is installed; figures from it are left out else.
fn has_statements(bin: &Path) -> bool {
    let asked = Command::new(bin.join("pg_config"))
        .arg("--pkglibdir")
        .output();
    let told = asked.ok().map(|output| {
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join("pg_stat_statements.so")
    });
    // Debian ships pg_config apart; there the libraries lie beside the programs.
    let beside = bin
        .parent()
        .map(|home| home.join("lib/pg_stat_statements.so"));
    told.into_iter().chain(beside).any(|path| path.is_file())
}

fn answers(bin: &Path, port: u16) -> bool {
    Command::new(bin.join("pg_isready"))
        .args(["-q", "-t", "1", "-h", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// One of PostgreSQL's tools, which ends by itself.
fn tool(
    keeper: &Keeper,
    folder: &Folder,
    name: &'static str,
    command: Command,
) -> Result<Service, StackError> {
    let manner = Manner {
        name,
        end: libc::SIGTERM,
        farewell: libc::SIGKILL,
        start: Duration::from_mins(2),
    };
    Service::spawn(
        keeper,
        manner,
        command,
        fresh(folder.join(&format!("{name}.log"))),
    )
}

fn become_user(command: &mut Command, user: Option<User>) {
    if let Some(User { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    // The folder we were called from may be closed to that user.
    command.current_dir("/");
}

/// The user that PostgreSQL's package makes, or one that owns nothing.
fn unprivileged() -> Result<User, StackError> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| user_in(&users, name))
        .ok_or(StackError::NoUser)
}

fn user_in(users: &str, name: &str) -> Option<User> {
    let line = users
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let mut fields = line.split(':').skip(1);
    Some(User {
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
