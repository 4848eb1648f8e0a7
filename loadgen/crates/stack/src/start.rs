//! The stack as a whole: started in order, stopped in the opposite one.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{
    balancer::Balancer,
    bare_programs::BarePrograms,
    connection_hold::ConnectionHold,
    error::StackError,
    folder::{PRIMARY_DATA, StackFolder},
    links::ServiceLinks,
    memory_disk::MemoryDisk,
    options::StackOptions,
    pgbouncer::PgBouncer,
    postgres::Postgres,
    redis::RedisServer,
    replica::ReplicaServer,
    steps::{self, ServiceStart, StartedTargets},
    supervisor::ProcessSupervisor,
    target::{ServiceUrls, TargetApp, choose},
};
use loadgen_engine::suite::FaultKind;
use loadgen_experiment::services::{ProcessInfo, ServiceRole, instance_name};

/// Running services. Dropping it stops them, target-app first, and removes what was temporary.
pub struct Stack {
    /// URL of PostgreSQL, password included; empty if there is none.
    pub database_url: String,
    /// URL of PgBouncer, password included; empty if there is none.
    pub pgbouncer_url: String,
    /// URL of the replica of PostgreSQL, password included; empty if there is none.
    pub replica_url: String,
    /// URL of Redis, password included; empty if there is none.
    pub redis_url: String,
    /// Token of target-app's control plane; empty if target-app was not started.
    pub lab_token: String,
    /// Folder of data and logs.
    pub folder: PathBuf,
    // Dropped in this order: each service before those that it needs, and the thread that they
    // were started from last.
    pub(super) hold: Option<ConnectionHold>,
    pub(super) balancer: Option<Balancer>,
    pub(super) targets: Vec<TargetApp>,
    pub(super) links: ServiceLinks,
    pub(super) redis: Option<RedisServer>,
    pub(super) pooler: Option<PgBouncer>,
    pub(super) replica: Option<ReplicaServer>,
    pub(super) postgres: Option<Postgres>,
    pub(super) disk: Option<MemoryDisk>,
    /// Whether the replica has become the primary.
    pub(super) failed_over: bool,
    pub(super) stack_folder: StackFolder,
    pub(super) supervisor: ProcessSupervisor,
}

impl Stack {
    /// Starts the services that are asked for and waits until they are ready; blocks. If one fails,
    /// those that were started before are stopped again.
    pub fn start(options: StackOptions) -> Result<Self, StackError> {
        steps::check_programs(&options)?;
        let own_disk = steps::wants_own_disk(&options)?;
        let folder = steps::folder(&options)?;
        let disk = own_disk
            .then(|| MemoryDisk::new(folder.join(PRIMARY_DATA), options.scale))
            .transpose()?;
        let supervisor = steps::supervisor(&options, disk.clone())?;
        let start = ServiceStart {
            options: &options,
            folder: &folder,
            supervisor: &supervisor,
            own_disk,
        };
        // Where a step fails, what was started before it is stopped in the opposite order.
        let mut postgres = start.postgres()?;
        let replica = start.replica(postgres.as_ref())?;
        let fails_over = replica.is_some() && options.faults.contains(&FaultKind::PostgresFailover);
        if let Some(postgres) = postgres.as_mut().filter(|_| fails_over) {
            // What was acknowledged has to be on the server that takes over.
            postgres.wait_for_replica(&supervisor)?;
        }
        let redis = start.redis()?;
        let links = ServiceLinks::start(&options, postgres.as_ref(), redis.as_ref())?;
        let pooler = start.pooler(postgres.as_ref(), &links)?;
        let database_url = match &postgres {
            // Where it is found after a failover, too.
            Some(postgres) if fails_over => postgres.url_at(links.postgres_port(postgres)),
            Some(postgres) => postgres.url.clone(),
            None => options.database_url.clone().unwrap_or_default(),
        };
        let redis_url = match &redis {
            Some(redis) => redis.url.clone(),
            None => options.redis_url.clone().unwrap_or_default(),
        };
        let pgbouncer_url = pooler.as_ref().map(|one| one.url.clone());
        let pgbouncer_url = pgbouncer_url.unwrap_or_default();
        let replica_url = replica.as_ref().map(|one| one.url.clone());
        let replica_url = replica_url.unwrap_or_default();
        let mut started = StartedTargets::default();
        if options.services.target {
            let near = postgres.as_ref();
            let near = near.map(|one| one.url_at(links.postgres_port(one)));
            let cache = redis.as_ref();
            let cache = cache.map(|one| one.url_at(links.redis_port(one)));
            started = start.targets(&ServiceUrls {
                database: near.as_ref().unwrap_or(&database_url),
                pgbouncer: &pgbouncer_url,
                replica: &replica_url,
                redis: cache.as_ref().unwrap_or(&redis_url),
            })?;
        }
        Ok(Self {
            database_url,
            pgbouncer_url,
            replica_url,
            redis_url,
            lab_token: started.lab_token,
            folder: folder.path().to_owned(),
            hold: None,
            balancer: started.balancer,
            targets: started.targets,
            links,
            redis,
            pooler,
            replica,
            postgres,
            disk,
            failed_over: false,
            stack_folder: folder,
            supervisor,
        })
    }

    /// `http://127.0.0.1:PORT` of every instance of target-app.
    pub fn target_urls(&self) -> Vec<String> {
        self.targets.iter().map(TargetApp::url).collect()
    }

    /// Where load goes: the balancer, or the only instance; `None` without target-app.
    pub fn load_url(&self) -> Option<String> {
        let balancer = self.balancer.as_ref().map(Balancer::url);
        balancer.or_else(|| self.targets.first().map(TargetApp::url))
    }

    /// Programs that load its services past target-app; `None` without PostgreSQL or Redis.
    pub fn bare_programs(&self) -> Option<BarePrograms> {
        let services = self.postgres.as_ref().zip(self.redis.as_ref());
        services.map(|(postgres, redis)| BarePrograms::of(postgres, redis))
    }

    /// Main process of each service that was started here, as of now.
    pub fn processes(&self) -> Vec<ProcessInfo> {
        let info = |role: ServiceRole, pid| ProcessInfo {
            name: role.process_name().to_owned(),
            pid,
            role,
        };
        let postgres = self
            .postgres
            .iter()
            .map(|one| info(ServiceRole::Postgres, one.process.pid()));
        let replica = self
            .replica
            .iter()
            .filter(|_| !self.failed_over)
            .map(|one| info(ServiceRole::Replica, one.process.pid()));
        let redis = self
            .redis
            .iter()
            .map(|one| info(ServiceRole::Redis, one.process.pid()));
        let targets = self
            .targets
            .iter()
            .enumerate()
            .map(|(index, one)| ProcessInfo {
                name: instance_name(index),
                ..info(ServiceRole::Target, one.process.pid())
            });
        let pooler = self
            .pooler
            .iter()
            .map(|one| info(ServiceRole::Pooler, one.process.pid()));
        let balancer = self
            .balancer
            .iter()
            .flat_map(Balancer::pids)
            .map(|pid| info(ServiceRole::Balancer, pid));
        postgres
            .chain(replica)
            .chain(pooler)
            .chain(redis)
            .chain(targets)
            .chain(balancer)
            .collect()
    }

    /// Stops each instance of target-app gracefully and starts it again at the same address; blocks
    /// until all are ready, for the balancer too.
    pub fn restart_targets(&mut self) -> Result<(), StackError> {
        let supervisor = &self.supervisor;
        self.targets
            .iter_mut()
            .try_for_each(|target| target.restart(supervisor))?;
        self.wait_for_balancer()
    }

    /// Stops every instance of target-app gracefully; [`Self::restart_targets`] starts them again.
    pub fn stop_targets(&mut self) {
        for target in &mut self.targets {
            target.stop();
        }
    }

    /// Instances that are started from now on begin with this profile, as JSON.
    pub fn start_with(&mut self, profile: &str) -> Result<(), StackError> {
        let path = self.stack_folder.write_secret("profile.json", profile)?;
        let path = path.display().to_string();
        for target in &mut self.targets {
            target.process.set(&[("PROFILE", &path)]);
        }
        Ok(())
    }

    /// Instances that are started from now on run this program; schema and data stay those of the first.
    pub fn use_program(&mut self, program: &Path) -> Result<(), StackError> {
        choose(&self.stack_folder, program).map(drop)
    }

    /// Restarts one instance after the other, while the balancer sends to the others; blocks until
    /// the last one is ready.
    pub(super) fn roll_targets(&mut self) -> Result<(), StackError> {
        for index in 0..self.targets.len() {
            let abort = self.supervisor.abort();
            if let Some(balancer) = &self.balancer {
                balancer.drain(index, abort)?;
            }
            self.targets[index].restart(&self.supervisor)?;
            if let Some(balancer) = &self.balancer {
                balancer.resume(index)?;
            }
            self.wait_for_balancer()?;
        }
        Ok(())
    }

    /// Waits until the balancer believes that every instance is ready.
    pub(super) fn wait_for_balancer(&mut self) -> Result<(), StackError> {
        let (instances, abort) = (self.targets.len(), self.supervisor.abort());
        self.balancer
            .iter_mut()
            .try_for_each(|balancer| balancer.wait_for_all(instances, abort))
    }
}

impl fmt::Debug for Stack {
    /// The URLs contain passwords and are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("folder", &self.folder)
            .field("target_urls", &self.target_urls())
            .field("processes", &self.processes())
            .finish_non_exhaustive()
    }
}
