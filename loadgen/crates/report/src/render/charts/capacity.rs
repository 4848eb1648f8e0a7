//! The charts of a capacity search: response time and goodput over the load with both bounds and the
//! SLO, goodput over the requests in the system with the fitted law, and goodput past the capacity with
//! each admission policy.

use crate::render::capacity::{lower_bound, upper_bound};
use crate::render::charts::axis::Axis;
use crate::render::charts::over_time::PlotPoint;
use crate::render::charts::plot::{Plot, PlotLine, limits};
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{
    BreakdownLoad, Capacity, CapacityBreakdown, LoadResult, LoadUnit, PolicyBreakdown,
    ScalingResult, Summary,
};

/// The colours of policies, that of the search first.
const POLICIES: [&str; 4] = ["after", "before", "k1", "k2"];

/// All charts of a search.
pub(in crate::render) fn plots(summary: &Summary, capacity: &Capacity) -> Vec<Plot> {
    let load = match capacity.unit {
        LoadUnit::Rate => "load, iterations a second",
        LoadUnit::Users => "load, users",
    };
    let mut plots = vec![response(summary, capacity, load), goodput(capacity, load)];
    plots.extend(capacity.scaling.as_ref().map(scaling));
    let past = capacity.breakdown.as_ref();
    plots.extend(past.map(|past| breakdown(capacity, past, load)));
    plots
}

fn point(x: f64, y: f64, range: (f64, f64)) -> PlotPoint {
    PlotPoint { x, y, range }
}

fn over_load(id: &str, title: &str, unit: &'static str, load: &'static str) -> Plot {
    Plot {
        x: Axis::Linear,
        x_name: Some(load),
        ..Plot::over_time(id, title, unit)
    }
}

/// Median response time of each load, with the range of its trials.
fn response(summary: &Summary, capacity: &Capacity, load: &'static str) -> Plot {
    let median = |one: &LoadResult| {
        let ms = one.response_ms?;
        Some(point(
            one.load,
            ms,
            one.response_range_ms.unwrap_or((ms, ms)),
        ))
    };
    let points: Vec<PlotPoint> = capacity.loads.iter().filter_map(median).collect();
    let limits = limits(summary, None);
    let values = || {
        let drawn = points.iter().flat_map(|one| [one.range.0, one.range.1]);
        drawn.chain(limits.iter().map(|limit| limit.y))
    };
    let height = (
        values().fold(f64::INFINITY, f64::min),
        values().fold(0.0, f64::max),
    );
    let percentile = format!("p{}", (capacity.percentile * 1_000.0).round() / 10.0);
    let mut lines = vec![PlotLine {
        class: "after".into(),
        label: format!("{percentile}, median of the trials"),
        points,
        band: true,
    }];
    lines.extend(bounds(capacity, height));
    Plot {
        y: Axis::Log,
        note: format!(
            "{percentile} of each load; the shade is the range of its trials. Loads beyond the timeout, or with too few requests, are left out."
        ),
        limits,
        lines,
        ..over_load(
            "capacity-response",
            "Response time over load",
            "ms, logarithmic",
            load,
        )
    }
}

/// Correct answers a second of each load.
fn goodput(capacity: &Capacity, load: &'static str) -> Plot {
    let points: Vec<PlotPoint> = capacity
        .loads
        .iter()
        .filter(|one| one.met + one.missed + one.undecided > 0)
        .map(|one| {
            point(
                one.load,
                one.goodput_per_s,
                (one.goodput_per_s, one.goodput_per_s),
            )
        })
        .collect();
    let highest = points.iter().map(|one| one.y).fold(0.0, f64::max);
    let mut lines = vec![PlotLine {
        class: "after".into(),
        label: "goodput, median of the trials".into(),
        points,
        band: false,
    }];
    lines.extend(bounds(capacity, (0.0, highest)));
    Plot {
        note: "Correct answers a second. A load that fell behind was ended early; its goodput is that of the time until then.".into(),
        lines,
        ..over_load("capacity-goodput", "Goodput over load", "correct answers a second", load)
    }
}

/// Goodput in time at each load past the capacity, one line a policy.
fn breakdown(capacity: &Capacity, past: &CapacityBreakdown, load: &'static str) -> Plot {
    let median = |one: &BreakdownLoad| {
        let goodput = one.median.as_ref()?.goodput_per_s;
        let range = one.goodput_range.unwrap_or((goodput, goodput));
        Some(point(one.load, goodput, range))
    };
    let line = |(index, one): (usize, &PolicyBreakdown)| PlotLine {
        class: POLICIES[index % POLICIES.len()].into(),
        label: printable(&format!("{}, {}", one.policy, one.word.label())),
        points: one.loads.iter().filter_map(median).collect(),
        band: index < 2,
    };
    let mut lines: Vec<PlotLine> = past.policies.iter().enumerate().map(line).collect();
    let points = lines.iter().flat_map(|one| &one.points);
    let highest = points.map(|one| one.range.1).fold(0.0, f64::max);
    lines.extend(bounds(capacity, (0.0, highest)));
    Plot {
        note: "Right answers a second within the time limit of the SLO, median of the trials; the shade is their range.".into(),
        lines,
        ..over_load(
            "capacity-breakdown",
            "Goodput past the capacity",
            "answers in time a second",
            load,
        )
    }
}

/// Both bounds as vertical lines.
fn bounds(capacity: &Capacity, (from, to): (f64, f64)) -> Vec<PlotLine> {
    let line = |load: Option<f64>, label: &str, class: &str| {
        let load = load.filter(|_| from.is_finite() && to > from)?;
        Some(PlotLine {
            class: class.into(),
            label: format!("{label}, {}", capacity.unit.show(load)),
            points: vec![point(load, from, (from, from)), point(load, to, (to, to))],
            band: false,
        })
    };
    let lower = line(capacity.lower, lower_bound(capacity), "before dashed");
    let upper = line(capacity.upper, upper_bound(capacity), "before dotted");
    lower.into_iter().chain(upper).collect()
}

/// The trials of the levels, and the law with its band.
fn scaling(found: &ScalingResult) -> Plot {
    let mut measured = found.points.clone();
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let trials = measured.iter().map(|(n, x)| point(*n, *x, (*x, *x)));
    let law = found.curve.iter();
    let law = law.map(|one| point(one.in_system, one.fitted, (one.low, one.high)));
    Plot {
        note: "Universal scalability law over the levels; the shade is the 95 % bootstrap interval of the law.".into(),
        lines: vec![
            PlotLine {
                class: "after".into(),
                label: "law".into(),
                points: law.collect(),
                band: true,
            },
            PlotLine {
                class: "before dotted".into(),
                label: "trials".into(),
                points: trials.collect(),
                band: false,
            },
        ],
        ..over_load(
            "capacity-scaling",
            "Goodput over requests in the system",
            "correct answers a second",
            "requests in the system, mean",
        )
    }
}
