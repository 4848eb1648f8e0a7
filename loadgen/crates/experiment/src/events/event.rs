//! The event types.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::text::is_unprintable;

use super::{span, tick::Tick};
use crate::schema::{Trial, Verdict};

/// One event of a running command. As JSON: `{"event": …, "data": …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// The command is about to run; says what, and where the result will be.
    Begun(Begun),
    /// A new stage begins: `starting PostgreSQL`, `block 3 of 8, after: warm up`.
    Stage {
        /// What is done now, in words.
        what: String,
        /// How long it should take, where that is known.
        #[serde(with = "span::optional", rename = "expected_s")]
        expected: Option<Duration>,
    },
    /// The state of the running trial; sent about twice a second.
    Tick(Box<Tick>),
    /// A trial has ended, with its validity.
    TrialDone(Box<Trial>),
    /// Information of one line.
    Note(String),
    /// A fault was put into a service, or taken away, in one line; charts mark it.
    Fault(String),
    /// Something that a reader must know before trusting a figure.
    Warning(String),
    /// The command has its verdict, and its reports are written.
    Ended(Ended),
}

/// What a command is about to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Name of the command: `run`, `experiment` …
    pub command: String,
    /// Name of the suite or experiment.
    pub name: String,
    /// Its question, in one sentence.
    pub question: String,
    /// The load, described in one line.
    pub load: String,
    /// When the command began.
    pub at: DateTime<Utc>,
    /// Name of the result folder below `runs/`.
    pub folder: String,
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The outcome.
    pub verdict: Verdict,
    /// Name of the result folder below `runs/`; its `report.html` is written.
    pub folder: String,
}

/// An untrusted text as one line that is safe to show on a terminal or a page: control characters,
/// which could move the cursor or change colours, and marks that change the direction of writing
/// are removed.
pub fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => line.push(' '),
            letter if is_unprintable(letter) => {}
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untrusted_text_cannot_control_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mred\u{7}\r\nb\u{9b}2J\u{202e}c"),
            "a[31mred  b2Jc"
        );
    }

    #[test]
    fn an_event_comes_back_from_json_as_it_went() {
        for event in [
            Event::Note("x".into()),
            Event::Fault("redis.down begins".into()),
            Event::Stage {
                what: "reset".into(),
                expected: Some(Duration::from_millis(1_500)),
            },
            Event::Tick(Box::new(Tick {
                elapsed: Duration::from_millis(2_250),
                p50_ms: Some(1.5),
                ..Tick::default()
            })),
        ] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(
                serde_json::from_str::<Event>(&text).unwrap(),
                event,
                "{text}"
            );
        }
    }
}
