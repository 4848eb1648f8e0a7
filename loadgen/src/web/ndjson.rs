//! Events as newline-delimited JSON, for a program that follows a command.
//!
//! ```text
//! {"event":"stage","data":{"what":"starting PostgreSQL","expected_s":3.0}}
//! {"event":"adjustable","data":{"kind":"rate","now":20.0,"most":1000.0}}
//! ```
//!
//! `adjustable` says what of the load can be changed, and is written when that changes. Load changes
//! come the other way, also as a line each: `{"rate":50}`, `{"users":20}`.

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

/// Longest line of a load change, in bytes.
const MAX_CHANGE_BYTES: u64 = 4_096;
/// Time between two checks of `ended`.
const POLL: Duration = Duration::from_millis(200);

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventLine {
    /// An event of the command.
    Event(Event),
    /// The state of its load control.
    Control(ControlLine),
}

/// What is no event of the command, but is written between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum ControlLine {
    /// What of the load can be changed from now on.
    Adjustable(Adjustable),
}

/// Writes events until every publisher is gone, or until `ended` is set and none is waiting.
/// Fails when the reader of `out` has gone.
pub fn write(
    events: &Receiver<Event>,
    load_control: &LoadControl,
    ended: &AtomicBool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut written = None;
    loop {
        let event = match events.recv_timeout(POLL) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) if !ended.load(Ordering::Acquire) => continue,
            Err(_) => return out.flush(),
        };
        let adjustable = load_control.adjustable();
        if written.as_ref() != Some(&adjustable) {
            out.write_all(&line(&EventLine::Control(ControlLine::Adjustable(
                adjustable.clone(),
            )))?)?;
            written = Some(adjustable);
        }
        out.write_all(&line(&EventLine::Event(event))?)?;
        out.flush()?;
    }
}

/// JSON with its line break.
pub(super) fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads load changes until the end of `from` and applies them; calls `refused` with the reason for
/// each that cannot be applied.
pub fn read_load_changes(
    from: &mut dyn BufRead,
    load_control: &LoadControl,
    refused: &mut dyn FnMut(String),
) {
    let mut text = Vec::new();
    loop {
        text.clear();
        match io::Read::take(&mut *from, MAX_CHANGE_BYTES).read_until(b'\n', &mut text) {
            Ok(read) if read > 0 => {}
            _ => return,
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let done = serde_json::from_slice::<ControlEvent>(&text)
            .map_err(|error| format!("a load change is a line like {{\"rate\": 50}}: {error}"))
            .and_then(|change| {
                load_control
                    .apply(change)
                    .map_err(|error| error.to_string())
            });
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
    fn every_line_can_be_read_back_and_the_first_says_what_can_be_changed() {
        let (publisher, heard) = events::channel();
        let load_control = LoadControl::new(CancellationToken::new());
        publisher.stage("reset", Some(Duration::from_secs(1)));
        publisher.note("a line\nof two");
        drop(publisher);
        let mut out = Vec::new();
        write(&heard, &load_control, &AtomicBool::new(false), &mut out).unwrap();
        let lines: Vec<EventLine> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[0],
            EventLine::Control(ControlLine::Adjustable(load_control.adjustable()))
        );
        assert_eq!(
            lines[2],
            EventLine::Event(Event::Note("a line\nof two".into()))
        );
    }

    #[test]
    fn a_forgotten_publisher_does_not_keep_the_writer() {
        let (publisher, heard) = events::channel();
        publisher.note("x");
        let load_control = LoadControl::new(CancellationToken::new());
        let mut out = Vec::new();
        write(&heard, &load_control, &AtomicBool::new(true), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 2);
        drop(publisher);
    }

    #[test]
    fn load_changes_are_applied_and_invalid_lines_refused() {
        let load_control = LoadControl::new(CancellationToken::new());
        load_control.begin(Adjustable::Users { now: 5, most: 50 });
        let long = "x".repeat(10_000);
        let text =
            format!("{{\"users\": 20}}\n\n{{\"users\": 51}}\nnonsense\n{long}\n{{\"rate\": 5}}");
        let mut refused = Vec::new();
        read_load_changes(&mut text.as_bytes(), &load_control, &mut |why| {
            refused.push(why);
        });
        assert_eq!(
            load_control.adjustable(),
            Adjustable::Users { now: 20, most: 50 }
        );
        assert!(refused[0].contains("1 to 50"), "{refused:?}");
        assert!(refused[1].contains("a line like"), "{refused:?}");
        assert!(refused.last().unwrap().contains("closed"), "{refused:?}");
    }
}
