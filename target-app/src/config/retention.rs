//! How long rows are kept that have served their purpose; the purge deletes them afterwards.

use std::time::Duration;

use shared::time::Millis;

use super::{Args, ConfigError};

/// Longest that anything can be kept: the longest duration that a setting can have.
const LONGEST: Millis = Millis(365 * 24 * 3_600_000);
/// A client that repeats a request with the same key does so within this time.
const SHORTEST_KEY: Millis = Millis(3_600_000);
/// Longer than an address is locked after failed sign-ins, and than clocks of instances differ.
const SHORTEST: Millis = Millis(5 * 60_000);

/// Times of one feature's tables each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// A refresh token, from its expiry. An expired one is refused whether or not its row is there.
    pub refresh_tokens: Duration,
    /// The count of sign-ins at an address, from the last attempt.
    pub sign_in_attempts: Duration,
    /// An idempotency key with its response, from the first request.
    pub idempotency_keys: Duration,
    /// The reason of a refused booking, from the refusal: as long as somebody may ask for it.
    pub booking_conflicts: Duration,
    /// A notification, from when it was read; one that is unread stays.
    pub read_notifications: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            refresh_tokens: Duration::from_hours(24),
            sign_in_attempts: Duration::from_hours(24),
            idempotency_keys: Duration::from_hours(7 * 24),
            booking_conflicts: Duration::from_hours(90 * 24),
            read_notifications: Duration::from_hours(30 * 24),
        }
    }
}

impl Args {
    /// How long rows are kept.
    pub(super) fn retention(&self) -> Result<Retention, ConfigError> {
        let usual = Retention::default();
        Ok(Retention {
            refresh_tokens: kept(
                "--keep-refresh-tokens",
                self.keep_refresh_tokens,
                usual.refresh_tokens,
                SHORTEST,
            )?,
            sign_in_attempts: kept(
                "--keep-sign-in-attempts",
                self.keep_sign_in_attempts,
                usual.sign_in_attempts,
                SHORTEST,
            )?,
            idempotency_keys: kept(
                "--keep-idempotency-keys",
                self.keep_idempotency_keys,
                usual.idempotency_keys,
                SHORTEST_KEY,
            )?,
            booking_conflicts: kept(
                "--keep-booking-conflicts",
                self.keep_booking_conflicts,
                usual.booking_conflicts,
                SHORTEST,
            )?,
            read_notifications: kept(
                "--keep-read-notifications",
                self.keep_read_notifications,
                usual.read_notifications,
                SHORTEST,
            )?,
        })
    }
}

/// What is given within its bounds, or what is usual.
fn kept(
    flag: &str,
    given: Option<Millis>,
    usual: Duration,
    shortest: Millis,
) -> Result<Duration, ConfigError> {
    match given {
        Some(given) if !(shortest..=LONGEST).contains(&given) => Err(ConfigError::Value(format!(
            "{flag} takes {shortest} to {LONGEST}, not {given}"
        ))),
        given => Ok(given.map_or(usual, Millis::duration)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets one of the times.
    type SetTime = fn(&mut Args, Millis);

    fn time(text: &str) -> Millis {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_not_given_is_as_usual_and_what_is_given_is_taken() {
        assert_eq!(Args::default().retention().unwrap(), Retention::default());
        let args = Args {
            keep_refresh_tokens: Some(time("5m")),
            keep_sign_in_attempts: Some(time("10m")),
            keep_idempotency_keys: Some(time("1h")),
            keep_booking_conflicts: Some(time("8760h")),
            keep_read_notifications: Some(time("2h")),
            ..Args::default()
        };
        let wanted = Retention {
            refresh_tokens: Duration::from_mins(5),
            sign_in_attempts: Duration::from_mins(10),
            idempotency_keys: Duration::from_hours(1),
            booking_conflicts: Duration::from_hours(365 * 24),
            read_notifications: Duration::from_hours(2),
        };
        assert_eq!(args.retention().unwrap(), wanted);
    }

    #[test]
    fn a_time_out_of_bounds_is_refused_with_the_flag_and_the_bounds() {
        let table: [(&str, &str, SetTime); 5] = [
            ("--keep-refresh-tokens", "5m to 8760h", |args, time| {
                args.keep_refresh_tokens = Some(time);
            }),
            ("--keep-sign-in-attempts", "5m to 8760h", |args, time| {
                args.keep_sign_in_attempts = Some(time);
            }),
            ("--keep-idempotency-keys", "1h to 8760h", |args, time| {
                args.keep_idempotency_keys = Some(time);
            }),
            ("--keep-booking-conflicts", "5m to 8760h", |args, time| {
                args.keep_booking_conflicts = Some(time);
            }),
            ("--keep-read-notifications", "5m to 8760h", |args, time| {
                args.keep_read_notifications = Some(time);
            }),
        ];
        for (flag, bounds, set) in table {
            for wrong in ["0s", "4m59s", "8761h"] {
                let mut args = Args::default();
                set(&mut args, time(wrong));
                let error = args.retention().unwrap_err().to_string();
                assert!(error.contains(flag) && error.contains(bounds), "{error}");
            }
        }
    }
}
