//! The feed of the running command: its snapshot, the pages that follow it, and its load control.
//!
//! Each subscriber has a bounded queue. One that does not keep up is disconnected, and its browser
//! connects again; no subscriber can slow a run down.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::live_snapshot::LiveSnapshot;
use loadgen_engine::clock::time_of_day;
use loadgen_experiment::events::{Adjustable, ControlError, ControlEvent, Event, LoadControl};

/// Most subscribers at once.
pub(super) const MAX_SUBSCRIBERS: usize = 16;
/// Messages that may wait for a subscriber: half a minute of ticks.
const QUEUE: usize = 64;
/// Time between two checks whether the command has ended.
const POLL: Duration = Duration::from_millis(200);

/// Shared by the server, the thread that receives events, and the launcher. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveFeed {
    inner: Arc<Mutex<FeedInner>>,
}

#[derive(Debug, Default)]
struct FeedInner {
    snapshot: LiveSnapshot,
    load_control: Option<LoadControl>,
    /// Load changes for a command that runs in a child process.
    forward: Option<mpsc::Sender<ControlEvent>>,
    /// Whether subscribers know that the command is being stopped.
    stopping: bool,
    subscribers: Vec<Subscriber>,
    /// Set when no subscriber is accepted any more.
    closed: bool,
}

#[derive(Debug)]
struct Subscriber {
    queue: mpsc::Sender<FeedMessage>,
    /// Closes its connection, which may stand still in a write.
    disconnect: CancellationToken,
}

/// A message to a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FeedMessage {
    /// `state` carries everything; other names carry what an event has changed.
    pub(super) name: &'static str,
    /// One line.
    pub(super) json: Arc<str>,
}

/// All that a page needs when it opens.
#[derive(Serialize)]
struct FullState<'a> {
    #[serde(flatten)]
    snapshot: &'a LiveSnapshot,
    adjustable: Adjustable,
    /// Whether the command was asked to stop and has not ended yet.
    stopping: bool,
}

/// Why the running command cannot be stopped or its load not be changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum LiveControlError {
    #[error("no command is running")]
    Idle,
    #[error(transparent)]
    Refused(#[from] ControlError),
}

impl LiveFeed {
    /// Begins another command and forgets the one before. False where one is running.
    pub(super) fn begin(
        &self,
        load_control: LoadControl,
        forward: Option<mpsc::Sender<ControlEvent>>,
    ) -> bool {
        let mut inner = self.lock();
        if inner.snapshot.running {
            return false;
        }
        inner.snapshot = LiveSnapshot::starting();
        inner.load_control = Some(load_control);
        inner.forward = forward;
        inner.stopping = false;
        inner.send_state();
        true
    }

    /// Number of subscribers that are connected.
    pub(super) fn readers(&self) -> usize {
        let inner = self.lock();
        let open = inner.subscribers.iter();
        open.filter(|one| !one.queue.is_closed()).count()
    }

    /// Applies an event of the running command and passes it on.
    pub(super) fn publish(&self, event: Event) {
        let mut inner = self.lock();
        inner.note_load();
        let adjustable = inner.adjustable();
        let at = DateTime::<Utc>::from(time_of_day()).timestamp_millis();
        let update = inner.snapshot.apply(event, at, adjustable);
        let message = FeedMessage::new(update.name(), &update);
        inner.send(&message);
        // A signal stops a command, too.
        inner.note_stop();
    }

    /// Ends the running command; `failure` says why it has no verdict.
    pub(super) fn end(&self, failure: Option<String>) {
        let mut inner = self.lock();
        inner.snapshot.running = false;
        inner.snapshot.failure = failure;
        inner.load_control = None;
        inner.forward = None;
        inner.stopping = false;
        inner.send_state();
    }

    /// Everything, as JSON.
    pub(super) fn json(&self) -> Arc<str> {
        self.lock().state().json
    }

    /// Publishes the events of a command of this process from a thread, until the last publisher is
    /// gone, or until `ended` is set and none is waiting. `None` where the machine starts no more
    /// threads: the run goes on, and pages show nothing new.
    pub(super) fn follow(
        &self,
        events: Receiver<Event>,
        ended: Arc<AtomicBool>,
    ) -> Option<JoinHandle<()>> {
        let feed = self.clone();
        thread::Builder::new()
            .name("web-events".to_owned())
            .spawn(move || {
                loop {
                    match events.recv_timeout(POLL) {
                        Ok(event) => feed.publish(event),
                        Err(RecvTimeoutError::Timeout) if !ended.load(Ordering::Acquire) => {}
                        Err(_) => return,
                    }
                }
            })
            .ok()
    }

    /// Adds a subscriber, whose first message is the whole state; `None` beyond
    /// [`MAX_SUBSCRIBERS`].
    pub(super) fn subscribe(
        &self,
        disconnect: CancellationToken,
    ) -> Option<mpsc::Receiver<FeedMessage>> {
        let mut inner = self.lock();
        inner
            .subscribers
            .retain(|subscriber| !subscriber.queue.is_closed());
        if inner.closed || inner.subscribers.len() >= MAX_SUBSCRIBERS {
            return None;
        }
        let (queue, messages) = mpsc::channel(QUEUE);
        // An empty queue has room.
        let _room = queue.try_send(inner.state());
        inner.subscribers.push(Subscriber { queue, disconnect });
        Some(messages)
    }

    /// Ends the running command gracefully, and tells every subscriber.
    pub(super) fn stop(&self) -> Result<(), LiveControlError> {
        let mut inner = self.lock();
        let load_control = inner.load_control.as_ref().ok_or(LiveControlError::Idle)?;
        load_control.stop();
        inner.note_stop();
        Ok(())
    }

    /// Changes the load of the running command.
    pub(super) fn change_load(&self, change: ControlEvent) -> Result<(), LiveControlError> {
        let mut inner = self.lock();
        let load_control = inner.load_control.as_ref().ok_or(LiveControlError::Idle)?;
        load_control.apply(change)?;
        if let Some(child) = &inner.forward {
            // A full queue holds newer changes than the child could apply.
            let _full = child.try_send(change);
        }
        inner.note_load();
        inner.send_adjustable();
        Ok(())
    }

    /// Takes over what a child process reports as changeable of its load.
    pub(super) fn set_adjustable(&self, adjustable: Adjustable) {
        let mut inner = self.lock();
        if let Some(load_control) = &inner.load_control
            && load_control.adjustable() != adjustable
        {
            load_control.begin(adjustable);
            inner.note_load();
            inner.send_adjustable();
        }
    }

    /// Accepts no more subscribers; those that exist still receive what is queued.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.subscribers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, FeedInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FeedInner {
    fn adjustable(&self) -> Adjustable {
        self.load_control.as_ref().map_or_else(
            || Adjustable::Nothing {
                why: "no command is running".to_owned(),
            },
            LoadControl::adjustable,
        )
    }

    /// Writes a line of the log where the load is another than the last time, whoever changed it.
    fn note_load(&mut self) {
        let adjustable = self.adjustable();
        let at = DateTime::<Utc>::from(time_of_day()).timestamp_millis();
        if let Some(line) = self.snapshot.note_load(&adjustable, at) {
            let message = FeedMessage::new("log", line);
            self.send(&message);
        }
    }

    /// Sends the whole state once the command is being stopped, whoever has asked for it.
    fn note_stop(&mut self) {
        let stopping = self
            .load_control
            .as_ref()
            .is_some_and(LoadControl::is_stopped);
        if stopping && !self.stopping {
            self.stopping = true;
            self.send_state();
        }
    }

    fn state(&self) -> FeedMessage {
        let state = FullState {
            snapshot: &self.snapshot,
            adjustable: self.adjustable(),
            stopping: self.stopping,
        };
        FeedMessage::new("state", &state)
    }

    /// Sends what of the load can be changed now. Not the whole state: a page would draw everything anew.
    fn send_adjustable(&mut self) {
        let message = FeedMessage::new("adjustable", &self.adjustable());
        self.send(&message);
    }

    fn send_state(&mut self) {
        let state = self.state();
        self.send(&state);
    }

    /// Sends a message to every subscriber, and disconnects those whose queue is full.
    fn send(&mut self, message: &FeedMessage) {
        self.subscribers.retain(|subscriber| {
            let sent = subscriber.queue.try_send(message.clone()).is_ok();
            if !sent {
                subscriber.disconnect.cancel();
            }
            sent
        });
    }
}

impl FeedMessage {
    fn new(name: &'static str, data: &impl Serialize) -> Self {
        // These types have no maps with keys that are not text, and nothing else that JSON lacks.
        let json = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
        let json = json.into();
        Self { name, json }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_control() -> LoadControl {
        LoadControl::new(CancellationToken::new())
    }

    #[test]
    fn a_late_subscriber_gets_the_whole_state_and_then_what_is_new() {
        let feed = LiveFeed::default();
        assert!(feed.begin(load_control(), None) && !feed.begin(load_control(), None));
        feed.publish(Event::Note("early".into()));
        let mut messages = feed.subscribe(CancellationToken::new()).unwrap();
        feed.publish(Event::Note("late\n".into()));
        let first = messages.try_recv().unwrap();
        assert_eq!(first.name, "state");
        assert!(first.json.contains("early") && first.json.contains(r#""running":true"#));
        let second = messages.try_recv().unwrap();
        assert_eq!(second.name, "log");
        assert!(second.json.starts_with('{') && !second.json.contains('\n'));
        feed.end(None);
        let last = messages.try_recv().unwrap();
        assert!(last.json.contains(r#""running":false"#));
    }

    #[test]
    fn the_seventeenth_subscriber_is_refused_until_another_has_left() {
        let feed = LiveFeed::default();
        let mut all: Vec<_> = (0..MAX_SUBSCRIBERS)
            .map(|_| feed.subscribe(CancellationToken::new()).unwrap())
            .collect();
        assert!(feed.subscribe(CancellationToken::new()).is_none());
        all.pop();
        assert!(feed.subscribe(CancellationToken::new()).is_some());
    }

    #[test]
    fn a_subscriber_that_does_not_keep_up_is_disconnected_and_the_others_are_not() {
        let feed = LiveFeed::default();
        feed.begin(load_control(), None);
        let (slow, quick) = (CancellationToken::new(), CancellationToken::new());
        let _never_read = feed.subscribe(slow.clone()).unwrap();
        let mut messages = feed.subscribe(quick.clone()).unwrap();
        for _ in 0..3 * QUEUE {
            feed.publish(Event::Note("x".into()));
            messages.try_recv().unwrap();
        }
        assert!(slow.is_cancelled() && !quick.is_cancelled());
    }

    #[test]
    fn a_load_change_is_checked_here_and_reaches_the_child() {
        let feed = LiveFeed::default();
        let idle = feed.change_load(ControlEvent::Rate(5.0));
        assert!(matches!(idle, Err(LiveControlError::Idle)));
        let (child, mut changes) = mpsc::channel(4);
        let load_control = load_control();
        feed.begin(load_control.clone(), Some(child));
        assert!(feed.change_load(ControlEvent::Rate(5.0)).is_err());
        feed.set_adjustable(Adjustable::Rate {
            now: 5.0,
            most: 50.0,
        });
        assert!(feed.change_load(ControlEvent::Rate(500.0)).is_err());
        feed.change_load(ControlEvent::Rate(20.0)).unwrap();
        assert_eq!(changes.try_recv().unwrap(), ControlEvent::Rate(20.0));
        assert!(changes.try_recv().is_err());
        assert!(feed.json().contains(r#""now":20.0"#));
        let line = r#""kind":"load","text":"rate changed from 5 to 20 a second""#;
        assert_eq!(feed.json().matches(line).count(), 1, "{}", feed.json());
        feed.stop().unwrap();
        assert!(load_control.is_stopped());
    }

    #[test]
    fn a_change_of_the_load_sends_what_it_changes_and_not_everything_again() {
        let feed = LiveFeed::default();
        feed.begin(load_control(), None);
        let mut messages = feed.subscribe(CancellationToken::new()).unwrap();
        let most = 50.0;
        feed.set_adjustable(Adjustable::Rate { now: 5.0, most });
        feed.change_load(ControlEvent::Rate(20.0)).unwrap();
        let mut sent = Vec::new();
        while let Ok(message) = messages.try_recv() {
            sent.push(message);
        }
        let names: Vec<_> = sent.iter().map(|message| message.name).collect();
        assert_eq!(names, ["state", "adjustable", "log", "adjustable"]);
        assert!(sent[3].json.contains(r#""now":20.0"#), "{}", sent[3].json);
    }

    #[test]
    fn every_subscriber_is_told_once_that_the_command_is_stopping_until_the_next_begins() {
        let feed = LiveFeed::default();
        let is_stopping = |message: &FeedMessage| message.json.contains(r#""stopping":true"#);
        // By a subscriber, and by a signal.
        for by_signal in [false, true] {
            let load_control = load_control();
            assert!(feed.begin(load_control.clone(), None));
            let mut messages = feed.subscribe(CancellationToken::new()).unwrap();
            assert!(!is_stopping(&messages.try_recv().unwrap()));
            if by_signal {
                load_control.stop();
            } else {
                feed.stop().unwrap();
            }
            feed.publish(Event::Note("stopping".into()));
            feed.publish(Event::Note("the audit".into()));
            let mut told = 0;
            while let Ok(message) = messages.try_recv() {
                told += usize::from(is_stopping(&message));
            }
            assert_eq!(told, 1, "by a signal: {by_signal}");
            feed.end(None);
            assert!(feed.json().contains(r#""stopping":false"#));
        }
    }
}
