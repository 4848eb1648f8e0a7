//! What the self-checks of a trial look at, and the shape of what they answer.

use crate::{
    observer::{GeneratorUse, Hiccups},
    schema::{CheckCode, ValidityCheck},
};
use loadgen_engine::{
    aggregator::TrialData,
    units::{Nanos, Quantile},
};

/// What the checks look at.
#[derive(Debug)]
pub struct TrialEvidence<'a> {
    /// What the driver measured.
    pub data: &'a TrialData,
    /// What the driver's own threads used; absent where that cannot be seen.
    pub generator: Option<GeneratorUse>,
    /// Share of the machine's time that the hypervisor took.
    pub steal: Option<f64>,
    /// Share of the window in which something waited for a processor.
    pub cpu_pressure: Option<f64>,
    /// How late a thread woke that only slept.
    pub hiccups: Option<Hiccups>,
    /// CPU seconds of all watched processes over the window, the seconds in which they were
    /// spent, and the cores there are.
    pub cpu: Option<(f64, f64, usize)>,
    /// Most requests that one pass of a flow sends at once.
    pub at_once: usize,
    /// Whether arrivals were planned to lie evenly; otherwise at random.
    pub even: bool,
    /// Whether the planned load is the same over the whole window.
    pub level: bool,
    /// Whether more outstanding requests than allowed ended the run.
    pub overloaded: bool,
    /// Largest share of failures that the suite allows.
    pub error_limit: f64,
    /// Why the requested configuration was not in force in every instance to the end; absent where it
    /// was, and where the target does not report it.
    pub changed: Option<String>,
}

impl<'a> TrialEvidence<'a> {
    /// The data alone, with nothing seen of the machine.
    pub fn of(data: &'a TrialData) -> Self {
        Self {
            data,
            generator: None,
            steal: None,
            cpu_pressure: None,
            hiccups: None,
            cpu: None,
            at_once: 1,
            even: false,
            level: true,
            overloaded: false,
            error_limit: 0.01,
            changed: None,
        }
    }

    /// Response time at a share of all planned requests; nothing where failures reach into it.
    pub(super) fn response(&self, share: f64) -> Option<Nanos> {
        Quantile::of(share)
            .ok()
            .and_then(|quantile| self.data.total.response_slo(quantile))
    }
}

/// A check that was made.
pub(super) fn check(
    code: CheckCode,
    ok: bool,
    figure: String,
    limit: String,
    advice: &str,
) -> ValidityCheck {
    ValidityCheck {
        code,
        ok,
        figure,
        limit,
        advice: advice.to_owned(),
    }
}

/// A check that cannot be made: it passes, and says why it says nothing.
pub(super) fn unjudged(code: CheckCode, why: &str, limit: String, advice: &str) -> ValidityCheck {
    check(code, true, format!("not judged: {why}"), limit, advice)
}

/// `part` of `whole`; of nothing, all.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}
