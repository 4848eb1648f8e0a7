//! How long each kind of stage took the last time: what a stage is expected to take now.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Most kinds of stages that are remembered.
const MOST: usize = 64;

/// The stages of one command.
#[derive(Debug, Default)]
pub(super) struct StageTimes {
    running: Option<(String, Instant)>,
    took: HashMap<String, Duration>,
}

impl StageTimes {
    /// A stage begins, which ends the one before; returns how long it took the last time.
    pub(super) fn begin(&mut self, what: &str, now: Instant) -> Option<Duration> {
        self.end(now);
        let kind = kind(what);
        let before = self.took.get(kind).copied();
        self.running = Some((kind.to_owned(), now));
        before
    }

    /// The stage that runs has ended.
    pub(super) fn end(&mut self, now: Instant) {
        if let Some((kind, since)) = self.running.take()
            && (self.took.len() < MOST || self.took.contains_key(&kind))
        {
            self.took.insert(kind, now.saturating_duration_since(since));
        }
    }
}

/// `audit` of `block 3 of 8, after: audit`.
fn kind(what: &str) -> &str {
    what.rsplit(": ").next().unwrap_or(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_expected_to_take_as_long_as_the_last_of_its_kind() {
        let mut times = StageTimes::default();
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(times.begin("block 1 of 2, before: reset", at(0)), None);
        assert_eq!(times.begin("block 1 of 2, before: audit", at(3)), None);
        times.end(at(10));
        let reset = times.begin("block 1 of 2, after: reset", at(20));
        assert_eq!(reset, Some(Duration::from_secs(3)));
        let audit = times.begin("audit", at(21));
        assert_eq!(audit, Some(Duration::from_secs(7)));
    }
}
