//! From one that publishes to all who listen.
//!
//! Each listener has a bounded queue. A [`Tick`] that finds it full is dropped, so a slow terminal
//! can never hold the pacer back; every other event waits for room, for a while. A listener that
//! made none in that time, or that is gone, is passed over from then on: a run outlives its
//! audience.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{event::Event, tick::Tick};
use crate::schema::Trial;

/// Events that may wait for a listener: some minutes of ticks.
const CAPACITY: usize = 256;

/// Longest wait for a listener whose queue is full: a reader of a pipe that stands still.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two looks at a full queue.
const LOOK_UP: Duration = Duration::from_millis(10);

/// The writing end: cheap to clone, usable from any thread.
#[derive(Debug, Clone, Default)]
pub struct Publisher {
    /// None for a command that nobody watches.
    listeners: Vec<Listener>,
}

/// One who listens.
#[derive(Debug, Clone)]
struct Listener {
    queue: SyncSender<Event>,
    /// Whether it was waited for in vain; it hears nothing more.
    lost: Arc<AtomicBool>,
}

/// A publisher and the events it will send, in order.
pub fn channel() -> (Publisher, Receiver<Event>) {
    let (listener, events) = Listener::new();
    let listeners = vec![listener];
    (Publisher { listeners }, events)
}

/// A publisher and as many listeners, each of which hears everything.
pub fn channels(count: usize) -> (Publisher, Vec<Receiver<Event>>) {
    let (listeners, events) = (0..count).map(|_| Listener::new()).unzip();
    (Publisher { listeners }, events)
}

impl Listener {
    fn new() -> (Self, Receiver<Event>) {
        let (queue, events) = sync_channel(CAPACITY);
        let lost = Arc::default();
        (Self { queue, lost }, events)
    }

    /// Gives it one event, waiting for room no longer than [`PATIENCE`].
    fn hear(&self, mut event: Event) {
        if self.lost.load(Ordering::Relaxed) {
            return;
        }
        let begun = Instant::now();
        loop {
            match self.queue.try_send(event) {
                // A closed channel is no failure of the run: the audience left.
                Ok(())
                | Err(TrySendError::Disconnected(_) | TrySendError::Full(Event::Tick(_))) => return,
                Err(TrySendError::Full(_)) if begun.elapsed() >= PATIENCE => {
                    self.lost.store(true, Ordering::Relaxed);
                    return;
                }
                Err(TrySendError::Full(kept)) => event = kept,
            }
            thread::sleep(LOOK_UP);
        }
    }
}

impl Publisher {
    /// A publisher that nobody listens to.
    pub fn silent() -> Self {
        Self::default()
    }

    /// Sends one event to everyone. A tick is dropped where a listener lags; others wait for room,
    /// and not for long.
    pub fn send(&self, event: Event) {
        for listener in &self.listeners {
            listener.hear(event.clone());
        }
    }

    /// Says that a stage begins.
    pub fn stage(&self, what: impl Into<String>, expected: Option<Duration>) {
        self.send(Event::Stage {
            what: what.into(),
            expected,
        });
    }

    /// Says where the trial stands; never blocks.
    pub fn tick(&self, tick: Tick) {
        self.send(Event::Tick(Box::new(tick)));
    }

    /// Says that a trial has ended.
    pub fn trial_done(&self, trial: Trial) {
        self.send(Event::TrialDone(Box::new(trial)));
    }

    /// Says one line.
    pub fn note(&self, text: impl Into<String>) {
        self.send(Event::Note(text.into()));
    }

    /// Says one line that a reader must know.
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
    fn a_listener_that_left_disturbs_neither_the_run_nor_the_others() {
        let (publisher, mut events) = channels(2);
        drop(events.remove(0));
        publisher.note("one hears this");
        publisher.tick(Tick::default());
        drop(publisher);
        assert_eq!(events[0].iter().count(), 2);
        Publisher::silent().warning("nobody hears this");
    }

    #[test]
    fn a_listener_that_stands_still_is_waited_for_once() {
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
            begun.elapsed() < 10 * PATIENCE,
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
