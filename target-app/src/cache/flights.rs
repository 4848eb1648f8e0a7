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
/// With the generation in it, whoever reads after an invalidation joins no load from before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Route {
    /// Which value.
    pub(super) key: Key,
    /// Invalidations seen by this process.
    pub(super) epoch: u64,
    /// Invalidations seen by Redis.
    pub(super) generation: String,
}

type Landing<T> = watch::Receiver<Option<T>>;

/// Loads under way.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<Route, Box<dyn Any + Send + Sync>>>>);

/// What a miss is told.
pub(super) enum Ticket<T> {
    /// Load, and hand the value to [`Pilot::land`].
    Pilot(Pilot<T>),
    /// Somebody else loads: wait for it.
    Passenger(Passenger<T>),
}

impl Flights {
    /// Joins the load of `route`, or takes it on.
    pub(super) fn board<T: Clone + Send + Sync + 'static>(&self, route: Route) -> Ticket<T> {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = under_way
            .get(&route)
            .and_then(|landing| landing.downcast_ref::<Landing<T>>())
        {
            return Ticket::Passenger(Passenger(landing.clone()));
        }
        let (announce, landing) = watch::channel(None);
        under_way.insert(route.clone(), Box::new(landing));
        Ticket::Pilot(Pilot {
            flights: self.clone(),
            route,
            announce,
        })
    }
}

/// Whoever loads; dropped without landing, the passengers load for themselves.
pub(super) struct Pilot<T> {
    flights: Flights,
    route: Route,
    announce: watch::Sender<Option<T>>,
}

impl<T> Pilot<T> {
    /// Gives the value to all who wait.
    pub(super) fn land(self, value: T) {
        self.announce.send_replace(Some(value));
    }
}

impl<T> Drop for Pilot<T> {
    fn drop(&mut self) {
        self.flights
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.route);
    }
}

/// Whoever waits.
pub(super) struct Passenger<T>(Landing<T>);

impl<T: Clone> Passenger<T> {
    /// The value; `None` when the load came to nothing.
    pub(super) async fn arrive(mut self) -> Option<T> {
        let value = self.0.wait_for(Option::is_some).await.ok()?;
        value.clone()
    }
}
