//! Which line charts a page has, and what is on each.

use crate::events::printable;
use crate::report::axis::Axis;
use crate::report::chart::{self, Chart, Line, Plot};
use crate::report::over_time::{self, Point};
use crate::schema::{Arm, Operation, Second, Summary};

/// Fastest share of requests that a spectrum still tells apart: five nines.
const MAX_NINES: f64 = 5.0;

/// What a second may tell.
type Pick = fn(&Second) -> Option<f64>;

/// What the load was and what became of it, second by second.
pub(super) fn load(summary: &Summary) -> Vec<Chart> {
    let several = if summary.trials.len() > summary.arms.len() {
        " Lines are the middle of the trials, bands their range."
    } else {
        ""
    };
    let mut plots = vec![Plot {
        title: "Rate over time".into(),
        note: format!("Requests completed each second against those planned.{several}"),
        unit: "requests a second",
        x: Axis::Seconds,
        y: Axis::Linear,
        lines: with_plan(
            summary,
            by_arm(summary, "", true, |second| Some(second.completed as f64)),
        ),
    }];
    plots.push(Plot {
        title: "Response time over time".into(),
        note: "By the second in which a request should have started. Gaps lie beyond the timeout."
            .into(),
        unit: "ms, logarithmic",
        x: Axis::Seconds,
        y: Axis::Log,
        lines: percentiles(summary),
    });
    let failures = summary
        .trials
        .iter()
        .flat_map(|trial| &trial.series)
        .any(|second| second.failed > 0);
    let spectrum = Plot {
        title: "Response time of every request".into(),
        note: "From the fastest to the slowest; failures count as infinitely slow, so a line that ends early failed.".into(),
        unit: "ms, logarithmic",
        x: Axis::Nines,
        y: Axis::Log,
        lines: summary.arms.iter().map(|arm| spectrum_line(arm, &arm.total)).collect(),
    };
    plots.insert(0, spectrum);
    if failures {
        plots.push(Plot {
            title: "Failures over time".into(),
            note: "Requests that should have started in a second and failed.".into(),
            unit: "requests a second",
            x: Axis::Seconds,
            y: Axis::Linear,
            lines: by_arm(summary, "", false, |second| Some(second.failed as f64)),
        });
    }
    plots.into_iter().filter_map(chart::draw).collect()
}

/// What the target said of itself, second by second.
pub(super) fn target(summary: &Summary) -> Vec<Chart> {
    let plot = |title: &str, note: &str, unit, pick: Pick| Plot {
        title: title.into(),
        note: note.into(),
        unit,
        x: Axis::Seconds,
        y: Axis::Linear,
        lines: by_arm(summary, "", true, pick),
    };
    [
        plot(
            "Pool connections in use",
            "PostgreSQL connections that a request held.",
            "connections",
            |second| second.pool_in_use.map(f64::from),
        ),
        plot(
            "Waiting for a connection",
            "Requests that queued for the pool.",
            "requests",
            |second| second.pool_waiters.map(f64::from),
        ),
        plot(
            "CPU of the target",
            "Of the application alone, without its database.",
            "cores",
            |second| second.target_cpu,
        ),
        plot(
            "Cache hits",
            "Share of look-ups that found a value.",
            "percent",
            |second| second.cache_hit_ratio.map(|share| share * 100.0),
        ),
    ]
    .into_iter()
    .filter_map(chart::draw)
    .collect()
}

/// A spectrum of each operation, both arms over each other.
pub(super) fn operations(summary: &Summary) -> Vec<Chart> {
    let mut names: Vec<&str> = Vec::new();
    for operation in summary.arms.iter().flat_map(|arm| &arm.operations) {
        if operation.planned > 0 && !names.contains(&operation.name.as_str()) {
            names.push(&operation.name);
        }
    }
    let draw = |name: &str| {
        let lines = summary.arms.iter().filter_map(|arm| {
            let operation = arm.operations.iter().find(|one| one.name == name)?;
            Some(spectrum_line(arm, operation))
        });
        chart::draw(Plot {
            title: printable(name),
            note: String::new(),
            unit: "ms, logarithmic",
            x: Axis::Nines,
            y: Axis::Log,
            lines: lines.collect(),
        })
    };
    names.into_iter().filter_map(draw).collect()
}

/// A class for an arm; a run is drawn in the colour of `after`.
fn class_of(arm: &str) -> &'static str {
    if arm == "before" { "before" } else { "after" }
}

/// One line an arm.
fn by_arm(summary: &Summary, dash: &str, band: bool, pick: Pick) -> Vec<Line> {
    summary
        .arms
        .iter()
        .map(|arm| Line {
            class: format!("{}{dash}", class_of(&arm.name)),
            label: printable(&arm.name),
            points: over_time::across(&summary.trials, &arm.name, pick),
            band: band
                && summary
                    .trials
                    .iter()
                    .filter(|trial| trial.arm == arm.name)
                    .count()
                    > 1,
        })
        .collect()
}

/// The planned rate behind the lines; it is the same for both arms of a block.
fn with_plan(summary: &Summary, lines: Vec<Line>) -> Vec<Line> {
    let Some(arm) = summary.arms.first() else {
        return lines;
    };
    let plan = Line {
        class: "plan".into(),
        label: "planned".into(),
        points: over_time::across(&summary.trials, &arm.name, |second| {
            Some(second.planned as f64)
        }),
        band: false,
    };
    std::iter::once(plan).chain(lines).collect()
}

/// Median and 95th percentile of each arm; a single arm shows its 99th, too.
fn percentiles(summary: &Summary) -> Vec<Line> {
    let mut shown: Vec<(&str, &str, Pick)> = vec![
        ("p50", "", |second| second.p50_ms),
        ("p95", " dashed", |second| second.p95_ms),
    ];
    if summary.arms.len() == 1 {
        shown.push(("p99", " dotted", |second| second.p99_ms));
    }
    let mut lines = Vec::new();
    for (name, dash, pick) in shown {
        for mut line in by_arm(summary, dash, false, pick) {
            line.label = if summary.arms.len() == 1 {
                name.into()
            } else {
                format!("{} {name}", line.label)
            };
            lines.push(line);
        }
    }
    lines
}

/// The spectrum of an operation as a line over nines.
fn spectrum_line(arm: &Arm, operation: &Operation) -> Line {
    let points: Vec<Point> = operation
        .spectrum
        .iter()
        .filter(|(quantile, ms)| (0.0..1.0).contains(quantile) && *ms > 0.0 && ms.is_finite())
        .map(|(quantile, ms)| Point {
            x: -(1.0 - quantile).log10(),
            y: *ms,
            range: (*ms, *ms),
        })
        .filter(|point| point.x <= MAX_NINES)
        .collect();
    Line {
        class: class_of(&arm.name).into(),
        label: printable(&arm.name),
        points: over_time::thinned(&points),
        band: false,
    }
}
