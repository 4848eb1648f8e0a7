//! Everyone who follows a running command: the terminal, and whoever else was asked for. Gathered
//! before anything is started, dismissed when the reports are written.

use super::{args::ResultArgs, outcome::Failure};
use crate::{
    events::{self, Event, Publisher, Steering},
    export::Exporter,
    live::{Live, Look},
};

/// The listeners of one command.
#[derive(Debug)]
pub(super) struct Audience {
    events: Publisher,
    live: Option<Live>,
    exporter: Option<Exporter>,
}

impl Audience {
    /// Gathers those that `result` asks for. They may steer the load.
    pub(super) fn gather(result: &ResultArgs, _steering: &Steering) -> Result<Self, Failure> {
        let exports = result.metrics.is_some() || result.otlp.is_some();
        let count = usize::from(!result.quiet) + usize::from(exports);
        let (events, mut heard) = events::channels(count);
        let live = (!result.quiet)
            .then(|| heard.pop())
            .flatten()
            .map(|heard| Live::start(heard, Look::of_stderr()));
        let exporter = exports
            .then(|| heard.pop())
            .flatten()
            .map(|heard| Exporter::start(heard, result.metrics, result.otlp.clone(), &events))
            .transpose()
            .map_err(Failure::usage)?;
        Ok(Self {
            events,
            live,
            exporter,
        })
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
        // First, because it may have a last warning to show.
        if let Some(exporter) = self.exporter {
            exporter.finish();
        }
        if let Some(live) = self.live {
            live.finish();
        }
    }
}
