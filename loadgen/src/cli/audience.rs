//! Everyone who follows a running command: the terminal, and whoever else was asked for. Gathered
//! before anything is started, dismissed when the reports are written.

use super::{args::ResultArgs, outcome::Failure};
use crate::{
    events::{self, Event, Publisher, Steering},
    live::Live,
};

/// The listeners of one command.
#[derive(Debug)]
pub(super) struct Audience {
    events: Publisher,
    live: Option<Live>,
}

impl Audience {
    /// Gathers those that `result` asks for. They may steer the load.
    pub(super) fn gather(result: &ResultArgs, steering: &Steering) -> Result<Self, Failure> {
        Ok(Self::at_terminal(result.quiet, result.plain, steering))
    }

    /// Nobody but who sits at the terminal, unless the command is to be `quiet`; in lines alone
    /// where it is to be `plain`.
    pub(super) fn at_terminal(quiet: bool, plain: bool, steering: &Steering) -> Self {
        let (events, mut heard) = events::channels(usize::from(!quiet));
        let live = heard
            .pop()
            .map(|heard| Live::on_terminal(heard, plain, steering.clone()));
        Self { events, live }
    }

    /// What they listen to.
    pub(super) fn events(&self) -> Publisher {
        self.events.clone()
    }

    /// Tells a last word, where there is one, and waits until everything has been shown.
    pub(super) fn dismiss(self, last: Option<Event>) {
        if let Some(last) = last {
            self.events.send(last);
        }
        drop(self.events);
        if let Some(live) = self.live {
            live.finish();
        }
    }
}
