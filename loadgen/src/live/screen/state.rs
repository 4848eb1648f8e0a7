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

/// A stage that has ended.
#[derive(Debug, Clone)]
pub(super) struct EndedStage {
    pub(super) what: String,
    pub(super) took: Duration,
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
    /// The stages before the first load, oldest first.
    pub(super) steps: VecDeque<EndedStage>,
    /// The newest tick of the load.
    pub(super) tick: Option<Box<Tick>>,
    /// When it came.
    pub(super) tick_at: Option<Instant>,
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
                self.end_stage(now);
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
                self.tick_at = Some(now);
            }
            Event::TrialDone(trial) => self.trials.push(trial.as_ref().into()),
            Event::Note(text) | Event::Fault(text) => self.note(text, false),
            Event::Warning(text) => self.note(text, true),
            Event::Ended(_) => {}
        }
    }

    /// Keeps the stage that ends now, while there is no load to show.
    fn end_stage(&mut self, now: Instant) {
        let Some(stage) = self.stage.take().filter(|_| self.tick.is_none()) else {
            return;
        };
        if self.steps.len() >= NOTES {
            self.steps.pop_front();
        }
        self.steps.push_back(EndedStage {
            what: stage.what,
            took: now.saturating_duration_since(stage.since),
        });
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
