//! The closed list of switches, and the profile that holds a value for each.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::reads::{Driver, ReadSource};
use super::spans::{Lasting, ShortTime, WholePercent};
use super::switch_map::SwitchMap;
use super::values::{
    Admission, Checkout, Compression, Fanout, HashScheme, Invalidation, ListQuery, LoginQueries,
    OnOff, Pagination, PaymentRule, Persistence, Placement, RedisConnection, RowSecurity, Store,
    Strategy, SwitchValue, TimeLimit, Total, Via, WholeNumber,
};
use crate::{hex, text::nearest, time::Millis};

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// What a user writes: `cache.mentors`.
    pub path: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Its value in the `before` profile.
    pub before: &'static str,
    /// Its value in the `after` profile.
    pub after: &'static str,
    /// Source of the two values.
    pub source: &'static str,
}

/// A switch or a value that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSwitch {
    /// No switch has that path.
    #[error("unknown switch `{path}`; {}", meant(*nearest))]
    Path {
        /// As given.
        path: String,
        /// The path that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The switch does not take that value.
    #[error("switch `{path}` does not take `{value}`; it takes {accepts}")]
    Value {
        /// Path of the switch.
        path: &'static str,
        /// As given.
        value: String,
        /// The values that it takes.
        accepts: String,
    },
    /// A setting that is not of the form `switch=value`.
    #[error("`{0}` is not a setting: write `switch=value`, like `cache.mentors=redis`")]
    Form(String),
    /// No profile has that name.
    #[error("unknown profile `{0}`; it is `before` or `after`")]
    Name(String),
}

macro_rules! switches {
    ($( $(#[doc = $help:literal])+ $field:ident: $ty:ty = $path:literal, $before:literal => $after:literal, $source:literal; )+) => {
        /// A value for every switch.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Profile { $( $(#[doc = $help])+ pub $field: $ty, )+ }

        /// The catalogue, in the order of the documentation.
        pub const SWITCHES: &[Switch] = &[ $( Switch {
            path: $path, help: concat!($($help),+).trim_ascii(), before: $before, after: $after, source: $source,
        } ),+ ];

        impl Profile {
            fn read(values: impl Fn(&Switch) -> &'static str) -> Self {
                let mut all = SWITCHES.iter();
                Self { $( $field: {
                    let switch = all.next().expect("one entry a field, written by the same macro");
                    values(switch).parse::<$ty>().ok().expect("a test reads every value of the catalogue")
                }, )+ }
            }

            /// The value of one switch.
            pub fn get(&self, path: &str) -> Result<String, BadSwitch> {
                match path { $( $path => Ok(self.$field.to_string()), )+ _ => Err(unknown(path)) }
            }

            /// Sets one switch.
            pub fn set(&mut self, path: &str, value: &str) -> Result<(), BadSwitch> {
                match path {
                    $( $path => self.$field = value.trim().parse().map_err(|_| BadSwitch::Value {
                        path: $path, value: value.to_owned(), accepts: <$ty as SwitchValue>::accepts(),
                    })?, )+
                    _ => return Err(unknown(path)),
                }
                Ok(())
            }

            /// The values that a switch takes, in words.
            pub fn accepts(path: &str) -> Result<String, BadSwitch> {
                match path { $( $path => Ok(<$ty as SwitchValue>::accepts()), )+ _ => Err(unknown(path)) }
            }

            /// A value of each form that a switch takes; see [`SwitchValue::forms`].
            pub fn forms(path: &str) -> Result<Vec<&'static str>, BadSwitch> {
                match path { $( $path => Ok(<$ty as SwitchValue>::forms()), )+ _ => Err(unknown(path)) }
            }

            /// Every switch with its value.
            pub fn values(&self) -> BTreeMap<String, String> {
                BTreeMap::from([ $( ($path.to_owned(), self.$field.to_string()) ),+ ])
            }
        }
    };
}

switches! {
    /// Most connections to PostgreSQL.
    pool_max: WholeNumber<1, 1000> = "pool.max", "5" => "200", "CodeConnect results: 200 from 5";
    /// Connections kept open even when idle.
    pool_min: WholeNumber<0, 1000> = "pool.min", "0" => "10", "a warm pool avoids connect storms";
    /// How long a request waits for a connection.
    pool_acquire_timeout: Millis = "pool.acquire_timeout", "2s" => "2s", "CodeConnect results: connection timeout 2 s";
    /// How long an unused connection stays open.
    pool_idle_timeout: Millis = "pool.idle_timeout", "30s" => "30s", "CodeConnect results: idle timeout 30 s";
    /// Ping the server at each checkout to check the connection.
    pool_ping_on_acquire: OnOff = "pool.ping_on_acquire", "on" => "off", "sqlx default; one round trip a checkout";
    /// Ping the server when a connection comes back, as sqlx always does, or use it again without.
    pool_ping_on_release: OnOff = "pool.ping_on_release", "on" => "off", "sqlx always does; one round trip a release";
    /// How long a request keeps a connection.
    pool_checkout: Checkout = "pool.checkout", "per_query" => "per_request", "fewer checkouts and releases, each with its ping";

    /// Index for mentor discovery.
    index_mentors_active_rating: OnOff = "index.mentors_active_rating", "off" => "on", "CodeConnect results: mentors (isActive, rating)";
    /// Index for a student's bookings.
    index_bookings_student: OnOff = "index.bookings_student", "off" => "on", "CodeConnect results: bookings (studentId, scheduledAt, status)";
    /// Index for a mentor's bookings.
    index_bookings_mentor: OnOff = "index.bookings_mentor", "off" => "on", "CodeConnect results: bookings (mentorId, scheduledAt, status)";
    /// Covering index for the lessons of a span of time, whoever gives and takes them.
    index_bookings_scheduled: OnOff = "index.bookings_scheduled", "off" => "on", "an administrator's dashboard reads the lessons of sixty days";
    /// Index for the bookings that changed last.
    index_bookings_changed: OnOff = "index.bookings_changed", "off" => "on", "an administrator's dashboard shows the latest ten";
    /// Index for students in the order of their names.
    index_students_name: OnOff = "index.students_name", "off" => "on", "a page of students sorts every account";
    /// Index for a mentor's reviews.
    index_reviews_mentor: OnOff = "index.reviews_mentor", "off" => "on", "CodeConnect results: reviews (mentorId, createdAt)";
    /// Covering index for the open slots of a mentor.
    index_slots_open: OnOff = "index.slots_open", "off" => "on", "availability is read far more often than booked";
    /// Full-text index for the words of a search.
    index_mentors_text: OnOff = "index.mentors_text", "off" => "on", "a search by words computes the text of every mentor";
    /// Index for the mentors of a price.
    index_mentors_price: OnOff = "index.mentors_price", "off" => "on", "a list by price sorts every mentor";
    /// Index for the newest mentors.
    index_mentors_newest: OnOff = "index.mentors_newest", "off" => "on", "a list by age sorts every mentor";
    /// Index for the chat rooms of a person.
    index_chat_members: OnOff = "index.chat_members", "off" => "on", "the primary key begins with the room";
    /// Index for the notifications of a person.
    index_notifications_user: OnOff = "index.notifications_user", "off" => "on", "a list reads the newest of one person";

    /// Shape of the mentor list query.
    mentors_query: ListQuery = "mentors.query", "n_plus_one" => "joined", "the usual ORM loop against one statement";
    /// How the mentor list continues on the next page.
    mentors_pagination: Pagination = "mentors.pagination", "offset" => "keyset", "the cost of a deep page";
    /// Whether the mentor list counts everything.
    mentors_total: Total = "mentors.total", "exact" => "none", "HttpArena: counting took 90 % of the database's CPU";

    /// Cache of mentor lists.
    cache_mentors: Store = "cache.mentors", "off" => "redis", "CodeConnect results: mentor lists";
    /// How long a mentor list is kept.
    cache_mentors_ttl: Millis = "cache.mentors.ttl", "5m" => "5m", "CodeConnect results: 5 min";
    /// Cache of students' bookings.
    cache_bookings: Store = "cache.bookings", "off" => "redis", "CodeConnect results: student bookings";
    /// How long a student's bookings are kept.
    cache_bookings_ttl: Millis = "cache.bookings.ttl", "2m" => "2m", "CodeConnect results: 2 min";
    /// Cache of user look-ups.
    cache_users: Store = "cache.users", "off" => "redis", "CodeConnect results: user lookups";
    /// How long a user look-up is kept.
    cache_users_ttl: Millis = "cache.users.ttl", "5m" => "5m", "CodeConnect results: 5 min";
    /// Cache of the course catalogue and of the courses that a student is enrolled in.
    cache_courses: Store = "cache.courses", "off" => "redis", "the catalogue is read far more often than it changes";
    /// How long a page of courses is kept.
    cache_courses_ttl: Millis = "cache.courses.ttl", "5m" => "5m", "as for mentor lists";
    /// Cache of dashboards; `off` computes each anew.
    cache_dashboards: Store = "cache.dashboards", "off" => "redis", "Music 'n Me: cache dashboard stats";
    /// How long a dashboard is kept.
    cache_dashboards_ttl: Millis = "cache.dashboards.ttl", "5m" => "5m", "Music 'n Me: 5 minutes";
    /// Load a missing value once, however many ask for it.
    cache_single_flight: OnOff = "cache.single_flight", "off" => "on", "no stampede when a hot key expires";
    /// What a mutation does to cached values.
    cache_invalidation: Invalidation = "cache.invalidation", "ttl_only" => "versioned", "CodeConnect results: 13 mutation paths invalidate; refusing stale sets as in Nishtala et al., NSDI'13, 3.2.1";
    /// How far lives are shortened at random, so that values stored together do not expire together.
    cache_jitter: WholePercent<50> = "cache.jitter", "0%" => "10%", "no synchronized misses; AWS Builders' Library: jitter on all timers";
    /// How long the absence of a mentor or user is cached.
    cache_negative: Lasting = "cache.negative", "off" => "off", "takes 404s off the database, but asks the cache before every mentor that exists";
    /// Load a value anew before it expires, the likelier the nearer its end (XFetch).
    cache_early_refresh: OnOff = "cache.early_refresh", "off" => "off", "Vattani et al., VLDB'15: pays where a load is long against a life";
    /// How long a tiered cache uses its memory without asking Redis: the longest that another instance is behind.
    cache_tiered_ttl: Millis = "cache.tiered.ttl", "1s" => "1s", "a bound that holds even when a notice would be lost";
    /// How Redis is reached.
    cache_connection: RedisConnection = "cache.connection", "pool" => "multiplexed", "deadpool-redis sends UNWATCH and PING at each checkout";

    /// How passwords are hashed.
    auth_hash: HashScheme = "auth.hash", "bcrypt(10)" => "bcrypt(10)", "CodeConnect uses bcrypt; OWASP minimum for it";
    /// On which threads passwords are hashed.
    auth_placement: Placement = "auth.placement", "inline" => "bounded(32)", "CodeConnect results: thread pool of 32 for bcrypt";
    /// How login reads the account.
    auth_login_queries: LoginQueries = "auth.login_queries", "sequential" => "joined", "CodeConnect results: from 5-6 queries to 3-4";

    /// How a booking guards the capacity of a slot.
    bookings_strategy: Strategy = "bookings.strategy", "row_lock" => "conditional_update", "both are right; the second holds its lock for less long";
    /// Whether repeated bookings with one key have one effect.
    bookings_idempotency: OnOff = "bookings.idempotency", "on" => "on", "clients retry";
    /// Whether a booking is a hold until it is paid.
    bookings_payment: PaymentRule = "bookings.payment", "off" => "off", "no optimization: what is measured is booking with and without a payment";
    /// How long an unpaid booking holds its place.
    bookings_hold: Millis = "bookings.hold", "15m" => "15m", "long enough to pay, short against a lesson's notice";

    /// How chat messages are stored.
    chat_persistence: Persistence = "chat.persistence", "per_message" => "per_message", "a batch saves commits and costs a wait";

    /// Whom a chat message reaches: the sockets of this process, or by Redis those of all instances.
    chat_fanout: Fanout = "chat.fanout", "in_process" => "in_process", "one instance needs no more; several do, or their people do not hear each other";
    /// Whether bookings, payments and sessions write notifications.
    notifications_write: OnOff = "notifications.write", "off" => "off", "no optimization: what is measured is the same write with and without its notification";

    /// Compression of JSON answers for clients that accept it.
    http_compression: Compression = "http.compression", "off" => "off", "pays where the network is slower than the processor";
    /// Limit on concurrent requests.
    http_admission: Admission = "http.admission", "off" => "off", "rejecting some requests keeps the others fast under overload";

    /// How PostgreSQL is reached; by way of PgBouncer the pool's connections share its few.
    db_via: Via = "db.via", "direct" => "direct", "pays where many instances have more connections than PostgreSQL has processors; costs a hop";
    /// How a mentor's open slots and page are read: on a connection of the pool, or pipelined over so many that all requests share.
    db_driver: Driver = "db.driver", "pooled" => "pooled", "pays where messages cost more than statements; a slow statement delays those behind it";
    /// Which server answers lists and details that may be a little old; whatever decides stays on the primary.
    db_reads: ReadSource = "db.reads", "primary" => "primary", "pays where reads need more processors than one machine has; costs staleness, or with own writes a share of the gain";
    /// Whether a commit waits until its log is on disk; off can lose the last moments in a crash.
    db_synchronous_commit: OnOff = "db.synchronous_commit", "on" => "on", "PostgreSQL's default; off trades durability, so it is no optimization to ship";
    /// Keep prepared statements on each connection, a hundred of them.
    db_statement_cache: OnOff = "db.statement_cache", "on" => "on", "sqlx default; without it each statement is parsed and planned again, in a round trip more";
    /// How long PostgreSQL works on one statement before it cancels it.
    db_statement_timeout: TimeLimit = "db.statement_timeout", "off" => "5s", "PostgreSQL's default is none: a runaway statement keeps its connection; 5 s is half of a client's timeout";
    /// Whether PostgreSQL itself keeps a person from the bookings and conflicts of others, by policies on these tables; without an index each statement reads them whole.
    db_rls: RowSecurity = "db.rls", "off" => "off", "Wheels & Wins: policies must use indexed columns; a second check of who may see a row, and no optimization";
    /// Network latency planted between application and database: every message to PostgreSQL arrives that much later.
    db_round_trip: ShortTime<50> = "db.round_trip", "0ms" => "0ms", "a database on another machine: 0.5 ms in a data centre, tens between regions; a pool starves where statements wait";

    /// Deliberate slowness: every API request takes that many per cent longer.
    lab_slowdown: WholeNumber<0, 1000> = "lab.slowdown", "0" => "0", "a planted effect, which a sound experiment finds";
}

impl Profile {
    /// The platform as "CodeConnect Performance Test Results" found it.
    pub fn before() -> Self {
        Self::read(|switch| switch.before)
    }

    /// The platform with every optimization of that document.
    pub fn after() -> Self {
        Self::read(|switch| switch.after)
    }

    /// A profile by its name.
    pub fn named(name: &str) -> Result<Self, BadSwitch> {
        match name {
            "before" => Ok(Self::before()),
            "after" => Ok(Self::after()),
            _ => Err(BadSwitch::Name(name.to_owned())),
        }
    }

    /// Sets one switch from `switch=value`.
    pub fn apply(&mut self, setting: &str) -> Result<(), BadSwitch> {
        let (path, value) = self::setting(setting)?;
        self.set(path, value)
    }

    /// Each switch that is set to a value known to be wrong, as `switch=value`: such a value exists
    /// only to prove that the audit finds the fault.
    pub fn known_wrong(&self) -> Vec<String> {
        let wrong = [
            (
                "bookings.strategy",
                self.bookings_strategy.as_str(),
                self.bookings_strategy.is_known_wrong(),
            ),
            (
                "bookings.idempotency",
                self.bookings_idempotency.as_str(),
                !self.bookings_idempotency.is_on(),
            ),
        ];
        wrong
            .iter()
            .filter(|(.., is_wrong)| *is_wrong)
            .map(|(path, value, _)| format!("{path}={value}"))
            .collect()
    }

    /// Switches in which two profiles differ: path, value here, value there.
    pub fn differences(&self, other: &Self) -> Vec<(String, String, String)> {
        self.values()
            .into_iter()
            .zip(other.values())
            .filter(|((_, here), (_, there))| here != there)
            .map(|((path, here), (_, there))| (path, here, there))
            .collect()
    }

    /// Short digest of all values: 12 hexadecimal digits of SHA-256.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.values())
    }
}

impl Default for Profile {
    /// The profile of a server without a configured one: everything on.
    fn default() -> Self {
        Self::after()
    }
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Profile {
    /// Reads a map of switch to value over the default profile; unknown and repeated switches are refused.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = SwitchMap::deserialize(deserializer)?;
        let mut profile = Self::default();
        for (path, value) in given.0 {
            let text = match value {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
            profile
                .set(&path, &text)
                .map_err(serde::de::Error::custom)?;
        }
        Ok(profile)
    }
}

/// The two sides of `switch=value`.
pub fn setting(text: &str) -> Result<(&str, &str), BadSwitch> {
    text.split_once('=')
        .map(|(path, value)| (path.trim(), value))
        .filter(|(path, _)| !path.is_empty())
        .ok_or_else(|| BadSwitch::Form(text.to_owned()))
}

/// Short digest of switch values: 12 hexadecimal digits of SHA-256 over `path=value` lines.
pub fn fingerprint(values: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (path, value) in values {
        hash.update(format!("{path}={value}\n").as_bytes());
    }
    hex::of(&hash.finalize()[..6])
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or("`loadgen switches` lists them".to_owned(), |near| {
        format!("did you mean `{near}`?")
    })
}

fn unknown(path: &str) -> BadSwitch {
    BadSwitch::Path {
        path: path.to_owned(),
        nearest: nearest(path, SWITCHES.iter().map(|switch| switch.path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_the_catalogue_reads_and_prints_the_same() {
        for (profile, pick) in [
            (
                Profile::before(),
                (|s| s.before) as fn(&Switch) -> &'static str,
            ),
            (Profile::after(), |s| s.after),
        ] {
            for switch in SWITCHES {
                assert_eq!(
                    profile.get(switch.path).unwrap(),
                    pick(switch),
                    "{}",
                    switch.path
                );
                assert!(!switch.help.is_empty() && !switch.source.is_empty());
            }
        }
    }

    #[test]
    fn a_profile_reads_back_from_json_as_it_was_written() {
        for profile in [Profile::before(), Profile::after()] {
            let text = serde_json::to_string(&profile).unwrap();
            assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), profile);
        }
        let numbers: Profile = serde_json::from_str(r#"{"pool.max": 7}"#).unwrap();
        assert_eq!(numbers.pool_max.get(), 7);
        assert!(serde_json::from_str::<Profile>(r#"{"pool.maks": 7}"#).is_err());
    }

    #[test]
    fn a_wrong_switch_names_the_nearest_and_a_wrong_value_what_would_be_right() {
        let mut profile = Profile::after();
        let error = profile.apply("cache.mentor=off").unwrap_err().to_string();
        assert!(error.contains("did you mean `cache.mentors`"), "{error}");
        let error = profile
            .apply("bookings.strategy=rowlock")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("unique_index, advisory_lock or serializable"),
            "{error}"
        );
        for no_setting in ["pool.max", "=x", " =x"] {
            let error = profile.apply(no_setting).unwrap_err().to_string();
            assert!(error.contains("switch=value"), "{error}");
        }
        let error = profile.apply("a=b").unwrap_err().to_string();
        assert!(error.contains("unknown switch `a`; `loadgen"), "{error}");
        assert!(profile.apply("pool.max=0").is_err());
        assert!(profile.apply("auth.hash=bcrypt(99)").is_err());
        assert!(profile.apply("auth.placement=bounded(0)").is_err());
        assert!(profile.apply("http.admission=limit(0)").is_err());
        assert!(profile.apply("db.driver=pipelined(0)").is_err());
        assert!(profile.apply("db.driver=pipelined(65)").is_err());
        for right in ["off", "limit(7)", "adaptive"] {
            profile.apply(&format!("http.admission={right}")).unwrap();
            assert_eq!(profile.get("http.admission").unwrap(), right);
        }
        for value in ["1ms", "2h", "never"] {
            let error = profile.set("db.statement_timeout", value).unwrap_err();
            assert!(error.to_string().contains("off, or a duration"), "{error}");
        }
    }

    #[test]
    fn a_wrong_value_of_any_switch_is_refused_with_what_it_takes() {
        for switch in SWITCHES {
            let accepts = Profile::accepts(switch.path).unwrap();
            for wrong in ["no_such_value", "", "-1"] {
                let json = serde_json::json!({ switch.path: wrong }).to_string();
                let by_flag = Profile::after().set(switch.path, wrong).unwrap_err();
                let in_file = serde_json::from_str::<Profile>(&json).unwrap_err();
                for error in [by_flag.to_string(), in_file.to_string()] {
                    assert!(error.contains(switch.path), "{error}");
                    assert!(error.contains(&accepts), "{error}");
                }
            }
            for form in Profile::forms(switch.path).unwrap() {
                Profile::after().set(switch.path, form).unwrap();
                let word = form.split('(').next().unwrap_or_default();
                assert!(form == "5s" || accepts.contains(word), "{form}: {accepts}");
            }
            for right in [switch.before, switch.after] {
                let word = right.split('(').next().unwrap_or_default();
                let is_word = word.starts_with(|first: char| first.is_ascii_alphabetic());
                assert!(!is_word || accepts.contains(word), "{right}: {accepts}");
            }
        }
    }

    #[test]
    fn what_is_known_to_be_wrong_is_named_and_no_shipped_profile_is() {
        for mut profile in [Profile::before(), Profile::after()] {
            assert_eq!(profile.known_wrong(), Vec::<String>::new());
            profile.apply("bookings.strategy=naive").unwrap();
            profile.apply("bookings.idempotency=off").unwrap();
            assert_eq!(
                profile.known_wrong(),
                ["bookings.strategy=naive", "bookings.idempotency=off"]
            );
        }
    }

    #[test]
    fn only_what_differs_is_listed_and_moves_the_fingerprint() {
        let mut profile = Profile::after();
        assert!(profile.differences(&Profile::after()).is_empty());
        profile.apply("cache.mentors=off").unwrap();
        assert_eq!(
            profile.differences(&Profile::after()),
            [("cache.mentors".into(), "off".into(), "redis".into())]
        );
        assert_ne!(profile.fingerprint(), Profile::after().fingerprint());
    }
}
