//! Simple effects: that of one factor at each setting of those that it interacts with.
//!
//! With x = -1 or +1 for the level of another factor, the effect of A is twice the sum of `q_A`,
//! `q_AB x_B`, `q_AC x_C`, `q_ABC x_B x_C` and so on. Where half of the cells is run, a term may
//! stand for others as well:
//!
//! ```text
//! its aliases have more factors          it counts: interactions of more factors are taken as absent
//! it is the alias of one of fewer        it is taken as absent: its estimate is that of the other
//! an interaction and an alias of as many which of the two it is cannot be told: no simple effect
//! ```
//!
//! The width of an interval follows the number of terms that count. A setting that is looked at because it is one
//! of many is found different by chance the more often: their p-values are corrected for their number.

use serde::Serialize;

use super::plan::{FactorialPlan, letters};
use loadgen_stats::{Fit, Term, holm};

/// The effect of one factor under one setting of those that it interacts with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimpleEffect {
    /// `A`.
    pub factor: String,
    /// The settings of the others: `switch=value, …`.
    pub given: String,
    /// High / low.
    pub ratio: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Two-sided p.
    pub p: Option<f64>,
    /// The same, corrected for all simple effects together (Holm).
    pub p_holm: Option<f64>,
}

/// The simple effects, and what they rest on.
#[derive(Debug, Default)]
pub(super) struct SimpleEffects {
    /// Of every factor in an interaction, as far as they can be told.
    pub(super) effects: Vec<SimpleEffect>,
    /// Interactions that they take as absent.
    pub(super) taken_as_absent: Vec<String>,
    /// Interactions that could as well be those of other factors: `AB = CD`.
    pub(super) undetermined: Vec<String>,
}

/// The simple effects of every factor in one of the `interactions`.
pub(super) fn simple(plan: &FactorialPlan, fit: &Fit, interactions: &[&Term]) -> SimpleEffects {
    let mut found = SimpleEffects::default();
    let (Some(se), Some(t)) = (fit.standard_error, fit.t) else {
        return found;
    };
    let mut untold = 0;
    for term in interactions {
        let twins: Vec<u32> = twins(term).collect();
        if twins.is_empty() {
            continue;
        }
        let all = || std::iter::once(term.factors).chain(twins.iter().copied());
        untold |= all().fold(0, |factors, one| factors | one);
        let names: Vec<String> = all().map(letters).collect();
        found.undetermined.push(names.join(" = "));
    }
    let mut absent: Vec<u32> = Vec::new();
    for bit in 0..plan.factors.len() {
        let own = 1_u32 << bit;
        let with = interactions.iter().map(|one| one.factors);
        let with = with.filter(|factors| factors & own != 0);
        let others = with.fold(0, |all, one| all | one) & !own;
        if others == 0 || untold & own != 0 {
            continue;
        }
        let wanted = || subsets(others).map(move |some| own | some);
        absent.extend(wanted().filter(|factors| q_of(fit, *factors).is_none()));
        let counted = wanted().filter_map(|factors| q_of(fit, factors)).count();
        let half = 2.0 * t * se * (counted as f64).sqrt();
        for setting in subsets(others) {
            let sum: f64 = subsets(others)
                .filter_map(|some| {
                    let lows = (some & !setting).count_ones();
                    let sign = if lows.is_multiple_of(2) { 1.0 } else { -1.0 };
                    Some(sign * q_of(fit, own | some)?)
                })
                .sum();
            found.effects.push(SimpleEffect {
                factor: letters(own),
                given: given(plan, others, setting),
                ratio: (2.0 * sum).exp(),
                interval: ((2.0 * sum - half).exp(), (2.0 * sum + half).exp()),
                p: fit.p_of_sum(sum, counted),
                p_holm: None,
            });
        }
    }
    let p: Option<Vec<f64>> = found.effects.iter().map(|one| one.p).collect();
    let together = holm(&p.unwrap_or_default());
    for (one, p_holm) in found.effects.iter_mut().zip(together) {
        one.p_holm = Some(p_holm);
    }
    absent.sort_by_key(|factors| (factors.count_ones(), *factors));
    absent.dedup();
    found.taken_as_absent = absent.into_iter().map(letters).collect();
    found
}

/// The other terms of as many factors that a term stands for.
fn twins(term: &Term) -> impl Iterator<Item = u32> {
    let order = term.factors.count_ones();
    let aliases = term.aliases.iter().copied();
    aliases.filter(move |alias| alias.count_ones() == order)
}

/// The estimate of a term; absent where its estimate is that of a term of fewer factors.
fn q_of(fit: &Fit, factors: u32) -> Option<f64> {
    let found = fit.terms.iter().find(|term| term.factors == factors);
    found.map(|term| term.q)
}

/// Every subset of a set of factors, the empty one first.
fn subsets(of: u32) -> impl Iterator<Item = u32> {
    (0..=of).filter(move |some| some & !of == 0)
}

/// The settings of the other factors: `first=low, second=high`.
fn given(plan: &FactorialPlan, others: u32, setting: u32) -> String {
    plan.factors
        .iter()
        .enumerate()
        .filter(|(bit, _)| others & (1 << bit) != 0)
        .map(|(bit, factor)| {
            let value = if setting & (1 << bit) == 0 {
                &factor.low
            } else {
                &factor.high
            };
            format!("{}={value}", factor.switch)
        })
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use crate::factorial::{
        FactorialAnalysis, FactorialEffect, SimpleEffect, analysis::tests::known, analyze,
        plan::tests::plan,
    };
    use loadgen_stats::Design;

    const FACTORS: [&str; 5] = [
        "pool.max=5,200",
        "cache.orders=off,redis",
        "orders.lock=row,none",
        "test.slowdown=0,10",
        "admission=off,limit(4)",
    ];

    /// What is found in half of the cells of so many factors that have these terms (half of what
    /// the logarithm changes from low to high).
    fn half(factors: usize, terms: &[(u32, f64)]) -> FactorialAnalysis {
        let plan = plan(&FACTORS[..factors], true, "total p50").unwrap();
        let wobble = [0.0, 0.01, -0.01];
        let figures: Vec<Vec<f64>> = plan
            .design
            .cells()
            .into_iter()
            .enumerate()
            .map(|(index, cell)| {
                let signed = terms.iter().map(|(term, q)| Design::sign(cell, *term) * q);
                let log: f64 = signed.sum();
                let noise = (0..3).map(|n| wobble[(n + index) % 3]);
                noise.map(|noise| (log + noise).exp() * 100.0).collect()
            })
            .collect();
        analyze(&plan, &known(&figures)).unwrap()
    }

    const A: u32 = 0b0_0001;
    const AB: u32 = 0b0_0011;
    const AC: u32 = 0b0_0101;
    const D: u32 = 0b0_1000;

    #[test]
    fn half_of_five_factors_gives_simple_effects_without_those_of_other_factors() {
        // DE = ABC, and it would be in the effect of A where B and C interact with it.
        let de = 0b1_1000;
        let found = half(5, &[(A, -0.1), (AB, 0.05), (AC, 0.05), (D, 0.9), (de, 0.4)]);
        assert_eq!(found.undetermined, Vec::<String>::new());
        let of_a = found.simple.iter().filter(|one| one.factor == "A");
        let of_a: Vec<&SimpleEffect> = of_a.collect();
        // exp(2 (-0.1 + 0.05 x_B + 0.05 x_C)): 0.67, 0.82, 0.82 and 1.
        assert_eq!(of_a.len(), 4, "{:?}", found.simple);
        for (one, log) in of_a.iter().zip([-0.4_f64, -0.2, -0.2, 0.0]) {
            assert!((one.ratio / log.exp() - 1.0).abs() < 0.02, "{one:?}");
            let (low, high) = one.interval;
            assert!(
                low < one.ratio && one.ratio < high && high / low < 1.2,
                "{one:?}"
            );
        }
        assert!(
            found.taken_as_absent.contains(&"ABC".to_owned()),
            "{:?}",
            found.taken_as_absent
        );
        // Three terms count: A, AB, AC.
        let own = found.main[0].interval.unwrap();
        let (low, high) = of_a[0].interval;
        let width = (high / low).ln() / (own.1 / own.0).ln();
        assert!((width - 3.0_f64.sqrt()).abs() < 1e-6, "{width}");
    }

    #[test]
    fn half_of_four_factors_cannot_tell_which_two_interact_and_gives_no_simple_effect() {
        // The effect of A is 0.67 to 1.00; AB = CD, AC = BD, and ABC = D, which is strong.
        let found = half(4, &[(A, -0.1), (AB, 0.05), (AC, 0.05), (D, 0.9)]);
        assert_eq!(found.simple, []);
        assert_eq!(found.undetermined, ["AB = CD", "AC = BD"]);
        assert!(found.interactions.iter().any(FactorialEffect::excludes_1));
    }

    #[test]
    fn all_cells_tell_every_term() {
        let plan = plan(&FACTORS[..3], false, "total p50").unwrap();
        let figures: Vec<Vec<f64>> = (0..8_u32)
            .map(|cell| {
                let log = 0.3 * Design::sign(cell, 0b111) + 0.2 * Design::sign(cell, 0b011);
                let noise = [0.01, -0.01, 0.0];
                let of = |n: usize| (log + noise[(n + cell as usize) % 3]).exp();
                (0..3).map(of).collect()
            })
            .collect();
        let found = analyze(&plan, &known(&figures)).unwrap();
        assert!(found.taken_as_absent.is_empty() && found.undetermined.is_empty());
        assert_eq!(found.simple.len(), 12, "{:?}", found.simple);
        // An interval of 95 % excludes 1 where p is below 0.05, and the smallest p of twelve counts twelve times.
        let p = |one: &SimpleEffect| (one.p.unwrap(), one.p_holm.unwrap());
        for one in &found.simple {
            let (low, high) = one.interval;
            let (alone, together) = p(one);
            assert_eq!(low > 1.0 || high < 1.0, alone < 0.05, "{one:?}");
            assert!(alone <= together && together <= 1.0, "{one:?}");
        }
        let least = found.simple.iter().map(p);
        let (alone, together) = least.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        assert!(
            (together - 12.0 * alone).abs() <= 1e-9 * together,
            "{alone} {together}"
        );
    }
}
