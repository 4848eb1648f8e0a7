//! What a command publishes while it runs: stages, ticks, finished trials, notes and warnings.
//! The live view and the store subscribe; the rooms that publish write no file and no terminal.
//!
//! The channel is bounded. A [`Tick`] that finds it full is dropped, so a slow terminal can
//! never hold the pacer back; every other event waits for room, because losing one would lose
//! a result. A publisher whose reader is gone stays silent: a run outlives its audience.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::schema::Trial;

/// Events that may wait for the reader: some minutes of ticks.
const CAPACITY: usize = 256;

/// One thing that a reader of the run may want to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A new stage begins: `starting PostgreSQL`, `block 3 of 8, after: warm up`.
    Stage {
        /// What is done now, for people.
        what: String,
        /// How long it should take, where that is known.
        expected: Option<Duration>,
    },
    /// Where the running trial stands; sent about once a second.
    Tick(Tick),
    /// A trial has ended and been judged.
    TrialDone(Box<Trial>),
    /// Something worth one line.
    Note(String),
    /// Something that a reader must know before believing a figure.
    Warning(String),
}

/// Where the running trial stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tick {
    /// `before`, `after` or `run`.
    pub arm: String,
    /// Block number from 1; 0 outside an experiment.
    pub block: u32,
    /// How many blocks there are; 0 outside an experiment.
    pub blocks: u32,
    /// Window of the trial: `prime`, `warm up`, `measure`, `drain`.
    pub phase: &'static str,
    /// Time since the command's load began.
    pub elapsed: Duration,
    /// What the command's load will take in all.
    pub total: Duration,
    /// Requests a second that the plan asks for now.
    pub offered: f64,
    /// Requests a second that were completed in the last tick.
    pub achieved: f64,
    /// Requests sent and not yet answered, with those waiting to be sent.
    pub in_flight: u64,
    /// Median response time of the last tick, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the last tick, in milliseconds.
    pub p95_ms: Option<f64>,
    /// Requests that failed since the trial began.
    pub failed: u64,
    /// One figure of the target: `pool 5/5, 112 waiting`.
    pub target: Option<String>,
}

/// The writing end: cheap to clone, usable from any thread.
#[derive(Debug, Clone, Default)]
pub struct Publisher {
    /// Absent for a command that nobody watches.
    sender: Option<SyncSender<Event>>,
}

/// A publisher and the events it will send, in order.
pub fn channel() -> (Publisher, Receiver<Event>) {
    let (sender, events) = sync_channel(CAPACITY);
    (
        Publisher {
            sender: Some(sender),
        },
        events,
    )
}

impl Publisher {
    /// A publisher that nobody listens to.
    pub fn silent() -> Self {
        Self::default()
    }

    /// Sends one event. A tick is dropped where the reader lags; others wait for room.
    pub fn send(&self, event: Event) {
        let Some(sender) = &self.sender else { return };
        // A closed channel is no failure of the run: the audience left.
        if matches!(event, Event::Tick(_)) {
            let _full_or_closed = sender.try_send(event);
        } else {
            let _closed = sender.send(event);
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
        self.send(Event::Tick(tick));
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

/// A text from elsewhere as one line that a terminal and a page may show: control characters,
/// which could move the cursor or recolour the screen, and marks that reverse the direction of
/// writing are taken out.
pub fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => line.push(' '),
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {}
            letter if letter.is_control() => {}
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mred\u{7}\r\nb\u{9b}2J\u{202e}c"),
            "a[31mred  b2Jc"
        );
    }

    #[test]
    fn ticks_never_wait_for_a_reader_that_lags() {
        let (publisher, events) = channel();
        for _ in 0..10 * CAPACITY {
            publisher.tick(Tick::default());
        }
        drop(publisher);
        assert_eq!(events.iter().count(), CAPACITY);
    }

    #[test]
    fn a_reader_that_left_does_not_disturb_the_run() {
        let (publisher, events) = channel();
        drop(events);
        publisher.note("nobody hears this");
        publisher.tick(Tick::default());
        Publisher::silent().warning("nor this");
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
