//! What is drawn: the state of the run, what the keys have set, the theme and the time.

use std::time::Instant;

use super::{
    input_state::{InputState, Panel},
    state::RunState,
    theme::Theme,
};
use loadgen_experiment::events::Adjustable;

/// Everything that is drawn.
#[derive(Debug)]
pub(super) struct LiveView<'a> {
    pub(super) state: &'a RunState,
    pub(super) input: &'a InputState,
    pub(super) theme: Theme,
    /// The time that is shown; earlier than now while the view is paused.
    pub(super) now: Instant,
    /// Current time, for messages that end.
    pub(super) clock: Instant,
    /// What can be changed while the load runs.
    pub(super) adjustable: Adjustable,
    /// Whether a stop of the load was requested.
    pub(super) stopping: bool,
}

impl LiveView<'_> {
    /// Lines that are scrolled out of view in a panel.
    pub(super) fn scroll_of(&self, panel: Panel) -> usize {
        if self.input.panel == panel {
            self.input.scroll
        } else {
            0
        }
    }
}
