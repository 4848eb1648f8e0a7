//! Tests of what is on the charts of the load.

use super::*;
use crate::render::fixture;

#[test]
fn the_bars_of_a_distribution_are_all_requests_that_were_answered() {
    let summary = fixture::experiment(false);
    let [_, distribution] = spread(&summary, Some("mentors.list"));
    assert_eq!(distribution.lines.len(), 2);
    for (line, arm) in distribution.lines.iter().zip(&summary.arms) {
        let operation = arm.operations.iter().find(|one| one.name == "mentors.list");
        let answered = operation.unwrap().spectrum.last().unwrap().0 * 100.0;
        let sum: f64 = line.points.iter().map(|point| point.y).sum();
        assert!((sum - answered).abs() < 0.1, "{sum} of {answered}");
    }
}

#[test]
fn the_share_below_a_point_of_the_spectrum_is_that_point_s() {
    let summary = fixture::experiment(false);
    for arm in &summary.arms {
        for pair in arm.total.spectrum.windows(2) {
            let ((low, from), (high, to)) = (pair[0], pair[1]);
            assert!((below(&arm.total, to) - high).abs() < 1e-9, "{to} ms");
            let between = below(&arm.total, (from * to).sqrt());
            assert!(
                (between - f64::midpoint(low, high)).abs() < 1e-9,
                "{between}"
            );
        }
    }
}

#[test]
fn failures_lie_on_top_of_each_other_and_add_up() {
    let summary = fixture::experiment(false);
    let plots = failures(&summary, Grid::of(&summary.trials));
    let [plot] = plots.as_slice() else {
        panic!("only the before arm failed: {}", plots.len());
    };
    let labels: Vec<&str> = plot.lines.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(labels, ["http error", "timeout"]);
    let failed: u64 = summary
        .trials
        .iter()
        .filter(|trial| trial.arm == "before")
        .map(|trial| trial.series[12].failed)
        .sum();
    let top = plot.lines[1].points[12];
    assert!((top.y - failed as f64).abs() < 1e-9);
    assert!((top.range.0 - plot.lines[0].points[12].y).abs() < 1e-9);
}

#[test]
fn failures_of_a_folder_that_kept_no_outcomes_are_still_drawn() {
    let mut summary = fixture::experiment(false);
    for second in summary
        .trials
        .iter_mut()
        .flat_map(|trial| &mut trial.series)
    {
        second.errors.clear();
    }
    let plots = failures(&summary, Grid::of(&summary.trials));
    assert_eq!(plots[0].lines[0].label, OTHER_FAILURES);
}
