//! Replacing the engine while requests run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst, fence},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use shared::profile::Profile;
use tokio::sync::Mutex;

use super::{Engine, EngineError, EngineParts};
use crate::error::ApiError;

/// Longest wait for requests on the old engine: as long as a request may take.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);
/// Longest wait for the old pool's last connections.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// How often is looked whether anything still holds an engine.
const RELEASE_PAUSE: Duration = Duration::from_millis(5);

/// The engine in force, and its replacement.
pub struct Engines {
    parts: EngineParts,
    current: ArcSwap<Engine>,
    /// Held during a replacement: they run one after another.
    replacement: Mutex<()>,
    generation: AtomicU64,
    /// While the database is being replaced no request may start.
    closed: AtomicBool,
}

impl Engines {
    /// Builds the first engine.
    pub async fn start(parts: EngineParts, profile: Profile) -> Result<Self, EngineError> {
        let first = Engine::build(&parts, profile, 1).await?;
        Ok(Self {
            parts,
            current: ArcSwap::from_pointee(first),
            replacement: Mutex::new(()),
            generation: AtomicU64::new(1),
            closed: AtomicBool::new(false),
        })
    }

    /// The engine in force. Hold it for one request, never for a connection: a replacement waits
    /// for every holder of the old one.
    pub fn current(&self) -> Arc<Engine> {
        // Not a guard of ArcSwap: the reference count that a replacement waits for leaves those out.
        self.current.load_full()
    }

    /// The engine in force; an error while the database is being replaced.
    pub fn admit(&self) -> Result<Arc<Engine>, ApiError> {
        // Held first, then looked: a replacement sets `closed` and then counts the holders, so
        // either it waits for this one or this one sees that it is closed.
        let engine = self.current();
        fence(SeqCst);
        if self.closed.load(SeqCst) {
            return Err(ApiError::unavailable("the database is being replaced"));
        }
        Ok(engine)
    }

    /// What engines are built from.
    pub fn parts(&self) -> &EngineParts {
        &self.parts
    }

    /// Puts `profile` in force while requests run: builds and warms a new engine, lets new
    /// requests take it, waits for those on the old one, and closes the old pool. Of one that cannot be put
    /// in force nothing stays.
    pub async fn replace(&self, profile: Profile) -> Result<Arc<Engine>, ApiError> {
        let _turn = self.replacement.lock().await;
        let next = match self.build(profile).await {
            Ok(next) => Arc::new(next),
            Err(error) => {
                if let Err(failure) = self.current().put_back(&self.parts).await {
                    tracing::error!(
                        error = %failure,
                        "what a refused profile has changed in the database was not taken back"
                    );
                }
                return Err(error.into());
            }
        };
        // Before the exchange: a request on the old engine may commit right after it.
        self.current().caches.precede(&next.caches);
        let old = self.current.swap(Arc::clone(&next));
        self.retire(old, 1).await;
        Ok(next)
    }

    /// Puts `profile` in force around work during which no client may be connected: rejects new
    /// requests, drains and closes the old pool, runs `between`, builds the new engine. When
    /// `between` or the build fails, the old profile is built again if that is possible.
    pub async fn rebuild<F, Fut>(
        &self,
        profile: Profile,
        between: F,
    ) -> Result<Arc<Engine>, ApiError>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(), ApiError>>,
    {
        let _turn = self.replacement.lock().await;
        let _closed = ClosedGuard::enter(&self.closed);
        let old = self.current();
        let before = old.asked().clone();
        // One holder is `current`, one is here.
        self.retire(old, 2).await;
        let outcome = match between().await {
            Ok(()) => self.build(profile).await.map_err(ApiError::from),
            Err(error) => Err(error),
        };
        let (next, failure) = match outcome {
            Ok(next) => (next, None),
            Err(error) => match self.build(before).await {
                Ok(next) => (next, Some(error)),
                Err(again) => {
                    tracing::error!(error = %again, "the former profile could not be restored");
                    return Err(error);
                }
            },
        };
        let next = Arc::new(next);
        self.current.store(Arc::clone(&next));
        failure.map_or(Ok(next), Err)
    }

    /// Waits until nothing holds the engine in force: also what goes on although its client is gone, with the
    /// invalidation after its commit.
    pub async fn idle(&self) {
        // One holder is `current`, one is here.
        released(&self.current(), 2).await;
    }

    /// Whether nothing holds the engine in force at this moment.
    pub fn is_idle(&self) -> bool {
        // One holder is `current`, one is here.
        Arc::strong_count(&self.current()) <= 2
    }

    /// Closes the pool in force; the end of the process.
    pub async fn close(&self) {
        let db = self.current().db.clone();
        if tokio::time::timeout(CLOSE_LIMIT, db.close()).await.is_err() {
            tracing::warn!("some database connections were still in use at the end");
        }
    }

    async fn build(&self, profile: Profile) -> Result<Engine, EngineError> {
        let generation = self.generation.fetch_add(1, SeqCst) + 1;
        Engine::build(&self.parts, profile, generation).await
    }

    /// Waits until only `holders` hold the engine, then closes its pool.
    async fn retire(&self, engine: Arc<Engine>, holders: usize) {
        if tokio::time::timeout(DRAIN_LIMIT, released(&engine, holders))
            .await
            .is_err()
        {
            tracing::warn!(
                engine.generation = engine.generation,
                holders = Arc::strong_count(&engine).saturating_sub(holders),
                "the old engine is closed although requests still hold it"
            );
        }
        if tokio::time::timeout(CLOSE_LIMIT, engine.db.close())
            .await
            .is_err()
        {
            tracing::warn!(
                engine.generation = engine.generation,
                "some connections of the old pool were still in use after its end"
            );
        }
    }
}

/// Waits until only `holders` hold the engine.
async fn released(engine: &Arc<Engine>, holders: usize) {
    while Arc::strong_count(engine) > holders {
        tokio::time::sleep(RELEASE_PAUSE).await;
    }
}

/// Requests are admitted again when it is dropped, however the replacement ends.
struct ClosedGuard<'a>(&'a AtomicBool);

impl<'a> ClosedGuard<'a> {
    fn enter(closed: &'a AtomicBool) -> Self {
        closed.store(true, SeqCst);
        fence(SeqCst);
        Self(closed)
    }
}

impl Drop for ClosedGuard<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}
