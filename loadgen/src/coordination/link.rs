//! One connection to Redis, opened again once after it was lost. Every command has a time limit.

use std::time::{Duration, Instant};

use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, Value,
    aio::MultiplexedConnection, cmd,
};
use tokio::sync::Mutex;

use super::{address::RedisAddress, error::CoordinationError};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Most entries that are read from a stream at once.
const AT_ONCE: u32 = 16;

/// Since when Redis has not answered: a short absence of it ends nothing.
#[derive(Debug)]
pub(super) struct RedisAbsence {
    longest: Duration,
    since: Option<Instant>,
}

impl RedisAbsence {
    /// None yet; one that is longer than `longest` is an error.
    pub(super) const fn new(longest: Duration) -> Self {
        Self {
            longest,
            since: None,
        }
    }

    /// It has answered.
    pub(super) fn end(&mut self) {
        self.since = None;
    }

    /// Takes the error of a question that failed at `now`. Gives it back where Redis has been away for too long,
    /// and every error that says something else at once.
    pub(super) fn take(
        &mut self,
        error: CoordinationError,
        now: Instant,
    ) -> Result<(), CoordinationError> {
        let since = *self.since.get_or_insert(now);
        let is_absence = matches!(error, CoordinationError::Redis { .. });
        if is_absence && now.saturating_duration_since(since) <= self.longest {
            Ok(())
        } else {
            Err(error)
        }
    }
}

/// An entry of a stream: its id, and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamEntry {
    pub(super) id: String,
    pub(super) fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl StreamEntry {
    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&[u8]> {
        let found = self.fields.iter().find(|(key, _)| key == name.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }
}

/// The connection of a process.
pub(super) struct RedisLink {
    client: Client,
    address: RedisAddress,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl std::fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RedisLink").field(&self.address).finish()
    }
}

impl RedisLink {
    /// A link that connects when it is used.
    pub(super) fn new(address: &RedisAddress) -> Result<Self, CoordinationError> {
        let client = address.client().map_err(|why| CoordinationError::Redis {
            address: address.to_string(),
            why,
        })?;
        Ok(Self {
            client,
            address: address.clone(),
            connection: Mutex::new(None),
        })
    }

    /// Where it leads.
    pub(super) const fn address(&self) -> &RedisAddress {
        &self.address
    }

    /// Sends one command; once more on a new connection where the old one was lost.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        command: &Cmd,
    ) -> Result<T, CoordinationError> {
        let answer = match self.try_once(command).await {
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => {
                *self.connection.lock().await = None;
                self.try_once(command).await
            }
            answer => answer,
        };
        answer.map_err(|why| CoordinationError::Redis {
            address: self.address.to_string(),
            why,
        })
    }

    async fn try_once<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut connection = self.connected().await?;
        command.query_async(&mut connection).await
    }

    async fn connected(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.as_ref() {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        *slot = Some(connection.clone());
        Ok(connection)
    }

    /// The time of Redis, in microseconds since 1970.
    pub(super) async fn time_us(&self) -> Result<i64, CoordinationError> {
        let (seconds, us): (i64, i64) = self.ask(&cmd("TIME")).await?;
        Ok(seconds * 1_000_000 + us)
    }

    /// The entries of a stream after the one with id `after`, a bounded number of them.
    pub(super) async fn entries_after(
        &self,
        key: &str,
        after: &str,
    ) -> Result<Vec<StreamEntry>, CoordinationError> {
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(AT_ONCE);
        read.arg("STREAMS").arg(key).arg(after);
        Ok(entries(self.ask(&read).await?))
    }
}

/// The entries of the only stream of an answer to `XREAD`; none where it is empty.
fn entries(answer: Value) -> Vec<StreamEntry> {
    let stream = match answer {
        Value::Array(mut streams) if !streams.is_empty() => match streams.swap_remove(0) {
            Value::Array(mut pair) if pair.len() == 2 => pair.swap_remove(1),
            _ => return Vec::new(),
        },
        // As RESP3 writes it.
        Value::Map(mut streams) if !streams.is_empty() => streams.swap_remove(0).1,
        _ => return Vec::new(),
    };
    let Value::Array(all) = stream else {
        return Vec::new();
    };
    all.into_iter().filter_map(entry).collect()
}

fn entry(value: Value) -> Option<StreamEntry> {
    let Value::Array(pair) = value else {
        return None;
    };
    let [id, Value::Array(words)] = <[Value; 2]>::try_from(pair).ok()? else {
        return None;
    };
    let id = String::from_utf8(bytes(id)?).ok()?;
    let mut words = words.into_iter();
    let mut fields = Vec::new();
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        fields.push((bytes(key)?, bytes(value)?));
    }
    Some(StreamEntry { id, fields })
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_absence_is_taken_and_a_long_one_or_another_error_is_given_back() {
        let (zero, second) = (Instant::now(), Duration::from_secs(1));
        let away = || CoordinationError::Redis {
            address: String::new(),
            why: RedisError::from(std::io::Error::other("gone")),
        };
        let mut absence = RedisAbsence::new(10 * second);
        for at in [0_u32, 5, 10] {
            assert!(absence.take(away(), zero + at * second).is_ok(), "{at}");
        }
        assert!(absence.take(away(), zero + 11 * second).is_err());
        // One that is over does not count for the next.
        absence.end();
        assert!(absence.take(away(), zero + 12 * second).is_ok());
        let foreign = CoordinationError::Foreign("x".to_owned());
        assert!(absence.take(foreign, zero + 12 * second).is_err());
    }

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn entries_are_read_as_redis_writes_them_and_what_is_none_is_left_out() {
        let fields = Value::Array(vec![text("head"), text("{}"), text("body"), text("x")]);
        let stream = vec![
            Value::Array(vec![text("1-0"), fields]),
            Value::Int(3),
            Value::Array(vec![text("2-0"), Value::Nil]),
        ];
        let answer = Value::Array(vec![Value::Array(vec![text("key"), Value::Array(stream)])]);
        let read = entries(answer);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].id, "1-0");
        assert_eq!(read[0].field("body"), Some(&b"x"[..]));
        assert_eq!(read[0].field("none"), None);
        assert!(entries(Value::Nil).is_empty());
    }
}
