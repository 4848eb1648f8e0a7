//! `seed`: refuse, keep or empty, plan, load, analyse, and make the copy that resets go back to.

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
    load::{DatasetLabel, LoadedData, load},
    media,
    plan::SeedPlan,
    table::{SeedData, SeedTables},
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
pub struct SeedOptions {
    /// How much.
    pub scale: Scale,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The instant that the data calls now; the start of the current UTC day if absent.
    pub anchor: Option<DateTime<Utc>>,
    /// What to do with data that is there.
    pub present: ExistingData,
    /// Where the recordings' files go.
    pub media_dir: PathBuf,
}

/// What to do with a database that holds data already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExistingData {
    /// Refuse: somebody may still want it.
    #[default]
    Refuse,
    /// Keep it if it is what would be seeded, so that a second start finds its work done.
    Keep,
    /// Replace it.
    Replace,
}

/// The outcome of seeding.
#[derive(Debug, Clone)]
pub enum SeedOutcome {
    /// The data was loaded.
    Seeded(SeedReport),
    /// The same data was there, and was left as it is.
    Kept {
        /// Name of the database.
        database: String,
        /// Its scale and seed: `small, seed 1`.
        label: String,
        /// Digest of what was seeded then.
        digest: String,
    },
}

/// What was seeded.
#[derive(Debug, Clone)]
pub struct SeedReport {
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
    /// The database was seeded with something else than what is asked for.
    #[error(
        "database {database} already holds other data ({found}, not {wanted}); use --force to replace it or another database"
    )]
    OtherData {
        /// Its name.
        database: String,
        /// Scale and seed that are there.
        found: String,
        /// Scale and seed that were asked for.
        wanted: String,
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
        /// Error of the operating system.
        source: io::Error,
    },
}

impl From<sqlx::Error> for SeedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl fmt::Display for SeedReport {
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

impl fmt::Display for SeedOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seeded(report) => report.fmt(f),
            Self::Kept {
                database,
                label,
                digest,
            } => write!(
                f,
                "database {database} is already seeded ({label}), nothing to do; digest {digest}"
            ),
        }
    }
}

/// Seeds the database of the URL.
///
/// Migrates it first. The load is one transaction; the copy for resets is made after it and
/// needs exclusive access, so other connections are looked for before anything is changed.
pub async fn run(
    url: &str,
    options: SeedOptions,
    tables: &SeedTables,
) -> Result<SeedOutcome, SeedError> {
    let started = Instant::now();
    let name = database::name(url)?;
    let pool = db::connect(url).await?;
    let kept = keep(&pool, &name, &options).await;
    let loaded = match &kept {
        Ok(None) => Some(fill(&pool, &name, &options, tables).await),
        _ => None,
    };
    let bytes = sqlx::query_scalar::<_, i64>("select pg_database_size(current_database())")
        .fetch_one(&pool)
        .await;
    pool.close().await;
    let kept = kept?;
    let Some(loaded) = loaded else {
        // Whoever was interrupted between the load and the copy has only this left to do.
        if !database::has_snapshot(url).await? {
            database::snapshot(url).await?;
        }
        return Ok(SeedOutcome::Kept {
            database: name,
            label: label(options.scale.as_str(), options.seed),
            digest: kept.unwrap_or_default(),
        });
    };
    let (loaded, media_written) = loaded?;
    database::snapshot(url).await?;
    Ok(SeedOutcome::Seeded(SeedReport {
        scale: options.scale,
        digest: loaded.digest,
        counts: options.scale.counts(),
        rows: loaded.rows,
        media_written,
        bytes: bytes? as u64,
        took: started.elapsed(),
    }))
}

/// Migrates, and decides whether data that is there stays: its digest if it does.
async fn keep(
    pool: &PgPool,
    name: &str,
    options: &SeedOptions,
) -> Result<Option<String>, SeedError> {
    db::migrate(pool).await?;
    if options.present == ExistingData::Replace {
        return Ok(None);
    }
    let accounts: i64 = sqlx::query_scalar("select count(*) from app_user")
        .fetch_one(pool)
        .await?;
    if accounts == 0 {
        return Ok(None);
    }
    let seeded: Option<(String, i64, String)> =
        sqlx::query_as("select scale, seed, digest from dataset")
            .fetch_optional(pool)
            .await?;
    match seeded {
        Some((scale, seed, digest)) if options.present == ExistingData::Keep => {
            let (found, wanted) = (
                label(&scale, seed as u64),
                label(options.scale.as_str(), options.seed),
            );
            if found != wanted {
                return Err(SeedError::OtherData {
                    database: name.to_owned(),
                    found,
                    wanted,
                });
            }
            let folder = options.media_dir.clone();
            write_media(folder).await?;
            Ok(Some(digest))
        }
        _ => Err(SeedError::NotEmpty {
            database: name.to_owned(),
            accounts,
        }),
    }
}

fn label(scale: &str, seed: u64) -> String {
    format!("{scale}, seed {seed}")
}

async fn fill(
    pool: &PgPool,
    name: &str,
    options: &SeedOptions,
    tables: &SeedTables,
) -> Result<(LoadedData, u32), SeedError> {
    refuse_other_connections(pool, name).await?;

    let media = tokio::spawn(write_media(options.media_dir.clone()));
    let hash = hash_password(Profile::default().auth_hash).await?;
    let data = SeedData::new(SeedPlan::new(options.scale, options.seed), hash);
    let label = DatasetLabel {
        scale: options.scale,
        seed: options.seed,
        anchor: match options.anchor {
            Some(anchor) => anchor,
            None => today(pool).await?,
        },
    };
    let loaded = load(pool.begin().await?, &data, tables, &label).await?;
    // Statistics and visibility go into the copy, so that no trial pays for making them.
    sqlx::raw_sql("vacuum (analyze)").execute(pool).await?;
    let written = media.await.map_err(|failure| SeedError::Media {
        folder: options.media_dir.clone(),
        source: io::Error::other(failure.to_string()),
    })??;
    Ok((loaded, written))
}

/// Writes the recordings' files that are missing; returns how many.
async fn write_media(folder: PathBuf) -> Result<u32, SeedError> {
    let place = folder.clone();
    tokio::task::spawn_blocking(move || media::write_missing(&folder))
        .await
        .map_err(|failure| io::Error::other(failure.to_string()))
        .and_then(|written| written)
        .map_err(|source| SeedError::Media {
            folder: place,
            source,
        })
}

async fn refuse_other_connections(pool: &PgPool, name: &str) -> Result<(), SeedError> {
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
