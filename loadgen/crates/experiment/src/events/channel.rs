//! Delivers the events of one publisher to all listeners.
//!
//! Each listener has a bounded queue. A [`Tick`] that finds it full is dropped, so a slow terminal
//! can never delay the pacer; every other event waits for a free place, for a limited time. A
//! listener that has none in that time, or that is gone, is skipped from then on: a run continues
//! without its listeners.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{event::Event, stage_times::StageTimes, tick::Tick};
use crate::schema::Trial;

/// Events that may wait for a listener: some minutes of ticks.
const CAPACITY: usize = 256;

/// Longest wait for a listener whose queue is full, such as a pipe whose reader has stopped.
const SEND_TIMEOUT: Duration = Duration::from_secs(2);
/// Time between two attempts to send to a full queue.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// The writing end: cheap to clone, usable from any thread.
#[derive(Debug, Clone, Default)]
pub struct Publisher {
    /// Empty for a command without listeners.
    listeners: Vec<Listener>,
    /// How long stages took, shared by all clones.
    stages: Arc<Mutex<StageTimes>>,
}

/// The sending side of one listener's queue.
#[derive(Debug, Clone)]
struct Listener {
    queue: SyncSender<Event>,
    /// Whether a wait for it has timed out; it receives nothing more.
    lost: Arc<AtomicBool>,
}

/// A publisher with one listener, and the events in order.
pub fn channel() -> (Publisher, Receiver<Event>) {
    let (listener, events) = Listener::new();
    let listeners = vec![listener];
    (Publisher::to(listeners), events)
}

/// A publisher and `count` listeners, each of which receives every event.
pub fn channels(count: usize) -> (Publisher, Vec<Receiver<Event>>) {
    let (listeners, events) = (0..count).map(|_| Listener::new()).unzip();
    (Publisher::to(listeners), events)
}

impl Listener {
    fn new() -> (Self, Receiver<Event>) {
        let (queue, events) = sync_channel(CAPACITY);
        let lost = Arc::default();
        (Self { queue, lost }, events)
    }

    /// Sends one event, waiting for a free place no longer than [`SEND_TIMEOUT`].
    fn send(&self, mut event: Event) {
        if self.lost.load(Ordering::Relaxed) {
            return;
        }
        let begun = Instant::now();
        loop {
            match self.queue.try_send(event) {
                // A closed channel is not a failure of the run: the listener has left.
                Ok(())
                | Err(TrySendError::Disconnected(_) | TrySendError::Full(Event::Tick(_))) => return,
                Err(TrySendError::Full(_)) if begun.elapsed() >= SEND_TIMEOUT => {
                    self.lost.store(true, Ordering::Relaxed);
                    return;
                }
                Err(TrySendError::Full(kept)) => event = kept,
            }
            thread::sleep(RETRY_INTERVAL);
        }
    }
}

impl Publisher {
    fn to(listeners: Vec<Listener>) -> Self {
        Self {
            listeners,
            stages: Arc::default(),
        }
    }

    /// A publisher without listeners.
    pub fn silent() -> Self {
        Self::default()
    }

    /// Sends one event to everyone. A tick is dropped where a listener lags; other events wait for
    /// a free place, for a limited time.
    pub fn send(&self, event: Event) {
        for listener in &self.listeners {
            listener.send(event.clone());
        }
    }

    /// Publishes that a stage begins. Without an expected time it is expected to take as long as
    /// the last of its kind.
    pub fn stage(&self, what: impl Into<String>, expected: Option<Duration>) {
        let what = what.into();
        let before = self.stages().begin(&what, Instant::now());
        self.send(Event::Stage {
            expected: expected.or(before),
            what,
        });
    }

    fn stages(&self) -> std::sync::MutexGuard<'_, StageTimes> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the state of the trial; never blocks.
    pub fn tick(&self, tick: Tick) {
        self.send(Event::Tick(Box::new(tick)));
    }

    /// Publishes that a trial has ended.
    pub fn trial_done(&self, trial: Trial) {
        self.stages().end(Instant::now());
        self.send(Event::TrialDone(Box::new(trial)));
    }

    /// Publishes one line.
    pub fn note(&self, text: impl Into<String>) {
        self.send(Event::Note(text.into()));
    }

    /// Publishes that a fault begins or is over, in one line.
    pub fn fault(&self, text: impl Into<String>) {
        self.send(Event::Fault(text.into()));
    }

    /// Publishes a warning of one line.
    pub fn warning(&self, text: impl Into<String>) {
        self.send(Event::Warning(text.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_never_wait_for_a_listener_that_lags() {
        let (publisher, events) = channel();
        for _ in 0..10 * CAPACITY {
            publisher.tick(Tick::default());
        }
        drop(publisher);
        assert_eq!(events.iter().count(), CAPACITY);
    }

    #[test]
    fn a_listener_that_left_affects_neither_the_run_nor_the_others() {
        let (publisher, mut events) = channels(2);
        drop(events.remove(0));
        publisher.note("one hears this");
        publisher.tick(Tick::default());
        drop(publisher);
        assert_eq!(events[0].iter().count(), 2);
        Publisher::silent().warning("no subscriber");
    }

    #[test]
    fn a_listener_that_has_stopped_reading_is_waited_for_once() {
        let (publisher, mut events) = channels(2);
        let still = events.remove(0);
        let reader = thread::spawn({
            let heard = events.remove(0);
            move || heard.iter().count()
        });
        let begun = Instant::now();
        for _ in 0..CAPACITY + 50 {
            publisher.note("x");
        }
        drop(publisher);
        assert_eq!(reader.join().unwrap(), CAPACITY + 50, "the other hears all");
        assert_eq!(still.iter().count(), CAPACITY);
        assert!(
            begun.elapsed() < 30 * SEND_TIMEOUT,
            "it was waited for again and again"
        );
    }

    #[test]
    fn events_arrive_in_order() {
        let (publisher, events) = channel();
        publisher.stage("starting", Some(Duration::from_secs(3)));
        publisher.note("started");
        drop(publisher);
        let all: Vec<Event> = events.iter().collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1], Event::Note("started".into()));
    }
}
