//! What an effect is before anything is known of it.

use super::{summary::Effect, words::Decision};
use crate::metric::MetricId;

impl Effect {
    /// An effect in a metric of which nothing is known yet.
    pub fn unknown(metric: MetricId) -> Self {
        let of = metric.description();
        Self {
            metric,
            primary: false,
            unit: of.unit,
            kind: of.kind,
            before: None,
            after: None,
            ratio: None,
            interval: None,
            level: None,
            bound: None,
            difference: None,
            p: None,
            block_ratios: Vec::new(),
            decision: Decision::Inconclusive,
            sentence: String::new(),
            smallest: None,
        }
    }
}
