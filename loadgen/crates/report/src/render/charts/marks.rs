//! What charts over time mark: the faults that were in force.

use crate::render::charts::plot::PlotMark;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::Summary;

/// The faults of all trials of a page; of trials that had the same one its first.
pub(in crate::render) fn marks(summary: &Summary) -> Vec<PlotMark> {
    let mut found: Vec<PlotMark> = Vec::new();
    for (number, trial) in summary.trials.iter().enumerate() {
        for one in &trial.faults {
            let (from, to) = (one.at_s, one.at_s + one.for_s);
            let label = printable(&one.fault);
            let same = |mark: &PlotMark| number > 0 && mark.label == label;
            if from.is_finite() && to.is_finite() && from <= to && !found.iter().any(same) {
                found.push(PlotMark { from, to, label });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{fixture, html};
    use loadgen_experiment::schema::{FaultRecovery, FaultResult};

    fn fault(at_s: f64, for_s: f64) -> FaultResult {
        FaultResult {
            fault: "redis.down".to_owned(),
            at_s,
            for_s,
            before_per_s: None,
            failed: 0,
            lost: None,
            recovery: FaultRecovery::NotRecovered,
        }
    }

    #[test]
    fn every_chart_over_time_has_the_mark_of_a_fault() {
        let mut summary = fixture::run();
        assert!(!html(&summary).unwrap().contains(r#"class="fault""#));
        summary.trials[0].faults = vec![fault(5.0, 3.0)];
        let page = html(&summary).unwrap();
        let figures: Vec<&str> = page.split("<figure").collect();
        let over_time = figures.iter().filter(|one| one.contains("data-chart="));
        let mut seen = 0;
        for figure in over_time {
            assert!(figure.contains(r#"<rect class="fault""#), "{figure}");
            assert!(figure.contains("redis.down"), "{figure}");
            seen += 1;
        }
        assert!(seen > 5, "{seen}");
        assert!(page.contains(r#""marks":[[5.0,8.0,"redis.down"]]"#));
    }

    #[test]
    fn the_same_fault_of_several_trials_is_marked_once_and_a_damaged_one_never() {
        let mut summary = fixture::experiment(false);
        for trial in &mut summary.trials {
            trial.faults = vec![fault(5.0, 3.0)];
        }
        summary.trials[1].faults = vec![fault(f64::NAN, 1.0), fault(5.0, -1.0)];
        assert_eq!(marks(&summary).len(), 1);
        summary.trials[0].faults.push(fault(20.0, 3.0));
        assert_eq!(marks(&summary).len(), 2, "twice in one trial");
    }
}
