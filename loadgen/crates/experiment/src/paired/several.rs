//! Several claims in one experiment: each is held to the level that all of them keep together.

use std::fmt::Write as _;

use crate::schema::{Decision, Effect};
use loadgen_stats::{holm, two_sided_p};

/// Level of all claims of an experiment together.
const LEVEL: f64 = 0.05;

/// Takes back an IMPROVED or REGRESSED that does not stand up beside the experiment's other
/// claims (Holm), and says so. With one claim nothing changes.
pub(super) fn hold_together(effects: &mut [Effect]) {
    let claims: Vec<(usize, f64)> = effects
        .iter()
        .enumerate()
        .filter(|(_, effect)| effect.primary)
        .filter_map(|(index, effect)| {
            let logs: Vec<f64> = effect.block_ratios.iter().map(|ratio| ratio.ln()).collect();
            Some((index, two_sided_p(&logs)?))
        })
        .collect();
    if claims.len() < 2 {
        return;
    }
    let p: Vec<f64> = claims.iter().map(|(_, p)| *p).collect();
    for ((index, alone), together) in claims.iter().zip(holm(&p)) {
        let effect = &mut effects[*index];
        let changed = matches!(effect.decision, Decision::Improved | Decision::Regressed);
        if together > LEVEL && changed {
            effect.decision = Decision::Inconclusive;
            // Writing to a String cannot fail.
            let _infallible = write!(
                effect.sentence,
                "; alone that would stand (p = {alone:.3}), but not as one of {} claims (Holm: p = {together:.3}): more blocks, or one claim",
                claims.len()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(primary: bool, ratios: &[f64]) -> Effect {
        Effect {
            metric: "total p50".to_owned(),
            primary,
            unit: crate::schema::MetricUnit::Milliseconds,
            kind: crate::schema::MetricKind::Latency,
            before: Some(1.0),
            after: Some(0.5),
            ratio: Some(0.5),
            interval: Some((0.4, 0.6)),
            level: Some(0.97),
            block_ratios: ratios.to_vec(),
            decision: Decision::Improved,
            sentence: "it improved".to_owned(),
            smallest: None,
        }
    }

    fn decisions(effects: &mut [Effect]) -> Vec<Decision> {
        hold_together(effects);
        effects.iter().map(|effect| effect.decision).collect()
    }

    #[test]
    fn six_blocks_carry_one_claim_and_not_two() {
        let six = [0.5, 0.51, 0.52, 0.53, 0.54, 0.55];
        let mut one = [effect(true, &six), effect(false, &six)];
        assert_eq!(
            decisions(&mut one),
            [Decision::Improved, Decision::Improved]
        );
        let mut two = [effect(true, &six), effect(true, &six)];
        assert_eq!(
            decisions(&mut two),
            [Decision::Inconclusive, Decision::Inconclusive]
        );
        assert!(two[0].sentence.contains("p = 0.031") && two[0].sentence.contains("p = 0.062"));
        let mut more = [0.5; 8];
        for (index, ratio) in more.iter_mut().enumerate() {
            *ratio += index as f64 / 100.0;
        }
        let mut two = [effect(true, &more), effect(true, &more)];
        assert_eq!(
            decisions(&mut two),
            [Decision::Improved, Decision::Improved]
        );
    }
}
