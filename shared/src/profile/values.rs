//! The types of switch values: each parses from and prints as the word that a user writes.

use std::{fmt, str::FromStr};

use crate::time::Millis;

/// A value of a switch.
pub trait SwitchValue: FromStr + fmt::Display + Clone + PartialEq {
    /// The values it takes, for help and error messages: `off, memory or redis`.
    fn accepts() -> String;
    /// A value of each form: all of a closed list, one where a form has numbers; none where the
    /// whole value is a number or a time.
    fn forms() -> Vec<&'static str>;
}

macro_rules! choices {
    ($( $(#[$doc:meta])* $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $text:literal ),+ $(,)? } )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $( $(#[$variant_doc])* $variant ),+ }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &[Self] = &[ $( Self::$variant ),+ ];
            /// The word that a user writes.
            pub const fn as_str(self) -> &'static str { match self { $( Self::$variant => $text ),+ } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
        impl FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or(())
            }
        }
        impl SwitchValue for $name {
            fn accepts() -> String {
                let words: Vec<_> = Self::ALL.iter().map(|value| value.as_str()).collect();
                match words.split_last() {
                    Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                    _ => words.join(""),
                }
            }
            fn forms() -> Vec<&'static str> {
                Self::ALL.iter().map(|value| value.as_str()).collect()
            }
        }
    )+ };
}

pub(super) use choices;

choices! {
    /// A switch with two positions.
    OnOff {
        /// In force.
        On = "on",
        /// Not in force.
        Off = "off",
    }
    /// How long a request keeps a database connection.
    Checkout {
        /// One checkout for each statement.
        PerQuery = "per_query",
        /// One checkout for the whole request.
        PerRequest = "per_request",
    }
    /// Shape of the mentor list query.
    ListQuery {
        /// One statement for the page, then several for each mentor on it.
        NPlusOne = "n_plus_one",
        /// One statement for everything.
        Joined = "joined",
    }
    /// How a list goes on to the next page.
    Pagination {
        /// Skips the rows of the pages before.
        Offset = "offset",
        /// Continues after the last row seen.
        Keyset = "keyset",
    }
    /// Whether a list has the total number of its items.
    Total {
        /// Counted for each request.
        Exact = "exact",
        /// Not counted.
        None = "none",
    }
    /// Where cached values live.
    Store {
        /// Nowhere: every request loads.
        Off = "off",
        /// In this process.
        Memory = "memory",
        /// In Redis.
        Redis = "redis",
        /// In Redis, and for `cache.tiered.ttl` also in this process.
        Tiered = "tiered",
    }
    /// What a mutation does to the cached values that it makes wrong.
    Invalidation {
        /// Nothing: they live until they expire.
        TtlOnly = "ttl_only",
        /// KNOWN WRONG: deletes them, but a load that the mutation overtook is stored after the
        /// deletion, and then lives until it expires (the stale set).
        Delete = "delete",
        /// Deletes them and moves their group's version; a load is stored only if the version
        /// is still the one that its look-up saw (a lease).
        Versioned = "versioned",
    }
    /// How Redis is reached.
    RedisConnection {
        /// An exclusive pooled connection for each command, checked with PING.
        Pool = "pool",
        /// One shared connection that interleaves commands.
        Multiplexed = "multiplexed",
    }
    /// How login reads the account.
    LoginQueries {
        /// One statement for each table.
        Sequential = "sequential",
        /// One statement for all tables.
        Joined = "joined",
    }
    /// Compression of JSON answers for clients that accept it.
    Compression {
        /// Sent uncompressed.
        Off = "off",
        /// gzip at its fastest level.
        Gzip = "gzip",
        /// Brotli at a middle level.
        Br = "br",
    }
    /// How PostgreSQL is reached.
    Via {
        /// By connections of this process.
        Direct = "direct",
        /// Through PgBouncer in transaction mode.
        Pgbouncer = "pgbouncer",
    }
    /// How chat messages are stored.
    Persistence {
        /// One statement and one commit for each.
        PerMessage = "per_message",
        /// One transaction for all messages of all rooms within a few milliseconds.
        Batched = "batched",
    }
    /// Whom a chat message reaches.
    Fanout {
        /// Sockets of this process.
        InProcess = "in_process",
        /// Sockets of all instances, by a channel of Redis.
        Redis = "redis",
    }
    /// Whether PostgreSQL itself keeps the rows of one person from another.
    RowSecurity {
        /// No: the statements' own conditions do.
        Off = "off",
        /// Policies, and the indexes that serve them.
        On = "on",
        /// Policies without an index: each statement reads the whole table.
        OnUnindexed = "on_unindexed",
    }
    /// Whether a booking has to be paid.
    PaymentRule {
        /// A booking is final when it is made.
        Off = "off",
        /// A booking is a hold until it is paid.
        Required = "required",
    }
    /// How a booking guards the capacity of a slot.
    Strategy {
        /// KNOWN WRONG: checks, then inserts, with nothing to stop a concurrent booking in between.
        Naive = "naive",
        /// KNOWN WRONG: reads the count of places, then writes back one more.
        UnlockedCounter = "unlocked_counter",
        /// Locks the slot's row first.
        RowLock = "row_lock",
        /// Increments the count in an update that only matches while a place is free.
        ConditionalUpdate = "conditional_update",
        /// Inserts a numbered place and lets the unique index refuse the second.
        UniqueIndex = "unique_index",
        /// Takes an advisory lock for the slot instead of a row lock.
        AdvisoryLock = "advisory_lock",
        /// Checks and inserts in a serializable transaction, which is run again after a
        /// serialization failure.
        Serializable = "serializable",
    }
}

impl From<bool> for OnOff {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

impl OnOff {
    /// Whether it is on.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

impl Invalidation {
    /// Whether it exists only to prove that the audit finds the fault.
    pub const fn is_known_wrong(self) -> bool {
        matches!(self, Self::Delete)
    }
}

impl RowSecurity {
    /// Whether policies are in force.
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }
}

impl PaymentRule {
    /// Whether a booking is a hold until it is paid.
    pub const fn is_required(self) -> bool {
        matches!(self, Self::Required)
    }
}

impl Strategy {
    /// Whether it exists only to prove that the audit finds the fault.
    pub const fn is_known_wrong(self) -> bool {
        matches!(self, Self::Naive | Self::UnlockedCounter)
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WholeNumber<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> WholeNumber<MIN, MAX> {
    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for WholeNumber<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: u32, const MAX: u32> FromStr for WholeNumber<MIN, MAX> {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse()
            .ok()
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or(())
    }
}

impl<const MIN: u32, const MAX: u32> SwitchValue for WholeNumber<MIN, MAX> {
    fn accepts() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }

    fn forms() -> Vec<&'static str> {
        Vec::new()
    }
}

impl SwitchValue for Millis {
    fn accepts() -> String {
        "a duration like 250ms, 30s or 5m".to_owned()
    }

    fn forms() -> Vec<&'static str> {
        Vec::new()
    }
}

/// The longest that something may take, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLimit {
    /// As long as it takes.
    Off,
    /// So long, 10 ms to an hour.
    Within(Millis),
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Within(limit) => limit.fmt(f),
        }
    }
}

impl FromStr for TimeLimit {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let limit: Millis = text.parse().map_err(|_| ())?;
        if (10..=3_600_000).contains(&limit.0) {
            Ok(Self::Within(limit))
        } else {
            Err(())
        }
    }
}

impl SwitchValue for TimeLimit {
    fn accepts() -> String {
        "off, or a duration from 10ms to 60m like 5s".to_owned()
    }

    fn forms() -> Vec<&'static str> {
        vec!["off", "5s"]
    }
}

/// How passwords are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashScheme {
    /// bcrypt with `2^cost` rounds, cost 4 to 14.
    Bcrypt {
        /// Exponent of the number of rounds.
        cost: u32,
    },
    /// Argon2id (RFC 9106).
    Argon2id {
        /// Memory in KiB, 1,024 to 262,144.
        memory_kib: u32,
        /// Passes, 1 to 10.
        passes: u32,
        /// Lanes, 1 to 8.
        lanes: u32,
    },
}

impl fmt::Display for HashScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bcrypt { cost } => write!(f, "bcrypt({cost})"),
            Self::Argon2id {
                memory_kib,
                passes,
                lanes,
            } => write!(f, "argon2id({memory_kib},{passes},{lanes})"),
        }
    }
}

impl FromStr for HashScheme {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, numbers) = call(text).ok_or(())?;
        match (name, numbers[..].as_ref()) {
            ("bcrypt", &[cost]) if (4..=14).contains(&cost) => Ok(Self::Bcrypt { cost }),
            ("argon2id", &[memory_kib, passes, lanes])
                if (1_024..=262_144).contains(&memory_kib)
                    && (1..=10).contains(&passes)
                    && (1..=8).contains(&lanes) =>
            {
                Ok(Self::Argon2id {
                    memory_kib,
                    passes,
                    lanes,
                })
            }
            _ => Err(()),
        }
    }
}

impl SwitchValue for HashScheme {
    fn accepts() -> String {
        "bcrypt(COST) with a cost from 4 to 14, or argon2id(KIB,PASSES,LANES) like argon2id(19456,2,1)".to_owned()
    }

    fn forms() -> Vec<&'static str> {
        vec!["bcrypt(4)", "argon2id(1024,1,1)"]
    }
}

/// On which threads passwords are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placement {
    /// On the thread that serves requests, which is blocked meanwhile.
    Inline,
    /// On the runtime's blocking threads, without a limit.
    Blocking,
    /// On blocking threads, at most this many at once.
    Bounded(u32),
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline => f.write_str("inline"),
            Self::Blocking => f.write_str("blocking"),
            Self::Bounded(n) => write!(f, "bounded({n})"),
        }
    }
}

impl FromStr for Placement {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "inline" => Ok(Self::Inline),
            "blocking" => Ok(Self::Blocking),
            _ => match call(text) {
                Some(("bounded", numbers))
                    if numbers.len() == 1 && (1..=512).contains(&numbers[0]) =>
                {
                    Ok(Self::Bounded(numbers[0]))
                }
                _ => Err(()),
            },
        }
    }
}

impl SwitchValue for Placement {
    fn accepts() -> String {
        "inline, blocking or bounded(N) with N from 1 to 512".to_owned()
    }

    fn forms() -> Vec<&'static str> {
        vec!["inline", "blocking", "bounded(1)"]
    }
}

/// Limit on concurrent requests; the rest waits in a short queue or is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Admission {
    /// No limit.
    Off,
    /// At most this many.
    Limit(u32),
    /// As many as leave response times near those of an idle server.
    Adaptive,
}

impl fmt::Display for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Limit(n) => write!(f, "limit({n})"),
            Self::Adaptive => f.write_str("adaptive"),
        }
    }
}

impl FromStr for Admission {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "off" => Ok(Self::Off),
            "adaptive" => Ok(Self::Adaptive),
            _ => match call(text) {
                Some(("limit", numbers))
                    if numbers.len() == 1 && (1..=10_000).contains(&numbers[0]) =>
                {
                    Ok(Self::Limit(numbers[0]))
                }
                _ => Err(()),
            },
        }
    }
}

impl SwitchValue for Admission {
    fn accepts() -> String {
        "off, limit(N) with N from 1 to 10000, or adaptive".to_owned()
    }

    fn forms() -> Vec<&'static str> {
        vec!["off", "limit(64)", "adaptive"]
    }
}

/// Reads `name(1,2,3)`.
pub(super) fn call(text: &str) -> Option<(&str, Vec<u32>)> {
    let (name, rest) = text.split_once('(')?;
    let numbers = rest.strip_suffix(')')?;
    let numbers = numbers
        .split(',')
        .map(|n| n.trim().parse().ok())
        .collect::<Option<Vec<_>>>()?;
    Some((name, numbers))
}
