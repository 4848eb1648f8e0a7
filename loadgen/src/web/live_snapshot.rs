//! The state of the running command: its events, reduced to what a page needs when it opens.
//! Everything in it is bounded, and every text is one printable line.

use std::collections::VecDeque;

use serde::Serialize;

use loadgen_experiment::{
    events::{Adjustable, Begun, Ended, Event, Tick, printable},
    schema::{Percentile, Trial},
};

/// Most points of history: five minutes at one a second.
pub(super) const MAX_POINTS: usize = 300;
/// Least time between two points, in milliseconds; ticks come about twice as often.
const STEP_MS: i64 = 900;
/// Most lines of the log.
const MAX_LOG_LINES: usize = 200;
/// Most trials of the table.
const MAX_TRIALS: usize = 200;

/// A running command, or the last one that ran.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct LiveSnapshot {
    /// Whether it is running.
    pub(super) running: bool,
    /// What it runs; absent while its services start.
    pub(super) begun: Option<Begun>,
    /// The step that it is in.
    pub(super) stage: Option<StageNow>,
    /// The newest figures of the trial.
    pub(super) now: Option<TickNow>,
    /// Earlier figures, thinned, oldest first.
    pub(super) history: VecDeque<HistoryPoint>,
    /// Trials that have ended, oldest first.
    pub(super) trials: VecDeque<TrialRow>,
    /// Notes and warnings, oldest first.
    pub(super) log: VecDeque<LogLine>,
    /// Its verdict.
    pub(super) ended: Option<EndedCommand>,
    /// Why it has no verdict; absent where it has one, or where the reason is not known.
    pub(super) failure: Option<String>,
    /// What the load was the last time.
    #[serde(skip)]
    load: Option<(&'static str, f64)>,
}

/// A step of a command, and when it began.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct StageNow {
    what: String,
    expected_s: Option<f64>,
    /// Milliseconds of Unix time.
    at: i64,
}

/// The figures of a moment, and which of the load could be changed then.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TickNow {
    /// Milliseconds of Unix time.
    pub(super) at: i64,
    pub(super) tick: Box<Tick>,
    pub(super) adjustable: Adjustable,
}

/// The figures of an earlier moment that the charts show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct HistoryPoint {
    at: i64,
    tick: Tick,
}

/// A command that has ended, with the confidence of its verdict in the words of every report.
#[derive(Debug, Clone, Serialize)]
pub(super) struct EndedCommand {
    #[serde(flatten)]
    ended: Ended,
    confidence: String,
}

/// A trial that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TrialRow {
    folder: String,
    arm: String,
    block: u32,
    validity: String,
    rate_per_s: f64,
    p50_ms: Percentile,
    p97_5_ms: Percentile,
    planned: u64,
    failed: u64,
    violations: Option<u64>,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct LogLine {
    at: i64,
    /// `note`, `warning`, or `load` for a change of the load and `fault` for a fault that begins or is
    /// over: charts mark both.
    kind: &'static str,
    text: String,
}

/// What an event has changed: the data of the message that a page receives.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum LiveUpdate<'a> {
    Begun(&'a Begun),
    Stage(&'a StageNow),
    Tick(&'a TickNow),
    Trial(&'a TrialRow),
    Log(&'a LogLine),
    Ended(&'a EndedCommand),
}

impl LiveUpdate<'_> {
    /// The message's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Begun(_) => "begun",
            Self::Stage(_) => "stage",
            Self::Tick(_) => "tick",
            Self::Trial(_) => "trial",
            Self::Log(_) => "log",
            Self::Ended(_) => "ended",
        }
    }
}

impl LiveSnapshot {
    /// A command that has sent no event yet.
    pub(super) fn starting() -> Self {
        Self {
            running: true,
            ..Self::default()
        }
    }

    /// Applies an event that came at `at`, Unix time in milliseconds; returns what it has changed.
    pub(super) fn apply(
        &mut self,
        event: Event,
        at: i64,
        adjustable: Adjustable,
    ) -> LiveUpdate<'_> {
        match event {
            Event::Begun(begun) => LiveUpdate::Begun(self.begun.insert(Begun {
                command: printable(&begun.command),
                name: printable(&begun.name),
                question: printable(&begun.question),
                load: printable(&begun.load),
                ..begun
            })),
            Event::Stage { what, expected } => LiveUpdate::Stage(self.stage.insert(StageNow {
                what: printable(&what),
                expected_s: expected.map(|span| span.as_secs_f64()),
                at,
            })),
            Event::Tick(tick) => {
                self.add_to_history(&tick, at);
                LiveUpdate::Tick(self.now.insert(TickNow {
                    at,
                    tick,
                    adjustable,
                }))
            }
            Event::TrialDone(trial) => {
                let line = TrialRow::of(&trial);
                LiveUpdate::Trial(push(&mut self.trials, MAX_TRIALS, line))
            }
            Event::Note(text) => self.log("note", &text, at),
            Event::Fault(text) => self.log("fault", &text, at),
            Event::Warning(text) => self.log("warning", &text, at),
            Event::Ended(ended) => LiveUpdate::Ended(self.ended.insert(EndedCommand {
                confidence: ended.verdict.confidence.to_string(),
                ended,
            })),
        }
    }

    /// A line of the log if the load that can be changed is another than the last time.
    pub(super) fn note_load(&mut self, adjustable: &Adjustable, at: i64) -> Option<&LogLine> {
        let now = match adjustable {
            Adjustable::Nothing { .. } => return None,
            Adjustable::Rate { now, .. } => ("rate", *now),
            Adjustable::Users { now, .. } => ("users", f64::from(*now)),
        };
        let (kind, before) = self.load.replace(now)?;
        if kind != now.0 || (before - now.1).abs() < f64::EPSILON {
            return None;
        }
        let unit = if kind == "rate" { " a second" } else { "" };
        let figure = |value: f64| (value * 100.0).round() / 100.0;
        let text = format!(
            "{kind} changed from {} to {}{unit}",
            figure(before),
            figure(now.1)
        );
        let kind = "load";
        Some(push(
            &mut self.log,
            MAX_LOG_LINES,
            LogLine { at, kind, text },
        ))
    }

    fn log(&mut self, kind: &'static str, text: &str, at: i64) -> LiveUpdate<'_> {
        let text = printable(text);
        LiveUpdate::Log(push(
            &mut self.log,
            MAX_LOG_LINES,
            LogLine { at, kind, text },
        ))
    }

    fn add_to_history(&mut self, tick: &Tick, at: i64) {
        let last = self.history.back().map_or(i64::MIN / 2, |point| point.at);
        if at < last {
            // The time of day was set back: what is there lies in a future that may be hours away.
            self.history.clear();
        } else if at - last < STEP_MS {
            return;
        }
        let tick = Tick {
            histogram: Vec::new(),
            operations: Vec::new(),
            doubts: Vec::new(),
            thresholds: Vec::new(),
            ..tick.clone()
        };
        push(&mut self.history, MAX_POINTS, HistoryPoint { at, tick });
    }
}

impl TrialRow {
    fn of(trial: &Trial) -> Self {
        let total = &trial.total;
        let succeeded = (total.success * total.planned as f64).round() as u64;
        Self {
            folder: printable(&trial.folder),
            arm: printable(&trial.arm),
            block: trial.block,
            validity: trial.validity.word.to_string(),
            rate_per_s: total.rate_per_s,
            p50_ms: total.response.p50,
            p97_5_ms: total.response.p97_5,
            planned: total.planned,
            failed: total.planned.saturating_sub(succeeded),
            violations: trial.violations,
        }
    }
}

/// Appends to a queue that keeps the newest `max`; returns what was appended.
fn push<T>(queue: &mut VecDeque<T>, max: usize, one: T) -> &T {
    while queue.len() >= max {
        queue.pop_front();
    }
    queue.push_back(one);
    &queue[queue.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_experiment::events::HistogramBar;

    fn fixed() -> Adjustable {
        Adjustable::Nothing { why: "x".into() }
    }

    fn tick() -> Event {
        let bar = HistogramBar {
            from_ms: 1.0,
            to_ms: 2.0,
            count: 3,
        };
        Event::Tick(Box::new(Tick {
            histogram: vec![bar],
            achieved: 7.0,
            ..Tick::default()
        }))
    }

    #[test]
    fn history_is_thinned_to_a_point_a_second_and_never_grows_beyond_five_minutes() {
        let mut snapshot = LiveSnapshot::starting();
        for half in 0..2_000 {
            snapshot.apply(tick(), half * 500, fixed());
        }
        assert_eq!(snapshot.history.len(), MAX_POINTS);
        let (first, last) = (&snapshot.history[0], &snapshot.history[MAX_POINTS - 1]);
        assert_eq!(last.at - first.at, 299_000);
        assert!(last.tick.histogram.is_empty());
        assert!((last.tick.achieved - 7.0).abs() < 1e-9);
        assert_eq!(snapshot.now.unwrap().tick.histogram.len(), 1);
    }

    #[test]
    fn history_goes_on_where_the_time_of_day_is_set_back() {
        let mut snapshot = LiveSnapshot::starting();
        for at in [3_600_000, 3_601_000, 1_000, 1_500, 2_000] {
            snapshot.apply(tick(), at, fixed());
        }
        let kept: Vec<i64> = snapshot.history.iter().map(|point| point.at).collect();
        assert_eq!(kept, [1_000, 2_000]);
    }

    #[test]
    fn the_log_keeps_the_newest_lines_and_takes_control_characters_out() {
        let mut snapshot = LiveSnapshot::starting();
        for number in 0..300 {
            snapshot.apply(Event::Note(format!("{number}\u{1b}[2J")), 0, fixed());
        }
        assert_eq!(snapshot.log.len(), MAX_LOG_LINES);
        assert_eq!(snapshot.log[MAX_LOG_LINES - 1].text, "299[2J");
        let update = snapshot.apply(Event::Warning("fsync is off".into()), 5, fixed());
        assert_eq!(update.name(), "log");
        let json = serde_json::to_string(&update).unwrap();
        assert_eq!(json, r#"{"at":5,"kind":"warning","text":"fsync is off"}"#);
    }
}
