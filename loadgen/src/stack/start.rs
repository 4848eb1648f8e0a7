//! The stack as a whole: started in order, ended in the opposite one.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{
    error::StackError,
    folder::Folder,
    keeper::Keeper,
    options::StackOptions,
    postgres::{self, Postgres},
    redis::{self, Redis},
    target::{self, Target},
};

/// Running services. Dropping it ends them, target-app first, and removes what was temporary.
pub struct Stack {
    /// Where PostgreSQL is, password included; empty if there is none.
    pub database_url: String,
    /// Where Redis is, password included; empty if there is none.
    pub redis_url: String,
    /// `http://127.0.0.1:PORT`; empty if target-app was not asked for.
    pub target_url: String,
    /// Admits to target-app's control plane.
    pub lab_token: String,
    /// Main process of each service that was started here: `target-app`, `redis`, `postgres`.
    pub pids: BTreeMap<String, u32>,
    /// Where data and logs are.
    pub folder: PathBuf,
    // Dropped in this order: each service before what it needs, and the thread that keeps them
    // alive last of all.
    target: Option<Target>,
    redis: Option<Redis>,
    postgres: Option<Postgres>,
    _folder: Folder,
    keeper: Keeper,
}

/// A service that can be killed in the middle of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// All processes of PostgreSQL at once.
    Postgres,
    /// Redis, with all that it keeps.
    Redis,
    /// target-app.
    Target,
}

impl Victim {
    /// The word that people type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Target => "target",
        }
    }
}

impl Stack {
    /// Starts what is asked for and waits until it is ready; blocks. Where something fails, all
    /// that was started before is ended again.
    pub fn start(options: StackOptions) -> Result<Self, StackError> {
        let wanted = options.services;
        let keeper = Keeper::start().map_err(StackError::io("cannot start a thread"))?;
        let folder = match &options.keep_in {
            Some(path) => Folder::kept(path)?,
            None => Folder::temporary()?,
        };
        let mut pids = BTreeMap::new();
        let postgres = wanted
            .postgres
            .then(|| {
                (options.log)("starting PostgreSQL");
                postgres::start(&keeper, &folder, options.durable, &options.stop)
            })
            .transpose()?;
        let redis = wanted
            .redis
            .then(|| {
                (options.log)("starting Redis");
                redis::start(&keeper, &folder, &options.stop)
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
        let target = wanted
            .target
            .then(|| {
                if database_url.is_empty() {
                    return Err(StackError::Needs("PostgreSQL"));
                }
                if redis_url.is_empty() {
                    return Err(StackError::Needs("Redis"));
                }
                target::start(&keeper, &folder, &options, &database_url, &redis_url)
            })
            .transpose()?;
        let services = [
            ("target-app", target.as_ref().map(|target| &target.service)),
            ("redis", redis.as_ref().map(|redis| &redis.service)),
            (
                "postgres",
                postgres.as_ref().map(|postgres| &postgres.service),
            ),
        ];
        for (name, service) in services {
            if let Some(service) = service {
                pids.insert(name.to_owned(), service.pid());
            }
        }
        let (target_url, lab_token) = target
            .as_ref()
            .map(|target| (target.url.clone(), target.lab_token.clone()))
            .unwrap_or_default();
        Ok(Self {
            database_url,
            redis_url,
            target_url,
            lab_token,
            pids,
            folder: folder.path().to_owned(),
            target,
            redis,
            postgres,
            _folder: folder,
            keeper,
        })
    }

    /// Ends target-app in good order, if it was started here, and starts it again at the same
    /// address; blocks until it is ready.
    pub fn restart_target(&mut self) -> Result<(), StackError> {
        if let Some(target) = &mut self.target {
            target.restart(&self.keeper)?;
            self.pids
                .insert("target-app".to_owned(), target.service.pid());
        }
        Ok(())
    }

    /// Kills a service that was started here, without a chance to write anything, and starts
    /// it again on what it left; blocks until it is ready.
    pub fn crash(&mut self, victim: Victim) -> Result<(), StackError> {
        let keeper = &self.keeper;
        let reborn = match victim {
            Victim::Postgres => self
                .postgres
                .as_mut()
                .map(|one| one.crash(keeper).map(|()| ("postgres", one.service.pid()))),
            Victim::Redis => self
                .redis
                .as_mut()
                .map(|one| one.crash(keeper).map(|()| ("redis", one.service.pid()))),
            Victim::Target => self.target.as_mut().map(|one| {
                one.crash(keeper)
                    .map(|()| ("target-app", one.service.pid()))
            }),
        };
        if let Some(reborn) = reborn {
            let (name, pid) = reborn?;
            self.pids.insert(name.to_owned(), pid);
        }
        Ok(())
    }
}

impl fmt::Debug for Stack {
    /// The URLs carry passwords and are not told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("folder", &self.folder)
            .field("target_url", &self.target_url)
            .field("pids", &self.pids)
            .finish_non_exhaustive()
    }
}
