//! The stack as a whole: started in order, stopped in the opposite one.

use std::{fmt, path::PathBuf};

use super::{
    binaries,
    error::StackError,
    folder::StackFolder,
    options::StackOptions,
    postgres::{self, Postgres},
    redis::{self, RedisServer},
    supervisor::ProcessSupervisor,
    target::{TargetApp, TargetSetup, instance_name},
};
use loadgen_experiment::services::{ProcessInfo, ServiceRole};

/// Running services. Dropping it stops them, target-app first, and removes what was temporary.
pub struct Stack {
    /// URL of PostgreSQL, password included; empty if there is none.
    pub database_url: String,
    /// URL of Redis, password included; empty if there is none.
    pub redis_url: String,
    /// Token of target-app's control plane; empty if target-app was not started.
    pub lab_token: String,
    /// Folder of data and logs.
    pub folder: PathBuf,
    // Dropped in this order: each service before those that it needs, and the thread that they
    // were started from last.
    targets: Vec<TargetApp>,
    redis: Option<RedisServer>,
    postgres: Option<Postgres>,
    _folder: StackFolder,
    supervisor: ProcessSupervisor,
}

impl Stack {
    /// Starts the services that are asked for and waits until they are ready; blocks. If one fails,
    /// those that were started before are stopped again.
    pub fn start(options: StackOptions) -> Result<Self, StackError> {
        let wanted = options.services;
        if wanted.target {
            // A wrong path is an error before anything is started.
            binaries::target(options.target_bin.as_deref())?;
        }
        let supervisor = ProcessSupervisor::start(options.abort.clone())
            .map_err(StackError::io("cannot start a thread"))?;
        let folder = match &options.keep_in {
            Some(path) => StackFolder::kept(path)?,
            None => StackFolder::temporary()?,
        };
        let postgres = wanted
            .postgres
            .then(|| {
                (options.log)("starting PostgreSQL");
                postgres::start(&supervisor, &folder, options.durable, &options.stop)
            })
            .transpose()?;
        let redis = wanted
            .redis
            .then(|| {
                (options.log)("starting Redis");
                redis::start(&supervisor, &folder, &options.stop)
            })
            .transpose()?;
        let database_url = match &postgres {
            Some(postgres) => postgres.url.clone(),
            None => options.database_url.clone().unwrap_or_default(),
        };
        let redis_url = match &redis {
            Some(redis) => redis.url.clone(),
            None => options.redis_url.clone().unwrap_or_default(),
        };
        let (mut targets, mut lab_token) = (Vec::new(), String::new());
        if wanted.target {
            let setup = TargetSetup::new(&folder, &options, &database_url, &redis_url)?;
            setup.migrate_and_seed(&supervisor, &folder, &options)?;
            for index in 0..options.target_instances.max(1) {
                targets.push(setup.serve(index, &supervisor, &folder, &options)?);
            }
            lab_token = setup.lab_token;
        }
        Ok(Self {
            database_url,
            redis_url,
            lab_token,
            folder: folder.path().to_owned(),
            targets,
            redis,
            postgres,
            _folder: folder,
            supervisor,
        })
    }

    /// `http://127.0.0.1:PORT` of every instance of target-app.
    pub fn target_urls(&self) -> Vec<String> {
        self.targets.iter().map(TargetApp::url).collect()
    }

    /// Main process of each service that was started here, as of now.
    pub fn processes(&self) -> Vec<ProcessInfo> {
        let info = |name: &str, pid, role| ProcessInfo {
            name: name.to_owned(),
            pid,
            role,
        };
        let postgres = self
            .postgres
            .iter()
            .map(|one| info("postgres", one.process.pid(), ServiceRole::Postgres));
        let redis = self
            .redis
            .iter()
            .map(|one| info("redis", one.process.pid(), ServiceRole::Redis));
        let targets = (0..).zip(&self.targets).map(|(index, one)| {
            info(
                &instance_name(index),
                one.process.pid(),
                ServiceRole::Target,
            )
        });
        postgres.chain(redis).chain(targets).collect()
    }

    /// Stops each instance of target-app gracefully and starts it again at the same address; blocks
    /// until it is ready.
    pub fn restart_targets(&mut self) -> Result<(), StackError> {
        let supervisor = &self.supervisor;
        self.targets
            .iter_mut()
            .try_for_each(|target| target.restart(supervisor))
    }

    /// Kills every process of a service that was started here, without a chance to write anything,
    /// and starts it again on the data that it left; blocks until it is ready.
    pub fn crash(&mut self, role: ServiceRole) -> Result<(), StackError> {
        let supervisor = &self.supervisor;
        match role {
            ServiceRole::Postgres => self
                .postgres
                .iter_mut()
                .try_for_each(|one| one.crash(supervisor)),
            ServiceRole::Redis => self
                .redis
                .iter_mut()
                .try_for_each(|one| one.crash(supervisor)),
            ServiceRole::Target => self
                .targets
                .iter_mut()
                .try_for_each(|one| one.crash(supervisor)),
        }
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
