//! How many passwords this machine checks in a second with nothing beside it: the part that sign-ins
//! stand on. Serves no request.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;
use shared::profile::HashScheme;

use super::passwords::{HashError, hash, verify};

/// Password whose hash is checked.
const PASSWORD: &str = "the password of a measurement";

/// A measured rate.
#[derive(Debug, Clone, Serialize)]
pub struct HashRate {
    /// The scheme, as `auth.hash` has it.
    pub scheme: String,
    /// Threads that checked.
    pub threads: u16,
    /// Passwords that they checked.
    pub checked: u64,
    /// Checks a second of all threads together.
    pub per_s: f64,
}

/// Checks a password again and again on so many threads for about `span`: each thread ends with the
/// check during which the span is over, and its rate is that of its whole checks.
pub fn hash_rate(scheme: HashScheme, threads: u16, span: Duration) -> Result<HashRate, HashError> {
    let stored = hash(scheme, PASSWORD.as_bytes())?;
    let work = || {
        let begin = Instant::now();
        let mut checked = 0_u64;
        loop {
            verify(PASSWORD, &stored)?;
            checked += 1;
            let spent = begin.elapsed();
            if spent >= span {
                return Ok::<_, HashError>((checked, checked as f64 / spent.as_secs_f64()));
            }
        }
    };
    let failed = |why: String| HashError::Failed(why);
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| thread::Builder::new().spawn_scoped(scope, work))
            .collect::<Result<_, _>>()
            .map_err(|error| failed(error.to_string()))?;
        let mut rate = HashRate {
            scheme: scheme.to_string(),
            threads,
            checked: 0,
            per_s: 0.0,
        };
        for thread in running {
            let joined = thread.join();
            let (checked, per_s) =
                joined.map_err(|_| failed("a hashing thread panicked".to_owned()))??;
            rate.checked += checked;
            rate.per_s += per_s;
        }
        Ok(rate)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_checks_at_least_one_password_and_the_rate_is_that_of_all() {
        let scheme = "bcrypt(4)".parse().unwrap();
        let rate = hash_rate(scheme, 2, Duration::from_millis(20)).unwrap();
        assert_eq!((rate.scheme.as_str(), rate.threads), ("bcrypt(4)", 2));
        assert!(rate.checked >= 2, "{rate:?}");
        // No more than all checks within the span.
        assert!(
            rate.per_s > 0.0 && rate.per_s <= rate.checked as f64 / 0.02,
            "{rate:?}"
        );
    }

    #[test]
    fn a_costlier_scheme_has_a_lower_rate() {
        // The highest of a few: another program may have the processor in any one of them.
        let rate = |scheme: &str| {
            let scheme = scheme.parse().unwrap();
            let once = |_| {
                hash_rate(scheme, 1, Duration::from_millis(50))
                    .unwrap()
                    .per_s
            };
            (0..5).map(once).fold(0.0, f64::max)
        };
        // Each step of the cost doubles the work.
        assert!(rate("bcrypt(4)") > 4.0 * rate("bcrypt(9)"));
    }
}
