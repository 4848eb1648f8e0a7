//! Which charts of the load a page has, and what is on each. Those of the target are in
//! [`server_plots`](super::server_plots).

use crate::render::charts::axis::Axis;
use crate::render::charts::definition::{COMPLETED, CONCURRENCY, IN_FLIGHT, RATE};
use crate::render::charts::over_time::{Grid, Over, PlotPoint};
use crate::render::charts::plot::{LineShape, Plot, PlotLine, class_of, limits};
use crate::render::charts::response;
use loadgen_engine::sample::Outcome;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Arm, Operation, Second, Summary};

/// Largest quantile of a spectrum: five nines.
const MAX_NINES: f64 = 5.0;
/// Bars of a distribution in a factor of ten of the response time.
const BARS_A_DECADE: f64 = 6.0;
/// Failures of which no outcome is stored.
const OTHER_FAILURES: &str = "failed";

/// What a second may tell.
pub(in crate::render) type Pick = fn(&Second) -> Option<f64>;

/// The load and its outcome, second by second.
pub(in crate::render) fn load(summary: &Summary, grid: Grid) -> Vec<Plot> {
    let mut plots = vec![
        Plot {
            note: format!(
                "Requests completed each second against those planned.{}{}",
                several(summary, grid),
                if failing(summary) {
                    " Those that failed are dotted."
                } else {
                    ""
                }
            ),
            lines: rates(summary, grid),
            ..RATE.plot()
        },
        users(summary, grid),
        response::response(summary, grid),
    ];
    plots.extend(failures(summary, grid));
    plots
}

/// How the response times of all requests together, or of one operation, are spread: each from
/// the fastest to the slowest, and how many there are of each.
pub(in crate::render) fn spread(summary: &Summary, name: Option<&str>) -> [Plot; 2] {
    let found: Vec<(&Arm, &Operation)> = summary
        .arms
        .iter()
        .filter_map(|arm| {
            let operation = match name {
                None => Some(&arm.total),
                Some(name) => arm.operations.iter().find(|one| one.name == name),
            };
            Some((arm, operation?))
        })
        .collect();
    let title = |of: &str| name.map_or_else(|| of.to_owned(), printable);
    [
        Plot {
            title: title("From the fastest to the slowest"),
            note: if name.is_none() {
                "Failures count as infinitely slow, so a line that ends early failed.".into()
            } else {
                String::new()
            },
            x: Axis::Nines,
            y: Axis::Log,
            limits: limits(summary, name),
            lines: found
                .iter()
                .map(|(arm, operation)| {
                    spectrum(class_of(&arm.name).into(), printable(&arm.name), operation)
                })
                .collect(),
            ..Plot::over_time("spectrum", "", "ms, logarithmic")
        },
        Plot {
            title: title("How many of each"),
            note: "Share of all requests, read off the line beside it. Failures are on no bar."
                .into(),
            x: Axis::Log,
            shape: LineShape::Steps,
            lines: distributions(&found),
            ..Plot::over_time("distribution", "", "percent of requests")
        },
    ]
}

/// What lines and bands are where several trials, or several seconds, share a point.
fn several(summary: &Summary, grid: Grid) -> String {
    let trials = summary.trials.len() > summary.arms.len();
    match (trials, grid.step()) {
        (false, 1) => String::new(),
        (true, 1) => " Lines are the middle of the trials, bands their range.".into(),
        (trials, step) => format!(
            " A point stands for {step} s: lines are the middle{}, bands the range.",
            if trials { " of all trials" } else { "" }
        ),
    }
}

/// Whether any request failed in any second.
fn failing(summary: &Summary) -> bool {
    let mut seconds = summary.trials.iter().flat_map(|trial| &trial.series);
    seconds.any(|second| second.failed > 0)
}

/// A class for a way to fail; what the generator itself did is grey.
const fn class_of_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "k1",
        Outcome::HttpError => "k2",
        Outcome::BodyMismatch => "k3",
        Outcome::Timeout => "k4",
        Outcome::Connect => "k5",
        Outcome::Reset => "k6",
        Outcome::AbortedAtDrain => "k7",
        Outcome::Dropped | Outcome::Generator => "rest",
    }
}

/// One line an arm: the middle of its trials, with their range where it has several.
pub(in crate::render) fn by_arm(
    summary: &Summary,
    grid: Grid,
    style: &str,
    pick: Pick,
) -> Vec<PlotLine> {
    let trials = |arm: &Arm| {
        let all = summary.trials.iter();
        all.filter(|trial| trial.arm == arm.name).count()
    };
    summary
        .arms
        .iter()
        .map(|arm| PlotLine {
            class: format!("{}{style}", class_of(&arm.name)),
            label: printable(&arm.name),
            points: grid.across(&summary.trials, &arm.name, Over::Middle, pick),
            band: style.is_empty() && (trials(arm) > 1 || grid.step() > 1),
        })
        .collect()
}

/// Users that were active, and requests that were due and not done.
fn users(summary: &Summary, grid: Grid) -> Plot {
    let seconds = || summary.trials.iter().flat_map(|trial| &trial.series);
    let closed = seconds().any(|second| second.users.is_some());
    let mut lines = by_arm(summary, grid, "", IN_FLIGHT.of_second);
    for line in &mut lines {
        line.label = format!("{} {}", line.label, IN_FLIGHT.name);
    }
    if closed {
        let active = by_arm(summary, grid, " dashed", |second| {
            second.users.map(|count| count as f64)
        });
        lines.extend(active.into_iter().map(|line| PlotLine {
            label: format!("{} users", line.label),
            ..line
        }));
    }
    Plot {
        note: if closed {
            "Active users, and requests that were due and not done.".into()
        } else {
            "Requests that were due and not done; users of an open load exist for one iteration."
                .into()
        },
        lines,
        ..CONCURRENCY.plot()
    }
}

/// Planned, completed and, where there are any, failed. The plan is the same for both arms of a
/// block.
fn rates(summary: &Summary, grid: Grid) -> Vec<PlotLine> {
    let mut lines = Vec::new();
    if let Some(arm) = summary.arms.first() {
        lines.push(PlotLine {
            class: "plan".into(),
            label: "planned".into(),
            points: grid.across(&summary.trials, &arm.name, Over::Middle, |second| {
                Some(second.planned as f64)
            }),
            band: false,
        });
    }
    lines.extend(by_arm(summary, grid, "", COMPLETED.of_second));
    if failing(summary) {
        let failed = by_arm(summary, grid, " dotted", |second| {
            Some(second.failed as f64)
        });
        lines.extend(failed.into_iter().map(|line| PlotLine {
            label: format!("{} failed", line.label),
            ..line
        }));
    }
    lines
}

/// What failed in each arm in which anything did, by outcome, on top of each other.
fn failures(summary: &Summary, grid: Grid) -> Vec<Plot> {
    let failed = |arm: &Arm| {
        let trials = summary.trials.iter().filter(|trial| trial.arm == arm.name);
        let mut seconds = trials.flat_map(|trial| &trial.series);
        seconds.any(|second| second.failed > 0)
    };
    let arms = summary.arms.iter().filter(|arm| failed(arm));
    let mut plots: Vec<Plot> = arms
        .map(|arm| {
            let mut lines: Vec<PlotLine> = Outcome::ALL
                .into_iter()
                .filter(|outcome| *outcome != Outcome::Ok)
                .map(|outcome| {
                    let name = outcome.as_str();
                    let of =
                        move |second: &Second| Some(*second.errors.get(name).unwrap_or(&0) as f64);
                    PlotLine {
                        class: class_of_outcome(outcome).into(),
                        label: name.replace('_', " "),
                        points: grid.across(&summary.trials, &arm.name, Over::Sum, of),
                        band: true,
                    }
                })
                .collect();
            lines.push(PlotLine {
                class: "plan".into(),
                label: OTHER_FAILURES.into(),
                points: grid.across(&summary.trials, &arm.name, Over::Sum, |second| {
                    let known = crate::render::figures::total(second.errors.values().copied());
                    Some(second.failed.saturating_sub(known) as f64)
                }),
                band: true,
            });
            Plot {
                id: format!("failures-{}", class_of(&arm.name)),
                title: of_arm(summary, "Failures over time", arm),
                note: "By how they ended, in the second in which they should have started; all \
                       trials together."
                    .into(),
                ..stack(lines, "requests a second")
            }
        })
        .collect();
    level(&mut plots);
    plots
}

/// A title that names the arm where there are two.
pub(in crate::render) fn of_arm(summary: &Summary, title: &str, arm: &Arm) -> String {
    if summary.arms.len() > 1 {
        format!("{title}, {}", printable(&arm.name))
    } else {
        title.to_owned()
    }
}

/// Lines on top of each other; those that are nothing everywhere are left out.
pub(in crate::render) fn stack(lines: Vec<PlotLine>, unit: &'static str) -> Plot {
    let mut floor: Vec<f64> = Vec::new();
    let mut stacked: Vec<PlotLine> = Vec::new();
    for mut line in lines {
        if line.points.iter().all(|point| point.y <= 0.0) {
            continue;
        }
        // All lines of a stack come from the same trials and have the same seconds.
        floor.resize(line.points.len(), 0.0);
        for (point, floor) in line.points.iter_mut().zip(&mut floor) {
            point.range = (*floor, *floor + point.y);
            point.y += *floor;
            *floor = point.y;
        }
        stacked.push(line);
    }
    Plot {
        shape: LineShape::Stack,
        lines: stacked,
        ..Plot::over_time("", "", unit)
    }
}

/// Gives plots of one kind the same height, so that the arms can be compared.
pub(in crate::render) fn level(plots: &mut [Plot]) {
    let points = plots
        .iter()
        .flat_map(|plot| &plot.lines)
        .flat_map(|line| &line.points);
    let top = points.map(|point| point.y).reduce(f64::max);
    for plot in plots {
        plot.top = top;
    }
}

/// The spectrum of an operation over nines, as a line.
pub(in crate::render) fn spectrum(class: String, label: String, operation: &Operation) -> PlotLine {
    let points = operation
        .spectrum
        .iter()
        .filter(|(quantile, ms)| (0.0..1.0).contains(quantile) && *ms > 0.0 && ms.is_finite())
        .map(|(quantile, ms)| PlotPoint {
            x: -(1.0 - quantile).log10(),
            y: *ms,
            range: (*ms, *ms),
        })
        .filter(|point| point.x <= MAX_NINES)
        .collect();
    PlotLine {
        class,
        label,
        points,
        band: false,
    }
}

/// The share of requests in each stretch of response time, all arms on the same stretches.
fn distributions(found: &[(&Arm, &Operation)]) -> Vec<PlotLine> {
    let place = |ms: f64| (ms.max(1e-3).log10() * BARS_A_DECADE).floor() as i32;
    let all = || {
        let spectra = found.iter().flat_map(|(_, operation)| &operation.spectrum);
        spectra.map(|(_, ms)| *ms).filter(|ms| ms.is_finite())
    };
    let (Some(first), Some(last)) = (all().reduce(f64::min), all().reduce(f64::max)) else {
        return Vec::new();
    };
    let edge = |place: i32| 10_f64.powf(f64::from(place) / BARS_A_DECADE);
    found
        .iter()
        .map(|(arm, operation)| {
            let share = |bar: i32| {
                let (from, to) = (edge(bar), edge(bar + 1));
                (below(operation, to) - below(operation, from)).max(0.0) * 100.0
            };
            // One more, at which the last bar ends.
            let points = (place(first)..=place(last) + 1).map(|bar| PlotPoint {
                x: edge(bar),
                y: share(bar),
                range: (0.0, share(bar)),
            });
            PlotLine {
                class: class_of(&arm.name).into(),
                label: printable(&arm.name),
                points: points.collect(),
                band: true,
            }
        })
        .collect()
}

/// The share of requests that were answered faster, read off the spectrum: between two of its
/// points the share grows with the logarithm of the time.
fn below(operation: &Operation, ms: f64) -> f64 {
    let mut before = (0.0, 0.0);
    for (quantile, at) in &operation.spectrum {
        if *at >= ms {
            let (share, from) = before;
            if from <= 0.0 || *at <= from {
                return share;
            }
            return share + (quantile - share) * (ms / from).ln() / (at / from).ln();
        }
        before = (*quantile, *at);
    }
    before.0
}

#[cfg(test)]
#[path = "plots_tests.rs"]
mod tests;
