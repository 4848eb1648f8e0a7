//! From the trials of a search to how the system scales: the fit over its levels, and the knees.

use super::outcome::KeptTrial;
use crate::schema::{
    FittedFigure, KneePoint, LoadResult, LoadVote, ScalingPoint, ScalingResult, TrialPurpose,
};
use loadgen_stats::{Scaling, ScalingFit, kneedle, power_knee, scaling};

/// What is said where generator and target share the processors.
const SHARED: &str = "the load generator runs on the same processors as the target: the parameters describe the whole machine, not the target alone";

/// The fit over the trials of levels; absent where there are none, or too few for a fit.
pub(super) fn fitted(
    trials: &[KeptTrial],
    seed: u64,
    shared_processors: bool,
) -> Option<ScalingResult> {
    let mut levels: Vec<(f64, Vec<(f64, f64)>)> = Vec::new();
    for one in trials.iter().filter(|one| is_point(one)) {
        let step = &one.step;
        let point = (step.in_system, step.goodput_per_s);
        match levels
            .iter_mut()
            .find(|(load, _)| super::saturation::same(*load, step.load))
        {
            Some((_, points)) => points.push(point),
            None => levels.push((step.load, vec![point])),
        }
    }
    levels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let levels: Vec<Vec<(f64, f64)>> = levels.into_iter().map(|(_, points)| points).collect();
    let found = scaling(&levels, seed)?;
    let mut doubts: Vec<String> = found.doubts.iter().map(|doubt| doubt.sentence()).collect();
    if shared_processors {
        doubts.push(SHARED.to_owned());
    }
    let points: Vec<(f64, f64)> = levels.iter().flatten().copied().collect();
    let residual = |fit: &ScalingFit| fit.residual().unwrap_or(0.0);
    Some(ScalingResult {
        levels: levels.len() as u32,
        trials: points.len() as u32,
        trusted: found.is_trusted(),
        figures: figures(&found),
        amdahl: parameters(&found.amdahl, &[0, 2]),
        residuals: (residual(&found.universal), residual(&found.amdahl)),
        without_peak: found.without_peak,
        curve: found
            .band
            .iter()
            .map(|(in_system, fitted, low, high)| ScalingPoint {
                in_system: *in_system,
                fitted: *fitted,
                low: *low,
                high: *high,
            })
            .collect(),
        points,
        doubts,
    })
}

/// A trial of a level that completed something.
fn is_point(one: &KeptTrial) -> bool {
    let step = &one.step;
    step.purpose == TrialPurpose::Level
        && step.vote != LoadVote::Invalid
        && step.in_system > 0.0
        && step.goodput_per_s > 0.0
}

/// The parameters, and the peak where the data has one.
fn figures(found: &Scaling) -> Vec<FittedFigure> {
    let mut figures = parameters(&found.universal, &[0, 1, 2]);
    let model = found.universal.model;
    let more = [
        (
            "requests in the system at the peak",
            model.peak(),
            found.peak,
        ),
        (
            "correct answers a second at the peak",
            model.peak().map(|peak| model.throughput(peak)),
            found.most,
        ),
    ];
    let has_peak = !found.doubts.contains(&loadgen_stats::ScalingDoubt::NoPeak);
    for (name, value, interval) in more.into_iter().filter(|_| has_peak) {
        figures.extend(value.map(|value| FittedFigure {
            name: name.to_owned(),
            value,
            standard_error: None,
            interval,
        }));
    }
    if !has_peak {
        figures.extend(model.limit().map(|limit| FittedFigure {
            name: "limit of correct answers a second by contention".to_owned(),
            value: limit,
            standard_error: None,
            interval: None,
        }));
    }
    figures
}

fn parameters(fit: &ScalingFit, which: &[usize]) -> Vec<FittedFigure> {
    let names = [
        "contention (alpha)",
        "coherence (beta)",
        "speed of one (gamma)",
    ];
    let values = [fit.model.alpha, fit.model.beta, fit.model.gamma];
    let (errors, intervals) = (fit.standard_errors(), fit.intervals());
    let parameter = |at: &usize| FittedFigure {
        name: names[*at].to_owned(),
        value: values[*at],
        standard_error: (errors[*at] > 0.0).then_some(errors[*at]),
        interval: intervals
            .filter(|_| errors[*at] > 0.0)
            .map(|all| (all[*at].0, Some(all[*at].1))),
    };
    which.iter().map(parameter).collect()
}

/// The loads that the usual rules call the knee. The SLO's own is the lower bound.
pub(super) fn knees(loads: &[LoadResult], lower: Option<f64>) -> Vec<KneePoint> {
    let responses: Vec<(f64, f64)> = loads
        .iter()
        .filter_map(|one| Some((one.load, one.response_ms?)))
        .collect();
    let completed: Vec<(f64, f64)> = loads
        .iter()
        .map(|one| (one.load, one.goodput_per_s))
        .collect();
    let rules = [
        ("the SLO: the highest load that is known to meet it", lower),
        (
            "largest power: load / response time (Kleinrock)",
            power_knee(&responses),
        ),
        (
            "Kneedle on goodput over load, which depends on the loads that were tried",
            kneedle(&completed),
        ),
    ];
    rules
        .into_iter()
        .filter_map(|(rule, load)| {
            Some(KneePoint {
                rule: rule.to_owned(),
                load: load?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::fixture::kept;

    /// Trials of a system whose law is known.
    fn levels(trials: u32) -> Vec<KeptTrial> {
        let law = loadgen_stats::ScalingModel {
            alpha: 0.05,
            beta: 0.001,
            gamma: 40.0,
        };
        let mut all = Vec::new();
        for (level, n) in [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0]
            .into_iter()
            .enumerate()
        {
            for trial in 0..trials {
                let mut one = kept(n * 10.0, LoadVote::Met);
                one.step.purpose = TrialPurpose::Level;
                one.step.in_system = n;
                let noise = [1.01, 0.99, 1.0][(level + trial as usize) % 3];
                one.step.goodput_per_s = law.throughput(n) * noise;
                all.push(one);
            }
        }
        all
    }

    #[test]
    fn the_levels_have_a_law_with_its_peak_and_other_trials_take_no_part() {
        let mut trials = levels(3);
        trials.push(kept(1.0, LoadVote::Met));
        let found = fitted(&trials, 1, true).unwrap();
        assert_eq!((found.levels, found.trials), (8, 24));
        assert!(found.trusted, "{:?}", found.doubts);
        assert_eq!(found.doubts.len(), 1, "{:?}", found.doubts);
        let peak = found
            .figures
            .iter()
            .find(|one| one.name.contains("in the system"))
            .unwrap();
        let (low, high) = peak.interval.unwrap();
        let truth = (0.95_f64 / 0.001).sqrt();
        assert!(low < truth && high.unwrap() > truth, "{peak:?}");
        assert_eq!(fitted(&[kept(1.0, LoadVote::Met)], 1, false), None);
    }

    #[test]
    fn each_knee_has_its_rule() {
        let load = |load: f64, goodput_per_s: f64, response: f64| LoadResult {
            load,
            met: 1,
            missed: 0,
            undecided: 0,
            invalid: 0,
            goodput_per_s,
            response_ms: Some(response),
            response_range_ms: None,
        };
        let loads = [
            load(10.0, 10.0, 5.0),
            load(50.0, 50.0, 6.0),
            load(100.0, 100.0, 8.0),
            load(150.0, 105.0, 90.0),
            load(200.0, 104.0, 900.0),
        ];
        let found = knees(&loads, Some(100.0));
        let at: Vec<f64> = found.iter().map(|one| one.load).collect();
        assert_eq!(at, [100.0, 100.0, 100.0], "{found:?}");
    }
}
