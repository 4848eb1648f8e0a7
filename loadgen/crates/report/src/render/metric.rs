//! One figure of each arm, side by side, and how it is written.

use crate::render::figures;
use loadgen_experiment::schema::{
    Arm, MeasuredFigure, MeasuredFigures, MetricId, MetricKind, MetricUnit,
};

/// A figure of one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Figure {
    /// Nothing was measured.
    Absent,
    /// A percentile beyond the timeout.
    Beyond,
    /// A percentile of too few samples, and their number.
    TooFew(u64),
    /// What was measured.
    Value(f64),
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Ms,
    Share,
    Rate,
    Bytes,
    Number,
    /// A whole number.
    Count,
}

impl Figure {
    /// The figure of a metric in an arm, shares from 0 to 1.
    pub(super) fn of(arm: &Arm, metric: &MetricId) -> Self {
        let scale = if metric.description().unit == MetricUnit::Percent {
            0.01
        } else {
            1.0
        };
        match MeasuredFigures::from(arm).figure(metric) {
            MeasuredFigure::Known(value) => Self::Value(value * scale),
            MeasuredFigure::BeyondTimeout => Self::Beyond,
            MeasuredFigure::TooFew { n } => Self::TooFew(n),
            MeasuredFigure::Absent => Self::Absent,
        }
    }

    /// The median of a latency over trials, which is absent where it lies beyond the timeout.
    pub(super) fn from_median(value: Option<f64>) -> Self {
        value.map_or(Self::Beyond, Self::Value)
    }

    /// A figure that may not have been measured.
    pub(super) fn from_measured(value: Option<f64>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }

    /// What was measured.
    pub(super) fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Beyond | Self::TooFew(_) => None,
        }
    }

    /// In words.
    pub(super) fn text(self, unit: Unit) -> String {
        match (self, unit) {
            (Self::Absent, _) => figures::ABSENT.into(),
            (Self::Beyond, _) => figures::BEYOND_TIMEOUT.into(),
            (Self::TooFew(n), _) => figures::too_few(n),
            (Self::Value(value), Unit::Ms) => figures::ms(Some(value)),
            (Self::Value(value), Unit::Share) => figures::percent(value),
            (Self::Value(value), Unit::Rate) => figures::rate(value),
            (Self::Value(value), Unit::Bytes) => figures::bytes(value),
            (Self::Value(value), Unit::Count) => figures::count(value.round() as u64),
            (Self::Value(value), Unit::Number) => figures::number(value),
        }
    }
}

impl Unit {
    /// How the figures of a metric are written.
    pub(super) fn of(metric: &MetricId) -> Self {
        metric.description().unit.into()
    }
}

impl From<MetricUnit> for Unit {
    fn from(unit: MetricUnit) -> Self {
        match unit {
            MetricUnit::Milliseconds => Self::Ms,
            MetricUnit::Percent => Self::Share,
            MetricUnit::PerSecond => Self::Rate,
            MetricUnit::Bytes => Self::Bytes,
            MetricUnit::Times | MetricUnit::Number => Self::Number,
        }
    }
}

/// One figure in every arm.
#[derive(Debug, Clone)]
pub(super) struct ReportMetric {
    /// The operation that it is a figure of; absent for a whole arm.
    pub(super) operation: Option<String>,
    /// Its name below the heading of its area.
    pub(super) label: String,
    /// Its name where it stands alone.
    pub(super) full_label: String,
    /// Which figure, and of what; the effect of this metric estimates its change.
    pub(super) id: MetricId,
    /// What a change of it means.
    pub(super) kind: MetricKind,
    /// How it is written.
    pub(super) unit: Unit,
    /// One value an arm.
    pub(super) values: Vec<Figure>,
    /// Whether a short report leaves it out.
    pub(super) detail: bool,
}

/// Whether any arm has a figure.
pub(super) fn measured(metric: &ReportMetric) -> bool {
    metric.values.iter().any(|value| *value != Figure::Absent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{fixture, model::ReportPage};
    use loadgen_experiment::{metric::OperationFigure, schema::Cost};

    #[test]
    fn what_no_response_states_is_absent_and_not_zero() {
        let mut summary = fixture::run();
        summary.arms[0].operations[0].cost = Cost::default();
        let name = summary.arms[0].operations[0].name.clone();
        for figure in [OperationFigure::Queries, OperationFigure::PoolWait] {
            let id = MetricId::Operation(name.clone(), figure);
            assert_eq!(Figure::of(&summary.arms[0], &id), Figure::Absent);
        }
        let page = ReportPage::of(&summary);
        let queries = |row: usize| page.operations[0].rows[row].queries.as_str();
        assert_eq!(queries(0), figures::ABSENT);
        assert_ne!(queries(1), figures::ABSENT);
    }
}
