//! The figures of one metric, run after run, with the levels between its changes.

use super::comparable::{PastRun, RunHistory};
use loadgen_experiment::{
    baseline::RunMetric,
    metric::{MetricId, OperationFigure},
    paired::{TrialReading, metrics_of},
    schema::{LoadUnit, MetricUnit, RunKind, Summary},
};
use loadgen_stats::{MedianLevel, SeriesLevels, series_levels};
use shared::text::unknown;

/// A figure beyond the timeout is shown as such, so no other figure replaces it.
const BEYOND: f64 = f64::INFINITY;

/// One run's figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesPoint {
    /// The figure; absent where the run has none, or where it lies beyond the timeout.
    pub value: Option<f64>,
    /// Whether it lies beyond the timeout: larger than every figure.
    pub beyond: bool,
    /// Its interval, where the run made one.
    pub interval: Option<(f64, f64)>,
}

/// One metric over the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Which metric.
    pub metric: RunMetric,
    /// Its unit.
    pub unit: MetricUnit,
    /// One a run.
    pub points: Vec<SeriesPoint>,
    /// At least one where any run has a figure.
    pub levels: Vec<MedianLevel>,
    /// Whether there were too few figures to look for changes.
    pub too_few: bool,
    /// Whether changes were looked for in the newest runs only.
    pub newest_only: bool,
}

/// The metrics that are shown by default: the claim of an experiment; tail and success of a run.
pub fn default_metrics(history: &RunHistory) -> Vec<RunMetric> {
    let newest_first = history.runs.iter().rev();
    newest_first
        .map(|past| default_metrics_of(&past.summary))
        .find(|metrics| !metrics.is_empty())
        .unwrap_or_default()
}

/// The same of one run.
pub fn default_metrics_of(summary: &Summary) -> Vec<RunMetric> {
    match summary.kind {
        RunKind::Capacity => vec![RunMetric::Capacity],
        RunKind::Run => [OperationFigure::P97_5, OperationFigure::Success]
            .map(|figure| RunMetric::Of(MetricId::Total(figure)))
            .into(),
        RunKind::Experiment => {
            let primary = summary.effects.iter().find(|effect| effect.primary);
            primary
                .map(|effect| RunMetric::Of(effect.metric.clone()))
                .into_iter()
                .collect()
        }
    }
}

/// The metric of that name; the error names those that there are.
pub fn metric_named(history: &RunHistory, name: &str) -> Result<RunMetric, String> {
    let mut known: Vec<RunMetric> = Vec::new();
    for past in history.runs.iter().rev() {
        for metric in metrics_in(&past.summary) {
            if !known.contains(&metric) {
                known.push(metric);
            }
        }
    }
    let named = name.parse::<RunMetric>().ok();
    named
        .filter(|metric| known.contains(metric))
        .ok_or_else(|| {
            let names: Vec<String> = known.iter().map(ToString::to_string).collect();
            unknown("metric", name, names.iter().map(String::as_str))
        })
}

/// The series of a metric.
pub fn series(history: &RunHistory, metric: &RunMetric) -> Series {
    let mut unit = MetricUnit::Number;
    let mut points = Vec::new();
    for past in &history.runs {
        let (point, found) = point(past, metric);
        points.push(point);
        if let Some(found) = found {
            unit = found;
        }
    }
    let figures: Vec<Option<f64>> = points
        .iter()
        .map(|point| point.value.or(point.beyond.then_some(BEYOND)))
        .collect();
    let SeriesLevels {
        levels,
        too_few,
        newest_only,
    } = series_levels(&figures);
    Series {
        metric: metric.clone(),
        unit,
        points,
        levels,
        too_few,
        newest_only,
    }
}

/// The metrics that a run has.
fn metrics_in(summary: &Summary) -> Vec<RunMetric> {
    match summary.kind {
        RunKind::Experiment => summary
            .effects
            .iter()
            .map(|effect| RunMetric::Of(effect.metric.clone()))
            .collect(),
        RunKind::Capacity => vec![RunMetric::Capacity],
        RunKind::Run => summary
            .trials
            .first()
            .map(|trial| {
                metrics_of(trial, BEYOND)
                    .into_iter()
                    .map(|one| RunMetric::Of(one.id))
                    .collect()
            })
            .unwrap_or_default(),
    }
}

/// A run's figure and the metric's unit.
fn point(past: &PastRun, metric: &RunMetric) -> (SeriesPoint, Option<MetricUnit>) {
    let nothing = SeriesPoint {
        value: None,
        beyond: false,
        interval: None,
    };
    let summary = &past.summary;
    match (summary.kind, metric) {
        (RunKind::Experiment, RunMetric::Of(id)) => {
            let Some(effect) = summary.effects.iter().find(|one| one.metric == *id) else {
                return (nothing, None);
            };
            let point = SeriesPoint {
                value: effect.ratio,
                // A ratio of figures beyond the timeout has a bound at most: the run takes no part.
                beyond: false,
                interval: effect.interval,
            };
            (point, Some(MetricUnit::Times))
        }
        (RunKind::Capacity, RunMetric::Capacity) => {
            let Some(found) = &summary.capacity else {
                return (nothing, None);
            };
            let lower = found.comparable_lower();
            let upper = found.upper.filter(|_| found.upper_confirmed);
            let point = SeriesPoint {
                value: lower,
                beyond: false,
                interval: lower.zip(upper),
            };
            let unit = match found.unit {
                LoadUnit::Rate => MetricUnit::PerSecond,
                LoadUnit::Users => MetricUnit::Number,
            };
            (point, Some(unit))
        }
        (RunKind::Run, RunMetric::Of(id)) => {
            let Some(trial) = summary.trials.first() else {
                return (nothing, None);
            };
            let all = metrics_of(trial, BEYOND);
            let Some(found) = all.iter().find(|one| one.id == *id) else {
                return (nothing, None);
            };
            let reading = found.reading(trial);
            let point = SeriesPoint {
                value: match reading {
                    Some(TrialReading::Known(figure)) => Some(figure),
                    _ => None,
                },
                beyond: matches!(reading, Some(TrialReading::Beyond(_))),
                interval: None,
            };
            (point, Some(found.unit))
        }
        (RunKind::Run | RunKind::Experiment, RunMetric::Capacity)
        | (RunKind::Capacity, RunMetric::Of(_)) => (nothing, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{
        comparable::tests::{operation, past},
        comparable_runs,
    };
    use loadgen_experiment::schema::{
        Effect, Operation, Percentile, Percentiles, SearchEnding, Trial,
    };

    fn trial(p97_5: Option<f64>) -> Trial {
        Trial {
            folder: "run".to_owned(),
            arm: "run".into(),
            seed: 1,
            total: Operation {
                response: Percentiles {
                    p97_5: p97_5.map_or(Percentile::BeyondTimeout, Percentile::Known),
                    ..Percentiles::default()
                },
                success: if p97_5.is_some() { 1.0 } else { 0.5 },
                ..operation()
            },
            violations: Some(0),
            ..Trial::default()
        }
    }

    /// The series of the metric of that name.
    fn named(history: &RunHistory, name: &str) -> Series {
        series(history, &metric_named(history, name).unwrap())
    }

    fn runs(values: &[Option<f64>]) -> RunHistory {
        let all = (1..)
            .zip(values)
            .map(|(day, value)| {
                let mut one = past("core", day);
                one.summary.trials = vec![trial(*value)];
                one
            })
            .collect();
        comparable_runs(all, None, false).unwrap()
    }

    #[test]
    fn a_tail_that_doubled_has_two_levels_and_a_failed_run_has_no_figure() {
        let mut values: Vec<Option<f64>> = (0..12)
            .map(|n| Some(if n < 7 { 100.0 } else { 200.0 } + f64::from(n % 3)))
            .collect();
        values[3] = None;
        let found = named(&runs(&values), "total p97.5");
        assert_eq!(
            (found.unit, found.too_few),
            (MetricUnit::Milliseconds, false)
        );
        let known: Vec<(usize, Option<f64>)> = found
            .levels
            .iter()
            .map(|level| (level.from, level.median))
            .collect();
        assert_eq!(known, [(0, Some(101.0)), (7, Some(201.0))]);
        assert!(found.levels[1].p.unwrap() <= 0.05);
        assert_eq!(
            (found.points[3].value, found.points[3].beyond),
            (None, true)
        );
    }

    #[test]
    fn a_tail_that_went_beyond_the_timeout_is_a_change_to_a_level_without_a_figure() {
        let values: Vec<Option<f64>> = (0..12)
            .map(|n| (n < 6).then(|| 9_000.0 + f64::from(n)))
            .collect();
        let found = named(&runs(&values), "total p97.5");
        let levels: Vec<(usize, Option<f64>)> = found
            .levels
            .iter()
            .map(|level| (level.from, level.median))
            .collect();
        assert_eq!(levels, [(0, Some(9_002.5)), (6, None)]);
        let all = named(&runs(&[None; 12]), "total p97.5");
        assert_eq!(
            all.levels.len(),
            1,
            "what is beyond in every run has not changed"
        );
    }

    #[test]
    fn few_runs_have_one_level_and_say_so() {
        let found = named(&runs(&[Some(1.0), Some(9.0), Some(90.0)]), "total p97.5");
        assert!(found.too_few);
        assert_eq!(found.levels.len(), 1);
        let beyond = named(&runs(&[None, None]), "total p97.5");
        assert_eq!((beyond.levels.len(), beyond.levels[0].median), (1, None));
    }

    #[test]
    fn a_metric_that_no_run_has_is_named_with_those_that_there_are() {
        // The one names a metric of an operation that no run has, the others none at all.
        for wrong in ["totl p97.5", "total p97", "total p97.55"] {
            let error = metric_named(&runs(&[Some(1.0)]), wrong).unwrap_err();
            assert!(
                error.contains("did you mean `total p97.5`"),
                "{wrong}: {error}"
            );
        }
    }

    #[test]
    fn a_capacity_whose_lower_bound_is_not_confirmed_takes_no_part() {
        let search = |day, lower: bool, upper: bool, ending: SearchEnding| {
            let mut one = past("core", day);
            one.summary.kind = RunKind::Capacity;
            let found = serde_json::json!({
                "unit": "rate", "slo": ["p95 < 1s"], "percentile": 0.95,
                "lower": 196.0, "lower_confirmed": lower, "upper": 202.0, "upper_confirmed": upper,
                "width": 0.03, "asked_width": 0.03, "ending": ending, "goodput_per_s": 195.0,
                "loads": [], "trials": [], "saturated": [], "saturation": "", "knees": [],
            });
            one.summary.capacity = serde_json::from_value(found).unwrap();
            one
        };
        let all = vec![
            search(1, true, true, SearchEnding::Found),
            search(2, false, true, SearchEnding::Found),
            search(3, true, false, SearchEnding::Found),
            search(4, true, false, SearchEnding::GeneratorLimit),
            search(5, true, false, SearchEnding::AboveHighest),
        ];
        let history = comparable_runs(all, None, false).unwrap();
        let found = series(&history, &RunMetric::Capacity);
        let points: Vec<_> = found
            .points
            .iter()
            .map(|one| (one.value, one.interval))
            .collect();
        let nothing = (None, None);
        assert_eq!(
            points,
            [
                (Some(196.0), Some((196.0, 202.0))),
                nothing,
                (Some(196.0), None),
                nothing,
                nothing
            ]
        );
    }

    #[test]
    fn an_experiment_shows_the_ratio_of_its_claim() {
        let mut one = past("item_cache", 1);
        one.summary.kind = RunKind::Experiment;
        let effect = |metric: &str, primary| Effect {
            primary,
            before: Some(10.0),
            after: Some(5.0),
            ratio: Some(0.5),
            interval: Some((0.4, 0.6)),
            level: Some(0.97),
            p: Some(0.01),
            decision: loadgen_experiment::schema::Decision::Improved,
            ..Effect::unknown(metric.parse().unwrap())
        };
        one.summary.effects = vec![effect("total p50", false), effect("a p97.5", true)];
        let history = comparable_runs(vec![one], None, false).unwrap();
        let claims = default_metrics(&history);
        let [claim] = &claims[..] else {
            panic!("one claim");
        };
        assert_eq!(claim.to_string(), "a p97.5");
        let found = series(&history, claim);
        assert_eq!(found.unit, MetricUnit::Times);
        assert_eq!(found.points[0].interval, Some((0.4, 0.6)));
    }
}
