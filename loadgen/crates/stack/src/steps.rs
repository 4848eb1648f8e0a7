//! The steps in which a stack is started: what is looked at before anything runs, the thread that starts
//! everything, and one step for each service. `start.rs` has their order.

use super::{
    balancer::{self, Balancer},
    binaries,
    error::StackError,
    folder::StackFolder,
    links::ServiceLinks,
    memory_disk::{MemoryDisk, own_disk_refusal},
    options::StackOptions,
    pgbouncer::{self, PgBouncer},
    postgres::{self, Postgres, PostgresSetup},
    redis::{self, RedisServer},
    replica::{self, ReplicaServer},
    supervisor::ProcessSupervisor,
    target::{ServiceUrls, TargetApp, TargetSetup},
};
use loadgen_engine::suite::FaultKind;

/// Refuses what lacks a program or a service that it needs.
pub(super) fn check_programs(options: &StackOptions) -> Result<(), StackError> {
    let (wanted, topology) = (options.services, options.topology);
    if wanted.target {
        // A wrong path is an error before anything is started.
        binaries::target(options.target_bin.as_deref())?;
    }
    if wanted.postgres {
        binaries::postgres()?;
    }
    if wanted.redis {
        binaries::redis()?;
    }
    if topology.pooler.is_some() {
        if !wanted.postgres {
            return Err(StackError::Needs("PgBouncer", "PostgreSQL"));
        }
        binaries::pgbouncer()?;
    }
    if topology.replica.is_some() {
        if !wanted.postgres {
            return Err(StackError::Needs("a replica", "PostgreSQL"));
        }
        binaries::basebackup()?;
    }
    if wanted.target && topology.instances > 1 {
        binaries::haproxy()?;
    }
    Ok(())
}

/// Whether PostgreSQL gets a disk of its own, which can be filled; refused where it cannot have one.
pub(super) fn wants_own_disk(options: &StackOptions) -> Result<bool, StackError> {
    let own_disk = options.services.postgres && options.faults.contains(&FaultKind::DiskFull);
    if own_disk && let Some(why) = disk_refusal(options) {
        return Err(StackError::NoOwnDisk(why));
    }
    Ok(own_disk)
}

/// Why PostgreSQL cannot have a disk of its own, if it cannot.
fn disk_refusal(options: &StackOptions) -> Option<String> {
    if options.keep_in.is_some() {
        return Some(
            "its disk in memory keeps no data: choose no folder that stays, or leave it out"
                .to_owned(),
        );
    }
    own_disk_refusal(options.scale)
}

/// The folder of data and logs; refused where its path is too long for the balancer's socket.
pub(super) fn folder(options: &StackOptions) -> Result<StackFolder, StackError> {
    let folder = match &options.keep_in {
        Some(path) => StackFolder::kept(path)?,
        None => StackFolder::temporary()?,
    };
    if options.services.target && options.topology.instances > 1 {
        balancer::commands_in(&folder)?;
    }
    Ok(folder)
}

/// The thread that services are started from, with this disk mounted for it and for them.
pub(super) fn supervisor(
    options: &StackOptions,
    disk: Option<MemoryDisk>,
) -> Result<ProcessSupervisor, StackError> {
    ProcessSupervisor::start(options.abort.clone(), move || {
        disk.map_or(Ok(()), |disk| disk.mount())
    })
    .map_err(StackError::io("cannot start a thread for the services"))
}

/// Connections that PostgreSQL permits: the largest pool of each instance, and some for probes,
/// maintenance and people.
fn max_connections(instances: u16) -> u32 {
    60 + 200 * u32::from(instances)
}

/// What each service is started with.
pub(super) struct ServiceStart<'a> {
    pub(super) options: &'a StackOptions,
    pub(super) folder: &'a StackFolder,
    pub(super) supervisor: &'a ProcessSupervisor,
    /// Whether PostgreSQL has a disk of its own.
    pub(super) own_disk: bool,
}

/// The instances of target-app, which have been started, and what is before them.
#[derive(Default)]
pub(super) struct StartedTargets {
    /// Token of the control plane; empty where there is no instance.
    pub(super) lab_token: String,
    pub(super) balancer: Option<Balancer>,
    pub(super) targets: Vec<TargetApp>,
}

impl ServiceStart<'_> {
    /// The same for the replica: it takes the place of the primary.
    fn postgres_setup(&self) -> PostgresSetup {
        PostgresSetup {
            durable: self.options.durable,
            max_connections: max_connections(self.options.topology.instances),
            small_disk: self.own_disk,
        }
    }

    /// Starts PostgreSQL, where it is asked for.
    pub(super) fn postgres(&self) -> Result<Option<Postgres>, StackError> {
        let options = self.options;
        options
            .services
            .postgres
            .then(|| {
                (options.log)("starting PostgreSQL");
                let setup = self.postgres_setup();
                postgres::start(self.supervisor, self.folder, setup, &options.stop)
            })
            .transpose()
    }

    /// Copies the primary, and starts a replica of it, where one is asked for.
    pub(super) fn replica(
        &self,
        primary: Option<&Postgres>,
    ) -> Result<Option<ReplicaServer>, StackError> {
        let options = self.options;
        options
            .topology
            .replica
            .zip(primary)
            .map(|(delay, primary)| {
                (options.log)("starting a replica of PostgreSQL");
                replica::start(
                    self.supervisor,
                    self.folder,
                    primary,
                    self.postgres_setup(),
                    delay,
                    &options.stop,
                )
            })
            .transpose()
    }

    /// Starts Redis, where it is asked for.
    pub(super) fn redis(&self) -> Result<Option<RedisServer>, StackError> {
        let options = self.options;
        options
            .services
            .redis
            .then(|| {
                (options.log)("starting Redis");
                redis::start(self.supervisor, self.folder, &options.stop)
            })
            .transpose()
    }

    /// Starts PgBouncer before PostgreSQL, or before the proxy that is there, where it is asked for.
    pub(super) fn pooler(
        &self,
        postgres: Option<&Postgres>,
        links: &ServiceLinks,
    ) -> Result<Option<PgBouncer>, StackError> {
        let options = self.options;
        options
            .topology
            .pooler
            .zip(postgres)
            .map(|(servers, postgres)| {
                (options.log)("starting PgBouncer");
                let server = links.postgres_port(postgres);
                pgbouncer::start(
                    self.supervisor,
                    self.folder,
                    postgres,
                    server,
                    servers,
                    &options.stop,
                )
            })
            .transpose()
    }

    /// Brings schema and data up to date, then starts every instance of target-app, and the balancer
    /// before several.
    pub(super) fn targets(&self, services: &ServiceUrls<'_>) -> Result<StartedTargets, StackError> {
        let (options, folder, supervisor) = (self.options, self.folder, self.supervisor);
        let setup = TargetSetup::new(folder, options, services)?;
        setup.migrate_and_seed(supervisor, folder, options)?;
        let mut targets = Vec::new();
        for index in 0..options.topology.instances {
            targets.push(setup.serve(index, supervisor, folder, options)?);
        }
        let mut balancer = None;
        if targets.len() > 1 {
            (options.log)("starting the balancer");
            let addresses: Vec<_> = targets.iter().map(TargetApp::address).collect();
            let started = balancer::start(supervisor, folder, &addresses, &options.stop)?;
            balancer = Some(started);
        }
        Ok(StartedTargets {
            lab_token: setup.lab_token,
            balancer,
            targets,
        })
    }
}
