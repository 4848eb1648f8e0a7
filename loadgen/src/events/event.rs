//! The events themselves.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{span, tick::Tick};
use crate::schema::{Trial, Verdict};

/// Something that a reader of the run may want to know. As JSON: `{"event": …, "data": …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// The command knows what it will run, and where the result will lie.
    Begun(Begun),
    /// A new stage begins: `starting PostgreSQL`, `block 3 of 8, after: warm up`.
    Stage {
        /// What is done now, for people.
        what: String,
        /// How long it should take, where that is known.
        #[serde(with = "span::optional", rename = "expected_s")]
        expected: Option<Duration>,
    },
    /// Where the running trial stands; sent about twice a second.
    Tick(Box<Tick>),
    /// A trial has ended and been judged.
    TrialDone(Box<Trial>),
    /// Something worth one line.
    Note(String),
    /// Something that a reader must know before believing a figure.
    Warning(String),
    /// The command has its verdict, and its reports are written.
    Ended(Ended),
}

/// What a command is about to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// `run`, `experiment` …: the command's word.
    pub command: String,
    /// Name of the suite or experiment.
    pub name: String,
    /// What it asks, in one sentence.
    pub question: String,
    /// The load, in one line for people.
    pub load: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// Name of the result folder below `runs/`.
    pub folder: String,
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The outcome.
    pub verdict: Verdict,
    /// Name of the result folder below `runs/`; its `report.html` is written.
    pub folder: String,
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
    fn an_event_comes_back_from_json_as_it_went() {
        for event in [
            Event::Note("x".into()),
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
