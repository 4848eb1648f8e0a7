//! How a system scales: the universal scalability law fitted to repeated trials at several levels,
//! with bootstrap intervals and with the reasons not to trust it.

use rand::seq::IndexedRandom as _;

use super::{
    scaling_law::{ScalingFit, ScalingLaw, ScalingModel, fit_scaling},
    seed,
};

/// Bootstrap samples.
const DRAWS: usize = 2_000;
/// Fewest levels of a fit that is believed: twice the parameters.
const FEWEST_LEVELS: usize = 6;
/// A peak this much beyond the highest level is an extrapolation.
const BEYOND_MEASURED: f64 = 1.5;
/// Half a width of an interval, as a share of the figure, from which it says little.
const WIDE: f64 = 0.5;
/// Faster than a straight line from the first level by more than chance.
const SUPERLINEAR: f64 = 1.05;
/// Share of random orders that have as few runs of signs.
const RUNS_LEVEL: f64 = 0.05;

/// A reason not to trust a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScalingDoubt {
    /// So many levels are too few.
    FewLevels(usize),
    /// The interval of the coherence contains 0, or it lies at 0: there is no peak in the data.
    NoPeak,
    /// The peak lies beyond the highest level, by this factor.
    Extrapolated(f64),
    /// Some level completed more than a straight line from one alone, by this factor.
    Superlinear(f64),
    /// The points do not scatter about the law: they lie above and below it in stretches.
    WrongShape,
    /// The interval of the named parameter is wider than the parameter.
    Wide(&'static str),
}

impl ScalingDoubt {
    /// In a sentence.
    pub fn sentence(self) -> String {
        match self {
            Self::FewLevels(levels) => format!(
                "{levels} levels are too few for three parameters: measure at least {FEWEST_LEVELS}"
            ),
            Self::NoPeak => "coherence cannot be distinguished from 0: the data has no peak, so none is given".to_owned(),
            Self::Extrapolated(factor) => format!(
                "the peak lies at {factor:.1} times the highest level that was measured: it is an extrapolation"
            ),
            Self::Superlinear(factor) => format!(
                "a level completed {factor:.2} times what a straight line allows: caches that fill, or a first level that was disturbed; the law does not describe it"
            ),
            Self::WrongShape => "the points lie above and below the law in stretches: it has not the shape of the data".to_owned(),
            Self::Wide(name) => format!("the interval of {name} is wider than {name} itself"),
        }
    }

    /// Whether no figure of the fit may be used; the others only limit what is said.
    pub const fn refuses(self) -> bool {
        matches!(
            self,
            Self::FewLevels(_) | Self::Superlinear(_) | Self::WrongShape
        )
    }
}

/// What is known of how a system scales.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// The universal law.
    pub universal: ScalingFit,
    /// The law without coherence.
    pub amdahl: ScalingFit,
    /// 95 % bootstrap interval of how many in the system complete most; the upper end is absent where
    /// more than 2.5 % of the samples have no peak.
    pub peak: Option<(f64, Option<f64>)>,
    /// The same of what is then completed.
    pub most: Option<(f64, Option<f64>)>,
    /// Share of the bootstrap samples without a peak.
    pub without_peak: f64,
    /// At each level its N, the law, and the 95 % bootstrap interval of the law.
    pub band: Vec<(f64, f64, f64, f64)>,
    /// Reasons not to trust it.
    pub doubts: Vec<ScalingDoubt>,
}

impl Scaling {
    /// Whether figures of it may be used.
    pub fn is_trusted(&self) -> bool {
        !self.doubts.iter().any(|doubt| doubt.refuses())
    }
}

/// Fits `levels`, each with its trials `(N, X)`. Trials are drawn anew within their level, so a level
/// with one trial adds nothing to the intervals. Absent where there are fewer points than parameters.
pub fn scaling(levels: &[Vec<(f64, f64)>], root: u64) -> Option<Scaling> {
    let levels: Vec<&Vec<(f64, f64)>> = levels.iter().filter(|level| !level.is_empty()).collect();
    let points: Vec<(f64, f64)> = levels
        .iter()
        .flat_map(|level| level.iter().copied())
        .collect();
    let universal = fit_scaling(ScalingLaw::Universal, &points)?;
    let amdahl = fit_scaling(ScalingLaw::Amdahl, &points)?;
    let mut chance = seed::rng(seed::sub_seed(root, "scaling"));
    let mut samples: Vec<ScalingModel> = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let drawn: Vec<(f64, f64)> = levels
            .iter()
            .flat_map(|level| {
                (0..level.len())
                    .filter_map(|_| level.choose(&mut chance).copied())
                    .collect::<Vec<_>>()
            })
            .collect();
        samples.extend(fit_scaling(ScalingLaw::Universal, &drawn).map(|fit| fit.model));
    }
    let peaks = |of: &dyn Fn(ScalingModel, f64) -> f64| {
        let found = samples
            .iter()
            .map(|law| law.peak().map_or(f64::INFINITY, |peak| of(*law, peak)));
        let (low, high) = middle(found.collect())?;
        low.is_finite()
            .then(|| (low, high.is_finite().then_some(high)))
    };
    let without = samples.iter().filter(|law| law.peak().is_none()).count();
    let mut means: Vec<f64> = levels
        .iter()
        .map(|level| level.iter().map(|(n, _)| n).sum::<f64>() / level.len() as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    let band = means.iter().filter_map(|n| {
        let (low, high) = middle(samples.iter().map(|law| law.throughput(*n)).collect())?;
        Some((*n, universal.model.throughput(*n), low, high))
    });
    Some(Scaling {
        peak: peaks(&|_, peak| peak),
        most: peaks(&|law, peak| law.throughput(peak)),
        without_peak: without as f64 / samples.len().max(1) as f64,
        band: band.collect(),
        doubts: doubts(&universal, &points, means.len()),
        universal,
        amdahl,
    })
}

/// The 2.5th and the 97.5th percentile.
fn middle(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| values[(share * last as f64).round() as usize];
    Some((at(0.025), at(0.975)))
}

fn doubts(fit: &ScalingFit, points: &[(f64, f64)], levels: usize) -> Vec<ScalingDoubt> {
    let mut found = Vec::new();
    if levels < FEWEST_LEVELS {
        found.push(ScalingDoubt::FewLevels(levels));
    }
    let highest = points.iter().map(|(n, _)| *n).fold(0.0, f64::max);
    let beta = fit
        .intervals()
        .map_or((f64::NEG_INFINITY, f64::INFINITY), |all| all[1]);
    match fit.model.peak() {
        Some(peak) if beta.0 > 0.0 => {
            if peak > highest * BEYOND_MEASURED {
                found.push(ScalingDoubt::Extrapolated(peak / highest));
            }
        }
        _ => found.push(ScalingDoubt::NoPeak),
    }
    let fastest = points
        .iter()
        .map(|(n, x)| x / (fit.model.gamma * n.max(1.0)))
        .fold(0.0, f64::max);
    if fastest > SUPERLINEAR && fit.model.alpha <= 0.0 {
        found.push(ScalingDoubt::Superlinear(fastest));
    }
    if few_runs(fit.model, points) {
        found.push(ScalingDoubt::WrongShape);
    }
    if let Some(all) = fit.intervals() {
        let values = [("alpha", fit.model.alpha), ("gamma", fit.model.gamma)];
        for ((low, high), (name, value)) in [all[0], all[2]].into_iter().zip(values) {
            if value > 0.0 && (high - low) / 2.0 > WIDE * value {
                found.push(ScalingDoubt::Wide(name));
            }
        }
    }
    found
}

/// Whether the residuals, ordered by N, change their sign so seldom that a random order of them would
/// in fewer than one of twenty (Wald and Wolfowitz, exact).
fn few_runs(law: ScalingModel, points: &[(f64, f64)]) -> bool {
    let mut ordered = points.to_vec();
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let above: Vec<bool> = ordered
        .iter()
        .map(|(n, x)| *x > law.throughput(*n))
        .collect();
    let ups = above.iter().filter(|up| **up).count();
    let downs = above.len() - ups;
    if ups.min(downs) < 2 {
        return false;
    }
    let runs = 1 + above.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let chance: f64 = (2..=runs).map(|count| runs_chance(count, ups, downs)).sum();
    chance < RUNS_LEVEL
}

/// The chance of exactly so many runs of `ups` and `downs` in random order.
fn runs_chance(runs: usize, ups: usize, downs: usize) -> f64 {
    let half = runs / 2;
    let ways = if runs.is_multiple_of(2) {
        2.0 * choose(ups - 1, half - 1) * choose(downs - 1, half - 1)
    } else {
        choose(ups - 1, half) * choose(downs - 1, half - 1)
            + choose(ups - 1, half - 1) * choose(downs - 1, half)
    };
    ways / choose(ups + downs, ups)
}

fn choose(of: usize, taken: usize) -> f64 {
    if taken > of {
        return 0.0;
    }
    (0..taken)
        .map(|k| (of - k) as f64 / (k + 1) as f64)
        .product()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trials at levels of a law, with relative noise of so many per cent, alternately.
    fn trials(law: ScalingModel, levels: &[f64], noise: f64) -> Vec<Vec<(f64, f64)>> {
        let of = |level: usize, n: f64| {
            (0..3)
                .map(|k| {
                    let sign = [1.0, -1.0, 0.3][(level + k) % 3];
                    (n, law.throughput(n) * (1.0 + sign * noise))
                })
                .collect()
        };
        levels
            .iter()
            .enumerate()
            .map(|(level, n)| of(level, *n))
            .collect()
    }

    const LAW: ScalingModel = ScalingModel {
        alpha: 0.03,
        beta: 0.002,
        gamma: 50.0,
    };
    const LEVELS: [f64; 8] = [1.0, 3.0, 6.0, 10.0, 15.0, 20.0, 28.0, 40.0];

    #[test]
    fn a_measured_peak_lies_in_its_interval_and_nothing_is_doubted() {
        let found = scaling(&trials(LAW, &LEVELS, 0.02), 7).unwrap();
        assert_eq!(found.doubts, [], "{found:?}");
        assert!(found.is_trusted());
        let (low, high) = found.peak.unwrap();
        let peak = LAW.peak().unwrap();
        assert!(low < peak && peak < high.unwrap(), "{low} {peak} {high:?}");
        assert!(found.without_peak < 0.01);
        for (n, middle, low, high) in &found.band {
            assert!(low <= middle && middle <= high, "{n}");
        }
        assert_eq!(
            found,
            scaling(&trials(LAW, &LEVELS, 0.02), 7).unwrap(),
            "seeded"
        );
    }

    #[test]
    fn an_interval_wider_than_its_parameter_is_told_and_refuses_nothing() {
        // Half of the interval is 57 % of alpha at 5 % noise, and 35 % at 3 %.
        let noisy = scaling(&trials(LAW, &LEVELS, 0.05), 7).unwrap();
        let wide = ScalingDoubt::Wide("alpha");
        assert!(noisy.doubts.contains(&wide), "{:?}", noisy.doubts);
        let quiet = scaling(&trials(LAW, &LEVELS, 0.03), 7).unwrap();
        assert!(!quiet.doubts.contains(&wide), "{:?}", quiet.doubts);
        // SPEC SDM91, the published fit: alpha is 0.0277 +- 0.0253.
        let published = [
            (1.0, 64.9),
            (18.0, 995.9),
            (36.0, 1_652.4),
            (72.0, 1_853.2),
            (108.0, 1_828.9),
            (144.0, 1_775.0),
            (216.0, 1_702.2),
        ];
        let levels: Vec<Vec<(f64, f64)>> = published.iter().map(|one| vec![*one]).collect();
        let published = scaling(&levels, 7).unwrap();
        assert_eq!(published.doubts, [wide]);
        assert!(published.is_trusted());
    }

    #[test]
    fn data_without_a_peak_says_so() {
        let rising = ScalingModel { beta: 0.0, ..LAW };
        let found = scaling(&trials(rising, &LEVELS, 0.02), 7).unwrap();
        assert!(found.doubts.contains(&ScalingDoubt::NoPeak), "{found:?}");
        assert!(found.is_trusted());
        assert!((found.amdahl.model.alpha - 0.03).abs() < 0.01);
    }

    #[test]
    fn a_peak_far_beyond_the_levels_is_an_extrapolation() {
        let found = scaling(
            &trials(LAW, &[1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0], 0.001),
            7,
        )
        .unwrap();
        let far = |doubt: &ScalingDoubt| matches!(doubt, ScalingDoubt::Extrapolated(_));
        assert!(found.doubts.iter().any(far), "{found:?}");
    }

    #[test]
    fn few_levels_superlinear_levels_and_another_shape_are_refused() {
        let few = scaling(&trials(LAW, &LEVELS[..4], 0.02), 7).unwrap();
        assert!(few.doubts.contains(&ScalingDoubt::FewLevels(4)) && !few.is_trusted());

        let faster: Vec<Vec<(f64, f64)>> = LEVELS
            .iter()
            .map(|n| vec![(*n, 10.0 * n.powf(1.3))])
            .collect();
        let faster = scaling(&faster, 7).unwrap();
        assert!(!faster.is_trusted(), "{faster:?}");

        // A cliff: full speed up to a level, then a fraction of it.
        let cliff: Vec<Vec<(f64, f64)>> = LEVELS
            .iter()
            .map(|n| {
                let x = if *n < 20.0 { 10.0 * n } else { 30.0 };
                vec![(*n, x), (*n, x * 1.001), (*n, x * 0.999)]
            })
            .collect();
        let cliff = scaling(&cliff, 7).unwrap();
        assert!(!cliff.is_trusted(), "{cliff:?}");
    }

    #[test]
    fn runs_of_signs_have_their_exact_chances() {
        let all: f64 = (2..=20).map(|runs| runs_chance(runs, 10, 10)).sum();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
        // Tables: of 10 and 10, at most 6 runs with a chance of 0.019.
        let few: f64 = (2..=6).map(|runs| runs_chance(runs, 10, 10)).sum();
        assert!((few - 0.0185).abs() < 5e-4, "{few}");
    }

    #[test]
    fn each_doubt_is_a_sentence() {
        for doubt in [
            ScalingDoubt::FewLevels(3),
            ScalingDoubt::NoPeak,
            ScalingDoubt::Extrapolated(2.0),
            ScalingDoubt::Superlinear(1.4),
            ScalingDoubt::WrongShape,
            ScalingDoubt::Wide("alpha"),
        ] {
            assert!(doubt.sentence().len() > 20);
        }
    }
}
