//! The profile view: what was asked for, what is in force as the owners of the switches report it,
//! and the facts of the database without which a measurement cannot be read.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use shared::{api::lab::ProfileView, profile::fingerprint};
use sqlx::PgPool;

use super::probes::RedisProbe;
use crate::{
    db::{self, DbError},
    engine::Engine,
    error::ApiError,
    state::AppState,
};

/// Settings of PostgreSQL without which a measurement cannot be read.
const SETTINGS: [&str; 8] = [
    "fsync",
    "full_page_writes",
    "max_connections",
    "random_page_cost",
    "server_version",
    "shared_buffers",
    "synchronous_commit",
    "work_mem",
];

/// The view of an engine's profile, over a connection outside of its pool.
pub(super) async fn view(state: &AppState, engine: &Engine) -> Result<ProfileView, ApiError> {
    let url = state.engines().parts().database_url.expose_secret();
    let pool = db::connect(url).await?;
    let read = async {
        let in_force = engine.in_force(&pool).await?;
        Ok::<_, DbError>((in_force, database_facts(&pool).await?))
    };
    let read = read.await;
    pool.close().await;
    let (in_force, facts) = read?;
    let (scale, dataset) = facts.dataset.unzip();
    let redis_url = &state.engines().parts().redis_url;
    // A Redis that does not answer is reported by the health check and by the samples.
    let redis_version = RedisProbe::version(redis_url).await.ok().flatten();
    Ok(ProfileView {
        profile: engine.asked().clone(),
        fingerprint: fingerprint(&in_force.values),
        in_force: in_force.values,
        differences: in_force.differences,
        dataset,
        scale,
        build: build(),
        generation: engine.generation,
        postgres: facts.settings,
        redis_version,
    })
}

/// The seeded data and the server's settings.
struct DatabaseFacts {
    /// Scale and digest.
    dataset: Option<(String, String)>,
    settings: BTreeMap<String, String>,
}

async fn database_facts(pool: &PgPool) -> Result<DatabaseFacts, DbError> {
    let dataset = sqlx::query_as::<_, (String, String)>("select scale, digest from dataset")
        .fetch_optional(pool)
        .await?;
    let settings = sqlx::query_as::<_, (String, String)>(
        "select name, current_setting(name)
         from pg_settings
         where name = any($1)",
    )
    .bind(&SETTINGS[..])
    .fetch_all(pool)
    .await?;
    Ok(DatabaseFacts {
        dataset,
        settings: settings.into_iter().collect(),
    })
}

/// Version and kind of this build: `0.1.0 (release)`.
fn build() -> String {
    let kind = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    format!("{} ({kind})", env!("CARGO_PKG_VERSION"))
}
