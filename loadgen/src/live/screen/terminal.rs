//! Takes over the terminal and restores it: at the end, at a second Ctrl-C, at a panic in any
//! thread. Restoring it twice is harmless.

use std::{
    io::{self, IsTerminal as _, Write as _, stderr},
    panic,
    sync::{
        Mutex, MutexGuard, Once, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use ratatui::crossterm::{
    cursor::{Hide, Show},
    execute,
    style::ResetColor,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::getpgrp,
    termios::tcgetpgrp,
};

/// Whether the alternate screen is shown and keys come unread by the terminal.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Held while something is drawn, so that the terminal is not restored in the middle of it.
static DRAWING: Mutex<()> = Mutex::new(());
/// A hook is set once a process.
static HOOK: Once = Once::new();
/// Attempts to wait for a drawing to end before the terminal is restored anyway: the thread that
/// draws may be the one that panics.
const ATTEMPTS: u32 = 100;
/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(2);

/// Whether keys can be read: standard input is a terminal, and this process is in its foreground.
/// A background process that changed the terminal would be stopped.
pub(super) fn has_keys() -> bool {
    let stdin = io::stdin();
    stdin.is_terminal() && tcgetpgrp(&stdin).is_ok_and(|group| group == getpgrp())
}

/// Waits for input on standard input, at most this long; whether there is still a terminal.
pub(super) fn wait_for_input(longest: Duration) -> bool {
    let stdin = io::stdin();
    let mut input = [PollFd::new(&stdin, PollFlags::IN)];
    let longest = Timespec {
        tv_sec: longest.as_secs().cast_signed(),
        tv_nsec: i64::from(longest.subsec_nanos()),
    };
    match poll(&mut input, Some(&longest)) {
        Ok(_) => !input[0]
            .revents()
            .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL),
        Err(error) => error == Errno::INTR,
    }
}

/// Shows an empty screen and takes the keys.
pub(super) fn take() -> io::Result<()> {
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            // A message on the alternate screen would be gone with it.
            restore();
            before(what);
        }));
    });
    let _drawing = drawing();
    enable_raw_mode()?;
    // Before the first byte: half a change is to be undone too.
    TAKEN.store(true, Ordering::SeqCst);
    let shown = execute!(stderr(), EnterAlternateScreen, Hide);
    if shown.is_err() && TAKEN.swap(false, Ordering::SeqCst) {
        give_back();
    }
    shown
}

/// Draws while the terminal is taken; `None` where it was given back meanwhile.
pub(super) fn while_taken<T>(draw: impl FnOnce() -> T) -> Option<T> {
    let _drawing = drawing();
    TAKEN.load(Ordering::SeqCst).then(draw)
}

/// Restores the terminal: main screen, cursor, cooked mode. Does nothing where it was not taken.
/// To be called before the process exits at once.
pub fn restore() {
    if !TAKEN.load(Ordering::SeqCst) {
        return;
    }
    let mut drawing = None;
    for _ in 0..ATTEMPTS {
        match DRAWING.try_lock() {
            Ok(free) => drawing = Some(free),
            Err(TryLockError::Poisoned(free)) => drawing = Some(free.into_inner()),
            Err(TryLockError::WouldBlock) => {
                thread::sleep(PAUSE);
                continue;
            }
        }
        break;
    }
    if TAKEN.swap(false, Ordering::SeqCst) {
        give_back();
    }
    drop(drawing);
}

fn give_back() {
    // Nothing can be done where the terminal is gone.
    let _shown = execute!(stderr(), ResetColor, LeaveAlternateScreen, Show);
    let _written = stderr().flush();
    let _cooked = disable_raw_mode();
}

fn drawing() -> MutexGuard<'static, ()> {
    DRAWING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_was_not_taken_is_left_alone() {
        restore();
        assert_eq!(while_taken(|| "drawn"), None);
    }
}
