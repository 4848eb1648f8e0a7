//! The board: the running command as the page knows it, those who read it, and how to steer it.
//!
//! A reader has a bounded queue. One that does not keep up is cut off, and its browser connects
//! again; nothing that reads can hold a run back.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use chrono::Utc;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::known::{Known, News};
use loadgen_experiment::events::{Adjustable, ControlError, ControlEvent, Event, LoadControl};

/// Most readers at once.
pub(super) const MOST_READERS: usize = 16;
/// Messages that may wait for a reader: half a minute of ticks.
const QUEUE: usize = 64;
/// Time between two looks whether anything more is expected.
const LOOK: Duration = Duration::from_millis(200);

/// Shared by the server, the thread that hears the events, and whoever starts a command.
#[derive(Debug, Clone, Default)]
pub(super) struct Board {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    known: Known,
    steering: Option<LoadControl>,
    /// Where wishes go that this process cannot fulfil itself: to the child that runs the load.
    wishes: Option<mpsc::Sender<ControlEvent>>,
    readers: Vec<Reader>,
    /// Set when no reader is taken any more.
    closed: bool,
}

#[derive(Debug)]
struct Reader {
    queue: mpsc::Sender<Bytes>,
    /// Cancelled where it does not keep up: its connection is closed.
    cut: CancellationToken,
}

/// All that a page needs when it opens.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    known: &'a Known,
    steerable: Adjustable,
}

/// Why a command cannot be steered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// There is none.
    #[error("no command is running")]
    Idle,
    /// It does not take that.
    #[error(transparent)]
    Wish(#[from] ControlError),
}

impl Board {
    /// Another command begins: what was known of the one before is forgotten. False where one is
    /// running.
    pub(super) fn begin(
        &self,
        steering: LoadControl,
        wishes: Option<mpsc::Sender<ControlEvent>>,
    ) -> bool {
        let mut inner = self.lock();
        if inner.known.running {
            return false;
        }
        inner.known = Known::starting();
        inner.steering = Some(steering);
        inner.wishes = wishes;
        inner.tell_all();
        true
    }

    /// Takes an event of the running command in and passes it on.
    pub(super) fn hear(&self, event: Event) {
        let mut inner = self.lock();
        let steerable = inner.steerable();
        let news = inner
            .known
            .hear(event, Utc::now().timestamp_millis(), steerable);
        let frame = frame(news.name(), &news);
        inner.send(&frame);
    }

    /// The running command has ended, `failure` says why it came to no verdict.
    pub(super) fn end(&self, failure: Option<String>) {
        let mut inner = self.lock();
        inner.known.running = false;
        inner.known.failure = failure;
        inner.steering = None;
        inner.wishes = None;
        inner.tell_all();
    }

    /// Everything, as JSON.
    pub(super) fn json(&self) -> String {
        self.lock().json()
    }

    /// Hears the events of a command of this process, on a thread, until the last publisher is
    /// gone, or until `ended` is set and none is waiting.
    pub(super) fn follow(
        &self,
        events: Receiver<Event>,
        ended: Arc<AtomicBool>,
    ) -> Option<JoinHandle<()>> {
        let board = self.clone();
        let hearing = thread::Builder::new()
            .name("page".to_owned())
            .spawn(move || {
                loop {
                    match events.recv_timeout(LOOK) {
                        Ok(event) => board.hear(event),
                        Err(RecvTimeoutError::Timeout) if !ended.load(Ordering::Acquire) => {}
                        Err(_) => return,
                    }
                }
            });
        // A machine that cannot start one more thread runs without a page that moves.
        hearing.ok()
    }

    /// One more reader, who is told everything first; none beyond [`MOST_READERS`].
    pub(super) fn read(&self, cut: CancellationToken) -> Option<mpsc::Receiver<Bytes>> {
        let mut inner = self.lock();
        inner.readers.retain(|reader| !reader.queue.is_closed());
        if inner.closed || inner.readers.len() >= MOST_READERS {
            return None;
        }
        let (queue, read) = mpsc::channel(QUEUE);
        let first = format!("retry: 2000\n\n{}", whole(&inner.json()));
        // An empty queue has room.
        let _room = queue.try_send(first.into());
        inner.readers.push(Reader { queue, cut });
        Some(read)
    }

    /// Ends the running command gracefully.
    pub(super) fn stop(&self) -> Result<(), Refused> {
        let inner = self.lock();
        let steering = inner.steering.as_ref().ok_or(Refused::Idle)?;
        steering.stop();
        Ok(())
    }

    /// Changes its load.
    pub(super) fn wish(&self, wish: ControlEvent) -> Result<(), Refused> {
        let mut inner = self.lock();
        let steering = inner.steering.as_ref().ok_or(Refused::Idle)?;
        steering.apply(wish)?;
        if let Some(child) = &inner.wishes {
            // A full queue holds newer wishes than the child could follow.
            let _full = child.try_send(wish);
        }
        inner.tell_all();
        Ok(())
    }

    /// A child says what can be changed of its load.
    pub(super) fn steerable(&self, told: Adjustable) {
        let mut inner = self.lock();
        if let Some(steering) = &inner.steering
            && steering.adjustable() != told
        {
            steering.begin(told);
            inner.tell_all();
        }
    }

    /// No more readers: those that are there are let go with what they have been sent.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.readers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn steerable(&self) -> Adjustable {
        self.steering.as_ref().map_or_else(
            || Adjustable::Nothing {
                why: "no command is running".to_owned(),
            },
            LoadControl::adjustable,
        )
    }

    fn json(&self) -> String {
        json(&Whole {
            known: &self.known,
            steerable: self.steerable(),
        })
    }

    fn tell_all(&mut self) {
        let frame = whole(&self.json());
        self.send(&frame.into());
    }

    /// Gives everyone a message; whoever has no room for it is cut off.
    fn send(&mut self, frame: &Bytes) {
        let readers = mem::take(&mut self.readers);
        for reader in readers {
            if reader.queue.try_send(frame.clone()).is_ok() {
                self.readers.push(reader);
            } else {
                reader.cut.cancel();
            }
        }
    }
}

/// The message that says everything.
fn whole(json: &str) -> String {
    format!("event: state\ndata: {json}\n\n")
}

fn frame(name: &str, news: &News<'_>) -> Bytes {
    format!("event: {name}\ndata: {}\n\n", json(news)).into()
}

/// JSON has no line break of its own, so that it is one line of a message.
pub(super) fn json(value: &impl Serialize) -> String {
    // These types have neither maps of odd keys nor anything else that JSON cannot say.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steering() -> LoadControl {
        LoadControl::new(CancellationToken::new())
    }

    fn text(read: &mut mpsc::Receiver<Bytes>) -> String {
        String::from_utf8(read.try_recv().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn who_comes_late_is_told_everything_and_then_what_is_new() {
        let board = Board::default();
        assert!(board.begin(steering(), None) && !board.begin(steering(), None));
        board.hear(Event::Note("early".into()));
        let mut read = board.read(CancellationToken::new()).unwrap();
        board.hear(Event::Note("late\n".into()));
        let first = text(&mut read);
        assert!(first.starts_with("retry: 2000\n\nevent: state\ndata: {"));
        assert!(first.contains("early") && first.contains(r#""running":true"#));
        let second = text(&mut read);
        assert!(second.starts_with("event: log\ndata: {") && second.ends_with("}\n\n"));
        board.end(None);
        assert!(text(&mut read).contains(r#""running":false"#));
    }

    #[test]
    fn the_seventeenth_reader_is_refused_until_another_has_left() {
        let board = Board::default();
        let mut all: Vec<_> = (0..MOST_READERS)
            .map(|_| board.read(CancellationToken::new()).unwrap())
            .collect();
        assert!(board.read(CancellationToken::new()).is_none());
        all.pop();
        assert!(board.read(CancellationToken::new()).is_some());
    }

    #[test]
    fn a_reader_that_does_not_keep_up_is_cut_off_and_the_others_are_not() {
        let board = Board::default();
        board.begin(steering(), None);
        let (slow, quick) = (CancellationToken::new(), CancellationToken::new());
        let _never_read = board.read(slow.clone()).unwrap();
        let mut read = board.read(quick.clone()).unwrap();
        for _ in 0..3 * QUEUE {
            board.hear(Event::Note("x".into()));
            read.try_recv().unwrap();
        }
        assert!(slow.is_cancelled() && !quick.is_cancelled());
    }

    #[test]
    fn a_wish_is_checked_here_and_reaches_the_child() {
        let board = Board::default();
        assert!(matches!(
            board.wish(ControlEvent::Rate(5.0)),
            Err(Refused::Idle)
        ));
        let (child, mut wishes) = mpsc::channel(4);
        let steering = steering();
        board.begin(steering.clone(), Some(child));
        assert!(board.wish(ControlEvent::Rate(5.0)).is_err());
        board.steerable(Adjustable::Rate {
            now: 5.0,
            most: 50.0,
        });
        assert!(board.wish(ControlEvent::Rate(500.0)).is_err());
        board.wish(ControlEvent::Rate(20.0)).unwrap();
        assert_eq!(wishes.try_recv().unwrap(), ControlEvent::Rate(20.0));
        assert!(wishes.try_recv().is_err());
        assert!(board.json().contains(r#""now":20.0"#));
        board.stop().unwrap();
        assert!(steering.is_stopped());
    }
}
