//! The state of the run so far, from its events. All lists are bounded.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{timeline::RecentTimeline, trials::FinishedTrials};
use loadgen_experiment::events::{Begun, Event, Tick};

/// Most notes that are kept for the panel.
const NOTES: usize = 100;

/// A stage that takes its time.
#[derive(Debug, Clone)]
pub(super) struct RunningStage {
    pub(super) what: String,
    pub(super) expected: Option<Duration>,
    pub(super) since: Instant,
}

/// A note or a warning.
#[derive(Debug, Clone)]
pub(super) struct LiveNote {
    pub(super) text: String,
    /// Whether it is a warning.
    pub(super) warning: bool,
}

/// The state of the run.
#[derive(Debug, Clone, Default)]
pub(super) struct RunState {
    /// The command that runs; absent until it has begun.
    pub(super) begun: Option<Begun>,
    /// The stage, while no load runs.
    pub(super) stage: Option<RunningStage>,
    /// The newest tick of the load.
    pub(super) tick: Option<Box<Tick>>,
    /// The last minutes.
    pub(super) timeline: RecentTimeline,
    /// The finished trials.
    pub(super) trials: FinishedTrials,
    /// Notes and warnings, oldest first.
    pub(super) notes: VecDeque<LiveNote>,
}

impl RunState {
    /// Takes an event in.
    pub(super) fn take(&mut self, event: Event, now: Instant) {
        match event {
            Event::Begun(begun) => self.begun = Some(begun),
            Event::Stage { what, expected } => {
                self.stage = Some(RunningStage {
                    what,
                    expected,
                    since: now,
                });
            }
            Event::Tick(tick) => {
                self.timeline.push(&tick, now);
                self.stage = None;
                self.tick = Some(tick);
            }
            Event::TrialDone(trial) => self.trials.push(trial.as_ref().into()),
            Event::Note(text) => self.note(text, false),
            Event::Warning(text) => self.note(text, true),
            Event::Ended(_) => {}
        }
    }

    fn note(&mut self, text: String, warning: bool) {
        if self.notes.len() >= NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back(LiveNote { text, warning });
    }

    /// Whether the figures are those of a load that runs now.
    pub(super) fn is_running(&self) -> bool {
        self.tick.is_some() && self.stage.is_none()
    }

    /// Reasons why the running trial may not be valid.
    pub(super) fn doubts(&self) -> &[String] {
        match &self.tick {
            Some(tick) if self.is_running() => &tick.doubts,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_ends_the_load_and_a_tick_the_stage() {
        let now = Instant::now();
        let mut state = RunState::default();
        let doubtful = || {
            let doubts = vec!["slow".to_owned()];
            Event::Tick(Box::new(Tick {
                doubts,
                ..Tick::default()
            }))
        };
        state.take(doubtful(), now);
        assert_eq!(state.doubts().len(), 1);
        let what = "auditing".to_owned();
        let expected = None;
        state.take(Event::Stage { what, expected }, now);
        assert!(!state.is_running() && state.doubts().is_empty());
        state.take(doubtful(), now);
        assert!(state.is_running() && state.stage.is_none());
        for _ in 0..3 * NOTES {
            state.take(Event::Note("x".into()), now);
        }
        assert_eq!(state.notes.len(), NOTES);
    }
}
