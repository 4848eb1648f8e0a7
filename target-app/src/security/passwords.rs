//! Hashing and checking passwords: how, and on which threads.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use secrecy::{ExposeSecret as _, SecretString};
use shared::{
    profile::{HashScheme, Placement, SwitchReading},
    snapshot::HashingSnapshot,
};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use crate::timing;

/// Longest wait for a permit of the bounded threads.
const MAX_QUEUE_TIME: Duration = Duration::from_secs(5);

/// Why a password was neither hashed nor checked.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// No permit became free in time.
    #[error("no thread to hash on became free in time")]
    Busy,
    /// The stored hash is of no known scheme.
    #[error("the stored hash is malformed")]
    Malformed,
    /// The computation itself failed.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// Figures of all hashers since the process started.
#[derive(Debug, Default)]
pub struct HashingCounters {
    hashes: AtomicU64,
    busy_us: AtomicU64,
    cpu_us: AtomicU64,
    wait_us: AtomicU64,
}

/// Hashes passwords as `auth.hash` and `auth.placement` say.
pub struct Hasher {
    scheme: HashScheme,
    threads: Threads,
    dummy: String,
    counters: Arc<HashingCounters>,
}

enum Threads {
    Inline,
    Blocking,
    /// At most `permits` threads.
    Bounded {
        permits: u32,
        semaphore: Arc<Semaphore>,
    },
}

impl Hasher {
    /// A hasher with its counters; hashes once, for [`dummy`](Self::dummy).
    pub async fn new(
        scheme: HashScheme,
        placement: Placement,
        counters: Arc<HashingCounters>,
    ) -> Result<Self, HashError> {
        let dummy =
            tokio::task::spawn_blocking(move || hash(scheme, b"the password of no account"))
                .await
                .map_err(|failure| HashError::Failed(failure.to_string()))??;
        Ok(Self {
            scheme,
            threads: match placement {
                Placement::Inline => Threads::Inline,
                Placement::Blocking => Threads::Blocking,
                Placement::Bounded(permits) => Threads::Bounded {
                    permits,
                    semaphore: Arc::new(Semaphore::new(permits as usize)),
                },
            },
            dummy,
            counters,
        })
    }

    /// A self-describing hash of `password` under the scheme in force.
    pub async fn hash(&self, password: SecretString) -> Result<String, HashError> {
        self.hash_then(password, || ()).await
    }

    /// The same; `done` is called once the hash is made, on the thread that made it: also where nobody waits
    /// for it any more. It is dropped where none is made.
    pub async fn hash_then(
        &self,
        password: SecretString,
        done: impl FnOnce() + Send + 'static,
    ) -> Result<String, HashError> {
        let scheme = self.scheme;
        self.run(move || {
            let hash = hash(scheme, password.expose_secret().as_bytes())?;
            done();
            Ok(hash)
        })
        .await
    }

    /// Whether `password` belongs to `stored`, a hash of any scheme.
    pub async fn verify(&self, password: SecretString, stored: String) -> Result<bool, HashError> {
        self.verify_then(password, stored, |_| ()).await
    }

    /// The same; `done` is called with the outcome, on the thread that found it: also where nobody waits for
    /// it any more. It is dropped where the password is not looked at.
    pub async fn verify_then(
        &self,
        password: SecretString,
        stored: String,
        done: impl FnOnce(bool) + Send + 'static,
    ) -> Result<bool, HashError> {
        self.run(move || {
            let right = verify(password.expose_secret(), &stored)?;
            done(right);
            Ok(right)
        })
        .await
    }

    /// Whether a stored hash is of another scheme than the one in force, and its password is to be
    /// hashed anew when its owner next signs in: until then its check costs another time than
    /// that of [`dummy`](Self::dummy), by which an account can be recognised. Work that makes up for the
    /// difference there is none: a further hash adds to the time, and the earlier scheme may be the dearer one.
    pub fn is_outdated(&self, stored: &str) -> bool {
        !stored.starts_with(&hash_prefix(self.scheme))
    }

    /// A hash that no password belongs to. To check one costs what a hash of the scheme in force costs, so that
    /// the time of an answer does not tell whether an account exists.
    pub fn dummy(&self) -> String {
        self.dummy.clone()
    }

    /// `auth.hash` and `auth.placement` as this hasher has them.
    pub fn readings(&self) -> Vec<SwitchReading> {
        let placement = match &self.threads {
            Threads::Inline => Placement::Inline,
            Threads::Blocking => Placement::Blocking,
            Threads::Bounded { permits, .. } => Placement::Bounded(*permits),
        };
        vec![
            SwitchReading::new("auth.hash", self.scheme),
            SwitchReading::new("auth.placement", placement),
        ]
    }

    /// Figures of hashing.
    pub fn snapshot(&self) -> HashingSnapshot {
        HashingSnapshot {
            hashes: self.counters.hashes.load(Relaxed),
            busy_us: self.counters.busy_us.load(Relaxed),
            cpu_us: self.counters.cpu_us.load(Relaxed),
            wait_us: self.counters.wait_us.load(Relaxed),
        }
    }

    async fn run<T, W>(&self, work: W) -> Result<T, HashError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, HashError> + Send + 'static,
    {
        let counters = Arc::clone(&self.counters);
        let work = move || {
            let (begin, spent) = (Instant::now(), thread_cpu());
            let outcome = work();
            counters.hashes.fetch_add(1, Relaxed);
            counters.busy_us.fetch_add(micros(begin), Relaxed);
            counters
                .cpu_us
                .fetch_add(whole_micros(thread_cpu().saturating_sub(spent)), Relaxed);
            outcome
        };
        timing::hash(async {
            match &self.threads {
                Threads::Inline => work(),
                Threads::Blocking => blocking(work).await,
                Threads::Bounded { semaphore, .. } => {
                    let begin = Instant::now();
                    let permit =
                        tokio::time::timeout(MAX_QUEUE_TIME, Arc::clone(semaphore).acquire_owned())
                            .await;
                    self.counters.wait_us.fetch_add(micros(begin), Relaxed);
                    let permit = permit
                        .map_err(|_| HashError::Busy)?
                        .expect("the semaphore is never closed");
                    // A blocking task that has begun runs on when its request is dropped: it keeps the
                    // permit, or more threads would hash than there are permits.
                    blocking(move || {
                        let outcome = work();
                        drop(permit);
                        outcome
                    })
                    .await
                }
            }
        })
        .await
    }
}

/// Runs work on a thread that may compute for long. Work that has not begun does not begin once nobody waits
/// for it: the queue of these threads has no bound of its own, and clients that hang up would fill it. Work that
/// has begun holds what its request holds.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
) -> Result<T, HashError> {
    let held = timing::held();
    let work = move || {
        let outcome = work();
        drop(held);
        outcome
    };
    AbortOnDropHandle::new(tokio::task::spawn_blocking(work))
        .await
        .map_err(|failure| HashError::Failed(failure.to_string()))?
}

/// What every hash of the scheme and its parameters starts with, the salt's separator included.
pub fn hash_prefix(scheme: HashScheme) -> String {
    match scheme {
        HashScheme::Bcrypt { cost } => format!("$2b${cost:02}$"),
        HashScheme::Argon2id {
            memory_kib,
            passes,
            lanes,
        } => format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}$"),
    }
}

pub(super) fn hash(scheme: HashScheme, password: &[u8]) -> Result<String, HashError> {
    let failed = |failure: String| HashError::Failed(failure);
    match scheme {
        HashScheme::Bcrypt { cost } => {
            bcrypt::hash(password, cost).map_err(|failure| failed(failure.to_string()))
        }
        HashScheme::Argon2id {
            memory_kib,
            passes,
            lanes,
        } => {
            let params = Params::new(memory_kib, passes, lanes, None)
                .map_err(|failure| failed(failure.to_string()))?;
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password(password)
                .map(|hash| hash.to_string())
                .map_err(|failure| failed(failure.to_string()))
        }
    }
}

pub(super) fn verify(password: &str, stored: &str) -> Result<bool, HashError> {
    if stored.starts_with("$2") {
        return bcrypt::verify(password, stored).map_err(|_| HashError::Malformed);
    }
    if stored.starts_with("$argon2") {
        return match Argon2::default().verify_password(password.as_bytes(), stored) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(HashError::Malformed),
        };
    }
    Err(HashError::Malformed)
}

fn micros(begin: Instant) -> u64 {
    whole_micros(begin.elapsed())
}

fn whole_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// CPU time of the calling thread since it began.
fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    async fn hasher(scheme: &str, placement: &str) -> Hasher {
        Hasher::new(
            scheme.parse().unwrap(),
            placement.parse().unwrap(),
            Arc::default(),
        )
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn a_hash_of_one_scheme_verifies_under_any_other() {
        let old = hasher("bcrypt(4)", "inline").await;
        let new = hasher("argon2id(1024,1,1)", "bounded(1)").await;
        for (made, prefix) in [(&old, "$2b$04$"), (&new, "$argon2id$v=19$m=1024,t=1,p=1$")] {
            let stored = made.hash("right horse".into()).await.unwrap();
            assert!(stored.starts_with(prefix), "{stored}");
            assert!(!made.is_outdated(&stored));
            let other = if std::ptr::eq(made, &raw const old) {
                &new
            } else {
                &old
            };
            assert!(other.is_outdated(&stored));
            for checker in [&old, &new] {
                let (right, wrong) = (stored.clone(), stored.clone());
                assert!(checker.verify("right horse".into(), right).await.unwrap());
                assert!(!checker.verify("wrong horse".into(), wrong).await.unwrap());
            }
        }
    }

    #[tokio::test]
    async fn an_unknown_account_costs_a_hash_as_well() {
        let hasher = hasher("bcrypt(4)", "blocking").await;
        let right = hasher.verify("anything".into(), hasher.dummy()).await;
        assert!(!right.unwrap());
        assert_eq!(hasher.snapshot().hashes, 1);
        let garbage = hasher.verify("x".into(), "plain".into()).await;
        assert!(matches!(garbage, Err(HashError::Malformed)));
    }

    #[tokio::test]
    async fn the_processor_s_time_of_a_hash_is_without_what_its_thread_waited() {
        let hasher = hasher("bcrypt(4)", "bounded(1)").await;
        let waits = || std::thread::sleep(Duration::from_millis(50));
        hasher.hash_then("x".into(), waits).await.unwrap();
        let HashingSnapshot {
            busy_us, cpu_us, ..
        } = hasher.snapshot();
        assert!(
            cpu_us > 0 && cpu_us + 40_000 < busy_us,
            "{cpu_us} of {busy_us}"
        );
    }

    /// A runtime whose blocking work is done by one thread, in the order in which it comes.
    fn one_thread() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(1)
            .build()
            .unwrap()
    }

    #[test]
    fn a_hash_that_nobody_waits_for_any_more_does_not_begin() {
        one_thread().block_on(async {
            let hasher = hasher("bcrypt(4)", "blocking").await;
            let gate = Arc::new(Barrier::new(2));
            let busy = Arc::clone(&gate);
            let busy = tokio::task::spawn_blocking(move || busy.wait());
            let mut asked = Box::pin(hasher.hash("x".into()));
            assert!(futures_util::poll!(&mut asked).is_pending());
            drop(asked);
            gate.wait();
            busy.await.unwrap();
            // Behind whatever waited for the thread.
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            assert_eq!(hasher.snapshot().hashes, 0);
        });
    }

    #[test]
    fn a_hash_that_has_begun_keeps_what_its_request_holds_though_nobody_waits_any_more() {
        one_thread().block_on(async {
            let hasher = hasher("bcrypt(4)", "blocking").await;
            let gate = Arc::new(Barrier::new(2));
            let done = {
                let gate = Arc::clone(&gate);
                move || {
                    gate.wait();
                    gate.wait();
                }
            };
            let permit = Arc::new(());
            let watched = Arc::downgrade(&permit);
            let request = timing::holding(permit, hasher.hash_then("x".into(), done));
            let mut request = Box::pin(request);
            assert!(futures_util::poll!(&mut request).is_pending());
            gate.wait();
            drop(request);
            let is_held = watched.upgrade().is_some();
            gate.wait();
            assert!(is_held, "the hash is still being made");
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            assert!(watched.upgrade().is_none());
        });
    }

    #[test]
    fn what_follows_a_check_that_has_begun_is_done_though_nobody_waits_any_more() {
        one_thread().block_on(async {
            let hasher = hasher("bcrypt(4)", "bounded(1)").await;
            let gate = Arc::new(Barrier::new(2));
            let found = Arc::<AtomicU64>::default();
            let done = {
                let (gate, found) = (Arc::clone(&gate), Arc::clone(&found));
                move |right: bool| {
                    gate.wait();
                    gate.wait();
                    found.store(if right { 1 } else { 2 }, Relaxed);
                }
            };
            let stored = hasher.dummy();
            let mut asked = Box::pin(hasher.verify_then("x".into(), stored, done));
            assert!(futures_util::poll!(&mut asked).is_pending());
            gate.wait();
            drop(asked);
            gate.wait();
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            assert_eq!(found.load(Relaxed), 2);
        });
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_permit_in_time_hashing_fails_as_busy() {
        let hasher = hasher("bcrypt(4)", "bounded(1)").await;
        let Threads::Bounded { semaphore, .. } = &hasher.threads else {
            unreachable!()
        };
        let _permit = semaphore.acquire().await.unwrap();
        assert!(matches!(
            hasher.hash("x".into()).await,
            Err(HashError::Busy)
        ));
    }
}
