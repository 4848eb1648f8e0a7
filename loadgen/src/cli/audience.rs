//! Everyone who follows a running command: the terminal, and whoever else was asked for. Gathered
//! before anything is started, dismissed when the reports are written.

use super::{args::ResultArgs, outcome::Failure};
use crate::{
    events::{self, Event, Publisher, Steering},
    live::{Live, Look},
};

/// The listeners of one command.
#[derive(Debug)]
pub(super) struct Audience {
    events: Publisher,
    live: Option<Live>,
}

impl Audience {
    /// Gathers those that `result` asks for. They may steer the load.
    #[expect(clippy::unnecessary_wraps, reason = "an address may be taken")]
    pub(super) fn gather(result: &ResultArgs, _steering: &Steering) -> Result<Self, Failure> {
        let (events, mut heard) = events::channels(usize::from(!result.quiet));
        let live = heard
            .pop()
            .map(|heard| Live::start(heard, Look::of_stderr()));
        Ok(Self { events, live })
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
