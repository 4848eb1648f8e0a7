//! Several claims in one experiment, and the table of its other figures: all of them together keep the level.

use std::fmt::Write as _;

use super::sentence::too_few;
use crate::{
    metric::MetricId,
    schema::{Decision, Effect},
};
use loadgen_stats::{CLAIM_LEVEL, benjamini_hochberg, fewest_pairs, holm};

/// Corrects the p-values of the claims on the metrics `primary` for each other (Holm), and takes back
/// an IMPROVED or REGRESSED that does not stand up beside the other claims. However a claim is
/// tested, it counts; one without a p-value counts as p = 1. With one claim nothing changes.
pub(super) fn hold_together(effects: &mut [Effect], primary: &[MetricId], blocks: usize) {
    let position = |effects: &[Effect], claim: &MetricId| {
        effects
            .iter()
            .position(|effect| effect.primary && effect.metric == *claim)
    };
    let claims: Vec<(Option<usize>, f64)> = primary
        .iter()
        .map(|claim| {
            let index = position(effects, claim);
            (index, index.and_then(|at| effects[at].p).unwrap_or(1.0))
        })
        .collect();
    if claims.len() < 2 {
        return;
    }
    let p: Vec<f64> = claims.iter().map(|(_, p)| *p).collect();
    for ((index, alone), together) in claims.iter().zip(holm(&p)) {
        let Some(index) = index else { continue };
        let advice = if blocks < fewest_pairs(claims.len()) {
            too_few(blocks, claims.len())
        } else {
            "more blocks, or one claim".to_owned()
        };
        let among = format!("{} claims (Holm", claims.len());
        correct(&mut effects[*index], [*alone, together], &among, &advice);
    }
}

/// Corrects the p-values of the figures without a claim for each other (Benjamini-Hochberg), and takes back an
/// IMPROVED or REGRESSED that does not stand up among them: of sixty figures that stay the same three differ at 5 %
/// by chance.
pub(super) fn hold_in_table(effects: &mut [Effect]) {
    let others: Vec<&mut Effect> = effects.iter_mut().filter(|one| !one.primary).collect();
    let p: Vec<f64> = others.iter().map(|one| one.p.unwrap_or(1.0)).collect();
    let among = format!("{} figures without a claim (Benjamini-Hochberg", p.len());
    for ((effect, alone), together) in others.into_iter().zip(&p).zip(benjamini_hochberg(&p)) {
        let advice = "more blocks, or a claim on it";
        correct(effect, [*alone, together], &among, advice);
    }
}

/// Gives an effect its corrected p. A change that does not stand up with it is INCONCLUSIVE, and its sentence says
/// among how many, by which method and what would help.
fn correct(effect: &mut Effect, [alone, together]: [f64; 2], among: &str, advice: &str) {
    effect.p = effect.p.map(|_| together);
    let changed = matches!(effect.decision, Decision::Improved | Decision::Regressed);
    if changed && together > CLAIM_LEVEL {
        effect.decision = Decision::Inconclusive;
        // Writing to a String cannot fail.
        let _infallible = write!(
            effect.sentence,
            "; alone that would stand (p = {alone:.3}), but not as one of {among}: p = {together:.3}): {advice}"
        );
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;
    use crate::metric::OperationFigure;
    use crate::paired::decide_fixture::{PLANNED, TIMEOUT_MS, pairs_of, trial, with_stale};
    use crate::paired::{MetricScope, decide, metrics};
    use crate::schema::{Percentile, Trial};
    use loadgen_stats::seed;

    /// The decisions on the claims `primary`, from these pairs.
    fn decisions(primary: &[&str], pairs: &[(Trial, Trial)]) -> Vec<Decision> {
        let primary: Vec<MetricId> = primary.iter().map(|one| one.parse().unwrap()).collect();
        let mut effects = pairs_of(&primary, pairs);
        hold_together(&mut effects, &primary, pairs.len());
        effects.iter().map(|effect| effect.decision).collect()
    }

    fn halved(blocks: usize) -> Vec<(Trial, Trial)> {
        (0..blocks)
            .map(|block| {
                let after = 50.0 + block as f64;
                (
                    trial(Some(100.0), 20.0),
                    trial(Some(after), 9.0 + block as f64 / 100.0),
                )
            })
            .collect()
    }

    #[test]
    fn six_blocks_carry_one_claim_and_seven_two() {
        let claims = ["orders.list p50", "queries per request"];
        assert_eq!(decisions(&claims[..1], &halved(6)), [Decision::Improved]);
        assert_eq!(decisions(&claims, &halved(6)), [Decision::Inconclusive; 2]);
        assert_eq!(decisions(&claims, &halved(7)), [Decision::Improved; 2]);
    }

    #[test]
    fn a_claim_without_a_figure_counts_as_one() {
        let claims = ["orders.list p50", "cache hit ratio orders"];
        assert_eq!(decisions(&claims, &halved(6)), [Decision::Inconclusive]);
    }

    #[test]
    fn claims_in_points_and_without_a_ratio_are_corrected_too() {
        // One is a ratio, one a share by totals, one without a ratio: 20 queries to none.
        let pairs: Vec<(Trial, Trial)> = (0..6_u32)
            .map(|block| {
                let before = with_stale(trial(Some(100.0), 20.0), 0);
                let after = with_stale(
                    trial(Some(50.0 + f64::from(block)), 0.0),
                    40 + u64::from(block),
                );
                (before, after)
            })
            .collect();
        let claims = ["orders.list p50", "stale reads", "queries per request"];
        for claim in claims {
            assert_ne!(
                decisions(&[claim], &pairs),
                [Decision::Inconclusive],
                "{claim}"
            );
        }
        assert_eq!(decisions(&claims, &pairs), [Decision::Inconclusive; 3]);
    }

    #[test]
    fn four_claims_without_a_difference_err_together_in_one_experiment_of_twenty() {
        let mut chance = seed::rng(3);
        let experiments = 300;
        let mut wrong = 0;
        for _ in 0..experiments {
            let mut one = || {
                let mut made = trial(Some(100.0 * (1.0 + 0.1 * chance.random::<f64>())), 0.0);
                (made.server.pool_acquires, made.server.pool_wait_s) =
                    (1_000, 1.0 + chance.random::<f64>());
                made.server.queries = PLANNED * chance.random_range(0..3_u64);
                with_stale(made, chance.random_range(0..80))
            };
            let pairs: Vec<(Trial, Trial)> = (0..10).map(|_| (one(), one())).collect();
            let claims = [
                "orders.list p50",
                "stale reads",
                "queries per request",
                "pool wait",
            ];
            let decided = |one: &Decision| matches!(one, Decision::Improved | Decision::Regressed);
            wrong += u32::from(decisions(&claims, &pairs).iter().any(decided));
        }
        // P(more than 26 of 300 at 5 %) is below 0.5 %.
        assert!(wrong <= 26, "{wrong} of {experiments}");
    }

    /// Operations of a table of figures without a claim.
    const ROWS: usize = 60;

    /// How many rows are said to have changed, alone and in their table, of the medians of as many operations.
    /// `shared` is the part of the noise that all rows of a trial have together, `faster` what the median of the first
    /// operation is multiplied with in the second arm.
    fn changed_rows(
        chance: &mut impl rand::Rng,
        blocks: usize,
        shared: f64,
        faster: f64,
    ) -> [usize; 2] {
        let names: Vec<String> = (0..ROWS).map(|row| format!("orders.o{row}")).collect();
        let mut one = |factor: f64| {
            let mut made = trial(Some(100.0), 1.0);
            let of_trial: f64 = chance.random();
            let template = made.operations.remove(0);
            made.operations = names
                .iter()
                .enumerate()
                .map(|(row, name)| {
                    let noise = shared * of_trial + (1.0 - shared) * chance.random::<f64>();
                    let factor = if row == 0 { factor } else { 1.0 };
                    let mut operation = template.clone();
                    operation.name.clone_from(name);
                    operation.response.p50 =
                        Percentile::Known(100.0 * factor * (1.0 + 0.2 * noise));
                    operation
                })
                .collect();
            made
        };
        let pairs: Vec<(Trial, Trial)> = (0..blocks).map(|_| (one(1.0), one(faster))).collect();
        let pairs: Vec<(&Trial, &Trial)> = pairs.iter().map(|(a, b)| (a, b)).collect();
        let scope = MetricScope {
            operations: names.iter().map(String::as_str).collect(),
            ..MetricScope::default()
        };
        let medians = metrics(&scope, TIMEOUT_MS);
        let mut effects: Vec<Effect> = medians
            .iter()
            .filter(|one| matches!(one.id, MetricId::Operation(_, OperationFigure::P50)))
            .filter_map(|one| decide(one, false, 1, &pairs))
            .collect();
        assert_eq!(effects.len(), ROWS);
        let changed = |effects: &[Effect]| {
            let words = effects.iter().map(|one| one.decision);
            words
                .filter(|one| matches!(one, Decision::Improved | Decision::Regressed))
                .count()
        };
        let alone = changed(&effects);
        hold_in_table(&mut effects);
        [alone, changed(&effects)]
    }

    #[test]
    fn one_table_in_twenty_without_a_difference_has_a_row_that_changed() {
        let mut chance = seed::rng(5);
        for (blocks, shared) in [(6, 0.0), (6, 0.5), (12, 0.0), (12, 0.5)] {
            let tables = 120;
            let (mut alone, mut held) = (0, 0);
            for _ in 0..tables {
                let [before, after] = changed_rows(&mut chance, blocks, shared, 1.0);
                alone += usize::from(before > 0);
                held += usize::from(after > 0);
            }
            // P(more than 12 of 120 at 5 %) is about 1 %; without a correction most tables have one.
            assert!(held <= 12, "{held} of {tables}");
            assert!(alone > tables / 4, "{alone} of {tables}");
        }
    }

    #[test]
    fn a_row_that_did_change_stands_among_sixty() {
        let mut chance = seed::rng(6);
        for blocks in [6, 12] {
            let [_, held] = changed_rows(&mut chance, blocks, 0.0, 0.5);
            assert!(held >= 1, "{blocks} blocks");
        }
    }
}
