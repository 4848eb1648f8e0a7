//! What is really in force: indexes and guards from the catalogue, sizes from the pool,
//! the rest from the running engine.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use shared::{
    api::lab::ProfileView,
    profile::{OnOff, fingerprint},
    time::Millis,
};
use sqlx::PgPool;

use crate::{db, db::DbError, engine::Engine, error::ApiError, state::AppState};

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
    let found = found(&pool).await;
    pool.close().await;
    let found = found?;

    let asked = engine.profile.values();
    let mut in_force = asked.clone();
    in_force.extend(pool_values(engine));
    in_force.extend(db::settings::in_force(&engine.db).await?);
    let admission = engine.admission.in_force().to_string();
    in_force.insert("http.admission".to_owned(), admission);
    for (switch, state) in found.indexes {
        in_force.insert(switch.to_owned(), state.to_string());
    }
    let mut differences: Vec<_> = asked
        .iter()
        .filter(|(switch, value)| in_force.get(*switch) != Some(value))
        .map(|(switch, _)| switch.clone())
        .collect();
    let guarded = !engine.profile.bookings_strategy.is_known_wrong();
    for (guard, state) in found.guards {
        if state.is_on() != guarded {
            differences.push(format!("guard.{guard}"));
        }
    }
    let (scale, dataset) = found.dataset.unzip();
    Ok(ProfileView {
        profile: engine.profile.clone(),
        fingerprint: fingerprint(&in_force),
        in_force,
        differences,
        dataset,
        scale,
        build: build(),
        generation: engine.generation,
        postgres: found.settings,
    })
}

/// What the database says.
struct Found {
    indexes: BTreeMap<&'static str, OnOff>,
    guards: BTreeMap<&'static str, OnOff>,
    /// Scale and digest.
    dataset: Option<(String, String)>,
    settings: BTreeMap<String, String>,
}

async fn found(pool: &PgPool) -> Result<Found, DbError> {
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
    Ok(Found {
        indexes: db::optimizations::in_force(pool).await?,
        guards: db::guards::in_force(pool).await?,
        dataset,
        settings: settings.into_iter().collect(),
    })
}

/// The pool's switches as the pool itself has them.
fn pool_values(engine: &Engine) -> BTreeMap<String, String> {
    let options = engine.db.pool().options();
    let ping = if options.get_test_before_acquire() {
        OnOff::On
    } else {
        OnOff::Off
    };
    let acquire = Millis(options.get_acquire_timeout().as_millis() as u64);
    let mut values = BTreeMap::from([
        (
            "pool.max".to_owned(),
            options.get_max_connections().to_string(),
        ),
        (
            "pool.min".to_owned(),
            options.get_min_connections().to_string(),
        ),
        ("pool.acquire_timeout".to_owned(), acquire.to_string()),
        ("pool.ping_on_acquire".to_owned(), ping.to_string()),
    ]);
    if let Some(idle) = options.get_idle_timeout() {
        let idle = Millis(idle.as_millis() as u64);
        values.insert("pool.idle_timeout".to_owned(), idle.to_string());
    }
    values
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
