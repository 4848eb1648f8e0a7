//! A replica of the PostgreSQL of the stack: a copy of its data that follows its log by streaming
//! replication and takes statements that only read, on loopback only.
//!
//! It is copied anew at each start, also in a folder that stays.

use std::{
    fs,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use shared::time::Millis;
use tokio_util::sync::CancellationToken;

use super::{
    binaries,
    error::StackError,
    folder::{REPLICA_DATA, StackFolder},
    postgres::{self, NAME, Postgres, PostgresSetup, REPLICA_SLOT},
    process::{ChildProcess, ProcessSpec, fresh_log, on_free_port},
    supervisor::ProcessSupervisor,
    system_user::SystemUser,
};

/// SIGQUIT ends it at once: its data is not used again, or, where it was promoted, recovers.
const SPEC: ProcessSpec = ProcessSpec {
    name: "the replica of PostgreSQL",
    remedy: postgres::REMEDY,
    stop_signal: Signal::QUIT,
    on_parent_death: Signal::QUIT,
    start_timeout: Duration::from_mins(1),
};
/// Pause before the next attempt to follow a primary that was away; PostgreSQL's own 5 s would be
/// most of a trial.
const RETRY_INTERVAL: Millis = Millis(500);

/// A running replica.
#[derive(Debug)]
pub(super) struct ReplicaServer {
    pub(super) process: ChildProcess,
    pub(super) url: String,
    pub(super) port: u16,
    bin: PathBuf,
}

impl ReplicaServer {
    /// Kills all of its processes at once and starts it again on the same data; it follows from
    /// where it was.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.crash(supervisor)?;
        self.wait(supervisor)
    }

    /// Lets it replay what it has received and take writes from then on, as the primary.
    pub(super) fn promote(
        &mut self,
        supervisor: &ProcessSupervisor,
        folder: &StackFolder,
    ) -> Result<(), StackError> {
        let mut promote = Command::new(self.bin.join("pg_ctl"));
        promote
            .arg("promote")
            .arg("-D")
            .arg(folder.join(REPLICA_DATA))
            .args(["--wait", "--timeout=60"]);
        SystemUser::take(&mut promote, SystemUser::for_service()?);
        postgres::tool(supervisor, folder, "pg_ctl", promote)?.finish(supervisor.abort())?;
        self.wait(supervisor)
    }

    /// Shuts it down with all of its data on disk, which another server is started on.
    pub(super) fn shut_down(&mut self) {
        self.process.stop(Signal::INT);
    }

    /// Copies the primary and starts the copy at the same port, after it has ended.
    pub(super) fn copy_anew(
        &mut self,
        supervisor: &ProcessSupervisor,
        folder: &StackFolder,
        primary: &Postgres,
    ) -> Result<(), StackError> {
        let user = SystemUser::for_service()?;
        let data = folder.join(REPLICA_DATA);
        copy(supervisor, folder, primary, user, &data, supervisor.abort())?;
        self.process.start_again(supervisor)?;
        self.wait(supervisor)
    }

    fn wait(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        let (bin, port) = (&self.bin, self.port);
        self.process.ready(supervisor.abort(), |_| {
            postgres::answers(bin, port).then_some(())
        })
    }
}

/// Copies the running primary and starts the copy, which shows each commit `delay` later than it
/// could. Waits until it takes connections.
pub(super) fn start(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    primary: &Postgres,
    setup: PostgresSetup,
    delay: Millis,
    stop: &CancellationToken,
) -> Result<ReplicaServer, StackError> {
    let user = SystemUser::for_service()?;
    let data = folder.join(REPLICA_DATA);
    copy(supervisor, folder, primary, user, &data, stop)?;
    let (process, port) = on_free_port(|port| {
        let mut server = postgres::server(&primary.bin, &data, port, user, setup);
        for setting in settings(delay) {
            server.args(["-c", &setting]);
        }
        let log = fresh_log(folder.join("replica.log"));
        let mut process = ChildProcess::spawn(supervisor, SPEC, server, log)?;
        process.ready(stop, |_| {
            postgres::answers(&primary.bin, port).then_some(())
        })?;
        Ok((process, port))
    })?;
    let password = &primary.password;
    Ok(ReplicaServer {
        process,
        url: format!("postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"),
        port,
        bin: primary.bin.clone(),
    })
}

/// Makes the folder of data: a base backup, the slot for which the primary keeps its log, and the
/// settings with which the copy follows it.
fn copy(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    primary: &Postgres,
    user: Option<SystemUser>,
    data: &Path,
    stop: &CancellationToken,
) -> Result<(), StackError> {
    if data.exists() {
        let what = format!("cannot remove {}", data.display());
        fs::remove_dir_all(data).map_err(StackError::io(what))?;
    }
    // PostgreSQL refuses a folder that others may enter.
    DirBuilder::new()
        .mode(0o700)
        .create(data)
        .map_err(StackError::io(format!("cannot make {}", data.display())))?;
    if let Some(user) = user {
        user.own(data)?;
    }
    let mut backup = postgres::client(binaries::basebackup()?);
    backup
        .args(["-h", "127.0.0.1", "-U", NAME, "-w"])
        .args(["-p", &primary.port.to_string()])
        .arg("-D")
        .arg(data)
        // With the log of the time that the copy takes, without waiting for the next checkpoint.
        .args(["--wal-method=stream", "--checkpoint=fast"])
        .args(["--create-slot", "--slot", REPLICA_SLOT])
        // Writes standby.signal and how to reach the primary, the password included.
        .arg("--write-recovery-conf")
        // A copy that is lost in a power failure is made again.
        .arg("--no-sync")
        .env("PGPASSWORD", &primary.password);
    SystemUser::take(&mut backup, user);
    postgres::tool(supervisor, folder, "pg_basebackup", backup)?.finish(stop)
}

/// The settings that the primary has not.
fn settings(delay: Millis) -> Vec<String> {
    let mut settings = vec![
        // Without it the primary removes rows that a statement here still reads, and that statement
        // is cancelled.
        "hot_standby_feedback=on".to_owned(),
        format!("wal_retrieve_retry_interval={}ms", RETRY_INTERVAL.0),
    ];
    if delay.0 > 0 {
        settings.push(format!("recovery_min_apply_delay={}ms", delay.0));
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_replica_that_is_to_be_behind_has_a_delay() {
        let delayed = |delay| {
            let settings = settings(delay);
            settings
                .into_iter()
                .find(|one| one.starts_with("recovery_min_apply_delay"))
        };
        assert_eq!(delayed(Millis(0)), None);
        let half_a_second = delayed(Millis(500));
        assert_eq!(
            half_a_second.as_deref(),
            Some("recovery_min_apply_delay=500ms")
        );
    }
}
