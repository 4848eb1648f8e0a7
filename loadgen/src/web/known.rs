//! What is known of the running command: its events, reduced to what a page that opens now has to
//! be told. Everything in it is bounded, and every text is one printable line.

use std::collections::VecDeque;

use serde::Serialize;

use loadgen_experiment::{
    events::{Adjustable, Begun, Ended, Event, Tick, printable},
    schema::Trial,
};

/// Most points of history: five minutes at one a second.
pub(super) const MOST_POINTS: usize = 300;
/// Least time between two points, in milliseconds; ticks come about twice as often.
const STEP_MS: i64 = 900;
/// Most lines of the log.
const MOST_LINES: usize = 200;
/// Most trials of the table.
const MOST_TRIALS: usize = 200;

/// A running command, or the last one that ran.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Known {
    /// Whether it is running.
    pub(super) running: bool,
    /// What it will run; absent while its services start.
    pub(super) begun: Option<Begun>,
    /// What is done now.
    pub(super) stage: Option<StageNow>,
    /// The last look at the trial.
    pub(super) now: Option<Now>,
    /// Earlier looks, thinned, oldest first.
    pub(super) history: VecDeque<TickPoint>,
    /// Trials that have ended, oldest first.
    pub(super) trials: VecDeque<TrialLine>,
    /// Notes and warnings, oldest first.
    pub(super) log: VecDeque<LogLine>,
    /// Its verdict.
    pub(super) ended: Option<Ended>,
    /// Why it came to none; absent where it did, or where that is not known.
    pub(super) failure: Option<String>,
}

/// A stage and when it began.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct StageNow {
    what: String,
    expected_s: Option<f64>,
    /// Milliseconds of Unix time.
    at: i64,
}

/// A tick, when it came, and what could be changed then.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Now {
    /// Milliseconds of Unix time.
    pub(super) at: i64,
    pub(super) tick: Box<Tick>,
    pub(super) steerable: Adjustable,
}

/// What the charts need of a tick.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TickPoint {
    at: i64,
    tick: Tick,
}

/// A trial that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TrialLine {
    folder: String,
    arm: String,
    block: u32,
    validity: String,
    rate_per_s: f64,
    p50_ms: Option<f64>,
    p97_5_ms: Option<f64>,
    planned: u64,
    failed: u64,
    violations: Option<u64>,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct LogLine {
    at: i64,
    /// `note` or `warning`.
    kind: &'static str,
    text: String,
}

/// What a listener is told of an event: the name of its message, and its data.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum News<'a> {
    Begun(&'a Begun),
    Stage(&'a StageNow),
    Now(&'a Now),
    Trial(&'a TrialLine),
    Log(&'a LogLine),
    Ended(&'a Ended),
}

impl News<'_> {
    /// The message's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Begun(_) => "begun",
            Self::Stage(_) => "stage",
            Self::Now(_) => "tick",
            Self::Trial(_) => "trial",
            Self::Log(_) => "log",
            Self::Ended(_) => "ended",
        }
    }
}

impl Known {
    /// A command of which nothing is known but that it runs.
    pub(super) fn starting() -> Self {
        Self {
            running: true,
            ..Self::default()
        }
    }

    /// Takes an event in that came `at` this Unix time in milliseconds, and says what is new.
    pub(super) fn hear(&mut self, event: Event, at: i64, steerable: Adjustable) -> News<'_> {
        match event {
            Event::Begun(begun) => News::Begun(self.begun.insert(Begun {
                command: printable(&begun.command),
                name: printable(&begun.name),
                question: printable(&begun.question),
                load: printable(&begun.load),
                ..begun
            })),
            Event::Stage { what, expected } => News::Stage(self.stage.insert(StageNow {
                what: printable(&what),
                expected_s: expected.map(|span| span.as_secs_f64()),
                at,
            })),
            Event::Tick(tick) => {
                self.remember(&tick, at);
                News::Now(self.now.insert(Now {
                    at,
                    tick,
                    steerable,
                }))
            }
            Event::TrialDone(trial) => {
                let line = TrialLine::of(&trial);
                News::Trial(push(&mut self.trials, MOST_TRIALS, line))
            }
            Event::Note(text) => self.say("note", &text, at),
            Event::Warning(text) => self.say("warning", &text, at),
            Event::Ended(ended) => News::Ended(self.ended.insert(ended)),
        }
    }

    fn say(&mut self, kind: &'static str, text: &str, at: i64) -> News<'_> {
        let text = printable(text);
        News::Log(push(&mut self.log, MOST_LINES, LogLine { at, kind, text }))
    }

    fn remember(&mut self, tick: &Tick, at: i64) {
        let last = self.history.back().map_or(i64::MIN / 2, |point| point.at);
        if at - last < STEP_MS {
            return;
        }
        let tick = Tick {
            histogram: Vec::new(),
            operations: Vec::new(),
            doubts: Vec::new(),
            ..tick.clone()
        };
        push(&mut self.history, MOST_POINTS, TickPoint { at, tick });
    }
}

impl TrialLine {
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

/// Adds to the end, and takes away from the front what is more than `most`.
fn push<T>(queue: &mut VecDeque<T>, most: usize, one: T) -> &T {
    while queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(one);
    &queue[queue.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_experiment::events::HistogramBar;

    fn still() -> Adjustable {
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
        let mut known = Known::starting();
        for half in 0..2_000 {
            known.hear(tick(), half * 500, still());
        }
        assert_eq!(known.history.len(), MOST_POINTS);
        let (first, last) = (&known.history[0], &known.history[MOST_POINTS - 1]);
        assert_eq!(last.at - first.at, 299_000);
        assert!(last.tick.histogram.is_empty());
        assert!((last.tick.achieved - 7.0).abs() < 1e-9);
        assert_eq!(known.now.unwrap().tick.histogram.len(), 1);
    }

    #[test]
    fn the_log_keeps_the_newest_lines_and_takes_control_characters_out() {
        let mut known = Known::starting();
        for number in 0..300 {
            known.hear(Event::Note(format!("{number}\u{1b}[2J")), 0, still());
        }
        assert_eq!(known.log.len(), MOST_LINES);
        assert_eq!(known.log[MOST_LINES - 1].text, "299[2J");
        let news = known.hear(Event::Warning("fsync is off".into()), 5, still());
        assert_eq!(news.name(), "log");
        let json = serde_json::to_string(&news).unwrap();
        assert_eq!(json, r#"{"at":5,"kind":"warning","text":"fsync is off"}"#);
    }
}
