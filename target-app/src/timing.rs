//! What one request costs, and whose it is: a recorder that follows the request through every module.
//!
//! The recorder lives in a task local, so that repositories and caches need no argument for it;
//! outside of a request nothing is recorded.

use std::{
    any::Any,
    panic::resume_unwind,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use enum_map::EnumMap;
use shared::timing::{ServerCount, ServerPart, ServerTiming};
use tracing::Instrument as _;
use uuid::Uuid;

tokio::task_local! {
    static CURRENT: Timing;
    /// Set inside of a task that no disconnect can cut short.
    static SHIELD: ();
    /// What the request holds until all of its work has ended.
    static HELD: Arc<dyn Any + Send + Sync>;
}

/// Recorder of one request's costs; clones share its counters.
#[derive(Clone)]
pub struct Timing(Arc<Inner>);

struct Inner {
    started: Instant,
    us: EnumMap<ServerPart, AtomicU32>,
    counts: EnumMap<ServerCount, AtomicU16>,
    /// Milliseconds plus one; 0 where the body came from no cache.
    body_age: AtomicU32,
    /// Who signed in for it.
    person: OnceLock<Uuid>,
    /// Statements that are under way, were not waited for, or failed.
    unanswered: AtomicU32,
    /// Whether all of its reads go to the primary.
    of_primary: AtomicBool,
    /// Whether its last lease refuses writes by itself.
    lease_reads_only: AtomicBool,
    /// Whether its last lease is of the replica.
    lease_of_replica: AtomicBool,
}

impl Default for Timing {
    fn default() -> Self {
        Self(Arc::new(Inner {
            started: Instant::now(),
            us: EnumMap::default(),
            counts: EnumMap::default(),
            body_age: AtomicU32::new(0),
            person: OnceLock::new(),
            unanswered: AtomicU32::new(0),
            of_primary: AtomicBool::new(false),
            lease_reads_only: AtomicBool::new(false),
            lease_of_replica: AtomicBool::new(false),
        }))
    }
}

impl Timing {
    /// What was counted so far; the total runs since the recorder was made.
    pub fn read(&self) -> ServerTiming {
        ServerTiming {
            us: EnumMap::from_fn(|part| self.0.us[part].load(Relaxed)),
            total_us: micros(self.0.started.elapsed()),
            counts: EnumMap::from_fn(|count| self.0.counts[count].load(Relaxed)),
            cache_age_ms: self.0.body_age.load(Relaxed).checked_sub(1),
        }
    }
}

/// Runs `work` with `timing` as its recorder.
pub async fn scope<F: Future>(timing: Timing, work: F) -> F::Output {
    CURRENT.scope(timing, work).await
}

/// The recorder of the current request; outside of a request, a new one that nobody reads.
pub fn current() -> Timing {
    CURRENT.try_with(Timing::clone).unwrap_or_default()
}

/// Records whose request it is; the first word counts.
pub fn signed_in(person: Uuid) {
    with(|inner| {
        let _known_before = inner.person.set(person);
    });
}

/// Whose request it is; `None` of somebody who is not signed in, and outside of a request.
pub fn person() -> Option<Uuid> {
    CURRENT
        .try_with(|timing| timing.0.person.get().copied())
        .ok()
        .flatten()
}

/// Lets all reads of the current request go to the primary from now on.
pub fn insist_on_primary() {
    with(|inner| inner.of_primary.store(true, Relaxed));
}

/// Whether all reads of the current request have to go to the primary.
pub fn insists_on_primary() -> bool {
    CURRENT
        .try_with(|timing| timing.0.of_primary.load(Relaxed))
        .unwrap_or(false)
}

/// Records of the current request's next statements whether their lease of a connection refuses writes by itself, and
/// whether it is of the replica.
pub fn leased(reads_only: bool, of_replica: bool) {
    with(|inner| {
        inner.lease_reads_only.store(reads_only, Relaxed);
        inner.lease_of_replica.store(of_replica, Relaxed);
    });
}

/// Whether the current request's last lease refuses writes by itself, whatever the server does.
pub fn lease_reads_only() -> bool {
    CURRENT
        .try_with(|timing| timing.0.lease_reads_only.load(Relaxed))
        .unwrap_or(false)
}

/// Whether the current request's last lease is of the replica.
pub fn lease_of_replica() -> bool {
    CURRENT
        .try_with(|timing| timing.0.lease_of_replica.load(Relaxed))
        .unwrap_or(false)
}

/// Wraps one PostgreSQL statement.
pub async fn db<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let begin = Instant::now();
    with(|inner| {
        inner.unanswered.fetch_add(1, Relaxed);
    });
    let output = work.await;
    with(|inner| {
        inner.add(ServerPart::Db, begin.elapsed());
        inner.count(ServerCount::Queries, 1);
        if output.is_ok() {
            inner.unanswered.fetch_sub(1, Relaxed);
        }
    });
    output
}

/// Whether every statement of the current request so far was answered without an error. Outside of a
/// request nothing is known, and the answer is no.
pub fn statements_answered() -> bool {
    CURRENT
        .try_with(|timing| timing.0.unanswered.load(Relaxed) == 0)
        .unwrap_or(false)
}

/// Wraps one command to Redis, the checkout of its connection included.
pub async fn redis<F: Future>(work: F) -> F::Output {
    let begin = Instant::now();
    let output = work.await;
    with(|inner| {
        inner.add(ServerPart::Redis, begin.elapsed());
        inner.count(ServerCount::Commands, 1);
    });
    output
}

/// Counts the check of a pooled Redis connection at its checkout.
pub fn redis_ping() {
    with(|inner| inner.count(ServerCount::Pings, 1));
}

/// Wraps the hashing of one password, the queue for it included.
pub async fn hash<F: Future>(work: F) -> F::Output {
    let begin = Instant::now();
    let output = work.await;
    with(|inner| inner.add(ServerPart::Hash, begin.elapsed()));
    output
}

/// Records a wait for a permit of the admission limiter.
pub fn admission_wait(elapsed: Duration) {
    with(|inner| inner.add(ServerPart::Admission, elapsed));
}

/// Records a wait for a PostgreSQL connection.
pub fn pool_wait(elapsed: Duration) {
    with(|inner| inner.add(ServerPart::Pool, elapsed));
}

/// Counts a cache look-up that found a value.
pub fn cache_hit() {
    with(|inner| inner.count(ServerCount::Hits, 1));
}

/// Counts a cache look-up that found nothing.
pub fn cache_miss() {
    with(|inner| inner.count(ServerCount::Misses, 1));
}

/// Records how old the cached value is that the answer's body is made of.
pub fn body_age(age: Duration) {
    let ms = u32::try_from(age.as_millis()).unwrap_or(u32::MAX);
    with(|inner| inner.body_age.store(ms.saturating_add(1), Relaxed));
}

/// Runs a request that holds something, such as a permit, until all of its work has ended: also what is
/// [`shielded`] and goes on when its client has gone.
pub async fn holding<F: Future>(held: impl Any + Send + Sync, request: F) -> F::Output {
    // What it holds already is held as long.
    let outer = self::held();
    HELD.scope(Arc::new((held, outer)), request).await
}

/// What the current request holds, for work that runs on where the request is dropped and is not
/// [`shielded`]: on a thread that computes. Inside of shielded work it is nothing, for that holds it.
pub fn held() -> Option<Arc<dyn Any + Send + Sync>> {
    HELD.try_with(Arc::clone).ok()
}

/// Runs `work` in a task of its own, so that a client that disconnects cannot cut it short.
///
/// A handler is dropped at its next `await` when its client disconnects; a transaction, or a load
/// that others wait for, must be completed regardless. The recorder and the tracing
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
        // Boxed, or every caller would hold the whole work inline.
        return Box::pin(work).await;
    }
    let held = held();
    let work = async move {
        let output = work.await;
        drop(held);
        output
    };
    let task = SHIELD.scope((), CURRENT.scope(current(), work));
    let task = task.in_current_span();
    match tokio::spawn(task).await {
        Ok(output) => output,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // Nobody aborts the task, so the runtime is shutting down and no response is possible.
            Err(_) => std::future::pending().await,
        },
    }
}

fn with(note: impl FnOnce(&Inner)) {
    // Outside of a request there is nothing to note.
    let _ = CURRENT.try_with(|timing| note(&timing.0));
}

impl Inner {
    fn add(&self, part: ServerPart, elapsed: Duration) {
        self.us[part].fetch_add(micros(elapsed), Relaxed);
    }

    fn count(&self, what: ServerCount, number: u16) {
        self.counts[what].fetch_add(number, Relaxed);
    }
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn slept(ms: u64) -> Result<(), ()> {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Ok(())
    }

    #[tokio::test]
    async fn a_statement_that_failed_or_was_not_waited_for_is_not_answered() {
        assert!(!statements_answered());
        let timing = Timing::default();
        scope(timing.clone(), async {
            assert!(statements_answered());
            db(slept(1)).await.unwrap();
            assert!(statements_answered());
            let cut = tokio::time::timeout(Duration::from_millis(1), db(slept(3_600_000)));
            assert!(cut.await.is_err());
            assert!(!statements_answered());
        })
        .await;
        scope(Timing::default(), async {
            assert_eq!(db(async { Err::<(), _>(7) }).await, Err(7));
            assert!(!statements_answered());
        })
        .await;
    }

    #[tokio::test]
    async fn what_happens_in_a_request_is_counted_in_its_recorder() {
        let timing = Timing::default();
        scope(timing.clone(), async {
            db(slept(2)).await.unwrap();
            redis(async { redis_ping() }).await;
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
        assert!(read.us[ServerPart::Db] >= 2_000 && read.total_us >= read.us[ServerPart::Db]);
        assert_eq!(
            (
                read.counts[ServerCount::Queries],
                read.counts[ServerCount::Commands],
                read.counts[ServerCount::Pings],
                read.us[ServerPart::Pool]
            ),
            (1, 1, 1, 7)
        );
        assert_eq!(read.us[ServerPart::Admission], 5);
        assert_eq!(
            (
                read.counts[ServerCount::Hits],
                read.counts[ServerCount::Misses]
            ),
            (1, 1)
        );
        assert_eq!(read.cache_age_ms, Some(0));
    }

    #[tokio::test]
    async fn shielded_work_counts_for_its_request_and_outlives_it() {
        let timing = Timing::default();
        let (done, finished) = tokio::sync::oneshot::channel();
        let request = scope(
            timing.clone(),
            shielded(async {
                db(slept(20)).await.unwrap();
                done.send(()).unwrap();
            }),
        );
        let cut = tokio::time::timeout(Duration::from_millis(1), request).await;
        assert!(cut.is_err());
        finished.await.unwrap();
        assert_eq!(timing.read().counts[ServerCount::Queries], 1);
    }

    #[tokio::test]
    async fn what_a_request_holds_is_held_until_its_shielded_work_has_ended() {
        let (first, second) = (Arc::new(()), Arc::new(()));
        let watched = [&first, &second].map(Arc::downgrade);
        let is_held = || watched.each_ref().map(|one| one.upgrade().is_some());
        let (finish, wait) = tokio::sync::oneshot::channel::<()>();
        let (done, finished) = tokio::sync::oneshot::channel();
        let work = async move {
            wait.await.unwrap();
            done.send(()).unwrap();
        };
        let mut request = Box::pin(holding(first, holding(second, shielded(work))));
        assert!(futures_util::poll!(&mut request).is_pending());
        drop(request);
        assert_eq!(is_held(), [true, true], "its work goes on");
        finish.send(()).unwrap();
        finished.await.unwrap();
        while is_held() != [false, false] {
            tokio::task::yield_now().await;
        }
        let at_once = Arc::new(());
        let watched = Arc::downgrade(&at_once);
        holding(at_once, shielded(async {})).await;
        assert!(watched.upgrade().is_none());
    }

    #[tokio::test]
    async fn whose_request_it_is_goes_along_into_shielded_work() {
        let person_of = Uuid::from_u128(7);
        assert_eq!(person(), None);
        signed_in(person_of);
        assert_eq!(person(), None, "there is no request");
        scope(Timing::default(), async {
            signed_in(person_of);
            assert_eq!(shielded(async { person() }).await, Some(person_of));
        })
        .await;
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
        assert_eq!(db(async { Ok::<_, ()>(5) }).await, Ok(5));
        assert_eq!(current().read().counts[ServerCount::Queries], 0);
    }
}
