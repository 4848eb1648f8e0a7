//! Control of the running load: another rate, another number of users, or its end.
//!
//! A trial declares what can be changed; any other change is refused with the reason. The load of
//! an experiment is fixed, because both arms of a block must receive the same load.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A requested change of the running load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlEvent {
    /// Iterations per second from now on (open model).
    Rate(f64),
    /// Number of virtual users from now on (closed model).
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

/// What can be changed while the load runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Adjustable {
    /// Nothing, and why.
    Nothing {
        /// The reason, in one line.
        why: String,
    },
    /// The arrival rate.
    Rate {
        /// Current rate, in iterations per second.
        now: f64,
        /// Highest rate that is accepted.
        most: f64,
    },
    /// The number of virtual users.
    Users {
        /// Current number.
        now: u32,
        /// Highest number that is accepted.
        most: u32,
    },
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// This load, or this property of it, cannot be changed.
    #[error("{0}")]
    Fixed(String),
    /// Outside of the accepted range.
    #[error("{asked} is outside of the range {least} to {most}")]
    Outside {
        /// The requested value.
        asked: f64,
        /// Lowest value that is accepted.
        least: f64,
        /// Highest value that is accepted.
        most: f64,
    },
}

/// Lowest rate that is accepted, in iterations per second.
const LEAST_RATE: f64 = 0.1;

/// The sending end of load control, shared by the views and the running trial. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LoadControl {
    stop: CancellationToken,
    events: watch::Sender<Option<ControlEvent>>,
    adjustable: Arc<Mutex<Adjustable>>,
}

impl LoadControl {
    /// A control without a running load; cancelling `stop` ends the load gracefully.
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

    /// The token that is cancelled when the load shall end.
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Whether the load was stopped.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// What can be changed now.
    pub fn adjustable(&self) -> Adjustable {
        self.lock().clone()
    }

    /// Checks and applies a change; the load follows within some tens of milliseconds.
    pub fn apply(&self, event: ControlEvent) -> Result<(), ControlError> {
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

    /// A trial begins and declares what can be changed; earlier changes are discarded.
    pub fn begin(&self, adjustable: Adjustable) {
        self.events.send_replace(None);
        *self.lock() = adjustable;
    }

    /// The load is over.
    pub fn end(&self) {
        self.begin(nothing("no load is running"));
    }

    /// Receives changes; only the newest one counts.
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
    fn a_change_is_accepted_only_where_the_load_can_follow() {
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
        assert_eq!(*events.borrow(), None, "a change outlives its load");
    }
}
