//! From one that publishes to all who listen.
//!
//! Each listener has a bounded queue. A [`Tick`] that finds it full is dropped, so a slow terminal
//! can never hold the pacer back; every other event waits for room, because losing one would lose
//! a result. A listener that is gone is passed over: a run outlives its audience.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::{event::Event, tick::Tick};
use crate::schema::Trial;

/// Events that may wait for a listener: some minutes of ticks.
const CAPACITY: usize = 256;

/// The writing end: cheap to clone, usable from any thread.
#[derive(Debug, Clone, Default)]
pub struct Publisher {
    /// None for a command that nobody watches.
    listeners: Vec<SyncSender<Event>>,
}

/// A publisher and the events it will send, in order.
pub fn channel() -> (Publisher, Receiver<Event>) {
    let (sender, events) = sync_channel(CAPACITY);
    let listeners = vec![sender];
    (Publisher { listeners }, events)
}

/// A publisher and as many listeners, each of which hears everything.
pub fn channels(count: usize) -> (Publisher, Vec<Receiver<Event>>) {
    let (listeners, events) = (0..count).map(|_| sync_channel(CAPACITY)).unzip();
    (Publisher { listeners }, events)
}

impl Publisher {
    /// A publisher that nobody listens to.
    pub fn silent() -> Self {
        Self::default()
    }

    /// Sends one event to everyone. A tick is dropped where a listener lags; others wait for room.
    pub fn send(&self, event: Event) {
        for listener in &self.listeners {
            // A closed channel is no failure of the run: the audience left.
            if matches!(event, Event::Tick(_)) {
                let _full_or_closed = listener.try_send(event.clone());
            } else {
                let _closed = listener.send(event.clone());
            }
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
