//! Settings as they are typed: each has a flag, an environment variable, and a key in the file.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use serde::Deserialize;
use shared::{number::whole, time::Millis};

use super::Secret;

/// Form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line an event, for people.
    #[default]
    Text,
    /// One JSON object an event, for machines.
    Json,
}

/// What was typed; nothing is decided here.
#[derive(Debug, Clone, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// PostgreSQL, like postgres://user:password@127.0.0.1:5432/codeconnect
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    #[serde(alias = "database-url")]
    pub database_url: Option<Secret>,

    /// PgBouncer before it, for profiles with db.via=pgbouncer; migrations, resets and audits go past it
    #[arg(
        long,
        env = "PGBOUNCER_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    #[serde(alias = "pgbouncer-url")]
    pub pgbouncer_url: Option<Secret>,

    /// A replica of it, for profiles with db.reads=replica or replica_own_writes; only reads go there
    #[arg(long, env = "REPLICA_URL", hide_env_values = true, value_name = "URL")]
    #[serde(alias = "replica-url")]
    pub replica_url: Option<Secret>,

    /// Redis, like redis://127.0.0.1:6379/0; a lab reset empties that database
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    #[serde(alias = "redis-url")]
    pub redis_url: Option<Secret>,

    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "LISTEN_ADDR", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,

    /// Switches the control plane under /lab on, for those who send this token; where others reach the
    /// address, it has at least 16 characters
    #[arg(long, env = "LAB_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    #[serde(alias = "lab-token")]
    pub lab_token: Option<Secret>,

    /// Further names by which the control plane may be called, like target-app; it always may be by
    /// `localhost` and by the addresses of this machine
    #[arg(long, env = "LAB_HOSTS", value_name = "NAME", value_delimiter = ',')]
    #[serde(default, alias = "lab-hosts")]
    pub lab_hosts: Vec<String>,

    /// Secret that signs tokens and links, the same on all instances; where others reach the address, it
    /// has at least 32 bytes [default: a random one, so that tokens end with this process]
    #[arg(
        long,
        env = "JWT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    #[serde(alias = "jwt-secret")]
    pub jwt_secret: Option<Secret>,

    /// Where recordings lie [default: ./media]
    #[arg(long, env = "MEDIA_DIR", value_name = "DIR")]
    #[serde(alias = "media-dir")]
    pub media_dir: Option<PathBuf>,

    /// Folder of the files that students submit, for this database alone: files that it has no row of are
    /// removed [default: uploads, in the folder of the recordings]
    #[arg(long, env = "UPLOAD_DIR", value_name = "DIR")]
    #[serde(alias = "upload-dir")]
    pub upload_dir: Option<PathBuf>,

    /// Most bytes of a file that a student submits [default: 1048576]
    #[arg(long, env = "MAX_UPLOAD_BYTES", value_name = "NUMBER", value_parser = whole(NonZeroUsize::MIN, NonZeroUsize::MAX))]
    #[serde(alias = "max-upload-bytes")]
    pub max_upload_bytes: Option<NonZeroUsize>,

    /// `before`, `after`, or a JSON file that maps switches to values [default: after]
    #[arg(long, env = "PROFILE", value_name = "PROFILE")]
    pub profile: Option<String>,

    /// Sets one switch over the profile, like cache.mentors=off; may be repeated
    #[arg(long = "set", value_name = "SWITCH=VALUE")]
    #[serde(default)]
    pub set: Vec<String>,

    /// TOML file with the same settings, one key a flag
    #[arg(long, env = "CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Longest wait for the head of a request: a connection that sends none, or not all of it, is
    /// closed [default: 60s]
    #[arg(long, env = "HEAD_TIMEOUT", value_name = "DURATION")]
    #[serde(alias = "head-timeout")]
    pub head_timeout: Option<Millis>,

    /// Longest wait for a client that reads nothing of its answer [default: 30s]
    #[arg(long, env = "WRITE_TIMEOUT", value_name = "DURATION")]
    #[serde(alias = "write-timeout")]
    pub write_timeout: Option<Millis>,

    /// Most connections that are open at once, sockets aside; further ones wait to be accepted
    /// [default: 16384]
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "NUMBER", value_parser = whole(NonZeroUsize::MIN, NonZeroUsize::MAX))]
    #[serde(alias = "max-connections")]
    pub max_connections: Option<NonZeroUsize>,

    /// Most sockets that one account has open at once; further ones are refused [default: 512]
    #[arg(long, env = "MAX_SOCKETS_PER_ACCOUNT", value_name = "NUMBER", value_parser = whole(NonZeroUsize::MIN, NonZeroUsize::MAX))]
    #[serde(alias = "max-sockets-per-account")]
    pub max_sockets_per_account: Option<NonZeroUsize>,

    /// Most accounts that one client, all clients of one proxy together, registers in a minute on one
    /// instance; further registrations are refused [default: 1000]
    #[arg(long, env = "MAX_REGISTRATIONS_PER_MINUTE", value_name = "NUMBER", value_parser = whole(NonZeroU32::MIN, NonZeroU32::MAX))]
    #[serde(alias = "max-registrations-per-minute")]
    pub max_registrations_per_minute: Option<NonZeroU32>,

    /// Time between two purges of rows that have served their purpose, such as expired tokens;
    /// `0s` switches them off [default: 1h]
    #[arg(long, env = "PURGE_INTERVAL", value_name = "DURATION")]
    #[serde(alias = "purge-interval")]
    pub purge_interval: Option<Millis>,

    /// How long an expired refresh token is kept, 5m to 8760h [default: 24h]
    #[arg(long, env = "KEEP_REFRESH_TOKENS", value_name = "DURATION")]
    #[serde(alias = "keep-refresh-tokens")]
    pub keep_refresh_tokens: Option<Millis>,

    /// How long the count of sign-ins at an address is kept after the last one, 5m to 8760h
    /// [default: 24h]
    #[arg(long, env = "KEEP_SIGN_IN_ATTEMPTS", value_name = "DURATION")]
    #[serde(alias = "keep-sign-in-attempts")]
    pub keep_sign_in_attempts: Option<Millis>,

    /// How long an idempotency key is kept, 1h to 8760h [default: 168h]
    #[arg(long, env = "KEEP_IDEMPOTENCY_KEYS", value_name = "DURATION")]
    #[serde(alias = "keep-idempotency-keys")]
    pub keep_idempotency_keys: Option<Millis>,

    /// How long the reason of a refused booking is kept, 5m to 8760h [default: 2160h]
    #[arg(long, env = "KEEP_BOOKING_CONFLICTS", value_name = "DURATION")]
    #[serde(alias = "keep-booking-conflicts")]
    pub keep_booking_conflicts: Option<Millis>,

    /// How long a notification is kept after it was read, 5m to 8760h [default: 720h]
    #[arg(long, env = "KEEP_READ_NOTIFICATIONS", value_name = "DURATION")]
    #[serde(alias = "keep-read-notifications")]
    pub keep_read_notifications: Option<Millis>,

    /// Address of the payment provider, like http://127.0.0.1:8091; without one a provider that takes
    /// no money runs inside of this process
    #[arg(long, env = "PAYMENT_PROVIDER_URL", value_name = "URL")]
    #[serde(alias = "payment-provider-url")]
    pub payment_provider_url: Option<String>,

    /// Secret that signs the webhooks of the payment provider, required with --payment-provider-url; where
    /// others reach the address, it has at least 32 bytes [default: a random one]
    #[arg(
        long,
        env = "PAYMENT_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    #[serde(alias = "payment-webhook-secret")]
    pub payment_webhook_secret: Option<Secret>,

    /// Time between two rounds of the worker that releases expired holds and sends refunds
    /// [default: 1s]
    #[arg(long, env = "PAYMENT_INTERVAL", value_name = "DURATION")]
    #[serde(alias = "payment-interval")]
    pub payment_interval: Option<Millis>,

    /// Form of the log [default: text]
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT")]
    #[serde(alias = "log-format")]
    pub log_format: Option<LogFormat>,
}
