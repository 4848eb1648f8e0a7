//! The figures of one metric in one group of runs, and what each of them is known to.
//!
//! A run has one figure a trial, an experiment one a block. A capacity search has one in all, the
//! lower bound that fresh trials confirmed: its trials had another load each, so that nothing but
//! the bound can be compared with another search.

use super::run_metric::RunMetric;
use crate::{
    metric::MetricId,
    paired::{MARGIN_POINTS, ShareCount, counted_pairs, metrics_of, unseen_failures},
    schema::{
        Capacity, LoadUnit, MeasuredFigure, MetricKind, MetricUnit, RunKind, Summary, Trial,
        ValidityWord,
    },
};

/// Difference of two ratios of arms that matters, and of two capacities: of these no less than the
/// width that their bounds were searched to.
const MARGIN_RATIO: f64 = 0.10;

/// A metric as it is looked up in a summary.
pub(super) struct ComparedMetric {
    pub(super) unit: MetricUnit,
    pub(super) kind: MetricKind,
    pub(super) margin: f64,
}

/// The figures of one metric in one group of runs.
#[derive(Debug, Default)]
pub(super) struct RunGroup {
    pub(super) figures: Vec<f64>,
    /// What each figure is the share of, where it is a share of requests; empty for other metrics.
    pub(super) counts: Vec<ShareCount>,
    /// Logarithm of upper / lower bound of each figure that is a capacity; empty for other metrics.
    pub(super) widths: Vec<f64>,
    /// Figures beyond the timeout.
    pub(super) beyond: usize,
    /// Trials with too few samples for the percentile.
    pub(super) too_few: usize,
    /// Trials that are not VALID.
    pub(super) left_out: usize,
    /// Capacity searches whose lower bound was not confirmed, or that ended before it was found.
    pub(super) unconfirmed: usize,
}

impl ComparedMetric {
    /// The metric as this run has it; absent where it has not.
    pub(super) fn of(metric: &RunMetric, summary: &Summary) -> Option<Self> {
        match (summary.kind, metric) {
            (RunKind::Run, RunMetric::Of(id)) => summary.trials.iter().find_map(|trial| {
                let found = metrics_of(trial, f64::INFINITY);
                let found = found.iter().find(|one| one.id == *id)?;
                Some(Self {
                    unit: found.unit,
                    kind: found.kind,
                    margin: found.margin,
                })
            }),
            (RunKind::Capacity, RunMetric::Capacity) => {
                let found = summary.capacity.as_ref()?;
                Some(Self {
                    unit: match found.unit {
                        LoadUnit::Rate => MetricUnit::PerSecond,
                        LoadUnit::Users => MetricUnit::Number,
                    },
                    kind: MetricKind::Rate,
                    margin: MARGIN_RATIO.max(found.asked_width),
                })
            }
            (RunKind::Experiment, RunMetric::Of(id)) => {
                let effect = summary.effects.iter().find(|one| one.metric == *id)?;
                Some(Self {
                    unit: MetricUnit::Times,
                    kind: effect.kind,
                    margin: MARGIN_RATIO,
                })
            }
            (RunKind::Run | RunKind::Experiment, RunMetric::Capacity)
            | (RunKind::Capacity, RunMetric::Of(_)) => None,
        }
    }
}

impl RunGroup {
    /// The figures that these runs have of the metric.
    pub(super) fn of(metric: &RunMetric, runs: &[&Summary]) -> Self {
        let mut group = Self::default();
        for summary in runs {
            match (summary.kind, metric) {
                (RunKind::Run, RunMetric::Of(id)) => {
                    for trial in &summary.trials {
                        group.add_trial(id, trial);
                    }
                }
                (RunKind::Capacity, RunMetric::Capacity) => {
                    if let Some(found) = &summary.capacity {
                        group.add_capacity(found);
                    }
                }
                (RunKind::Experiment, RunMetric::Of(id)) => group.add_experiment(id, summary),
                (RunKind::Run | RunKind::Experiment, RunMetric::Capacity)
                | (RunKind::Capacity, RunMetric::Of(_)) => {}
            }
        }
        group
    }

    fn add_trial(&mut self, id: &MetricId, trial: &Trial) {
        if trial.validity.word != ValidityWord::Valid {
            self.left_out += 1;
            return;
        }
        let all = metrics_of(trial, f64::INFINITY);
        let Some(found) = all.iter().find(|one| one.id == *id) else {
            return;
        };
        match found.measured(trial) {
            MeasuredFigure::Known(figure) => {
                self.figures.push(figure);
                self.counts.extend(found.share_count(trial));
            }
            MeasuredFigure::BeyondTimeout => self.beyond += 1,
            MeasuredFigure::TooFew { .. } => self.too_few += 1,
            MeasuredFigure::Absent => {}
        }
    }

    /// The ratio of each block that counts. One in which a figure lies beyond the timeout has none, and says all
    /// the same that the others are not all.
    fn add_experiment(&mut self, id: &MetricId, summary: &Summary) {
        let mut effects = summary.effects.iter();
        let Some(effect) = effects.find(|one| one.metric == *id) else {
            return;
        };
        self.figures.extend(&effect.block_ratios);
        for trial in counted_pairs(&summary.trials).into_iter().flatten() {
            let all = metrics_of(trial, f64::INFINITY);
            let found = all.iter().find(|one| one.id == *id);
            match found.map(|one| one.measured(trial)) {
                Some(MeasuredFigure::BeyondTimeout) => self.beyond += 1,
                Some(MeasuredFigure::TooFew { .. }) => self.too_few += 1,
                Some(MeasuredFigure::Known(_) | MeasuredFigure::Absent) | None => {}
            }
        }
    }

    fn add_capacity(&mut self, found: &Capacity) {
        match (found.comparable_lower(), found.upper) {
            (Some(lower), Some(upper)) => {
                self.figures.push(lower);
                self.widths.push((upper / lower).ln());
            }
            _ => self.unconfirmed += 1,
        }
    }

    fn failed(&self) -> u64 {
        self.counts.iter().map(|one| one.failed).sum()
    }

    fn requests(&self) -> u64 {
        self.counts.iter().map(|one| one.of).sum()
    }

    /// Variance of the mean of the figures that the resolution of each leaves alone: of a share the
    /// chance of so many failures, of a capacity its place between two bounds. 0 for other metrics.
    fn least_variance(&self, share: f64) -> f64 {
        let number = self.figures.len().max(1) as f64;
        let of_share = |one: &ShareCount| share * (1.0 - share) / one.of.max(1) as f64 * 1e4;
        // Any place between the bounds is as likely.
        let of_bounds = |width: &f64| width.powi(2) / 12.0;
        let shares: f64 = self.counts.iter().map(of_share).sum();
        let bounds: f64 = self.widths.iter().map(of_bounds).sum();
        (shares + bounds) / number.powi(2)
    }
}

/// Least standard error of the difference of two groups' means, on the scale on which they are
/// compared: percentage points of shares, logarithms of capacities, 0 for other metrics. A few runs
/// without a failure are alike, and so are searches that try the same loads: their spread of 0
/// says nothing of the next run. The share of failures is that of both groups with one more failure
/// and one more success (Laplace's rule), so that none seen is not none possible.
pub(super) fn least_error(old: &RunGroup, new: &RunGroup) -> f64 {
    let failed = old.failed() + new.failed();
    let of = old.requests() + new.requests();
    let share = (failed + 1) as f64 / (of + 2) as f64;
    (old.least_variance(share) + new.least_variance(share)).sqrt()
}

/// Why NO_CHANGE may not be said of a share of requests: the smaller group has too few of them for a
/// share of the margin to have shown. Absent where it has enough, and for other metrics.
pub(super) fn too_few_requests(old: &RunGroup, new: &RunGroup) -> Option<String> {
    if old.counts.is_empty() || new.counts.is_empty() {
        return None;
    }
    let fewest = old.requests().min(new.requests());
    let unseen = unseen_failures(fewest);
    (unseen > MARGIN_POINTS).then(|| {
        format!(
            "{fewest} requests on one side can hide {unseen:.2} % of failures; the margin of {MARGIN_POINTS} pp takes about 3,000 on each"
        )
    })
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
