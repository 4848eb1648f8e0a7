//! What one request costs: a recorder that travels with the request through every room.
//!
//! The recorder lives in a task local, so that repositories and caches count without
//! being handed anything; outside of a request it counts into the void.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use shared::headers::ServerTiming;
use tracing::Instrument as _;

tokio::task_local! {
    static CURRENT: Timing;
    /// Set inside of a task that no disconnect can cut short.
    static SHIELD: ();
}

/// Recorder of one request's costs; clones count into the same place.
#[derive(Clone)]
pub struct Timing(Arc<Inner>);

struct Inner {
    born: Instant,
    admission_us: AtomicU32,
    pool_us: AtomicU32,
    db_us: AtomicU32,
    redis_us: AtomicU32,
    hash_us: AtomicU32,
    queries: AtomicU16,
    commands: AtomicU16,
    hits: AtomicU16,
    misses: AtomicU16,
    /// Milliseconds, and one more; 0 where the body came from no cache.
    body_age: AtomicU32,
}

impl Default for Timing {
    fn default() -> Self {
        Self(Arc::new(Inner {
            born: Instant::now(),
            admission_us: AtomicU32::new(0),
            pool_us: AtomicU32::new(0),
            db_us: AtomicU32::new(0),
            redis_us: AtomicU32::new(0),
            hash_us: AtomicU32::new(0),
            queries: AtomicU16::new(0),
            commands: AtomicU16::new(0),
            hits: AtomicU16::new(0),
            misses: AtomicU16::new(0),
            body_age: AtomicU32::new(0),
        }))
    }
}

impl Timing {
    /// What was counted so far; the total runs since the recorder was made.
    pub fn read(&self) -> ServerTiming {
        ServerTiming {
            admission_us: self.0.admission_us.load(Relaxed),
            pool_us: self.0.pool_us.load(Relaxed),
            db_us: self.0.db_us.load(Relaxed),
            redis_us: self.0.redis_us.load(Relaxed),
            hash_us: self.0.hash_us.load(Relaxed),
            total_us: micros(self.0.born.elapsed()),
            queries: self.0.queries.load(Relaxed),
            commands: self.0.commands.load(Relaxed),
            cache_hits: self.0.hits.load(Relaxed),
            cache_misses: self.0.misses.load(Relaxed),
            cache_age_ms: self.0.body_age.load(Relaxed).checked_sub(1),
        }
    }
}

/// Runs `work` with `timing` as its recorder.
pub async fn scope<F: Future>(timing: Timing, work: F) -> F::Output {
    CURRENT.scope(timing, work).await
}

/// The recorder of the request at hand; one that nobody reads outside of a request.
pub fn current() -> Timing {
    CURRENT.try_with(Timing::clone).unwrap_or_default()
}

/// Wraps one PostgreSQL statement.
pub async fn db<F: Future>(work: F) -> F::Output {
    let begin = Instant::now();
    let output = work.await;
    with(|inner| {
        add(&inner.db_us, begin.elapsed());
        inner.queries.fetch_add(1, Relaxed);
    });
    output
}

/// Wraps one exchange with Redis that sends `commands` commands.
pub async fn redis<F: Future>(commands: u16, work: F) -> F::Output {
    let begin = Instant::now();
    let output = work.await;
    with(|inner| {
        add(&inner.redis_us, begin.elapsed());
        inner.commands.fetch_add(commands, Relaxed);
    });
    output
}

/// Wraps the hashing of one password, the queue for it included.
pub async fn hash<F: Future>(work: F) -> F::Output {
    let begin = Instant::now();
    let output = work.await;
    with(|inner| add(&inner.hash_us, begin.elapsed()));
    output
}

/// Notes a wait to be let in.
pub fn admission_wait(elapsed: Duration) {
    with(|inner| add(&inner.admission_us, elapsed));
}

/// Notes a wait for a PostgreSQL connection.
pub fn pool_wait(elapsed: Duration) {
    with(|inner| add(&inner.pool_us, elapsed));
}

/// Notes a cache look-up that found a value.
pub fn cache_hit() {
    with(|inner| {
        inner.hits.fetch_add(1, Relaxed);
    });
}

/// Notes a cache look-up that found nothing.
pub fn cache_miss() {
    with(|inner| {
        inner.misses.fetch_add(1, Relaxed);
    });
}

/// Notes how old the cached value is that the answer's body is made of.
pub fn body_age(age: Duration) {
    let ms = u32::try_from(age.as_millis()).unwrap_or(u32::MAX);
    with(|inner| inner.body_age.store(ms.saturating_add(1), Relaxed));
}

/// Runs `work` in a task of its own, so that a client that disconnects cannot cut it short.
///
/// A handler is dropped at its next `await` when its client goes away; a transaction, or a
/// load that others wait for, must come to its end regardless. The recorder and the tracing
/// span go along; a panic of `work` is passed on.
///
/// The outermost call makes the task, at the edge of a service; a call inside of it runs in the
/// same task. So whoever puts shielded work into a `select!` or a timeout must be outside of it.
pub async fn shielded<F>(work: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if SHIELD.try_with(|()| ()).is_ok() {
        return work.await;
    }
    let task = SHIELD.scope((), CURRENT.scope(current(), work));
    let task = task.in_current_span();
    match tokio::spawn(task).await {
        Ok(output) => output,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // Nobody aborts the task, so this is the runtime going down: there is no one to answer.
            Err(_) => std::future::pending().await,
        },
    }
}

fn with(note: impl FnOnce(&Inner)) {
    // Outside of a request there is nothing to note.
    let _ = CURRENT.try_with(|timing| note(&timing.0));
}

fn add(total: &AtomicU32, elapsed: Duration) {
    total.fetch_add(micros(elapsed), Relaxed);
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_happens_in_a_request_is_counted_in_its_recorder() {
        let timing = Timing::default();
        scope(timing.clone(), async {
            db(tokio::time::sleep(Duration::from_millis(2))).await;
            redis(3, async {}).await;
            hash(async {}).await;
            pool_wait(Duration::from_micros(7));
            admission_wait(Duration::from_micros(5));
            cache_hit();
            cache_miss();
            assert_eq!(current().read().cache_age_ms, None);
            body_age(Duration::ZERO);
        })
        .await;
        let read = timing.read();
        assert!(read.db_us >= 2_000 && read.total_us >= read.db_us);
        assert_eq!((read.queries, read.commands, read.pool_us), (1, 3, 7));
        assert_eq!(read.admission_us, 5);
        assert_eq!((read.cache_hits, read.cache_misses), (1, 1));
        assert_eq!(read.cache_age_ms, Some(0));
    }

    #[tokio::test]
    async fn shielded_work_counts_for_its_request_and_outlives_it() {
        let timing = Timing::default();
        let (done, finished) = tokio::sync::oneshot::channel();
        let request = scope(
            timing.clone(),
            shielded(async {
                db(tokio::time::sleep(Duration::from_millis(20))).await;
                done.send(()).unwrap();
            }),
        );
        let cut = tokio::time::timeout(Duration::from_millis(1), request).await;
        assert!(cut.is_err());
        finished.await.unwrap();
        assert_eq!(timing.read().queries, 1);
    }

    #[tokio::test]
    async fn shielded_work_inside_of_shielded_work_stays_in_its_task() {
        let (outer, inner) = shielded(async {
            let outer = tokio::task::id();
            (outer, shielded(async { tokio::task::id() }).await)
        })
        .await;
        assert_eq!(outer, inner);
        assert_ne!(shielded(async { tokio::task::id() }).await, outer);
    }

    #[tokio::test]
    #[should_panic(expected = "passed on")]
    async fn a_panic_in_shielded_work_is_passed_on() {
        shielded(async { panic!("passed on") }).await;
    }

    #[tokio::test]
    async fn outside_of_a_request_nothing_is_counted_and_nothing_breaks() {
        cache_hit();
        assert_eq!(db(async { 5 }).await, 5);
        assert_eq!(current().read().queries, 0);
    }
}
