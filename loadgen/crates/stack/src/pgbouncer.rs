//! PgBouncer in transaction mode before the PostgreSQL of the stack, on loopback only.

use std::{path::Path, process::Command, time::Duration};

use rustix::process::Signal;
use tokio_util::sync::CancellationToken;

use super::{
    binaries,
    error::StackError,
    folder::StackFolder,
    postgres::{NAME, Postgres},
    process::{ChildProcess, ProcessSpec, accepts_connections, fresh_log, on_free_port},
    supervisor::ProcessSupervisor,
    system_user::SystemUser,
};

/// SIGTERM is its immediate shutdown: whoever uses it has ended before.
const SPEC: ProcessSpec = ProcessSpec {
    name: "PgBouncer",
    remedy: "install the package pgbouncer, or run without it",
    stop_signal: Signal::TERM,
    on_parent_death: Signal::KILL,
    start_timeout: Duration::from_secs(20),
};
/// Most client connections.
const MAX_CLIENTS: u16 = 2_000;
/// Prepared statements that it keeps for each connection, where it can: twice what the target has.
const PREPARED_STATEMENTS: u16 = 200;

/// A running PgBouncer.
#[derive(Debug)]
pub(super) struct PgBouncer {
    pub(super) process: ChildProcess,
    pub(super) url: String,
    port: u16,
}

impl PgBouncer {
    /// Kills it and starts it again.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.crash(supervisor)?;
        let port = self.port;
        self.process
            .ready(supervisor.abort(), |_| accepts_connections(port))
    }
}

/// Starts one with so many server connections for each database, to PostgreSQL at `server`, its port or
/// that of a proxy before it.
pub(super) fn start(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    postgres: &Postgres,
    server: u16,
    servers: u16,
    stop: &CancellationToken,
) -> Result<PgBouncer, StackError> {
    let program = binaries::pgbouncer()?;
    let user = SystemUser::for_service()?;
    let password = &postgres.password;
    // The password itself: with it PgBouncer can sign in to the server, whatever that asks for.
    let users = folder.write_secret("pgbouncer.users", &format!("\"{NAME}\" \"{password}\"\n"))?;
    let keeps_statements = version(&program).is_some_and(|version| version >= (1, 21));
    let (process, port) = on_free_port(|port| {
        let settings = settings(port, server, servers, &users, keeps_statements);
        let file = folder.write_secret("pgbouncer.ini", &settings)?;
        if let Some(user) = user {
            user.own(&file)?;
            user.own(&users)?;
        }
        let mut command = Command::new(&program);
        command.arg(file);
        SystemUser::take(&mut command, user);
        let log = fresh_log(folder.join("pgbouncer.log"));
        let mut process = ChildProcess::spawn(supervisor, SPEC, command, log)?;
        process.ready(stop, |_| accepts_connections(port))?;
        Ok((process, port))
    })?;
    Ok(PgBouncer {
        process,
        url: format!("postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"),
        port,
    })
}

fn settings(port: u16, server: u16, servers: u16, users: &Path, keeps_statements: bool) -> String {
    let statements = if keeps_statements {
        format!("max_prepared_statements = {PREPARED_STATEMENTS}\n")
    } else {
        String::new()
    };
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={server}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         ; A login by SCRAM costs the one thread of PgBouncer some milliseconds, because it has to derive\n\
         ; the key from the password each time: when a pool opens hundreds of connections at once they\n\
         ; time out before their turn.\n\
         auth_type = md5\n\
         auth_file = {users}\n\
         stats_users = {NAME}\n\
         pool_mode = transaction\n\
         default_pool_size = {servers}\n\
         max_client_conn = {MAX_CLIENTS}\n\
         {statements}\
         ignore_startup_parameters = extra_float_digits\n\
         ; A reset replaces the database: a login that met its absence is repeated soon.\n\
         server_login_retry = 1\n\
         query_wait_timeout = 10\n\
         log_connections = 0\n\
         log_disconnections = 0\n",
        users = users.display()
    )
}

/// Major and minor number of `PgBouncer 1.18.0`.
fn version(program: &Path) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("--version").output().ok()?;
    version_in(&String::from_utf8_lossy(&output.stdout))
}

fn version_in(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.lines().next()?.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepared_statements_are_kept_by_versions_that_can() {
        assert_eq!(version_in("PgBouncer 1.18.0\nlibevent 2.1"), Some((1, 18)));
        assert!(version_in("PgBouncer 1.24.1") >= Some((1, 21)));
        assert_eq!(version_in(""), None);
        let users = Path::new("/tmp/users");
        assert!(settings(1, 2, 5, users, true).contains("max_prepared_statements = 200\n"));
        let without = settings(1, 2, 5, users, false);
        assert!(!without.contains("max_prepared_statements"));
        assert!(without.contains("default_pool_size = 5\n"));
    }
}
