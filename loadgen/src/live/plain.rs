//! The lines of a log: one at each stage, one every few seconds while a trial runs.

use std::time::{Duration, Instant};

use crate::live::{
    capabilities::TerminalCapabilities,
    figures::{ms, rate},
};
use loadgen_experiment::{
    events::{Event, Tick, printable},
    schema::ArmName,
};

/// Time between two lines of a running trial.
const EVERY: Duration = Duration::from_secs(5);

/// Turns events into lines; remembers when the last tick was printed.
#[derive(Debug, Default)]
pub(super) struct PlainLines {
    printed: Option<Instant>,
    /// Arm, block and window of the last line.
    place: Option<(ArmName, u32, String)>,
}

impl PlainLines {
    /// The line of an event, if it has one now.
    pub(super) fn line(&mut self, event: &Event, now: Instant) -> Option<String> {
        match event {
            Event::Tick(tick) => self.tick(tick, now),
            Event::Stage { what, expected } => {
                self.printed = None;
                let expected =
                    expected.map_or_else(String::new, |time| format!(" (about {})", length(time)));
                Some(format!("{}{expected}", printable(what)))
            }
            Event::TrialDone(trial) => {
                self.printed = None;
                Some(format!("trial {}", done(trial)))
            }
            Event::Note(text) | Event::Fault(text) => Some(printable(text)),
            Event::Warning(text) => Some(format!("warning: {}", printable(text))),
            Event::Begun(begun) => Some(printable(&begun.load)),
            Event::Ended(_) => None,
        }
    }

    /// A tick has a line every few seconds, and at once where the window changes.
    fn tick(&mut self, tick: &Tick, now: Instant) -> Option<String> {
        let place = Some((tick.arm.clone(), tick.block, tick.phase.clone()));
        let due = self
            .printed
            .is_none_or(|printed| now.duration_since(printed) >= EVERY);
        if !due && place == self.place {
            return None;
        }
        self.printed = Some(now);
        self.place = place;
        Some(parts(tick).join("  "))
    }
}

/// The line of an event that stays on the terminal, if there is one.
pub(super) fn lasting(event: &Event, capabilities: TerminalCapabilities) -> Option<String> {
    match event {
        Event::TrialDone(trial) => Some(done(trial)),
        Event::Note(text) | Event::Fault(text) => Some(printable(text)),
        Event::Begun(begun) => Some(printable(&begun.load)),
        Event::Warning(text) => {
            let word = if capabilities.colour {
                "\u{1b}[33mwarning:\u{1b}[0m"
            } else {
                "warning:"
            };
            Some(format!("{word} {}", printable(text)))
        }
        Event::Tick(_) | Event::Stage { .. } | Event::Ended(_) => None,
    }
}

/// The figures of a tick, most important first.
pub(super) fn parts(tick: &Tick) -> Vec<String> {
    let mut parts = vec![place(tick)];
    parts.extend(time_left(tick, Duration::ZERO));
    parts.push(format!(
        "{}/{} per s",
        rate(tick.achieved),
        rate(tick.offered)
    ));
    parts.push(format!(
        "p50 {} p95 {} ms",
        ms(tick.p50_ms),
        ms(tick.p95_ms)
    ));
    parts.push(format!("{} failed", tick.failed));
    parts.push(format!("{} in flight", tick.in_flight));
    for one in tick.thresholds.iter().filter(|one| one.broken) {
        parts.push(format!("broken so far: {}", printable(&one.sentence())));
    }
    if let Some(target) = &tick.target {
        parts.push(format!(
            "pool {}/{}, {} waiting",
            target.pool_in_use, target.pool_max, target.pool_waiters
        ));
    }
    parts
}

/// `1:05 left`, some time after the tick; nothing where no time is expected any more.
pub(super) fn time_left(tick: &Tick, since: Duration) -> Option<String> {
    if tick.total.is_zero() {
        return None;
    }
    let left = tick.total.saturating_sub(tick.elapsed + since);
    let left = length(left);
    match (tick.total_known, left.as_str()) {
        // What comes after the load was never seen, or takes longer than it did before.
        (_, "0:00") => None,
        (true, _) => Some(format!("{left} left")),
        (false, _) => Some(format!("at least {left} left")),
    }
}

/// `block 3/8 after measure`.
fn place(tick: &Tick) -> String {
    format!(
        "{}{} {}",
        block_of(tick),
        printable(&tick.arm),
        printable(&tick.phase)
    )
}

/// `block 3/8 `, with what follows behind it; empty outside of blocks.
pub(super) fn block_of(tick: &Tick) -> String {
    if tick.blocks > 0 {
        format!("block {}/{} ", tick.block, tick.blocks)
    } else {
        String::new()
    }
}

/// `1:05`, `1:02:03`.
pub(super) fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 3_600 {
        return format!(
            "{}:{:02}:{:02}",
            seconds / 3_600,
            seconds % 3_600 / 60,
            seconds % 60
        );
    }
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The result of a finished trial.
fn done(trial: &loadgen_experiment::schema::Trial) -> String {
    let total = &trial.total;
    let failed: u64 = total
        .planned
        .saturating_sub((total.success * total.planned as f64).round() as u64);
    let violations = match trial.violations {
        Some(0) | None => String::new(),
        Some(violations) => format!(", {violations} violations"),
    };
    format!(
        "{}: {}, {} per s, p50 {} p97.5 {} ms, {failed} of {} failed{violations}",
        printable(&trial.folder),
        trial.validity.word,
        rate(total.rate_per_s),
        ms(total.response.p50.in_order()),
        ms(total.response.p97_5.in_order()),
        total.planned
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rare_or_fast_is_not_written_as_nothing() {
        let tick = Tick {
            achieved: 0.4,
            offered: 0.5,
            p50_ms: Some(0.042),
            p95_ms: Some(f64::INFINITY),
            ..Tick::default()
        };
        let parts = parts(&tick);
        assert!(parts.contains(&"0.4/0.5 per s".to_owned()), "{parts:?}");
        let times = "p50 0.04 p95 ∞ ms".to_owned();
        assert!(parts.contains(&times), "{parts:?}");
    }
}
