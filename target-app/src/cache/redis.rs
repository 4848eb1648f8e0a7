//! Values kept in Redis, over a pool of connections or over one that all requests share.
//!
//! A value is deleted together with its group. So that a slow load cannot put back what a
//! mutation took away, each group has a generation: a look-up reads value and generation in
//! one command, and a script stores the loaded value only while the generation is the same
//! (`cache.invalidation` at `versioned`; at `delete` it stores without looking).

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use deadpool_redis::{
    Hook, Manager, Pool, Timeouts,
    redis::{
        AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, Script, ScriptInvocation,
        aio::{ConnectionLike, MultiplexedConnection},
        cmd,
    },
};
use shared::profile::RedisConnection;
use tokio::sync::Mutex as AsyncMutex;

use super::{CacheKind, Group, Key, entry::Entry, generation::Generation};
use crate::timing;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// After a failed connection no other is tried for this long: an absent Redis must cost
/// a request nothing.
const PAUSE: Duration = Duration::from_secs(1);
/// Connections of the pool.
const POOL_SIZE: usize = 32;
/// End of the key with a group's generation.
const GENERATION: &str = "#generation";
/// End of the key with the keys of a group's values.
const MEMBERS: &str = "#members";
/// How long a generation is remembered; far longer than any load takes.
const GENERATION_SECONDS: u64 = 3_600;

/// Stores a value as a member of its group, which lives longer than each of its members; where
/// the fourth argument is 1, not if the group was invalidated since the value was looked up.
///
/// Values expire, and their names stay in the group as long as something is stored in it. Of a large group, each
/// fill looks at four random names and takes out those without a value: then no more than every fourth name is
/// without one for long, whatever was asked for.
const FILL: &str = r"
if ARGV[4] == '1' and (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if redis.call('SCARD', KEYS[3]) >= 1000 then
  for _, member in ipairs(redis.call('SRANDMEMBER', KEYS[3], 4)) do
    if redis.call('EXISTS', member) == 0 then redis.call('SREM', KEYS[3], member) end
  end
end
redis.call('SADD', KEYS[3], KEYS[1])
local life = ARGV[3] + 60000
if redis.call('PTTL', KEYS[3]) < life then redis.call('PEXPIRE', KEYS[3], life) end
return 1";
/// Moves the generation of each group and deletes its values; two keys a group.
const INVALIDATE: &str = r"
for group = 1, #KEYS, 2 do
  redis.call('SET', KEYS[group], ARGV[1], 'EX', ARGV[2])
  local members = redis.call('SMEMBERS', KEYS[group + 1])
  for first = 1, #members, 1000 do
    redis.call('UNLINK', unpack(members, first, math.min(first + 999, #members)))
  end
  redis.call('DEL', KEYS[group + 1])
end
return #KEYS";

/// Why a command failed; every caller goes on without Redis.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It failed a moment ago and is not tried for now.
    #[error("Redis failed a moment ago and is not tried again yet")]
    Paused,
    /// It has not taken an invalidation yet, so what it has must not be read.
    #[error("an invalidation has yet to reach Redis")]
    InvalidationPending,
    /// No pooled connection could be had.
    #[error("no Redis connection: {0}")]
    Checkout(String),
    /// The command failed.
    #[error("Redis failed: {0}")]
    Command(#[from] RedisError),
}

/// A client of Redis; clones share it.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    connections: Connections,
    prefix: String,
    fill: Script,
    invalidate: Script,
    /// No connection is tried before this instant.
    paused_until: Mutex<Option<Instant>>,
    /// When a call was last answered, in nanoseconds since `made`.
    answered_ns: AtomicU64,
    made: Instant,
    /// Makes generations differ within this process; `seed` makes those of processes differ.
    counter: AtomicU64,
    seed: u64,
}

enum Connections {
    Pool(Pool),
    Multiplexed(Box<SharedConnection>),
}

/// One connection for all, made when it is first wanted and again after it is lost.
struct SharedConnection {
    client: Client,
    conn: AsyncMutex<Generation<MultiplexedConnection>>,
}

impl Redis {
    /// A client of the Redis at `url`; connects when it is first used. All keys begin with `prefix`.
    pub fn new(url: &str, connection: RedisConnection, prefix: String) -> Result<Self, CacheError> {
        let connections = match connection {
            RedisConnection::Pool => {
                let manager = Manager::new_with_config(url, config())?;
                let timeouts = Timeouts {
                    wait: Some(RESPONSE_TIMEOUT),
                    create: Some(CONNECT_TIMEOUT),
                    recycle: Some(RESPONSE_TIMEOUT),
                };
                let pool = Pool::builder(manager)
                    .max_size(POOL_SIZE)
                    .timeouts(timeouts)
                    .runtime(deadpool_redis::Runtime::Tokio1)
                    // The checkout of a used connection sends UNWATCH and PING.
                    .pre_recycle(Hook::sync_fn(|_, _| {
                        timing::redis_ping();
                        Ok(())
                    }))
                    .build()
                    .map_err(|failure| CacheError::Checkout(failure.to_string()))?;
                Connections::Pool(pool)
            }
            RedisConnection::Multiplexed => Connections::Multiplexed(Box::new(SharedConnection {
                client: Client::open(url)?,
                conn: AsyncMutex::new(Generation::none()),
            })),
        };
        Ok(Self(Arc::new(Inner {
            connections,
            prefix,
            fill: Script::new(FILL),
            invalidate: Script::new(INVALIDATE),
            paused_until: Mutex::new(None),
            answered_ns: AtomicU64::new(0),
            made: Instant::now(),
            counter: AtomicU64::new(0),
            seed: rand::random(),
        })))
    }

    /// How it is reached.
    pub(super) fn connection(&self) -> RedisConnection {
        match self.0.connections {
            Connections::Pool(_) => RedisConnection::Pool,
            Connections::Multiplexed(_) => RedisConnection::Multiplexed,
        }
    }

    /// Deletes every value with this client's prefix and refuses fills of groups that had some.
    pub(super) async fn sweep(&self) -> Result<(), CacheError> {
        let pattern = format!("{}:*", self.0.prefix);
        let mut cursor = 0;
        loop {
            let (next, keys) = self.scan(cursor, &pattern).await?;
            let mut values = cmd("UNLINK");
            let mut any = false;
            for key in &keys {
                if let Some(group) = key.strip_suffix(MEMBERS) {
                    self.invalidate_keys(&[GroupKeys::of(group)]).await?;
                } else if !key.ends_with(GENERATION) {
                    values.arg(key);
                    any = true;
                }
            }
            if any {
                let _: u64 = self.run(RedisCall::Command(&values)).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    /// Keys of values of one kind, whichever process stored them; at most `most`.
    pub(super) async fn keys(
        &self,
        kind: &'static CacheKind,
        most: usize,
    ) -> Result<Vec<Key>, CacheError> {
        let prefix = format!("{}:{}:", self.0.prefix, kind.name);
        let pattern = format!("{prefix}*");
        let (mut found, mut cursor) = (Vec::new(), 0);
        loop {
            let (next, keys) = self.scan(cursor, &pattern).await?;
            for key in keys {
                let named = key
                    .strip_prefix(&prefix)
                    .and_then(|rest| rest.rsplit_once(':'));
                let Some((group, name)) = named.filter(|_| !key.contains('#')) else {
                    continue;
                };
                let value: Option<Vec<u8>> =
                    self.run(RedisCall::Command(cmd("GET").arg(&key))).await?;
                // It may have expired since.
                if let Some(entry) = value.and_then(Entry::decode) {
                    found.push(Key {
                        kind,
                        group: group.to_owned(),
                        name: name.to_owned(),
                        question: entry.question,
                    });
                }
                if found.len() == most {
                    return Ok(found);
                }
            }
            if next == 0 {
                return Ok(found);
            }
            cursor = next;
        }
    }

    async fn scan(&self, cursor: u64, pattern: &str) -> Result<(u64, Vec<String>), CacheError> {
        self.run(RedisCall::Command(
            cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(pattern)
                .arg("COUNT")
                .arg(1_000),
        ))
        .await
    }

    /// A value that was stored at the generation that its group has, and that for [`fill`](Self::fill).
    pub(super) async fn look_up(&self, key: &Key) -> Result<(Option<Entry>, String), CacheError> {
        let group = self.group(key.kind.name, &key.group);
        let (value, generation): (Option<Vec<u8>>, Option<String>) = self
            .run(RedisCall::Command(
                cmd("MGET").arg(self.value(key)).arg(group.generation),
            ))
            .await?;
        let generation = generation.unwrap_or_default();
        let entry = value.and_then(|value| Entry::decode_of(value, &generation));
        Ok((entry, generation))
    }

    /// Stores a value as a member of its group, and tells whether: with a generation only while
    /// the group still has it.
    pub(super) async fn fill(
        &self,
        key: &Key,
        generation: Option<&str>,
        entry: &Entry,
    ) -> Result<bool, CacheError> {
        let group = self.group(key.kind.name, &key.group);
        let stored_at = generation.unwrap_or_default();
        let mut call = self.0.fill.prepare_invoke();
        call.key(self.value(key))
            .key(group.generation)
            .key(group.members)
            .arg(stored_at)
            .arg(&entry.encode(stored_at)[..])
            .arg(millis(entry.left()))
            .arg(u8::from(generation.is_some()));
        self.run(RedisCall::Script(&call)).await
    }

    /// A value, without regard to generations.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Entry>, CacheError> {
        let value: Option<Vec<u8>> = self
            .run(RedisCall::Command(cmd("GET").arg(self.value(key))))
            .await?;
        Ok(value.and_then(Entry::decode))
    }

    /// Stores a value of no group: nothing but its time ends it.
    pub(super) async fn put(&self, key: &Key, entry: &Entry) -> Result<(), CacheError> {
        self.run(RedisCall::Command(
            cmd("SET")
                .arg(self.value(key))
                .arg(&entry.encode("")[..])
                .arg("PX")
                .arg(millis(entry.left())),
        ))
        .await
    }

    /// Deletes the values of these groups and refuses fills that were looked up before, with one command.
    pub(super) async fn invalidate(&self, groups: &[&Group]) -> Result<(), CacheError> {
        let keys: Vec<GroupKeys> = groups
            .iter()
            .map(|group| self.group(group.kind.name, &group.name))
            .collect();
        self.invalidate_keys(&keys).await
    }

    async fn invalidate_keys(&self, groups: &[GroupKeys]) -> Result<(), CacheError> {
        // Another one than any of these groups had before, which is all that a generation has to be.
        let next = self.0.counter.fetch_add(1, Relaxed);
        let mut call = self.0.invalidate.prepare_invoke();
        for keys in groups {
            call.key(&keys.generation).key(&keys.members);
        }
        call.arg(format!("{:x}.{next:x}", self.0.seed))
            .arg(GENERATION_SECONDS);
        self.run(RedisCall::Script(&call)).await
    }

    fn value(&self, key: &Key) -> String {
        let Inner { prefix, .. } = &*self.0;
        format!("{prefix}:{}:{}:{}", key.kind.name, key.group, key.name)
    }

    fn group(&self, kind: &str, group: &str) -> GroupKeys {
        let Inner { prefix, .. } = &*self.0;
        GroupKeys::of(&format!("{prefix}:{kind}:{group}"))
    }

    async fn run<T: FromRedisValue>(&self, call: RedisCall<'_>) -> Result<T, CacheError> {
        if self.paused() {
            return Err(CacheError::Paused);
        }
        let begun = Instant::now();
        let outcome = match &self.0.connections {
            // Boxed, for the library's futures are large and every request holds several.
            Connections::Pool(pool) => timing::redis(Box::pin(pooled(pool, call))).await,
            Connections::Multiplexed(shared) => {
                timing::redis(Box::pin(self.multiplexed(shared, call))).await
            }
        };
        match &outcome {
            Err(CacheError::Checkout(_)) => self.pause(begun),
            Err(CacheError::Command(error)) if is_lost(error) => self.pause(begun),
            Err(_) => {}
            Ok(_) => self.answered(Instant::now()),
        }
        outcome
    }

    async fn multiplexed<T: FromRedisValue>(
        &self,
        shared: &SharedConnection,
        call: RedisCall<'_>,
    ) -> Result<T, CacheError> {
        let (mut conn, number) = {
            let mut slot = shared.conn.lock().await;
            if let Some(made) = slot.get() {
                made
            } else if self.paused() {
                // The holder of the lock before this one found Redis absent.
                return Err(CacheError::Paused);
            } else {
                let (begun, config) = (Instant::now(), config());
                let conn = shared
                    .client
                    .get_multiplexed_async_connection_with_config(&config)
                    .await
                    .inspect_err(|_| self.pause(begun))?;
                slot.put(conn)
            }
        };
        let outcome = call.on(&mut conn).await;
        if outcome.as_ref().is_err_and(is_lost) {
            // The next one to come connects anew, unless another one has.
            shared.conn.lock().await.end(number);
        }
        Ok(outcome?)
    }

    fn paused(&self) -> bool {
        let mut until = lock(&self.0.paused_until);
        match *until {
            Some(instant) if Instant::now() < instant => true,
            Some(_) => {
                *until = None;
                false
            }
            None => false,
        }
    }

    /// Notes that a call found Redis absent that began then: unless another one was answered since. It waited on a
    /// connection that was lost, and Redis is back.
    fn pause(&self, begun: Instant) {
        if self.0.answered_ns.load(Relaxed) <= self.nanos(begun) {
            *lock(&self.0.paused_until) = Some(Instant::now() + PAUSE);
        }
    }

    /// Notes that a call was answered then.
    fn answered(&self, at: Instant) {
        self.0.answered_ns.store(self.nanos(at), Relaxed);
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.0.made).as_nanos()).unwrap_or(u64::MAX)
    }
}

struct GroupKeys {
    generation: String,
    members: String,
}

impl GroupKeys {
    fn of(group: &str) -> Self {
        Self {
            generation: format!("{group}{GENERATION}"),
            members: format!("{group}{MEMBERS}"),
        }
    }
}

enum RedisCall<'a> {
    Command(&'a Cmd),
    Script(&'a ScriptInvocation<'a>),
}

impl RedisCall<'_> {
    async fn on<T: FromRedisValue>(
        &self,
        conn: &mut (impl ConnectionLike + Send),
    ) -> Result<T, RedisError> {
        match self {
            Self::Command(command) => command.query_async(conn).await,
            Self::Script(call) => call.invoke_async(conn).await,
        }
    }
}

async fn pooled<T: FromRedisValue>(pool: &Pool, call: RedisCall<'_>) -> Result<T, CacheError> {
    let mut conn = pool
        .get()
        .await
        .map_err(|failure| CacheError::Checkout(failure.to_string()))?;
    let outcome = call.on(&mut conn).await;
    if outcome.as_ref().is_err_and(is_lost) {
        // A connection that failed does not go back.
        drop(deadpool_redis::Connection::take(conn));
    }
    Ok(outcome?)
}

/// The library's own limits are short (500 ms) and would fail first under overload.
fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
}

/// Whether the connection is of no further use.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error() || error.is_timeout() || error.is_unrecoverable_error()
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_failed_pauses_redis_unless_another_one_was_answered_since_it_began() {
        let at = "redis://127.0.0.1:1";
        let redis = || Redis::new(at, RedisConnection::Multiplexed, String::new()).unwrap();
        let never = redis();
        never.pause(never.0.made);
        assert!(never.paused());
        let once = redis();
        let answered = once.0.made + PAUSE;
        once.answered(answered);
        once.pause(once.0.made);
        assert!(!once.paused(), "it began before");
        once.pause(answered + PAUSE);
        assert!(once.paused());
    }
}
