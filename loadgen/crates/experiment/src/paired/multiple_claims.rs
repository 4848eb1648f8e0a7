//! Several claims in one experiment: all of them together keep the level.

use std::fmt::Write as _;

use super::sentence::too_few;
use crate::{
    metric::MetricId,
    schema::{Decision, Effect},
};
use loadgen_stats::{CLAIM_LEVEL, fewest_pairs, holm};

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
        let effect = &mut effects[*index];
        effect.p = effect.p.map(|_| together);
        let changed = matches!(effect.decision, Decision::Improved | Decision::Regressed);
        if together > CLAIM_LEVEL && changed {
            effect.decision = Decision::Inconclusive;
            // Writing to a String cannot fail.
            let _infallible = write!(
                effect.sentence,
                "; alone that would stand (p = {alone:.3}), but not as one of {} claims (Holm: p = {together:.3}): ",
                claims.len()
            );
            if blocks < fewest_pairs(claims.len()) {
                effect.sentence.push_str(&too_few(blocks, claims.len()));
            } else {
                effect.sentence.push_str("more blocks, or one claim");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;
    use crate::paired::decide_fixture::{PLANNED, pairs_of, trial, with_stale};
    use crate::schema::Trial;
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
}
