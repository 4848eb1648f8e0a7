//! Events as lines: one JSON object each, for a program that follows a command.
//!
//! ```text
//! {"event":"stage","data":{"what":"starting PostgreSQL","expected_s":3.0}}
//! {"event":"steerable","data":{"kind":"rate","now":20.0,"most":1000.0}}
//! ```
//!
//! `steerable` is written where what can be changed of the load has changed. The way back are
//! wishes, also a line each: `{"rate":50}`, `{"users":20}`.

use std::{
    io::{self, BufRead, Write},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};

use loadgen_experiment::events::{Adjustable, ControlEvent, Event, LoadControl};

/// Longest wish, in bytes.
const LONGEST_WISH: u64 = 4_096;
/// Time between two looks whether anything more is expected.
const LOOK: Duration = Duration::from_millis(200);

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// Something happened.
    Event(Event),
    /// Something else can be changed than before.
    Told(Told),
}

/// What is no event of the run, but is told with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Told {
    /// What can be changed of the load from now on.
    Steerable(Adjustable),
}

/// Writes events until every publisher is gone, or until `ended` is set and none is waiting. A
/// reader that goes away ends the writing, not the run.
pub fn write(
    events: &Receiver<Event>,
    steering: &LoadControl,
    ended: &AtomicBool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut told = None;
    loop {
        let event = match events.recv_timeout(LOOK) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) if !ended.load(Ordering::Acquire) => continue,
            Err(_) => return out.flush(),
        };
        let steerable = steering.adjustable();
        if told.as_ref() != Some(&steerable) {
            line(out, &Line::Told(Told::Steerable(steerable.clone())))?;
            told = Some(steerable);
        }
        line(out, &Line::Event(event))?;
        out.flush()?;
    }
}

fn line(out: &mut dyn Write, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    out.write_all(&text)
}

/// Reads wishes until the end of `from` and hands them to the load; `refused` is told of each that
/// cannot be fulfilled.
pub fn read_wishes(
    from: &mut dyn BufRead,
    steering: &LoadControl,
    refused: &mut dyn FnMut(String),
) {
    let mut text = Vec::new();
    loop {
        text.clear();
        match io::Read::take(&mut *from, LONGEST_WISH).read_until(b'\n', &mut text) {
            Ok(read) if read > 0 => {}
            _ => return,
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let done = serde_json::from_slice::<ControlEvent>(&text)
            .map_err(|error| format!("a wish is a line like {{\"rate\": 50}}: {error}"))
            .and_then(|wish| steering.apply(wish).map_err(|error| error.to_string()));
        if let Err(why) = done {
            refused(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use loadgen_experiment::events;

    #[test]
    fn every_line_can_be_read_back_and_says_what_can_be_changed() {
        let (publisher, heard) = events::channel();
        let steering = LoadControl::new(CancellationToken::new());
        publisher.stage("reset", Some(Duration::from_secs(1)));
        publisher.note("a line\nof two");
        drop(publisher);
        let mut out = Vec::new();
        write(&heard, &steering, &AtomicBool::new(false), &mut out).unwrap();
        let lines: Vec<Line> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], Line::Told(Told::Steerable(steering.adjustable())));
        assert_eq!(lines[2], Line::Event(Event::Note("a line\nof two".into())));
    }

    #[test]
    fn a_forgotten_publisher_does_not_keep_the_writer() {
        let (publisher, heard) = events::channel();
        publisher.note("x");
        let steering = LoadControl::new(CancellationToken::new());
        let mut out = Vec::new();
        write(&heard, &steering, &AtomicBool::new(true), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 2);
        drop(publisher);
    }

    #[test]
    fn wishes_are_followed_and_the_others_refused() {
        let steering = LoadControl::new(CancellationToken::new());
        steering.begin(Adjustable::Users { now: 5, most: 50 });
        let long = "x".repeat(10_000);
        let text =
            format!("{{\"users\": 20}}\n\n{{\"users\": 51}}\nnonsense\n{long}\n{{\"rate\": 5}}");
        let mut refused = Vec::new();
        read_wishes(&mut text.as_bytes(), &steering, &mut |why| {
            refused.push(why);
        });
        assert_eq!(
            steering.adjustable(),
            Adjustable::Users { now: 20, most: 50 }
        );
        assert!(refused[0].contains("1 to 50"), "{refused:?}");
        assert!(refused[1].contains("a line like"), "{refused:?}");
        assert!(refused.last().unwrap().contains("closed"), "{refused:?}");
    }
}
