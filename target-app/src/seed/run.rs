//! `seed`: refuse or empty, plan, load, analyse, and keep the copy that resets go back to.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::PathBuf,
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveTime, Utc};
use shared::{
    dataset::{Counts, Scale},
    profile::Profile,
};
use sqlx::{PgPool, migrate::MigrateError};

use super::{
    credentials::hash_password,
    load::{Label, load},
    media,
    plan::Plan,
    tables::Writer,
};
use crate::{
    db::{
        self, DbError,
        database::{self, DatabaseError},
    },
    security::HashError,
};

/// What to seed.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much.
    pub scale: Scale,
    /// The number from which everything follows.
    pub seed: u64,
    /// The instant that the data calls now; the start of the current UTC day unless told.
    pub anchor: Option<DateTime<Utc>>,
    /// Replace what is there.
    pub force: bool,
    /// Where the recordings' files go.
    pub media_dir: PathBuf,
}

/// What was seeded.
#[derive(Debug, Clone)]
pub struct Report {
    /// How much.
    pub scale: Scale,
    /// SHA-256 over the generated rows, times relative to the anchor.
    pub digest: String,
    /// The scale in numbers.
    pub counts: Counts,
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Recording files that had to be written.
    pub media_written: u32,
    /// Size of the database, in bytes.
    pub bytes: u64,
    /// How long it took, the copy included.
    pub took: Duration,
}

/// Why nothing was seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database holds accounts that somebody may still want.
    #[error(
        "database {database} already holds {accounts} accounts; use --force to replace them or another database"
    )]
    NotEmpty {
        /// Its name.
        database: String,
        /// How many accounts.
        accounts: i64,
    },
    /// The schema could not be brought up to date.
    #[error("failed to migrate the database")]
    Migrate(#[from] MigrateError),
    /// Loading failed; the database is as it was.
    #[error("failed to load the data")]
    Db(#[from] DbError),
    /// The data is there, but not the copy that resets need.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The common password could not be hashed.
    #[error("failed to hash the seeded password")]
    Hash(#[from] HashError),
    /// A recording's file could not be written.
    #[error("failed to write recordings into {folder}")]
    Media {
        /// The media folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<sqlx::Error> for SeedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: u64 = self.rows.values().sum();
        writeln!(
            f,
            "seeded {}: {rows} rows, {} MiB, in {:.1} s",
            self.scale,
            self.bytes >> 20,
            self.took.as_secs_f64()
        )?;
        for (table, rows) in &self.rows {
            writeln!(f, "  {table:<14} {rows:>9}")?;
        }
        write!(f, "digest {}", self.digest)
    }
}

/// Seeds the database of the URL.
///
/// Migrates it first. The load is one transaction; the copy for resets is made after it and
/// needs the database for itself, so who else is connected is found out before anything is touched.
pub async fn run(url: &str, options: Options) -> Result<Report, SeedError> {
    let started = Instant::now();
    let name = database::name(url)?;
    let pool = db::connect(url).await?;
    let loaded = fill(&pool, &name, &options).await;
    let bytes = sqlx::query_scalar::<_, i64>("select pg_database_size(current_database())")
        .fetch_one(&pool)
        .await;
    pool.close().await;
    let (loaded, media_written) = loaded?;
    database::snapshot(url).await?;
    Ok(Report {
        scale: options.scale,
        digest: loaded.digest,
        counts: options.scale.counts(),
        rows: loaded.rows,
        media_written,
        bytes: bytes? as u64,
        took: started.elapsed(),
    })
}

async fn fill(
    pool: &PgPool,
    name: &str,
    options: &Options,
) -> Result<(super::load::Loaded, u32), SeedError> {
    db::migrate(pool).await?;
    let accounts: i64 = sqlx::query_scalar("select count(*) from app_user")
        .fetch_one(pool)
        .await?;
    if accounts > 0 && !options.force {
        return Err(SeedError::NotEmpty {
            database: name.to_owned(),
            accounts,
        });
    }
    refuse_company(pool, name).await?;

    let folder = options.media_dir.clone();
    let media = tokio::task::spawn_blocking(move || media::write_missing(&folder));
    let hash = hash_password(Profile::default().auth_hash).await?;
    let writer = Writer::new(Plan::new(options.scale, options.seed), hash);
    let label = Label {
        scale: options.scale,
        seed: options.seed,
        anchor: match options.anchor {
            Some(anchor) => anchor,
            None => today(pool).await?,
        },
    };
    let loaded = load(pool.begin().await?, &writer, &label).await?;
    // Statistics and visibility go into the copy, so that no trial pays for making them.
    sqlx::raw_sql("vacuum (analyze)").execute(pool).await?;
    let written = media
        .await
        .map_err(|failure| io::Error::other(failure.to_string()))
        .and_then(|written| written)
        .map_err(|source| SeedError::Media {
            folder: options.media_dir.clone(),
            source,
        })?;
    Ok((loaded, written))
}

async fn refuse_company(pool: &PgPool, name: &str) -> Result<(), SeedError> {
    let others: i64 = sqlx::query_scalar(
        "select count(*)
         from pg_stat_activity
         where datname = current_database()
         and backend_type = 'client backend'
         and application_name <> current_setting('application_name')",
    )
    .fetch_one(pool)
    .await?;
    if others > 0 {
        return Err(DatabaseError::InUse(name.to_owned()).into());
    }
    Ok(())
}

/// Start of the server's current UTC day.
async fn today(pool: &PgPool) -> Result<DateTime<Utc>, SeedError> {
    let now: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(pool).await?;
    Ok(now.date_naive().and_time(NaiveTime::MIN).and_utc())
}
