//! From the figures of the cells to effects, on logarithms: a main effect is a ratio high / low,
//! an interaction of two the ratio of two such ratios.
//!
//! Where an interaction's interval excludes 1, the mean effect of a factor in it describes none of
//! the systems that were run: its simple effects, one for each setting of the factors that it
//! interacts with, are reported instead (`simple`).
//!
//! A figure beyond the timeout is known to be at least the timeout. It takes part in every term: a
//! term in whose contrast all such figures have one sign has a bound, the others have nothing.

use serde::Serialize;

use super::{
    plan::{FactorialPlan, letters},
    simple::{SimpleEffect, simple},
};
use crate::{paired::TrialReading, schema::RatioBound};
use loadgen_stats::{Design, Term, holm};

/// Level of every interval.
const LEVEL: f64 = 0.95;

/// The effects of all factors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactorialAnalysis {
    /// Geometric mean over all cells, in the metric's unit; absent where a figure lies beyond the
    /// timeout.
    pub mean: Option<f64>,
    /// Figures that lie beyond the timeout.
    pub beyond: usize,
    /// Interactions, those of the fewest factors first.
    pub interactions: Vec<FactorialEffect>,
    /// Main effects.
    pub main: Vec<FactorialEffect>,
    /// Simple effects of the factors whose interactions exclude 1.
    pub simple: Vec<SimpleEffect>,
    /// Interactions that the simple effects take as absent (a ratio of 1), because half of the cells
    /// cannot tell them from terms of fewer factors.
    pub taken_as_absent: Vec<String>,
    /// Interactions that exclude 1 and of which half of the cells cannot tell which of two they are,
    /// `AB = CD`: no simple effect can be said of their factors.
    pub undetermined: Vec<String>,
    /// Standard error of a term, in logarithms; absent without replicates, where these are alike to the
    /// last digit, and where a figure lies beyond the timeout.
    pub standard_error: Option<f64>,
    /// Degrees of freedom of the error.
    pub df: usize,
    /// Share of the variation between replicates.
    pub between_replicates: f64,
    /// Share of the variation that nothing explains.
    pub unexplained: f64,
    /// The figures, a cell each.
    pub cells: Vec<CellFigures>,
}

/// One effect or interaction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactorialEffect {
    /// `A`, or `AB`.
    pub term: String,
    /// Terms that half of the cells cannot separate from it.
    pub aliases: Vec<String>,
    /// High / low; of an interaction, how many times larger the effect of the one factor is where
    /// the other is high. Absent where a figure lies beyond the timeout.
    pub ratio: Option<f64>,
    /// What is known of the ratio then, if anything.
    pub bound: Option<RatioBound>,
    /// Its 95 % interval; absent without replicates or without a ratio.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p.
    pub p: Option<f64>,
    /// The same, corrected for all terms together (Holm).
    pub p_holm: Option<f64>,
    /// Share of the variation of the logarithms; absent without a ratio.
    pub variation: Option<f64>,
}

/// The figures of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellFigures {
    /// `low`, `a`, `ab`.
    pub name: String,
    /// One a replicate, in the metric's unit; absent where it lies beyond the timeout.
    pub values: Vec<Option<f64>>,
}

impl FactorialEffect {
    /// Whether its interval excludes 1.
    pub fn excludes_1(&self) -> bool {
        self.interval
            .is_some_and(|(low, high)| low > 1.0 || high < 1.0)
    }
}

/// Analyzes `values[cell][replicate]`, all greater than 0; `None` where they are not, or too few.
pub fn analyze(plan: &FactorialPlan, values: &[Vec<TrialReading>]) -> Option<FactorialAnalysis> {
    let logs: Vec<Vec<f64>> = values.iter().map(|row| logarithms(row)).collect();
    let is_beyond = |one: &&TrialReading| matches!(one, TrialReading::Beyond(_));
    let beyond = values.iter().flatten().filter(is_beyond).count();
    let cut: Vec<u32> = plan
        .design
        .cells()
        .into_iter()
        .zip(values)
        .filter(|(_, row)| row.iter().any(|one| is_beyond(&one)))
        .map(|(cell, _)| cell)
        .collect();
    let mut fit = plan.design.fit(&logs, LEVEL)?;
    if beyond > 0 {
        fit.standard_error = None;
        for term in &mut fit.terms {
            term.interval = None;
            term.p = None;
        }
    }
    let p: Option<Vec<f64>> = fit.terms.iter().map(|term| term.p).collect();
    let together = p.map(|p| holm(&p));
    let all: Vec<(u32, FactorialEffect)> = fit
        .terms
        .iter()
        .enumerate()
        .map(|(index, term)| {
            let p_holm = together.as_ref().map(|all| all[index]);
            (term.factors, effect(term, p_holm, &cut))
        })
        .collect();
    let split = |wanted: &dyn Fn(u32) -> bool| -> Vec<FactorialEffect> {
        let chosen = all
            .iter()
            .filter(|(factors, _)| wanted(factors.count_ones()));
        chosen.map(|(_, one)| one.clone()).collect()
    };
    let partners: Vec<&Term> = fit
        .terms
        .iter()
        .zip(&all)
        .filter(|(term, (_, one))| term.factors.count_ones() > 1 && one.excludes_1())
        .map(|(term, _)| term)
        .collect();
    let simple = simple(plan, &fit, &partners);
    Some(FactorialAnalysis {
        mean: (beyond == 0).then(|| fit.mean.exp()),
        beyond,
        interactions: split(&|order| order > 1),
        main: split(&|order| order == 1),
        simple: simple.effects,
        taken_as_absent: simple.taken_as_absent,
        undetermined: simple.undetermined,
        standard_error: fit.standard_error,
        df: fit.df,
        between_replicates: fit.blocks,
        unexplained: fit.error,
        cells: cells(plan, values),
    })
}

/// Logarithms of the figures of a cell; one that lies beyond the timeout is at least that.
fn logarithms(row: &[TrialReading]) -> Vec<f64> {
    let at_least = |one: &TrialReading| match one {
        TrialReading::Known(figure) | TrialReading::Beyond(figure) => figure.ln(),
    };
    row.iter().map(at_least).collect()
}

/// The figures as they are reported.
fn cells(plan: &FactorialPlan, values: &[Vec<TrialReading>]) -> Vec<CellFigures> {
    let known = |one: &TrialReading| match one {
        TrialReading::Known(figure) => Some(*figure),
        TrialReading::Beyond(_) => None,
    };
    let rows = plan.arms.iter().zip(values);
    rows.map(|(arm, values)| CellFigures {
        name: arm.name.to_string(),
        values: values.iter().map(known).collect(),
    })
    .collect()
}

/// The effect of a term; `cut` are the cells with a figure beyond the timeout.
fn effect(term: &Term, p_holm: Option<f64>, cut: &[u32]) -> FactorialEffect {
    // From -1 to +1 in each factor: a main effect is 2 q, an interaction of two 4 q.
    let scale = f64::from(1_u32 << term.factors.count_ones());
    let ratio = (scale * term.q).exp();
    let raises = |cell: &u32| Design::sign(*cell, term.factors) > 0.0;
    let bound = if cut.is_empty() {
        None
    } else if cut.iter().all(raises) {
        Some(RatioBound::AtLeast(ratio))
    } else if cut.iter().any(raises) {
        None
    } else {
        Some(RatioBound::AtMost(ratio))
    };
    FactorialEffect {
        term: letters(term.factors),
        aliases: term.aliases.iter().map(|alias| letters(*alias)).collect(),
        ratio: cut.is_empty().then_some(ratio),
        bound,
        interval: term
            .interval
            .map(|(low, high)| ((scale * low).exp(), (scale * high).exp())),
        p: term.p,
        p_holm,
        variation: cut.is_empty().then_some(term.variation),
    }
}

#[cfg(test)]
pub(in crate::factorial) mod tests {
    use super::*;
    use crate::factorial::plan::tests::plan;

    /// Low 100, pool 80, cache 10, both 10: the pool matters only without the cache.
    fn figures() -> Vec<Vec<f64>> {
        let wobble = [1.0, 1.02, 0.99];
        [100.0, 80.0, 10.0, 10.0]
            .iter()
            .enumerate()
            .map(|(cell, one)| {
                let noise = (0..3).map(|n| wobble[(n + cell) % 3] * one);
                noise.collect()
            })
            .collect()
    }

    pub(in crate::factorial) fn known(figures: &[Vec<f64>]) -> Vec<Vec<TrialReading>> {
        figures
            .iter()
            .map(|row| row.iter().copied().map(TrialReading::Known).collect())
            .collect()
    }

    fn values() -> Vec<Vec<TrialReading>> {
        known(&figures())
    }

    fn two() -> FactorialPlan {
        plan(
            &["pool.max=5,200", "cache.orders=off,redis"],
            false,
            "total p50",
        )
        .unwrap()
    }

    #[test]
    fn an_effect_that_depends_on_another_is_given_for_each_of_its_settings() {
        let analysis = analyze(&two(), &values()).unwrap();
        let both = &analysis.interactions[0];
        // 10/10 with the cache over 80/100 without it.
        assert_eq!(both.term, "AB");
        assert!(
            (both.ratio.unwrap() - 1.25).abs() < 0.03 && both.excludes_1(),
            "{both:?}"
        );
        assert!(both.p_holm >= both.p);
        let given: Vec<(&str, &str)> = analysis
            .simple
            .iter()
            .map(|one| (one.factor.as_str(), one.given.as_str()))
            .collect();
        assert_eq!(
            given,
            [
                ("A", "cache.orders=off"),
                ("A", "cache.orders=redis"),
                ("B", "pool.max=5"),
                ("B", "pool.max=200")
            ]
        );
        assert!((analysis.simple[0].ratio - 0.8).abs() < 0.02);
        let (low, high) = analysis.simple[1].interval;
        assert!(
            low < 1.0 && 1.0 < high,
            "with the cache the pool does nothing"
        );
        assert!((analysis.simple[2].ratio - 0.1).abs() < 0.005);
        let explained: f64 = analysis
            .main
            .iter()
            .chain(&analysis.interactions)
            .filter_map(|one| one.variation)
            .sum();
        let all = explained + analysis.between_replicates + analysis.unexplained;
        assert!((all - 1.0).abs() < 1e-9, "{all}");
    }

    #[test]
    fn without_interaction_there_are_no_simple_effects_and_without_replicates_no_intervals() {
        let mut apart = figures();
        apart[3] = apart[1]
            .iter()
            .zip(&apart[2])
            .map(|(a, b)| a * b / 100.0)
            .collect();
        let analysis = analyze(&two(), &known(&apart)).unwrap();
        assert!(analysis.simple.is_empty(), "{:?}", analysis.interactions);
        let single: Vec<Vec<TrialReading>> = values().iter().map(|row| vec![row[0]]).collect();
        let analysis = analyze(&two(), &single).unwrap();
        assert_eq!(
            (analysis.main[0].interval, analysis.main[0].p_holm),
            (None, None)
        );
        assert!(analysis.simple.is_empty());
    }

    #[test]
    fn replicates_that_are_alike_to_the_last_digit_show_no_error_and_so_give_no_interval() {
        let alike: Vec<Vec<f64>> = [3.0, 4.0, 5.0, 7.0].map(|one| vec![one; 3]).to_vec();
        let analysis = analyze(&two(), &known(&alike)).unwrap();
        assert_eq!((analysis.standard_error, analysis.df), (None, 6));
        for one in analysis.main.iter().chain(&analysis.interactions) {
            assert_eq!((one.interval, one.p), (None, None), "{one:?}");
        }
        assert!(analysis.simple.is_empty());
        assert!(analysis.main[0].ratio.is_some());
    }

    #[test]
    fn a_figure_of_0_has_no_logarithm_and_is_refused() {
        let mut bad = values();
        bad[0][0] = TrialReading::Known(0.0);
        assert_eq!(analyze(&two(), &bad), None);
    }

    #[test]
    fn figures_beyond_the_timeout_give_bounds_or_nothing() {
        let mut cut = values();
        // Without the cache and with the small pool: the low cell.
        cut[0] = vec![TrialReading::Beyond(100.0); 3];
        let analysis = analyze(&two(), &cut).unwrap();
        assert_eq!((analysis.beyond, analysis.mean), (3, None));
        assert_eq!(analysis.cells[0].values, [None; 3]);
        for one in analysis.main.iter().chain(&analysis.interactions) {
            assert_eq!(
                (one.ratio, one.interval, one.p),
                (None, None, None),
                "{one:?}"
            );
        }
        // The low cell lowers both factors' effects and raises their interaction.
        let at_most = |one: &FactorialEffect| matches!(one.bound, Some(RatioBound::AtMost(most)) if most < 1.0);
        assert!(analysis.main.iter().all(at_most), "{:?}", analysis.main);
        assert!(matches!(
            analysis.interactions[0].bound,
            Some(RatioBound::AtLeast(least)) if least > 1.0
        ));
        assert!(analysis.simple.is_empty());
        // Two cells on either side of a contrast leave nothing known of it.
        cut[1] = vec![TrialReading::Beyond(100.0); 3];
        let analysis = analyze(&two(), &cut).unwrap();
        assert_eq!(analysis.main[0].bound, None);
        assert!(at_most(&analysis.main[1]));
        assert_eq!(analysis.interactions[0].bound, None);
    }
}
