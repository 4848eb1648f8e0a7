//! Reads the events of a run until it has ended, and shows them. A closed output, such as a pipe
//! whose reader has left, ends the display and not the run.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::live::capabilities::{TerminalCapabilities, stderr_width};
use crate::live::plain::{PlainLines, lasting};
use crate::live::screen;
use crate::live::status_line::{CLEAR, StatusLine};
use loadgen_experiment::events::{Event, LoadControl};

/// Time after which a rewritten line moves though nothing has happened.
const FRAME: Duration = Duration::from_millis(500);

/// A thread that shows the events of a run on standard error.
#[derive(Debug)]
pub struct Live {
    thread: Option<JoinHandle<()>>,
    /// Set when no more events are expected, although a publisher may still be alive.
    ended: Arc<AtomicBool>,
}

impl Live {
    /// Starts to show in lines; it ends by itself when every publisher is gone.
    pub fn start(events: Receiver<Event>, capabilities: TerminalCapabilities) -> Self {
        Self::spawn(move |ended| {
            show_until(
                &events,
                capabilities,
                stderr_width,
                &mut io::stderr(),
                ended,
            );
        })
    }

    /// Starts to show in a view that fills the terminal and takes keys, where standard error and
    /// standard input are one and `plain` is not asked for; in lines otherwise. Lasting
    /// lines are printed when the view has ended.
    pub fn on_terminal(events: Receiver<Event>, plain: bool, control: LoadControl) -> Self {
        let capabilities = TerminalCapabilities::of_stderr();
        if plain || !screen::possible(capabilities) {
            return Self::start(events, capabilities);
        }
        Self::spawn(move |ended| {
            let shown = screen::show(&events, ended, capabilities, &control);
            let mut out = io::stderr();
            for line in &shown.lines {
                // Nothing to do where the reader has gone away.
                let _gone = writeln!(out, "{line}");
            }
            if shown.cut_short {
                show_until(&events, capabilities, stderr_width, &mut out, ended);
            }
        })
    }

    fn spawn(show: impl FnOnce(&AtomicBool) + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let thread = std::thread::Builder::new()
            .name("live".into())
            .spawn(move || show(&seen));
        // Without a thread for it there is no display: the channel is closed, and the publisher
        // skips it.
        Self {
            thread: thread.ok(),
            ended,
        }
    }

    /// Waits until the events so far have been shown.
    pub fn finish(mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic of the display must not lose the result.
            let _shown = thread.join();
        }
    }
}

impl Drop for Live {
    /// The terminal is restored even where `finish` was not called.
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        screen::restore();
    }
}

/// Shows events until the last publisher is gone, for a terminal whose width stays.
pub fn watch(events: &Receiver<Event>, capabilities: TerminalCapabilities, out: &mut dyn Write) {
    show_until(events, capabilities, || None, out, &AtomicBool::new(false));
}

/// Shows events until the last publisher is gone, or until `ended` is set and none is waiting:
/// a publisher that was not dropped must not delay the report. `width` is that of the terminal now.
fn show_until(
    events: &Receiver<Event>,
    capabilities: TerminalCapabilities,
    width: fn() -> Option<usize>,
    out: &mut dyn Write,
    ended: &AtomicBool,
) {
    let mut screen = LineDisplay {
        capabilities,
        width,
        out,
        plain: PlainLines::default(),
        shown: StatusLine::Nothing,
        closed: false,
    };
    loop {
        match events.recv_timeout(FRAME) {
            Ok(event) => screen.show(event, Instant::now()),
            Err(RecvTimeoutError::Timeout) if ended.load(Ordering::Acquire) => break,
            Err(RecvTimeoutError::Timeout) => screen.refresh(Instant::now()),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if capabilities.terminal {
        screen.write(CLEAR);
    }
}

/// What stands on the screen.
struct LineDisplay<'a> {
    capabilities: TerminalCapabilities,
    width: fn() -> Option<usize>,
    out: &'a mut dyn Write,
    plain: PlainLines,
    shown: StatusLine,
    /// Whether the reader has gone away.
    closed: bool,
}

impl LineDisplay<'_> {
    fn show(&mut self, event: Event, now: Instant) {
        if !self.capabilities.terminal {
            if let Some(line) = self.plain.line(&event, now) {
                self.write(&format!("{line}\n"));
            }
            return;
        }
        if let Some(line) = lasting(&event, self.capabilities) {
            self.above(&line);
        }
        match event {
            Event::Tick(tick) => self.shown = StatusLine::Trial(tick),
            Event::Stage { what, expected } => {
                self.shown = StatusLine::Stage {
                    what,
                    expected,
                    since: now,
                }
            }
            _ => {}
        }
        self.refresh(now);
    }

    /// Leaves a line standing above the one that is rewritten.
    fn above(&mut self, line: &str) {
        self.write(&format!("{CLEAR}{line}\n"));
    }

    /// Rewrites the last line.
    fn refresh(&mut self, now: Instant) {
        if self.capabilities.terminal {
            // A line that is wider than a window made narrower would take two, and be left behind at each refresh.
            self.capabilities.width = (self.width)().unwrap_or(self.capabilities.width);
            let line = self.shown.line(self.capabilities, now);
            self.write(&format!("{CLEAR}{line}"));
        }
    }

    /// Writes at once; once the reader is gone, never again.
    fn write(&mut self, text: &str) {
        if !self.closed {
            let written = self
                .out
                .write_all(text.as_bytes())
                .and_then(|()| self.out.flush());
            self.closed = written.is_err();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_experiment::events::{Tick, channel};

    /// A pipe whose reader has left.
    struct Closed(usize);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(capabilities: TerminalCapabilities, events: Vec<Event>) -> String {
        let (publisher, receiver) = channel();
        for event in events {
            publisher.send(event);
        }
        drop(publisher);
        let mut text = Vec::new();
        watch(&receiver, capabilities, &mut text);
        String::from_utf8(text).unwrap()
    }

    fn tick(phase: &str) -> Event {
        Event::Tick(Box::new(Tick {
            arm: "run".into(),
            phase: phase.into(),
            ..Tick::default()
        }))
    }

    #[test]
    fn a_log_has_a_line_at_each_stage_and_not_at_each_tick() {
        let text = shown(
            TerminalCapabilities::plain(),
            vec![
                Event::Stage {
                    what: "starting PostgreSQL".into(),
                    expected: Some(Duration::from_secs(65)),
                },
                tick("warm up"),
                tick("warm up"),
                tick("measure"),
                Event::Warning("fsync is off\u{1b}[31m".into()),
            ],
        );
        assert_eq!(
            text,
            "starting PostgreSQL (about 1:05)\n\
             run warm up  0/0 per s  p50 - p95 - ms  0 failed  0 in flight\n\
             run measure  0/0 per s  p50 - p95 - ms  0 failed  0 in flight\n\
             warning: fsync is off[31m\n"
        );
    }

    #[test]
    fn a_terminal_sees_one_line_rewritten_and_notes_above_it() {
        let capabilities = TerminalCapabilities {
            terminal: true,
            colour: false,
            unicode: true,
            width: 60,
        };
        let text = shown(
            capabilities,
            vec![
                tick("measure"),
                Event::Note("block 1 is done".into()),
                tick("drain"),
            ],
        );
        assert_eq!(text.matches('\n').count(), 1);
        assert!(
            text.contains("block 1 is done\n\r\u{1b}[Krun measure"),
            "{text:?}"
        );
        assert!(text.ends_with(CLEAR));
    }

    #[test]
    fn a_line_follows_the_width_of_its_window() {
        let capabilities = TerminalCapabilities {
            terminal: true,
            colour: false,
            unicode: true,
            width: 120,
        };
        let (publisher, receiver) = channel();
        publisher.send(tick("measure"));
        drop(publisher);
        let mut text = Vec::new();
        // Made narrower after the command has begun.
        let ended = AtomicBool::new(false);
        show_until(&receiver, capabilities, || Some(40), &mut text, &ended);
        let text = String::from_utf8(text).unwrap();
        let widest = text.split(CLEAR).map(|line| line.chars().count()).max();
        assert!(
            widest.is_some_and(|columns| (20..40).contains(&columns)),
            "{text:?}"
        );
    }

    #[test]
    fn a_publisher_that_was_not_dropped_does_not_delay_the_report() {
        let (publisher, receiver) = channel();
        publisher.note("last words");
        let live = Live::start(receiver, TerminalCapabilities::plain());
        live.finish();
        drop(publisher);
    }

    #[test]
    fn a_closed_pipe_ends_the_display_and_not_the_run() {
        let (publisher, receiver) = channel();
        for _ in 0..50 {
            publisher.note("x");
        }
        drop(publisher);
        let mut pipe = Closed(0);
        watch(&receiver, TerminalCapabilities::plain(), &mut pipe);
        assert_eq!(pipe.0, 1);
    }
}
