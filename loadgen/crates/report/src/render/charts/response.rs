//! The chart of response times over time. A percentile of a second is drawn where enough answers lie
//! beyond it; where most seconds have too few, seconds are pooled into wider steps, and the legend
//! says into which.

use crate::render::charts::definition::{PERCENTILES, RESPONSE, SeriesDefinition};
use crate::render::charts::over_time::{Grid, Over};
use crate::render::charts::plot::{Plot, PlotLine, class_of, limits};
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Percentile, PooledPercentile, Summary, Trial};

/// Styles of the percentiles, from the lowest to the highest.
const STYLES: [&str; PERCENTILES.len()] = ["", " dashed", " dotted"];

/// One percentile on the chart.
struct PercentileSeries {
    share: f64,
    definition: SeriesDefinition,
    /// Seconds that each of its values stands for, the same in every trial of the page.
    step: u32,
}

/// The response times of each arm.
pub(in crate::render) fn response(summary: &Summary, grid: Grid) -> Plot {
    let shown = PERCENTILES.map(|(share, definition)| PercentileSeries {
        share,
        definition,
        step: step(&summary.trials, share),
    });
    let lines = lines(summary, grid, &shown);
    Plot {
        note: note(&shown, &lines, grid),
        limits: limits(summary, None),
        lines: lines.into_iter().flatten().collect(),
        ..RESPONSE.plot()
    }
}

/// The narrowest step that all trials have a percentile for.
fn step(trials: &[Trial], share: f64) -> u32 {
    let narrowest = |trial: &Trial| of_share(trial, share).map(|one| one.step_s).min();
    trials.iter().filter_map(narrowest).max().unwrap_or(1)
}

fn of_share(trial: &Trial, share: f64) -> impl Iterator<Item = &PooledPercentile> {
    let same = move |one: &&PooledPercentile| (one.share - share).abs() < 1e-9;
    trial.pooled.iter().filter(same)
}

/// Median, 95th and 99th percentile, each of every arm that has any; the shade of the lowest reaches
/// to the highest.
fn lines(summary: &Summary, grid: Grid, shown: &[PercentileSeries; 3]) -> [Vec<PlotLine>; 3] {
    let mut ranked: [Vec<PlotLine>; 3] = std::array::from_fn(|rank| {
        let one = &shown[rank];
        let arms = summary.arms.iter().map(|arm| PlotLine {
            class: format!("{}{}", class_of(&arm.name), STYLES[rank]),
            label: if summary.arms.len() == 1 {
                one.label()
            } else {
                format!("{} {}", printable(&arm.name), one.label())
            },
            points: grid.of_trials(&summary.trials, &arm.name, Over::Middle, |trial| {
                one.values(trial)
            }),
            band: false,
        });
        arms.filter(|line| !line.points.is_empty()).collect()
    });
    let [lowest, middle, highest] = &mut ranked;
    for median in lowest {
        let same_arm = |line: &&PlotLine| line.class.starts_with(median.class.as_str());
        let highest = highest.iter().chain(middle.iter()).find(same_arm);
        let Some(highest) = highest else { continue };
        let mut above = highest.points.iter().peekable();
        for point in &mut median.points {
            while above.next_if(|one| one.x < point.x).is_some() {}
            let top = above.peek().filter(|one| one.x <= point.x);
            // Where seconds share a point, the shade shows the worst of them.
            let top = top.map(|one| if grid.step() > 1 { one.range.1 } else { one.y });
            point.range = (point.y, top.map_or(point.y, |top| top.max(point.y)));
        }
        median.band = true;
    }
    ranked
}

fn note(shown: &[PercentileSeries; 3], lines: &[Vec<PlotLine>; 3], grid: Grid) -> String {
    let drawn = |rank: &usize| !lines[*rank].is_empty();
    let top = (1..shown.len()).rev().find(drawn).filter(|_| drawn(&0));
    let shade = top.map_or_else(String::new, |top| {
        let highest = if grid.step() > 1 { "the highest " } else { "" };
        let (low, high) = (shown[0].definition.name, shown[top].definition.name);
        format!("; the shade lies between {low} and {highest}{high}")
    });
    let pooled: Vec<String> = shown
        .iter()
        .filter(|one| one.step > 1)
        .map(|one| format!("{} over {} s", one.definition.name, one.step))
        .collect();
    let absent: Vec<&str> = (0..shown.len())
        .filter(|rank| !drawn(rank))
        .map(|rank| shown[rank].definition.name)
        .collect();
    let mut sentences = vec![format!(
        "Answers by the second in which their request should have started{shade}."
    )];
    if !pooled.is_empty() {
        let steps = pooled.join(", ");
        sentences.push(format!(
            "Seconds are pooled: {steps}, as one second has too few answers."
        ));
    }
    if !absent.is_empty() {
        sentences.push(format!("Too few answers for {}.", absent.join(", ")));
    }
    sentences.push(format!(
        "Gaps have fewer than {} answers beyond the percentile.",
        Percentile::FEWEST_BEYOND
    ));
    sentences.join(" ")
}

impl PercentileSeries {
    fn label(&self) -> String {
        match self.step {
            0 | 1 => self.definition.name.to_owned(),
            step => format!("{} of {step} s", self.definition.name),
        }
    }

    /// Its values by second: those of a step hold for all of its seconds.
    fn values(&self, trial: &Trial) -> Vec<(i64, f64)> {
        let fitting = of_share(trial, self.share).filter(|one| one.step_s <= self.step);
        let Some(pooled) = fitting.max_by_key(|one| one.step_s) else {
            let seconds = trial.series.iter();
            return seconds
                .filter_map(|one| Some((one.second, (self.definition.of_second)(one)?)))
                .collect();
        };
        let last = trial.series.last().map_or(i64::MIN, |one| one.second);
        let held = |(from, ms): &(i64, f64)| {
            let (from, ms) = (*from, *ms);
            (from..from + i64::from(pooled.step_s)).map(move |second| (second, ms))
        };
        let all = pooled.points.iter().flat_map(held);
        all.filter(|(second, _)| *second <= last).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::charts::plot::LineShape;
    use crate::render::fixture;

    fn plot(summary: &Summary) -> Plot {
        response(summary, Grid::of(&summary.trials))
    }

    fn labels(plot: &Plot) -> Vec<&str> {
        plot.lines.iter().map(|line| line.label.as_str()).collect()
    }

    #[test]
    fn the_shade_reaches_from_the_median_to_p99() {
        let plot = plot(&fixture::run());
        assert_eq!(labels(&plot), ["p50", "p95", "p99"]);
        let (median, slowest) = (plot.lines[0].points[7], plot.lines[2].points[7]);
        assert!((median.range.0 - median.y).abs() < 1e-9);
        assert!((median.range.1 - slowest.y).abs() < 1e-9);
    }

    #[test]
    fn the_shade_of_a_long_run_reaches_to_its_slowest_second() {
        let mut summary = fixture::large();
        summary.trials.retain(|trial| trial.arm == "after");
        summary.trials.truncate(1);
        summary.trials[0].validity.word = loadgen_experiment::schema::ValidityWord::Valid;
        summary.trials[0].series[1_234].p99_ms = Some(7_777.0);
        let plot = plot(&summary);
        let highest = |line: &PlotLine| {
            line.points
                .iter()
                .map(|point| point.range.1)
                .reduce(f64::max)
        };
        let mut lines = plot.lines.iter();
        let median = lines.find(|line| line.label.ends_with("after p50"));
        assert!((highest(median.unwrap()).unwrap() - 7_777.0).abs() < 1e-9);
    }

    #[test]
    fn seconds_with_too_few_answers_are_drawn_in_wider_steps_that_the_legend_names() {
        let mut summary = fixture::run();
        let trial = &mut summary.trials[0];
        for second in &mut trial.series {
            (second.p95_ms, second.p99_ms) = (None, None);
        }
        let pooled = |step_s: u32| PooledPercentile {
            share: 0.95,
            step_s,
            points: vec![(0, 12.0), (i64::from(step_s), 14.0)],
        };
        trial.pooled = vec![pooled(5), pooled(10)];
        let plot = plot(&summary);
        assert_eq!(labels(&plot), ["p50", "p95 of 5 s"]);
        let points: Vec<(f64, f64)> = plot.lines[1].points.iter().map(|p| (p.x, p.y)).collect();
        assert_eq!(points.len(), 10);
        assert_eq!((points[4], points[5]), ((4.0, 12.0), (5.0, 14.0)));
        assert!(plot.note.contains("p95 over 5 s"), "{}", plot.note);
        assert!(
            plot.note.contains("Too few answers for p99"),
            "{}",
            plot.note
        );
        assert_eq!(plot.shape, LineShape::Lines);
    }

    #[test]
    fn all_trials_of_a_page_are_drawn_in_the_same_steps() {
        let mut summary = fixture::experiment(false);
        let pooled = |step_s: u32, ms: f64| PooledPercentile {
            share: 0.5,
            step_s,
            points: vec![(0, ms)],
        };
        for trial in &mut summary.trials {
            trial.pooled = vec![pooled(2, 1.0), pooled(5, 2.0)];
        }
        summary.trials[1].pooled = vec![pooled(5, 2.0), pooled(10, 3.0)];
        let plot = plot(&summary);
        let medians = plot.lines.iter().filter(|line| line.label.contains("p50"));
        for line in medians {
            assert!(line.label.ends_with("p50 of 5 s"), "{}", line.label);
            assert_eq!(line.points.len(), 5);
            assert!(line.points.iter().all(|point| (point.y - 2.0).abs() < 1e-9));
        }
    }
}
