//! From a profile to an engine that can take requests.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use shared::{
    problem::Code,
    profile::{Profile, Via},
    row_security::{MENTOR_ROLE, STUDENT_ROLE},
};
use sqlx::PgPool;

use super::{AdmissionCounters, AdmissionLimiter, Policies};
use crate::{
    cache::{CacheCounters, CacheError, Caches, Redis},
    db::{self, Db, DbAddresses, DbError, PoolCounters, Pooler, Replica, pooler::PoolerSettings},
    error::ApiError,
    realtime::Hub,
    security::{HashError, Hasher, HashingCounters},
    seed,
};

/// Connections that are left to others: maintenance, probes, people with `psql`.
const SPARE_CONNECTIONS: u32 = 10;

/// Everything that a profile decides, ready for use. A request runs on one engine from its first
/// byte to its last.
pub struct Engine {
    /// The profile as asked for: private, so that nothing acts on it past the owners below.
    asked: Profile,
    /// Counts the engines of this process from 1.
    pub generation: u64,
    /// The database.
    pub db: Db,
    /// The caches.
    pub caches: Caches,
    /// Password hashing.
    pub hasher: Hasher,
    /// The limit on concurrent requests.
    pub admission: AdmissionLimiter,
    /// What services and HTTP layers consult.
    pub policies: Policies,
    /// Sockets of this process, to which notifications are pushed.
    pub hub: Hub,
}

/// What engines are built from, the same for all of them; counters outlive each one.
pub struct EngineParts {
    /// Address of PostgreSQL; secret, because it may contain a password.
    pub database_url: SecretString,
    /// PgBouncer before it, where one is configured.
    pub pooler: Option<Pooler>,
    /// A replica of it, where one is configured.
    pub replica: Option<Replica>,
    /// Address of Redis; secret likewise.
    pub redis_url: SecretString,
    /// Figures of the pools.
    pub pool: Arc<PoolCounters>,
    /// Figures of the caches.
    pub caches: Arc<CacheCounters>,
    /// Figures of password hashing.
    pub hashing: Arc<HashingCounters>,
    /// Figures of admission.
    pub admission: Arc<AdmissionCounters>,
    /// Sockets of this process.
    pub hub: Hub,
}

/// Why no engine could be made of a profile.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The profile needs what this installation does not have.
    #[error("{0}")]
    Refused(String),
    /// The database is not set up.
    #[error("{0}")]
    Schema(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The address of Redis cannot be read.
    #[error("the address of Redis cannot be used: {0}")]
    Redis(#[from] CacheError),
    /// Hashing failed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(why) | EngineError::Schema(why) => {
                Self::new(Code::ProfileRefused, why)
            }
            EngineError::Db(error @ DbError::Constraint { .. }) => Self::new(
                Code::ProfileRefused,
                "rows of the database violate a guard that this profile needs; POST /lab/reset first",
            )
            .caused_by(error),
            EngineError::Db(error) => error.into(),
            EngineError::Hash(error) => error.into(),
            EngineError::Redis(_) => Self::internal(error),
        }
    }
}

impl Engine {
    /// Builds an engine and prepares the database for it: indexes, guards and seeded passwords are
    /// as the profile says, and `pool.min` connections are open. An absent Redis is a warning,
    /// because requests are served without it.
    pub async fn build(
        parts: &EngineParts,
        profile: Profile,
        generation: u64,
    ) -> Result<Self, EngineError> {
        let url = parts.database_url.expose_secret();
        let pooler = pooler(parts.pooler.as_ref(), &profile).await?;
        replica(parts.replica.as_ref(), &profile, generation == 1).await?;
        if let Some(why) = db::pipeline::contradiction(&profile, url)? {
            return Err(EngineError::Refused(why.to_owned()));
        }
        apply_to(url, &profile).await?;

        let redis = Redis::new(
            parts.redis_url.expose_secret(),
            profile.cache_connection,
            // Another profile may shape the same answer differently.
            format!("cc:{}", profile.fingerprint()),
        )?;
        let caches = Caches::new(&profile, Some(redis), Arc::clone(&parts.caches));
        if let Err(error) = caches.disown_earlier().await {
            tracing::warn!(%error, "Redis does not answer; requests go on without it");
        }
        let hasher = Hasher::new(
            profile.auth_hash,
            profile.auth_placement,
            Arc::clone(&parts.hashing),
        )
        .await?;
        let admission = AdmissionLimiter::new(profile.http_admission, Arc::clone(&parts.admission));
        let addresses = DbAddresses {
            direct: url,
            pooler,
            replica: parts.replica.clone(),
        };
        let db = db::open(addresses, &profile, Arc::clone(&parts.pool)).await?;
        Ok(Self {
            policies: Policies::new(&profile),
            asked: profile,
            generation,
            db,
            caches,
            hasher,
            admission,
            hub: parts.hub.clone(),
        })
    }

    /// Puts the part of the profile that is in the database in force again, where another profile that was
    /// refused has changed it.
    pub(super) async fn put_back(&self, parts: &EngineParts) -> Result<(), EngineError> {
        apply_to(parts.database_url.expose_secret(), &self.asked).await
    }

    /// The profile as asked for: for the control plane, which compares it with what is in force.
    pub fn asked(&self) -> &Profile {
        &self.asked
    }
}

/// The pooler with its settings, where there is one that answers; refused where the profile goes
/// through it and cannot.
async fn pooler(
    configured: Option<&Pooler>,
    profile: &Profile,
) -> Result<Option<(Pooler, PoolerSettings)>, EngineError> {
    let needed = profile.db_via == Via::Pgbouncer;
    let Some(pooler) = configured else {
        return if needed {
            Err(EngineError::Refused(
                "db.via=pgbouncer needs a PgBouncer: give its address with --pgbouncer-url or PGBOUNCER_URL"
                    .to_owned(),
            ))
        } else {
            Ok(None)
        };
    };
    let asked = async { pooler.console().await?.settings().await };
    match asked.await {
        Ok(known) => match known.refuses(profile).filter(|_| needed) {
            Some(why) => Err(EngineError::Refused(why)),
            None => Ok(Some((pooler.clone(), known))),
        },
        Err(error) if needed => Err(EngineError::Refused(format!(
            "db.via=pgbouncer needs a PgBouncer whose admin console this role may ask (stats_users): {error:#}",
            error = anyhow::Error::from(error)
        ))),
        Err(error) => {
            tracing::warn!(%error, "PgBouncer does not answer; requests go past it");
            Ok(None)
        }
    }
}

/// Refuses a profile whose reads go to a replica where there is none; `at_start` one that was promoted
/// will do.
async fn replica(
    configured: Option<&Replica>,
    profile: &Profile,
    at_start: bool,
) -> Result<(), EngineError> {
    if !profile.db_reads.uses_replica() {
        return Ok(());
    }
    let refusal = match configured {
        Some(replica) => replica.refusal(at_start).await?,
        None => Some(format!(
            "db.reads={} needs a replica of PostgreSQL: give its address with --replica-url or REPLICA_URL",
            profile.db_reads
        )),
    };
    refusal.map_or(Ok(()), |why| Err(EngineError::Refused(why)))
}

/// Applies the part of the profile that is in the database.
async fn apply_to(url: &str, profile: &Profile) -> Result<(), EngineError> {
    // Building indexes takes longer than a request may, so not through an engine's pool.
    let maintenance = db::connect(url).await?;
    let applied = apply(&maintenance, profile).await;
    maintenance.close().await;
    applied
}

async fn apply(pool: &PgPool, profile: &Profile) -> Result<(), EngineError> {
    db::check_schema(pool).await?.map_err(EngineError::Schema)?;
    let limit: i32 = sqlx::query_scalar("select current_setting('max_connections')::int")
        .fetch_one(pool)
        .await
        .map_err(DbError::from)?;
    if profile.db_via == Via::Direct {
        let beside = db::pipeline::connections(profile);
        enough_connections(limit, profile.pool_max.get(), beside).map_err(EngineError::Refused)?;
    }
    if let Some(why) = db::row_security::contradiction(profile) {
        return Err(EngineError::Refused(why));
    }
    // Guards first: they are what may be refused, and then no index has changed yet.
    db::guards::apply(pool, profile).await?;
    db::optimizations::apply(pool, profile).await?;
    secure(pool, profile).await?;
    seed::credentials::match_scheme(pool, profile.auth_hash)
        .await
        .map_err(|error| EngineError::Refused(format!("seeded passwords: {error:#}")))?;
    Ok(())
}

/// Row-level security; whoever may not make its roles learns who can.
async fn secure(pool: &PgPool, profile: &Profile) -> Result<(), EngineError> {
    let applied = db::row_security::apply(pool, profile).await;
    applied.map_err(|error| match error.sqlstate().as_deref() {
        Some("42501") => EngineError::Refused(format!(
            "db.rls needs the roles {STUDENT_ROLE} and {MENTOR_ROLE} and a database role that owns the tables and may take them: \
             give it CREATEROLE, or create and grant both roles"
        )),
        _ => error.into(),
    })
}

fn enough_connections(limit: i32, pool_max: u32, beside: u32) -> Result<(), String> {
    let wanted = pool_max + beside + SPARE_CONNECTIONS;
    if u32::try_from(limit).is_ok_and(|limit| limit >= wanted) {
        return Ok(());
    }
    let with = match beside {
        0 => String::new(),
        count => format!(" with {count} pipelined connections"),
    };
    Err(format!(
        "pool.max={pool_max}{with} needs max_connections >= {wanted}, but PostgreSQL has {limit}; \
         lower pool.max or raise max_connections"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_larger_than_the_server_is_refused_with_both_numbers() {
        assert!(enough_connections(100, 90, 0).is_ok());
        assert!(enough_connections(100, 88, 2).is_ok());
        let refusal = enough_connections(100, 200, 0).unwrap_err();
        assert!(
            refusal.contains("pool.max=200 needs") && refusal.contains("has 100"),
            "{refusal}"
        );
        let refusal = enough_connections(100, 90, 2).unwrap_err();
        assert!(
            refusal
                .contains("pool.max=90 with 2 pipelined connections needs max_connections >= 102"),
            "{refusal}"
        );
    }
}
