//! What a person may want of a load that is running: another rate, other users, or its end.
//!
//! A trial says what of it can be changed; a event for anything else is refused with the reason.
//! The load of an experiment is fixed, because both arms of a block must bear the same.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlEvent {
    /// So many iterations a second from now on (open model).
    Rate(f64),
    /// So many virtual users from now on (closed model).
    Users(u32),
}

impl fmt::Display for ControlEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => write!(f, "rate {rate}/s"),
            Self::Users(1) => write!(f, "1 user"),
            Self::Users(users) => write!(f, "{users} users"),
        }
    }
}

/// What of the running load can be changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Adjustable {
    /// Nothing, and why.
    Nothing {
        /// In one line.
        why: String,
    },
    /// The arrival rate.
    Rate {
        /// As it is now, in iterations a second.
        now: f64,
        /// The highest that is taken.
        most: f64,
    },
    /// The number of virtual users.
    Users {
        /// As it is now.
        now: u32,
        /// Most that are taken.
        most: u32,
    },
}

/// Why a event is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// This load cannot be changed, or not in this.
    #[error("{0}")]
    Fixed(String),
    /// Beyond what is possible.
    #[error("{asked} lies outside {least} to {most}")]
    Outside {
        /// What was wanted.
        asked: f64,
        /// The least that is taken.
        least: f64,
        /// The most.
        most: f64,
    },
}

/// Least rate that can be wished for, in iterations a second.
const LEAST_RATE: f64 = 0.1;

/// Shared between those who steer and the load that is steered. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LoadControl {
    stop: CancellationToken,
    events: watch::Sender<Option<ControlEvent>>,
    adjustable: Arc<Mutex<Adjustable>>,
}

impl LoadControl {
    /// Steers nothing yet but the end: `stop` ends the load gracefully.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            stop,
            events: watch::Sender::new(None),
            adjustable: Arc::new(Mutex::new(nothing("no load is running"))),
        }
    }

    /// Ends the load; the report of what was measured follows.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// What is cancelled when the load is to end.
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Whether the end was asked for.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// What can be changed now.
    pub fn adjustable(&self) -> Adjustable {
        self.lock().clone()
    }

    /// Asks the load to change; it does within some tens of milliseconds.
    pub fn event(&self, event: ControlEvent) -> Result<(), ControlError> {
        let mut adjustable = self.lock();
        let within = |asked: f64, least: f64, most: f64| {
            let fits = asked.is_finite() && (least..=most).contains(&asked);
            let outside = ControlError::Outside { asked, least, most };
            fits.then_some(()).ok_or(outside)
        };
        match (&mut *adjustable, event) {
            (Adjustable::Rate { now, most }, ControlEvent::Rate(rate)) => {
                within(rate, LEAST_RATE, *most)?;
                *now = rate;
            }
            (Adjustable::Users { now, most }, ControlEvent::Users(users)) => {
                within(f64::from(users), 1.0, f64::from(*most))?;
                *now = users;
            }
            (Adjustable::Nothing { why }, _) => return Err(ControlError::Fixed(why.clone())),
            (Adjustable::Rate { .. }, ControlEvent::Users(_)) => {
                return Err(ControlError::Fixed(
                    "this load is open: change its rate".to_owned(),
                ));
            }
            (Adjustable::Users { .. }, ControlEvent::Rate(_)) => {
                return Err(ControlError::Fixed(
                    "this load is closed: change its users".to_owned(),
                ));
            }
        }
        self.events.send_replace(Some(event));
        Ok(())
    }

    /// A trial begins and says what can be changed; events of an earlier one are forgotten.
    pub fn begin(&self, adjustable: Adjustable) {
        self.events.send_replace(None);
        *self.lock() = adjustable;
    }

    /// The load is over.
    pub fn end(&self) {
        self.begin(nothing("no load is running"));
    }

    /// The events as they come; the newest counts.
    pub fn events(&self) -> watch::Receiver<Option<ControlEvent>> {
        self.events.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Adjustable> {
        self.adjustable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn nothing(why: &str) -> Adjustable {
    let why = why.to_owned();
    Adjustable::Nothing { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_taken_only_where_the_load_can_follow() {
        let load_control = LoadControl::new(CancellationToken::new());
        let refused = load_control.apply(ControlEvent::Rate(10.0)).unwrap_err();
        assert_eq!(refused.to_string(), "no load is running");
        load_control.begin(Adjustable::Rate {
            now: 10.0,
            most: 100.0,
        });
        let events = load_control.events();
        assert_eq!(*events.borrow(), None);
        load_control.apply(ControlEvent::Rate(20.0)).unwrap();
        assert_eq!(*events.borrow(), Some(ControlEvent::Rate(20.0)));
        let outside = load_control
            .apply(ControlEvent::Rate(f64::NAN))
            .unwrap_err();
        assert!(outside.to_string().ends_with("0.1 to 100"), "{outside}");
        assert!(load_control.apply(ControlEvent::Rate(101.0)).is_err());
        assert!(load_control.apply(ControlEvent::Users(3)).is_err());
        load_control.end();
        assert_eq!(*events.borrow(), None, "a event outlives its load");
    }
}
