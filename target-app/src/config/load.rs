//! From what was typed to what is meant.

use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use shared::{profile::Profile, time::Millis};

use tokio::sync::Semaphore;

use super::{
    Args, ConfigError, LabHosts, LogFormat, PaymentSettings, Retention, Secret, address,
    secret::{SECRET_BYTES, given, random_secret},
    toml_error::explain,
};

/// Shortest lab token on an address that others can reach.
const LAB_TOKEN_CHARS: usize = 16;

/// What a client's connections may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientLimits {
    /// Longest wait for the head of a request, from the begin of the connection or from the end
    /// of the answer before; so also the longest that a connection is idle.
    pub head: Duration,
    /// Longest wait for a client that reads nothing.
    pub write: Duration,
    /// Most connections at once; one that became a socket is none of them any more.
    pub most: usize,
    /// Most sockets that one account has open at once.
    pub sockets_of_account: usize,
    /// Most accounts that one client registers in a minute.
    pub registrations: u32,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            // Long enough for pooled connections of clients that send little.
            head: Duration::from_mins(1),
            write: Duration::from_secs(30),
            most: 16_384,
            // Far more than a person has devices, and a fortieth part of the sockets of an instance. A load test
            // signs in 64 accounts for up to 20,000 users on sockets.
            sockets_of_account: 512,
            registrations: 1_000,
        }
    }
}

/// Time between two purges, if none is given: long against a trial.
const PURGE_INTERVAL: Duration = Duration::from_hours(1);

/// Most bytes of an uploaded file, if nothing else is given.
const MAX_UPLOAD_BYTES: usize = 1024 * 1024;

/// What is meant: every value is there and fits.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where PostgreSQL is.
    pub database_url: SecretString,
    /// Where PgBouncer is, if there is one.
    pub pgbouncer_url: Option<SecretString>,
    /// Where a replica of PostgreSQL is, if there is one.
    pub replica_url: Option<SecretString>,
    /// Where Redis is.
    pub redis_url: SecretString,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Admits to the control plane; `None` switches it off.
    pub lab_token: Option<SecretString>,
    /// The hosts that a request to the control plane may name.
    pub lab_hosts: LabHosts,
    /// Signs tokens and links.
    pub jwt_secret: SecretString,
    /// Whether that secret was made up at start, so that tokens end with the process.
    pub jwt_secret_is_random: bool,
    /// Where recordings lie.
    pub media_dir: PathBuf,
    /// Where uploaded files lie.
    pub upload_dir: PathBuf,
    /// Most bytes of an uploaded file.
    pub max_upload_bytes: usize,
    /// The profile to start with.
    pub profile: Profile,
    /// What a client's connections may cost.
    pub connections: ClientLimits,
    /// Time between two purges; none are made without one.
    pub purge_interval: Option<Duration>,
    /// How long rows are kept that a purge deletes.
    pub retention: Retention,
    /// Payments and their provider.
    pub payments: PaymentSettings,
    /// Form of the log.
    pub log_format: LogFormat,
}

impl Args {
    /// Fills what was not typed from the file, if there is one.
    pub fn with_file(self) -> Result<Self, ConfigError> {
        let Some(path) = self.config.clone() else {
            return Ok(self);
        };
        let text = read(&path)?;
        let file = toml::from_str(&text).map_err(|error| explain(&error, &text, &path))?;
        Ok(self.over(file))
    }

    /// These settings where they are given, `below` where not; switches of both, ours last.
    fn over(self, below: Self) -> Self {
        Self {
            database_url: self.database_url.or(below.database_url),
            pgbouncer_url: self.pgbouncer_url.or(below.pgbouncer_url),
            replica_url: self.replica_url.or(below.replica_url),
            redis_url: self.redis_url.or(below.redis_url),
            listen: self.listen.or(below.listen),
            lab_token: self.lab_token.or(below.lab_token),
            lab_hosts: if self.lab_hosts.is_empty() {
                below.lab_hosts
            } else {
                self.lab_hosts
            },
            jwt_secret: self.jwt_secret.or(below.jwt_secret),
            media_dir: self.media_dir.or(below.media_dir),
            upload_dir: self.upload_dir.or(below.upload_dir),
            max_upload_bytes: self.max_upload_bytes.or(below.max_upload_bytes),
            profile: self.profile.or(below.profile),
            set: below.set.into_iter().chain(self.set).collect(),
            config: self.config,
            head_timeout: self.head_timeout.or(below.head_timeout),
            write_timeout: self.write_timeout.or(below.write_timeout),
            max_connections: self.max_connections.or(below.max_connections),
            max_sockets_per_account: self
                .max_sockets_per_account
                .or(below.max_sockets_per_account),
            max_registrations_per_minute: self
                .max_registrations_per_minute
                .or(below.max_registrations_per_minute),
            purge_interval: self.purge_interval.or(below.purge_interval),
            keep_refresh_tokens: self.keep_refresh_tokens.or(below.keep_refresh_tokens),
            keep_sign_in_attempts: self.keep_sign_in_attempts.or(below.keep_sign_in_attempts),
            keep_idempotency_keys: self.keep_idempotency_keys.or(below.keep_idempotency_keys),
            keep_booking_conflicts: self.keep_booking_conflicts.or(below.keep_booking_conflicts),
            keep_read_notifications: self
                .keep_read_notifications
                .or(below.keep_read_notifications),
            payment_provider_url: self.payment_provider_url.or(below.payment_provider_url),
            payment_webhook_secret: self.payment_webhook_secret.or(below.payment_webhook_secret),
            payment_interval: self.payment_interval.or(below.payment_interval),
            log_format: self.log_format.or(below.log_format),
        }
    }

    /// Where PostgreSQL is.
    pub fn database_url(&self) -> Result<SecretString, ConfigError> {
        given(self.database_url.as_ref())
            .map(Secret::into_inner)
            .ok_or(ConfigError::Missing {
                what: "the database",
                flag: "--database-url",
                env: "DATABASE_URL",
                example: "postgres://user:password@127.0.0.1:5432/codeconnect",
            })
            .and_then(|url| address::postgres(&url))
    }

    /// Where recordings lie.
    pub fn media_dir(&self) -> PathBuf {
        self.media_dir.clone().unwrap_or_else(|| "media".into())
    }

    /// Where uploaded files lie.
    fn upload_dir(&self) -> PathBuf {
        let usual = || self.media_dir().join("uploads");
        self.upload_dir.clone().unwrap_or_else(usual)
    }

    /// What a client's connections may cost.
    fn connections(&self) -> Result<ClientLimits, ConfigError> {
        let usual = ClientLimits::default();
        let time = |given: Option<Millis>, usual, flag| match given {
            Some(Millis(0)) => Err(ConfigError::Value(format!(
                "{flag} must be longer than zero, like `30s`"
            ))),
            given => Ok(given.map_or(usual, Millis::duration)),
        };
        Ok(ClientLimits {
            head: time(self.head_timeout, usual.head, "--head-timeout")?,
            write: time(self.write_timeout, usual.write, "--write-timeout")?,
            most: self
                .max_connections
                .map_or(usual.most, |most| most.get().min(Semaphore::MAX_PERMITS)),
            sockets_of_account: self
                .max_sockets_per_account
                .map_or(usual.sockets_of_account, NonZeroUsize::get),
            registrations: self
                .max_registrations_per_minute
                .map_or(usual.registrations, NonZeroU32::get),
        })
    }

    /// Where to listen.
    pub fn listen(&self) -> Result<SocketAddr, ConfigError> {
        let text = self.listen.as_deref().unwrap_or("127.0.0.1:8080");
        text.to_socket_addrs()
            .ok()
            .and_then(|mut all| all.next())
            .ok_or_else(|| {
                ConfigError::Value(format!(
                    "cannot listen on `{text}`: write an address and a port, like `127.0.0.1:8080`"
                ))
            })
    }
}

impl Config {
    /// Decides what is meant.
    pub fn load(args: Args) -> Result<Self, ConfigError> {
        let args = args.with_file()?;
        let listen = args.listen()?;
        let open = !listen.ip().is_loopback();
        let lab_token = given(args.lab_token.as_ref());
        if open
            && lab_token
                .as_ref()
                .is_some_and(|token| token.expose().chars().count() < LAB_TOKEN_CHARS)
        {
            return Err(ConfigError::Value(format!(
                "the lab token is too short for {listen}: others reach that address, \
                 so give at least {LAB_TOKEN_CHARS} characters with --lab-token or LAB_TOKEN"
            )));
        }
        let given_secret = given(args.jwt_secret.as_ref());
        let jwt_secret_is_random = given_secret.is_none();
        let jwt_secret = match given_secret {
            Some(secret) if open && secret.expose().len() < SECRET_BYTES => {
                return Err(ConfigError::Value(format!(
                    "the JWT secret is too short for {listen}: others reach that address, \
                     so give at least {SECRET_BYTES} bytes with --jwt-secret or JWT_SECRET"
                )));
            }
            Some(secret) => secret.into_inner(),
            None if open => {
                return Err(ConfigError::Missing {
                    what: "the JWT secret, which an address that others reach needs,",
                    flag: "--jwt-secret",
                    env: "JWT_SECRET",
                    example: "$(openssl rand -hex 32)",
                });
            }
            None => random_secret(),
        };
        Ok(Self {
            database_url: args.database_url()?,
            pgbouncer_url: optional_postgres(args.pgbouncer_url.as_ref())?,
            replica_url: optional_postgres(args.replica_url.as_ref())?,
            redis_url: given(args.redis_url.as_ref())
                .map(Secret::into_inner)
                .ok_or(ConfigError::Missing {
                    what: "Redis",
                    flag: "--redis-url",
                    env: "REDIS_URL",
                    example: "redis://127.0.0.1:6379/0",
                })
                .and_then(address::redis)?,
            listen,
            lab_token: lab_token.map(Secret::into_inner),
            lab_hosts: LabHosts::new(listen.ip(), &args.lab_hosts).map_err(ConfigError::Value)?,
            jwt_secret,
            jwt_secret_is_random,
            media_dir: args.media_dir(),
            upload_dir: args.upload_dir(),
            max_upload_bytes: args
                .max_upload_bytes
                .map_or(MAX_UPLOAD_BYTES, NonZeroUsize::get),
            connections: args.connections()?,
            profile: profile(args.profile.as_deref(), &args.set)?,
            purge_interval: match args.purge_interval {
                None => Some(PURGE_INTERVAL),
                Some(Millis(0)) => None,
                Some(interval) => Some(interval.duration()),
            },
            retention: args.retention()?,
            payments: args.payments(open)?,
            log_format: args.log_format.unwrap_or_default(),
        })
    }
}

/// The address of something that speaks PostgreSQL's protocol, if there is one.
fn optional_postgres(url: Option<&Secret>) -> Result<Option<SecretString>, ConfigError> {
    given(url)
        .map(|url| address::postgres(&url.into_inner()))
        .transpose()
}

fn profile(name: Option<&str>, settings: &[String]) -> Result<Profile, ConfigError> {
    let mut profile = match name {
        None | Some("") => Profile::default(),
        Some(name) if looks_like_a_file(name) => {
            let place = name.to_owned();
            Profile::from_json(&read(name.as_ref())?)
                .map_err(|why| ConfigError::File { place, why })?
        }
        Some(name) => Profile::named(name)?,
    };
    for setting in settings {
        profile.apply(setting)?;
    }
    Ok(profile)
}

fn looks_like_a_file(name: &str) -> bool {
    let path = Path::new(name);
    path.extension().is_some_and(|ending| ending == "json") || path.components().count() > 1
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::File {
        place: path.display().to_string(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn args() -> Args {
        Args {
            database_url: Some("postgres://me:hunter2@127.0.0.1/db".parse().unwrap()),
            redis_url: Some("redis://127.0.0.1".parse().unwrap()),
            ..Args::default()
        }
    }

    fn file(text: &str, ending: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::Builder::new().suffix(ending).tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn what_is_typed_wins_over_the_file_and_the_file_over_the_default() {
        let file = file(
            "listen = \"127.0.0.1:7\"\nmedia_dir = \"/srv\"\nprofile = \"before\"\nset = [\"pool.max=9\", \"pool.min=3\"]",
            ".toml",
        );
        let config = Config::load(Args {
            listen: Some("127.0.0.1:8".into()),
            set: vec!["pool.min=4".into()],
            config: Some(file.path().into()),
            ..args()
        })
        .unwrap();
        assert_eq!(config.listen.port(), 8);
        assert_eq!(config.media_dir, Path::new("/srv"));
        assert_eq!(config.profile.pool_max.get(), 9);
        assert_eq!(config.profile.pool_min.get(), 4);
        assert_eq!(config.log_format, LogFormat::Text);
        assert!(config.jwt_secret_is_random);
    }

    #[test]
    fn hosts_of_the_control_plane_come_from_the_file_unless_they_are_typed() {
        let file = file("lab_hosts = [\"lab.test\", \"target-app\"]", ".toml");
        let load = |typed: &[&str]| {
            Config::load(Args {
                lab_hosts: typed.iter().map(|&name| name.to_owned()).collect(),
                config: Some(file.path().into()),
                ..args()
            })
        };
        let allows = |config: &Config, host: &str| config.lab_hosts.allow(&host.parse().unwrap());
        let of_file = load(&[]).unwrap();
        assert!(allows(&of_file, "lab.test") && allows(&of_file, "target-app:8080"));
        let typed = load(&["typed.test"]).unwrap();
        assert!(allows(&typed, "typed.test") && !allows(&typed, "lab.test"));
        let wrong = load(&["a:1"]).unwrap_err().to_string();
        assert!(wrong.contains("--lab-hosts"), "{wrong}");
    }

    #[test]
    fn a_profile_may_be_a_file_and_its_mistakes_are_reported() {
        let good = file(r#"{"cache.mentors": "off"}"#, ".json");
        let load = |profile: &Path| {
            Config::load(Args {
                profile: Some(profile.to_str().unwrap().into()),
                ..args()
            })
        };
        assert_eq!(
            load(good.path())
                .unwrap()
                .profile
                .get("cache.mentors")
                .unwrap(),
            "off"
        );
        let empty = file("", ".json");
        let error = load(empty.path()).unwrap_err().to_string();
        assert!(
            error.contains("it is empty: write a JSON object"),
            "{error}"
        );
        let bad = file(r#"{"cache.mentor": "off"}"#, ".json");
        let error = load(bad.path()).unwrap_err().to_string();
        assert!(error.contains("did you mean `cache.mentors`"), "{error}");
        let error = load(Path::new("aftr")).unwrap_err().to_string();
        assert!(error.contains("`before` or `after`"), "{error}");
    }

    #[test]
    fn an_address_that_others_reach_wants_real_secrets() {
        let open = |lab: Option<&str>, jwt: Option<&str>| {
            Config::load(Args {
                listen: Some("0.0.0.0:80".into()),
                lab_token: lab.map(|text| text.parse().unwrap()),
                jwt_secret: jwt.map(|text| text.parse().unwrap()),
                ..args()
            })
        };
        let long = "0123456789abcdef0123456789abcdef";
        assert!(open(None, None).is_err());
        assert!(open(None, Some("short")).is_err());
        assert!(open(Some("short"), Some(long)).is_err());
        assert!(open(Some(""), Some(long)).unwrap().lab_token.is_none());
        assert!(open(Some(long), Some(long)).is_ok());
    }

    #[test]
    fn what_is_missing_is_named_with_flag_variable_and_example() {
        let error = Config::load(Args::default()).unwrap_err().to_string();
        assert!(
            error.contains("--database-url") && error.contains("DATABASE_URL"),
            "{error}"
        );
        let error = Config::load(Args {
            listen: Some("8080".into()),
            ..args()
        });
        assert!(error.unwrap_err().to_string().contains("127.0.0.1:8080"));
    }

    #[test]
    fn limits_of_connections_are_those_given_and_never_zero() {
        let usual = Config::load(args()).unwrap().connections;
        assert_eq!(usual, ClientLimits::default());
        let given = Config::load(Args {
            head_timeout: Some("5s".parse().unwrap()),
            max_connections: Some(9.try_into().unwrap()),
            max_sockets_per_account: Some(3.try_into().unwrap()),
            max_registrations_per_minute: Some(7.try_into().unwrap()),
            ..args()
        });
        let wanted = ClientLimits {
            head: Duration::from_secs(5),
            most: 9,
            sockets_of_account: 3,
            registrations: 7,
            ..usual
        };
        assert_eq!(given.unwrap().connections, wanted);
        let zero = Config::load(Args {
            write_timeout: Some(Millis(0)),
            ..args()
        });
        assert!(zero.unwrap_err().to_string().contains("--write-timeout"));
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", args()) + &format!("{:?}", Config::load(args()).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
