//! What a trial says of a metric: its figure, that it lies beyond the timeout, or how many requests
//! it counts.

use super::metrics::EffectMetric;
use crate::{
    metric::{MetricId, OperationFigure, TargetFigure},
    schema::{MeasuredFigure, MeasuredFigures, Operation, Trial},
};

/// What is known of a metric's figure in a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrialReading {
    /// The figure.
    Known(f64),
    /// More requests failed than the percentile allows: it is at least this limit.
    Beyond(f64),
}

/// Requests that a share is taken of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ShareCount {
    /// Those that failed, or read something stale.
    pub(crate) failed: u64,
    /// All of them.
    pub(crate) of: u64,
}

impl EffectMetric {
    /// What a trial says of it; absent where it says nothing, or has too few samples.
    pub fn reading(&self, trial: &Trial) -> Option<TrialReading> {
        match self.measured(trial) {
            MeasuredFigure::Known(figure) => Some(TrialReading::Known(figure)),
            MeasuredFigure::BeyondTimeout => self.beyond.map(TrialReading::Beyond),
            MeasuredFigure::TooFew { .. } | MeasuredFigure::Absent => None,
        }
    }

    /// The counts that it is the share of; absent for a metric that is no share of requests.
    pub(crate) fn share_count(&self, trial: &Trial) -> Option<ShareCount> {
        let one = match &self.id {
            MetricId::Target(TargetFigure::StaleReads) => {
                return Some(ShareCount {
                    failed: trial.consistency.stale_reads,
                    of: trial.consistency.reads,
                });
            }
            MetricId::Total(OperationFigure::Success) => &trial.total,
            MetricId::Operation(name, OperationFigure::Success) => {
                MeasuredFigures::from(trial).operation(name)?
            }
            _ => return None,
        };
        Some(ShareCount {
            failed: one.planned - answered(one),
            of: one.planned,
        })
    }

    /// The look-ups of a trial that it is the share of; absent for a metric that is no hit ratio of a cache.
    pub(super) fn look_ups(&self, trial: &Trial) -> Option<u64> {
        let MetricId::CacheHitRatio(kind) = &self.id else {
            return None;
        };
        trial.server.cache_lookups.get(kind).map(|one| one.all)
    }

    /// Whether it is a share of requests.
    pub(super) const fn is_counted(&self) -> bool {
        matches!(
            self.id,
            MetricId::Total(OperationFigure::Success)
                | MetricId::Operation(_, OperationFigure::Success)
                | MetricId::Target(TargetFigure::StaleReads)
        )
    }
}

/// Requests that succeeded.
fn answered(one: &Operation) -> u64 {
    ((one.success * one.planned as f64).round() as u64).min(one.planned)
}
