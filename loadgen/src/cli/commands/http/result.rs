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
    /// The self-checks of its one trial.
    pub(super) fn validity(&self) -> Option<&Validity> {
        self.summary.trials.first().map(|trial| &trial.validity)
    }
}
