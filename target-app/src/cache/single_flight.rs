//! Single flight: a value that many miss at once is loaded by one of them.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use super::Key;

/// What makes two misses the same: the key, and the generation of its group.
///
/// With the generation in it, a reader that comes after an invalidation joins no load from before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FlightKey {
    /// Which value.
    pub(super) key: Key,
    /// Invalidations seen by this process.
    pub(super) epoch: u64,
    /// Invalidations seen by Redis.
    pub(super) generation: String,
}

type Outcome<T> = watch::Receiver<Option<T>>;

/// Loads under way.
#[derive(Clone, Default)]
pub(super) struct SingleFlight(Arc<Mutex<HashMap<FlightKey, Box<dyn Any + Send + Sync>>>>);

/// The part of one reader in a load.
pub(super) enum FlightRole<T> {
    /// Load, and hand the value to [`FlightLeader::complete`].
    Leader(FlightLeader<T>),
    /// Another reader loads: wait for it.
    Follower(FlightFollower<T>),
}

impl SingleFlight {
    /// Joins the load of `key`, or starts it.
    pub(super) fn join<T: Clone + Send + Sync + 'static>(&self, key: FlightKey) -> FlightRole<T> {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = under_way
            .get(&key)
            .and_then(|outcome| outcome.downcast_ref::<Outcome<T>>())
        {
            return FlightRole::Follower(FlightFollower(outcome.clone()));
        }
        let (announce, outcome) = watch::channel(None);
        under_way.insert(key.clone(), Box::new(outcome));
        FlightRole::Leader(FlightLeader {
            flights: self.clone(),
            key,
            announce,
        })
    }
}

/// The reader that loads; if it is dropped without completing, the followers load themselves.
pub(super) struct FlightLeader<T> {
    flights: SingleFlight,
    key: FlightKey,
    announce: watch::Sender<Option<T>>,
}

impl<T> FlightLeader<T> {
    /// Gives the value to all followers.
    pub(super) fn complete(self, value: T) {
        self.announce.send_replace(Some(value));
    }
}

impl<T> Drop for FlightLeader<T> {
    fn drop(&mut self) {
        self.flights
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

/// A reader that waits for the leader's value.
pub(super) struct FlightFollower<T>(Outcome<T>);

impl<T: Clone> FlightFollower<T> {
    /// The value; `None` if the load ended without one.
    pub(super) async fn value(mut self) -> Option<T> {
        let value = self.0.wait_for(Option::is_some).await.ok()?;
        value.clone()
    }
}
