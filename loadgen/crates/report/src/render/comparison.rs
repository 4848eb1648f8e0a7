//! The arms side by side: figures by area in the form that a team shows its manager, what was
//! decided about each metric, and the few bars of the first screen.

use serde::Serialize;

use crate::render::figures;
use crate::render::metric::{Figure, ReportMetric};
use crate::render::metrics;
use crate::render::tone::Tone;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Effect, MetricKind, RunKind, Summary};

/// Most bars on the first screen.
const MAX_BARS: usize = 6;

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
    /// `list P97.5`.
    pub metric: String,
    /// The figure in the first arm, or in the only one.
    pub before: String,
    /// In the second; empty for a run.
    pub after: String,
    /// What changed, in words; empty for a run.
    pub change: String,
    /// Its colour.
    pub tone: Tone,
    /// Interval of the change, where one was made.
    pub interval: String,
    /// Whether a short report leaves it out.
    pub detail: bool,
}

/// One pair of bars.
#[derive(Debug, Clone, Serialize)]
pub struct Bar {
    /// Which metric.
    pub metric: String,
    /// The figures.
    pub before: String,
    /// The figures.
    pub after: String,
    /// Length of the bar, 0 to 1 of the longer one.
    pub before_share: f64,
    /// Length of the bar.
    pub after_share: f64,
    /// What changed, in words.
    pub change: String,
    /// Its colour.
    pub tone: Tone,
    /// Interval of the change.
    pub interval: String,
}

/// What was decided about a metric.
#[derive(Debug, Clone, Serialize)]
pub struct Claim {
    /// Which metric.
    pub metric: String,
    /// Whether a claim was staked on it before the run.
    pub primary: bool,
    /// Whether a page shows it without being asked: a claim, a loss, a tail.
    pub told: bool,
    /// The figures.
    pub before: String,
    /// The figures.
    pub after: String,
    /// What changed, in words.
    pub change: String,
    /// What the trials decide, for people.
    pub decision: &'static str,
    /// Its colour.
    pub tone: Tone,
    /// The decision in plain words.
    pub sentence: String,
    /// Interval of the change with its level: `[15.9x, 18.8x] at 95.3%`.
    pub interval: String,
    /// after / before.
    pub ratio: Option<f64>,
    /// Interval of the ratio.
    pub bounds: Option<(f64, f64)>,
    /// The ratio in each block.
    pub blocks: Vec<f64>,
}

/// The figures by area, the rarer ones marked as detail.
pub(super) fn areas(summary: &Summary) -> Vec<Area> {
    // A run has its operations in a table of their own; only two arms need them side by side.
    let skipped = if summary.arms.len() < 2 {
        metrics::WHOLE_ARM.len()
    } else {
        usize::MAX
    };
    let all = metrics::areas(summary);
    let from = all.len().saturating_sub(skipped);
    all.into_iter()
        .skip(from)
        .map(|(name, found)| Area {
            name,
            rows: found.iter().map(|metric| row(summary, metric)).collect(),
        })
        .filter(|area| !area.rows.is_empty())
        .collect()
}

/// A metric in words.
fn row(summary: &Summary, metric: &ReportMetric) -> ComparisonRow {
    let paired = metric.values.len() == 2;
    let said = Said::of(summary, metric);
    ComparisonRow {
        operation: metric.operation.clone(),
        metric: metric.label.clone(),
        before: said.before,
        after: if paired { said.after } else { String::new() },
        change: if paired { said.change } else { String::new() },
        tone: said.tone,
        interval: said.interval,
        detail: metric.detail,
    }
}

/// A metric's figures and change. Where the experiment estimated the change, its medians over
/// the trials and its paired estimate are told, else the figures over all trials together.
struct Said {
    before: String,
    after: String,
    lengths: (f64, f64),
    change: String,
    tone: Tone,
    interval: String,
}

impl Said {
    fn of(summary: &Summary, metric: &ReportMetric) -> Self {
        let effect = metrics::effect(summary, &metric.effect);
        let value = |index: usize| metric.values.get(index).copied().unwrap_or(Figure::Absent);
        let (mut before, mut after) = (value(0), value(1));
        let mut ratio = None;
        let mut interval = String::new();
        if let Some(effect) = effect
            && !metric.kind.is_share()
        {
            let figure = |value| match metric.kind {
                MetricKind::Latency => Figure::from_median(value),
                _ => Figure::from_measured(value),
            };
            before = figure(effect.before);
            after = figure(effect.after);
            ratio = effect.ratio;
            if let (Some(ratio), Some((low, high))) = (effect.ratio, effect.interval) {
                interval = figures::interval(metric.kind, ratio, low, high);
            }
        }
        let (change, tone) = if matches!(before, Figure::Absent | Figure::TooFew(_))
            || matches!(after, Figure::Absent | Figure::TooFew(_))
        {
            (figures::ABSENT.into(), Tone::Plain)
        } else {
            figures::change(metric.kind, before.value(), after.value(), ratio)
        };
        Self {
            before: before.text(metric.unit),
            after: after.text(metric.unit),
            lengths: lengths(before, after),
            change,
            tone,
            interval,
        }
    }
}

/// What changed between the first two values of a metric, and its tone.
pub(super) fn whole_change(metric: &ReportMetric) -> (String, Tone) {
    match metric.values.as_slice() {
        [before, after, ..] if *before != Figure::Absent && *after != Figure::Absent => {
            let (change, tone) = figures::change(metric.kind, before.value(), after.value(), None);
            (change, tone)
        }
        _ => (figures::ABSENT.into(), Tone::Plain),
    }
}

/// How long two bars are, as shares of the longer one; a figure beyond the timeout is longest.
fn lengths(before: Figure, after: Figure) -> (f64, f64) {
    let largest = [before, after]
        .into_iter()
        .filter_map(Figure::value)
        .fold(0.0, f64::max);
    let share = |figure: Figure| match figure {
        Figure::Absent | Figure::TooFew(_) => 0.0,
        Figure::Beyond => 1.0,
        Figure::Value(_) if largest <= 0.0 => 0.0,
        // Beside a figure that has no end, a known one is drawn at a fifth.
        Figure::Value(value) if before == Figure::Beyond || after == Figure::Beyond => {
            0.2 * value / largest
        }
        Figure::Value(value) => value / largest,
    };
    (share(before), share(after))
}

/// The bars of the first screen: what a claim was staked on, then the tail of the busiest
/// operation of each area, then what explains it.
pub(super) fn bars(summary: &Summary) -> Vec<Bar> {
    let all: Vec<ReportMetric> = metrics::areas(summary)
        .into_iter()
        .flat_map(|(_, found)| found)
        .collect();
    let primary = |metric: &&ReportMetric| {
        metrics::effect(summary, &metric.effect).is_some_and(|effect| effect.primary)
    };
    let mut chosen: Vec<&ReportMetric> = all.iter().filter(primary).take(MAX_BARS).collect();
    let busiest = metrics::busiest(summary);
    let candidates = busiest
        .iter()
        .map(|operation| format!("{operation} p97.5"))
        .chain(["queries per request", "total success"].map(String::from));
    for wanted in candidates {
        if chosen.len() >= MAX_BARS {
            break;
        }
        let found = all.iter().find(|metric| metric.effect == wanted);
        if let Some(metric) = found
            && !chosen.iter().any(|other| other.effect == metric.effect)
        {
            chosen.push(metric);
        }
    }
    chosen
        .into_iter()
        .map(|metric| {
            let said = Said::of(summary, metric);
            Bar {
                metric: metric.full_label.clone(),
                before: said.before,
                after: said.after,
                before_share: said.lengths.0,
                after_share: said.lengths.1,
                change: said.change,
                tone: said.tone,
                interval: said.interval,
            }
        })
        .filter(|bar| bar.before != figures::ABSENT || bar.after != figures::ABSENT)
        .collect()
}

/// Every effect in words, those with a claim first.
pub(super) fn claims(summary: &Summary) -> Vec<Claim> {
    if summary.kind != RunKind::Experiment {
        return Vec::new();
    }
    let mut effects: Vec<&Effect> = summary.effects.iter().collect();
    effects.sort_by_key(|effect| !effect.primary);
    effects.into_iter().map(claim).collect()
}

/// One effect in words.
fn claim(effect: &Effect) -> Claim {
    let kind = effect.kind;
    let scale = if kind.is_share() { 0.01 } else { 1.0 };
    let scaled = |value: Option<f64>| value.map(|value| value * scale);
    let (change, _) = figures::change(
        kind,
        scaled(effect.before),
        scaled(effect.after),
        effect.ratio,
    );
    let interval = match (effect.ratio, effect.interval) {
        (Some(ratio), Some((low, high))) => {
            let text = figures::interval(kind, ratio, low, high);
            match effect.level {
                Some(level) => format!("{text} at {:.1}%", level * 100.0),
                None => text,
            }
        }
        _ => String::new(),
    };
    let tone = Tone::from(effect.decision);
    Claim {
        metric: printable(&effect.metric),
        primary: effect.primary,
        told: effect.primary
            || tone == Tone::Bad
            || effect.metric.ends_with(" p97.5")
            || effect.metric == "queries per request",
        before: figures::with_unit(effect.before, effect.unit),
        after: figures::with_unit(effect.after, effect.unit),
        change,
        tone,
        decision: effect.decision.label(),
        sentence: printable(&effect.sentence),
        interval,
        ratio: effect
            .ratio
            .filter(|ratio| ratio.is_finite() && *ratio > 0.0),
        bounds: effect
            .interval
            .filter(|(low, high)| *low > 0.0 && high.is_finite()),
        blocks: effect
            .block_ratios
            .iter()
            .copied()
            .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
            .collect(),
    }
}
