//! The figures of `loadgen http` for its two formats.

use loadgen_engine::aggregator::TrialData;
use loadgen_experiment::schema::{Summary, Validity};

/// What the command measured.
pub(super) struct HttpResult<'a> {
    /// URL as given.
    pub(super) url: &'a str,
    /// What is stored.
    pub(super) summary: &'a Summary,
    /// What it was made from.
    pub(super) data: &'a TrialData,
}

impl HttpResult<'_> {
    /// Connections that were opened; `None` where the client does not say when it opens one.
    pub(super) fn connections(&self) -> Option<u64> {
        opened(self.data)
    }

    /// The self-checks of its one trial.
    pub(super) fn validity(&self) -> Option<&Validity> {
        self.summary.trials.first().map(|trial| &trial.validity)
    }
}

/// A client that connects by itself counts once and has no time of a connection.
fn opened(data: &TrialData) -> Option<u64> {
    let clients: u64 = data.opened.iter().sum();
    let timed = data.connect.len();
    (timed > 0 || clients == 0).then_some(timed)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use loadgen_engine::{recorder::Window, units::Nanos};

    use super::*;

    #[test]
    fn connections_that_nobody_counted_are_not_called_none() {
        let window = Window {
            from: Nanos(0),
            to: Nanos::from_secs(1),
        };
        let mut data = TrialData::empty(SystemTime::UNIX_EPOCH, window);
        assert_eq!(opened(&data), Some(0));
        data.opened = vec![2];
        assert_eq!(opened(&data), None);
        for _ in 0..2 {
            data.connect.record(90_000).unwrap();
        }
        assert_eq!(opened(&data), Some(2));
    }
}
