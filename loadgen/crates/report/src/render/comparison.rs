//! The arms side by side, by area: the figures, what changed, what was decided. One table of a
//! report holds all of it; which rows a report folds away follows from their standing.

use serde::Serialize;

use crate::render::change::{ChangeStanding, MetricChange, drawable, less_is_better};
use crate::render::figures;
use crate::render::metric::{Figure, ReportMetric, Unit};
use crate::render::metrics::{self, OTHER_AREA};
use crate::render::tone::Tone;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Effect, MetricId, MetricKind, RunKind, Summary};

/// Figures that belong together.
#[derive(Debug, Clone, Serialize)]
pub struct Area {
    /// `Mentor discovery`.
    pub name: String,
    /// Its figures.
    pub rows: Vec<ComparisonRow>,
}

/// One figure in each arm.
#[derive(Debug, Clone, Serialize)]
pub struct ComparisonRow {
    /// The operation that it is a figure of; absent for a whole arm.
    pub operation: Option<String>,
    /// Its name below the heading of its area: `list P97.5`.
    pub metric: String,
    /// Its name where it stands alone: `mentors.list P97.5`.
    pub full_name: String,
    /// The figure in the first arm, or in the only one.
    pub before: String,
    /// In the second; empty for a run.
    pub after: String,
    /// What changed: `0.72x`, `+3.1 pp`, `no clear change`, `too few pairs`; empty for a run.
    pub change: String,
    /// Interval of the change, or the end of it that is known.
    pub interval: String,
    /// `better`, `worse`, `no change`, `undecided`; empty where nothing was tested.
    pub decision: &'static str,
    /// Its colour.
    pub tone: Tone,
    /// Whether the experiment claims something about it.
    pub primary: bool,
    /// What the metric is, in one sentence.
    pub definition: &'static str,
    /// Which part of the table it stands in.
    pub part: TablePart,
    /// The decision in a sentence; empty where nothing was tested.
    pub sentence: String,
    /// What the interval bar is drawn from.
    #[serde(skip)]
    pub(super) spread: Option<RatioSpread>,
    /// Whether a short report leaves it out.
    pub detail: bool,
}

/// A part of the table; only the first is in sight without unfolding anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TablePart {
    /// A claim, what became better or worse, and the figures of whole arms.
    InSight,
    /// Tested, and without a change that matters or that the trials could tell.
    Unchanged,
    /// Not tested.
    Untested,
}

/// A ratio with its interval and the ratio of each block.
#[derive(Debug, Clone)]
pub(super) struct RatioSpread {
    /// after / before.
    pub(super) ratio: Option<f64>,
    /// Interval of the ratio.
    pub(super) bounds: Option<(f64, f64)>,
    /// The ratio in each block.
    pub(super) blocks: Vec<f64>,
    /// Whether a ratio below 1 is the better one.
    pub(super) less_is_better: bool,
}

impl RatioSpread {
    fn of(effect: &Effect) -> Option<Self> {
        let usable = |ratio: &f64| ratio.is_finite() && *ratio > 0.0;
        let spread = Self {
            ratio: effect.ratio.filter(usable),
            bounds: effect.interval.filter(|(low, high)| drawable(*low, *high)),
            blocks: effect.block_ratios.iter().copied().filter(usable).collect(),
            less_is_better: less_is_better(effect.kind),
        };
        (spread.ratio.is_some() || !spread.blocks.is_empty()).then_some(spread)
    }
}

/// The figures by area, the rarer ones marked as detail; then every effect that is none of them.
pub(super) fn areas(summary: &Summary) -> Vec<Area> {
    // A run has its operations in a table of their own; only two arms need them side by side.
    let skipped = if summary.arms.len() < 2 {
        metrics::WHOLE_ARM.len()
    } else {
        usize::MAX
    };
    let all = metrics::areas(summary);
    let from = all.len().saturating_sub(skipped);
    let mut areas: Vec<Area> = all
        .into_iter()
        .skip(from)
        .map(|(name, found)| Area {
            name,
            rows: found.iter().map(|metric| row(summary, metric)).collect(),
        })
        .collect();
    for effect in unlisted(summary) {
        let name = metrics::area_of_effect(summary, &effect.metric);
        let one = effect_row(effect);
        match areas.iter_mut().find(|area| area.name == name) {
            Some(area) => area.rows.push(one),
            None => areas.push(Area {
                name,
                rows: vec![one],
            }),
        }
    }
    areas.retain(|area| !area.rows.is_empty());
    areas.sort_by_key(|area| area.name == OTHER_AREA);
    areas
}

/// The effects of an experiment that no metric of the areas stands for.
fn unlisted(summary: &Summary) -> Vec<&Effect> {
    if summary.kind != RunKind::Experiment || summary.arms.len() != 2 {
        return Vec::new();
    }
    let listed: Vec<MetricId> = metrics::areas(summary)
        .into_iter()
        .flat_map(|(_, found)| found)
        .map(|metric| metric.id)
        .collect();
    let effects = summary.effects.iter();
    effects
        .filter(|effect| !listed.contains(&effect.metric))
        .collect()
}

/// A metric in words. Where the experiment estimated the change, the figures are its medians over
/// the trials, else those over all trials together.
fn row(summary: &Summary, metric: &ReportMetric) -> ComparisonRow {
    let value = |index: usize| metric.values.get(index).copied().unwrap_or(Figure::Absent);
    let (mut before, mut after) = (value(0), value(1));
    let paired = metric.values.len() == 2;
    let effect = paired
        .then(|| metrics::effect(summary, &metric.id))
        .flatten();
    if let Some(effect) = effect.filter(|_| !metric.kind.is_share()) {
        (before, after) = medians(effect);
    }
    let change = change(effect, before, after, metric.unit);
    let mut row = ComparisonRow {
        operation: metric.operation.clone(),
        metric: metric.label.clone(),
        full_name: metric.full_label.clone(),
        before: before.text(metric.unit),
        after: String::new(),
        change: String::new(),
        interval: String::new(),
        decision: "",
        tone: Tone::Plain,
        primary: false,
        definition: metric.id.description().definition,
        part: if metric.detail || paired && metric.operation.is_some() {
            TablePart::Untested
        } else {
            TablePart::InSight
        },
        sentence: String::new(),
        spread: None,
        detail: metric.detail,
    };
    if paired {
        row.after = after.text(metric.unit);
        row.say(change, effect);
    }
    row
}

/// An effect that has no place among the metrics of the areas.
fn effect_row(effect: &Effect) -> ComparisonRow {
    let (before, after) = medians(effect);
    let name = printable(&effect.metric.to_string());
    let mut row = ComparisonRow {
        operation: None,
        metric: match &effect.metric {
            MetricId::Total(figure) => figure.description().label.to_owned(),
            _ => name.clone(),
        },
        full_name: name,
        before: figures::with_unit(effect.before, effect.unit),
        after: figures::with_unit(effect.after, effect.unit),
        change: String::new(),
        interval: String::new(),
        decision: "",
        tone: Tone::Plain,
        primary: false,
        definition: effect.metric.description().definition,
        part: TablePart::Untested,
        sentence: String::new(),
        spread: None,
        detail: !effect.primary,
    };
    let change = change(Some(effect), before, after, Unit::from(effect.unit));
    row.say(change, Some(effect));
    row
}

impl ComparisonRow {
    fn say(&mut self, change: MetricChange, effect: Option<&Effect>) {
        if let Some(effect) = effect {
            self.primary = effect.primary;
            self.sentence = printable(&effect.sentence);
            self.spread = RatioSpread::of(effect);
            let moved = matches!(change.standing, ChangeStanding::Moved);
            self.part = if effect.primary || moved {
                TablePart::InSight
            } else {
                TablePart::Unchanged
            };
            // A decision is no detail.
            self.detail &= self.part != TablePart::InSight;
        }
        self.change = change.text;
        self.interval = change.interval;
        self.decision = change.decision;
        self.tone = change.tone;
    }
}

fn change(effect: Option<&Effect>, before: Figure, after: Figure, unit: Unit) -> MetricChange {
    match effect {
        Some(effect) => MetricChange::decided(effect, before, after, unit),
        None => MetricChange::untested(before, after, unit),
    }
}

/// The medians over the trials of each arm.
fn medians(effect: &Effect) -> (Figure, Figure) {
    let figure = |value| match effect.kind {
        MetricKind::Latency => Figure::from_median(value),
        _ => Figure::from_measured(value),
    };
    // The shares of an effect are stored in per cent.
    let scale = if effect.kind.is_share() { 0.01 } else { 1.0 };
    let scaled = |value: Option<f64>| value.map(|value| value * scale);
    (figure(scaled(effect.before)), figure(scaled(effect.after)))
}

/// What changed between the first two values of a metric that was measured in different runs.
pub(super) fn whole_change(metric: &ReportMetric) -> String {
    match metric.values.as_slice() {
        [before, after, ..] => MetricChange::untested(*before, *after, metric.unit).text,
        _ => figures::ABSENT.into(),
    }
}
