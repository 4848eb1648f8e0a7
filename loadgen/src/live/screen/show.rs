//! Reads events and keys until the run has ended, and draws the view.

use std::{
    io::{self, BufWriter, Stderr, stderr},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::event::{self, Event as Input},
};
use rustix::process::{Signal, getpid, kill_process};

use super::{
    draw::draw,
    input_state::{InputMode, InputState, KeyCommand},
    load_keys,
    state::RunState,
    terminal,
    theme::Theme,
    view::LiveView,
};
use crate::live::{capabilities::TerminalCapabilities, plain::lasting};
use loadgen_experiment::events::{Event, LoadControl};

/// Longest wait for a key before events are looked at.
const WAIT: Duration = Duration::from_millis(100);
/// Least time between two drawings.
const FRAME: Duration = Duration::from_millis(100);
/// Time after which a clock on the screen is drawn anew though nothing has happened.
const CLOCK: Duration = Duration::from_millis(500);
/// Most lines that are kept for the end.
const KEPT: usize = 1_000;

/// What is drawn on.
type ViewTerminal = Terminal<CrosstermBackend<BufWriter<Stderr>>>;

/// Whether the view can fill the terminal: it is one that can be drawn on, with its borders and curves, and keys can
/// be read.
pub(in crate::live) fn possible(capabilities: TerminalCapabilities) -> bool {
    capabilities.terminal && capabilities.unicode && terminal::has_keys()
}

/// How the view ended.
#[derive(Debug)]
pub(in crate::live) struct ViewEnd {
    /// Lines to print after the view has ended, oldest first.
    pub(in crate::live) lines: Vec<String>,
    /// Whether events may still follow: the terminal was restored before the end of the run.
    pub(in crate::live) cut_short: bool,
}

/// Shows events until the last publisher is gone, or until `ended` is set and none is waiting. The
/// terminal is taken when the first stage begins, so that a mistake that is found before leaves
/// it alone, and given back at the end.
pub(in crate::live) fn show(
    events: &Receiver<Event>,
    ended: &AtomicBool,
    capabilities: TerminalCapabilities,
    control: &LoadControl,
) -> ViewEnd {
    let mut viewer = Viewer {
        capabilities,
        control,
        state: RunState::default(),
        frozen: None,
        input: InputState::default(),
        lines: Vec::new(),
        screen: None,
        changed: false,
        drawn: None,
        keys: true,
    };
    let over = viewer.follow(events, ended);
    terminal::restore();
    ViewEnd {
        lines: viewer.lines,
        cut_short: over.is_none(),
    }
}

/// The view and all that it holds.
struct Viewer<'a> {
    capabilities: TerminalCapabilities,
    control: &'a LoadControl,
    state: RunState,
    /// The state that is shown while the view is paused, and since when.
    frozen: Option<Box<(RunState, Instant)>>,
    input: InputState,
    lines: Vec<String>,
    screen: Option<ViewTerminal>,
    changed: bool,
    drawn: Option<Instant>,
    /// Whether keys can still be read.
    keys: bool,
}

impl Viewer<'_> {
    /// Until the run has ended; `None` where the terminal was lost before.
    fn follow(&mut self, events: &Receiver<Event>, ended: &AtomicBool) -> Option<()> {
        loop {
            let last = ended.load(Ordering::Acquire);
            loop {
                match events.try_recv() {
                    Ok(event) => self.take(event)?,
                    Err(TryRecvError::Empty) if last => return Some(()),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Some(()),
                }
            }
            let now = Instant::now();
            let age = self.drawn.map(|drawn| now.duration_since(drawn));
            self.changed |= self.input.tidy(now);
            self.changed |= self.state.stage.is_some() && age.is_some_and(|age| age >= CLOCK);
            if self.changed && age.is_none_or(|age| age >= FRAME) {
                self.draw(now)?;
            }
            self.read_keys(now);
        }
    }

    fn take(&mut self, event: Event) -> Option<()> {
        if let Some(line) = lasting(&event, self.capabilities) {
            if self.lines.len() >= KEPT {
                self.lines.remove(0);
            }
            self.lines.push(line);
        }
        let begins = matches!(
            event,
            Event::Begun(_) | Event::Stage { .. } | Event::Tick(_)
        );
        self.state.take(event, Instant::now());
        self.changed = true;
        if begins && self.screen.is_none() {
            terminal::take().ok()?;
            let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stderr()));
            self.screen = Some(Terminal::new(backend).ok()?);
        }
        #[cfg(debug_assertions)]
        planted_panic(&self.state);
        Some(())
    }

    fn draw(&mut self, now: Instant) -> Option<()> {
        let Some(screen) = &mut self.screen else {
            return Some(());
        };
        let (state, shown) = match &self.frozen {
            Some(frozen) => (&frozen.0, frozen.1),
            None => (&self.state, now),
        };
        let view = LiveView {
            state,
            input: &self.input,
            theme: Theme {
                colour: self.capabilities.colour,
            },
            now: shown,
            clock: now,
            adjustable: self.control.adjustable(),
            stopping: self.control.is_stopped(),
        };
        self.changed = false;
        self.drawn = Some(now);
        let drawn = terminal::while_taken(|| screen.draw(|frame| draw(frame, &view)).map(|_| ()));
        drawn?.ok()
    }

    /// Waits a moment for keys, and takes those that are there.
    fn read_keys(&mut self, now: Instant) {
        if self.screen.is_none() || !self.keys {
            thread::sleep(WAIT);
            return;
        }
        let due = self.drawn.map_or(Duration::ZERO, |drawn| {
            (drawn + FRAME).saturating_duration_since(now)
        });
        let mut wait = if self.changed { due.min(WAIT) } else { WAIT };
        loop {
            // The library's own wait never ends once the terminal is gone.
            if !terminal::wait_for_input(wait) {
                self.keys = false;
                return;
            }
            let there = event::poll(Duration::ZERO);
            match there.and_then(|there| there.then(event::read).transpose()) {
                Ok(None) => return,
                Ok(Some(input)) => self.input(input),
                // The view goes on without keys.
                Err(_) => {
                    self.keys = false;
                    return;
                }
            }
            // What is there already, and no further wait.
            wait = Duration::ZERO;
        }
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Key(key) => {
                let command = self.input.press(key);
                let now = Instant::now();
                if let Some(command) = command {
                    self.execute(command, now);
                }
                if !self.input.paused {
                    self.frozen = None;
                } else if self.frozen.is_none() {
                    self.frozen = Some(Box::new((self.state.clone(), now)));
                }
            }
            Input::Resize(..) => {}
            _ => return,
        }
        self.changed = true;
    }

    fn execute(&mut self, command: KeyCommand, now: Instant) {
        match command {
            KeyCommand::Interrupt => {
                if let Err(why) = interrupt() {
                    self.input
                        .show_message(format!("Ctrl-C cannot be sent: {why}"), now);
                }
            }
            KeyCommand::Stop => {
                self.control.stop();
                self.input
                    .show_message("stopping: the report of what was measured follows", now);
            }
            KeyCommand::More => self
                .input
                .show_message(load_keys::step(self.control, true), now),
            KeyCommand::Less => self
                .input
                .show_message(load_keys::step(self.control, false), now),
            KeyCommand::Set(typed) => self
                .input
                .show_message(load_keys::set(self.control, &typed), now),
            KeyCommand::Ask => match load_keys::question(&self.control.adjustable()) {
                Ok(_) => self.input.mode = InputMode::Typing(String::new()),
                Err(why) => self.input.show_message(why, now),
            },
        }
    }
}

/// Sends this process the signal that the terminal sends at Ctrl-C when it is not in raw mode, so
/// that one signal handler decides what an interrupt means.
fn interrupt() -> io::Result<()> {
    kill_process(getpid(), Signal::INT)?;
    Ok(())
}

/// In a debug build a test can have this thread panic while the screen is taken.
#[cfg(debug_assertions)]
fn planted_panic(state: &RunState) {
    let planted = state.is_running() && std::env::var_os("LOADGEN_TEST_PANIC_IN_VIEW").is_some();
    assert!(!planted, "this panic was planted by a test");
}
