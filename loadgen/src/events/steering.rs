//! What a person may want of a load that is running: another rate, other users, or its end.
//!
//! A trial says what of it can be changed; a wish for anything else is refused with the reason.
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
pub enum Wish {
    /// So many iterations a second from now on (open model).
    Rate(f64),
    /// So many virtual users from now on (closed model).
    Users(u32),
}

impl fmt::Display for Wish {
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
pub enum Steerable {
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

/// Why a wish is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unsteerable {
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
pub struct Steering {
    stop: CancellationToken,
    wishes: watch::Sender<Option<Wish>>,
    steerable: Arc<Mutex<Steerable>>,
}

impl Steering {
    /// Steers nothing yet but the end: `stop` ends the load gracefully.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            stop,
            wishes: watch::Sender::new(None),
            steerable: Arc::new(Mutex::new(nothing("no load is running"))),
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
    pub fn steerable(&self) -> Steerable {
        self.lock().clone()
    }

    /// Asks the load to change; it does within some tens of milliseconds.
    pub fn wish(&self, wish: Wish) -> Result<(), Unsteerable> {
        let mut steerable = self.lock();
        let within = |asked: f64, least: f64, most: f64| {
            let fits = asked.is_finite() && (least..=most).contains(&asked);
            let outside = Unsteerable::Outside { asked, least, most };
            fits.then_some(()).ok_or(outside)
        };
        match (&mut *steerable, wish) {
            (Steerable::Rate { now, most }, Wish::Rate(rate)) => {
                within(rate, LEAST_RATE, *most)?;
                *now = rate;
            }
            (Steerable::Users { now, most }, Wish::Users(users)) => {
                within(f64::from(users), 1.0, f64::from(*most))?;
                *now = users;
            }
            (Steerable::Nothing { why }, _) => return Err(Unsteerable::Fixed(why.clone())),
            (Steerable::Rate { .. }, Wish::Users(_)) => {
                return Err(Unsteerable::Fixed(
                    "this load is open: change its rate".to_owned(),
                ));
            }
            (Steerable::Users { .. }, Wish::Rate(_)) => {
                return Err(Unsteerable::Fixed(
                    "this load is closed: change its users".to_owned(),
                ));
            }
        }
        self.wishes.send_replace(Some(wish));
        Ok(())
    }

    /// A trial begins and says what can be changed; wishes of an earlier one are forgotten.
    pub fn begin(&self, steerable: Steerable) {
        self.wishes.send_replace(None);
        *self.lock() = steerable;
    }

    /// The load is over.
    pub fn end(&self) {
        self.begin(nothing("no load is running"));
    }

    /// The wishes as they come; the newest counts.
    pub fn wishes(&self) -> watch::Receiver<Option<Wish>> {
        self.wishes.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Steerable> {
        self.steerable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn nothing(why: &str) -> Steerable {
    let why = why.to_owned();
    Steerable::Nothing { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_taken_only_where_the_load_can_follow() {
        let steering = Steering::new(CancellationToken::new());
        let refused = steering.wish(Wish::Rate(10.0)).unwrap_err();
        assert_eq!(refused.to_string(), "no load is running");
        steering.begin(Steerable::Rate {
            now: 10.0,
            most: 100.0,
        });
        let wishes = steering.wishes();
        assert_eq!(*wishes.borrow(), None);
        steering.wish(Wish::Rate(20.0)).unwrap();
        assert_eq!(*wishes.borrow(), Some(Wish::Rate(20.0)));
        let outside = steering.wish(Wish::Rate(f64::NAN)).unwrap_err();
        assert!(outside.to_string().ends_with("0.1 to 100"), "{outside}");
        assert!(steering.wish(Wish::Rate(101.0)).is_err());
        assert!(steering.wish(Wish::Users(3)).is_err());
        steering.end();
        assert_eq!(*wishes.borrow(), None, "a wish outlives its load");
    }
}
