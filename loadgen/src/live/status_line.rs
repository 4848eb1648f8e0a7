//! One line that is rewritten: a bar, the time left, and as many figures as fit.

use std::time::{Duration, Instant};

use ratatui::text::Span;

use crate::live::capabilities::TerminalCapabilities;
use crate::live::plain::{length, parts};
use loadgen_experiment::events::{Tick, printable};

/// Columns of the bar itself.
const BAR: usize = 18;

/// Moves the cursor to the first column and clears the line.
pub(super) const CLEAR: &str = "\r\u{1b}[K";

/// What the line shows now.
#[derive(Debug, Clone)]
pub(super) enum StatusLine {
    /// Nothing yet.
    Nothing,
    /// A stage that takes its time.
    Stage {
        what: String,
        expected: Option<Duration>,
        since: Instant,
    },
    Trial(Box<Tick>),
}

impl StatusLine {
    /// The line, without its end, never wider than the terminal.
    pub(super) fn line(&self, capabilities: TerminalCapabilities, now: Instant) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Stage {
                what,
                expected,
                since,
            } => stage(capabilities, what, *expected, now.duration_since(*since)),
            Self::Trial(tick) => trial(capabilities, tick),
        }
    }
}

/// A stage with the time that it has taken.
fn stage(
    capabilities: TerminalCapabilities,
    what: &str,
    expected: Option<Duration>,
    spent: Duration,
) -> String {
    let of = expected.map_or_else(String::new, |expected| {
        format!(" of about {}", length(expected))
    });
    cut(
        &format!("{}  {}{of}", printable(what), length(spent)),
        capabilities.width.saturating_sub(1),
    )
}

/// A trial with its bar; figures are left out from the right where there is no room.
fn trial(capabilities: TerminalCapabilities, tick: &Tick) -> String {
    let room = capabilities.width.saturating_sub(1);
    let share = if tick.total.is_zero() {
        0.0
    } else {
        tick.elapsed.as_secs_f64() / tick.total.as_secs_f64()
    };
    let share = share.clamp(0.0, 1.0);
    let filled = (share * BAR as f64).round() as usize;
    let mut line = String::new();
    let mut used = 0;
    for (index, part) in parts(tick).into_iter().enumerate() {
        let gap = if index == 0 { 0 } else { 2 };
        let width = columns(&part) + gap;
        if used + width + if index == 0 { BAR + 2 } else { 0 } > room {
            if index == 0 {
                return cut(&part, room);
            }
            continue;
        }
        line.push_str(&" ".repeat(gap));
        let failing = tick.failed > 0 && part.ends_with(" failed");
        line.push_str(&if failing {
            paint(capabilities, "31", &part)
        } else {
            part
        });
        used += width;
        if index == 0 {
            let colour = if tick.arm.is_before() { "33" } else { "36" };
            let [done, open] = if capabilities.unicode {
                ["━", "─"]
            } else {
                ["=", "-"]
            };
            let done = paint(capabilities, colour, &done.repeat(filled));
            let open = paint(capabilities, "2", &open.repeat(BAR - filled));
            line.push_str("  ");
            line.push_str(&done);
            line.push_str(&open);
            used += BAR + 2;
        }
    }
    line
}

/// A coloured text where colours are wanted.
fn paint(capabilities: TerminalCapabilities, code: &str, text: &str) -> String {
    if capabilities.colour && !text.is_empty() {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.into()
    }
}

/// A text cut to a width in columns.
fn cut(text: &str, width: usize) -> String {
    let mut used = 0;
    let fits = |letter: &char| {
        used += columns(&letter.to_string());
        used <= width
    };
    text.chars().take_while(fits).collect()
}

/// Columns that a text takes: some letters take two, or none.
fn columns(text: &str) -> usize {
    Span::raw(text).width()
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_experiment::events::TargetNow;

    fn tick() -> Tick {
        Tick {
            arm: "after\u{1b}[2J".into(),
            block: 3,
            blocks: 8,
            phase: "measure".into(),
            elapsed: Duration::from_secs(30),
            total: Duration::from_secs(90),
            total_known: true,
            offered: 200.0,
            achieved: 199.6,
            in_flight: 12,
            p50_ms: Some(3.12),
            p95_ms: Some(12.4),
            failed: 2,
            target: Some(TargetNow {
                pool_in_use: 5,
                pool_max: 5,
                pool_waiters: 112,
                ..TargetNow::default()
            }),
            ..Tick::default()
        }
    }

    #[test]
    fn a_line_is_never_wider_than_the_terminal() {
        for width in 1..160 {
            let capabilities = TerminalCapabilities {
                terminal: true,
                colour: false,
                unicode: true,
                width,
            };
            let line = trial(capabilities, &tick());
            assert!(line.chars().count() < width.max(1), "{width}: {line}");
            assert!(!line.contains('\u{1b}'));
            // The name of a phase is from a file: letters of two columns, and what a terminal would obey.
            let tick = Tick {
                phase: "測定の段階\u{1b}[2J".into(),
                ..tick()
            };
            let line = trial(capabilities, &tick);
            assert!(columns(&line) < width.max(1), "{width}: {line}");
            assert!(!line.contains('\u{1b}'));
            let what = "測定の段階の準備";
            let line = stage(capabilities, what, None, Duration::ZERO);
            assert!(columns(&line) < width.max(1), "{width}: {line}");
        }
    }

    #[test]
    fn without_utf_8_the_bar_is_one_of_ascii() {
        let capabilities = TerminalCapabilities {
            terminal: true,
            colour: true,
            unicode: false,
            width: 140,
        };
        let line = trial(capabilities, &tick());
        assert!(line.is_ascii() && line.contains("======"), "{line}");
    }

    #[test]
    fn a_wide_terminal_sees_everything() {
        let capabilities = TerminalCapabilities {
            terminal: true,
            colour: false,
            unicode: true,
            width: 140,
        };
        assert_eq!(
            trial(capabilities, &tick()),
            "block 3/8 after[2J measure  ━━━━━━────────────  1:00 left  200/200 per s  p50 3.1 p95 12 ms  2 failed  12 in flight  pool 5/5, 112 waiting"
        );
    }
}
