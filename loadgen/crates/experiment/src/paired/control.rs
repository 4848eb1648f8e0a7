//! The experiment's own controls: the same profile under two names, where nothing may be found,
//! and a planted slowness, which must be (method 2.3). A harness that fails either says so of
//! itself, and its verdict on anything else is void.

use std::fmt::Write as _;

use crate::{
    schema::{Control, Decision, Effect},
    system::{Application, Settings},
};

/// Pairs of each control of a rigorous experiment.
pub const CONTROL_BLOCKS: u32 = 8;
/// Slowness that a rigorous experiment plants, in per cent of each request's time.
pub const PLANTED: u32 = 10;

/// One control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlKind {
    /// Both arms are the same.
    Same,
    /// The second arm is slower by so many per cent.
    Planted(u32),
}

impl ControlKind {
    /// The word in results and folder names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "a_a",
            Self::Planted(_) => "planted",
        }
    }

    /// The two configurations of a control on `settings`. An error where slowness cannot be
    /// planted.
    pub fn arms(
        self,
        settings: &Settings,
        application: &dyn Application,
    ) -> Result<[Settings; 2], String> {
        let mut second = settings.clone();
        if let Self::Planted(percent) = self {
            let switch = application.slowdown_switch().ok_or_else(|| {
                "this application has no switch that makes it slower: no slowness can be planted"
                    .to_owned()
            })?;
            application.set(&mut second, switch, &percent.to_string())?;
        }
        Ok([settings.clone(), second])
    }

    /// Whether the control came out as it must.
    fn passed(self, effects: &[Effect]) -> bool {
        let has = |wanted: Decision| effects.iter().any(|one| one.decision == wanted);
        match self {
            Self::Same => !has(Decision::Improved) && !has(Decision::Regressed),
            Self::Planted(_) => has(Decision::Regressed),
        }
    }

    /// What a control found, to be stored: of the metrics that it can speak of.
    pub(super) fn found(self, blocks: usize, effects: Vec<Effect>, primary: &[String]) -> Control {
        let looked_at = match self {
            Self::Same => primary.to_vec(),
            // Slowness shows in times alone, and first where they scatter least.
            Self::Planted(_) => medians(primary),
        };
        let effects: Vec<Effect> = effects
            .into_iter()
            .filter(|effect| looked_at.contains(&effect.metric))
            .collect();
        let passed = blocks > 0 && !effects.is_empty() && self.passed(&effects);
        let found: Vec<String> = effects
            .iter()
            .map(|effect| format!("{} {}", effect.metric, effect.decision))
            .collect();
        let found = found.join(", ");
        let sentence = match (self, passed) {
            (Self::Same, true) => {
                format!(
                    "the same profile against itself over {blocks} blocks: {found}, as it must be"
                )
            }
            (Self::Same, false) => format!(
                "the same profile against itself over {blocks} blocks: {found}; a harness that sees a difference where there is none is biased"
            ),
            (Self::Planted(percent), true) => {
                format!("a planted slowness of {percent} % over {blocks} blocks was found: {found}")
            }
            (Self::Planted(percent), false) => format!(
                "a planted slowness of {percent} % over {blocks} blocks was not found ({found}): more or longer blocks, or a quieter machine"
            ),
        };
        Control {
            name: self.as_str().to_owned(),
            blocks: blocks as u32,
            effects,
            passed,
            sentence,
        }
    }
}

/// The medians that belong to the primary metrics, and that of everything.
pub(super) fn medians(primary: &[String]) -> Vec<String> {
    let mut names = vec!["total p50".to_owned()];
    for metric in primary {
        if let Some((operation, quantile)) = metric.rsplit_once(' ')
            && quantile.starts_with('p')
        {
            let name = format!("{operation} p50");
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Voids what a failed control voids, and sets what the A/A pairs scatter by beside each effect:
/// the smallest difference that this experiment could have shown.
pub(super) fn weigh(effects: &mut [Effect], controls: &[Control]) {
    let failed = controls.iter().find(|control| !control.passed);
    for effect in effects.iter_mut().filter(|effect| effect.primary) {
        let same = controls
            .iter()
            .filter(|control| control.name == ControlKind::Same.as_str())
            .flat_map(|control| &control.effects)
            .find(|one| one.metric == effect.metric);
        if let Some((low, high)) = same.and_then(|one| one.interval) {
            let smallest = ((high / low).sqrt() - 1.0) * 100.0;
            effect.smallest = Some(smallest);
            // Writing to a String cannot fail.
            let _infallible = write!(
                effect.sentence,
                "; the A/A control scattered by {smallest:.1} %: less than that cannot be told here"
            );
        }
        if let Some(control) = failed {
            effect.decision = Decision::Invalid;
            let _infallible = write!(effect.sentence, "; void: {}", control.sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Shop;

    fn effect(metric: &str, decision: Decision) -> Effect {
        Effect {
            metric: metric.to_owned(),
            primary: true,
            unit: crate::schema::MetricUnit::Milliseconds,
            kind: crate::schema::MetricKind::Latency,
            before: Some(1.0),
            after: Some(1.0),
            ratio: Some(1.0),
            interval: Some((0.96, 1.06)),
            level: Some(0.96),
            block_ratios: vec![1.0; 8],
            decision,
            sentence: "it is so".to_owned(),
            smallest: None,
        }
    }

    const PRIMARY: &str = "orders.list p97.5";

    fn control(kind: ControlKind, metric: &str, decision: Decision) -> Control {
        kind.found(8, vec![effect(metric, decision)], &[PRIMARY.to_owned()])
    }

    #[test]
    fn the_same_may_be_undecided_and_a_planted_slowness_may_not() {
        let same = |decision| control(ControlKind::Same, PRIMARY, decision).passed;
        assert!(same(Decision::NoChange) && same(Decision::Inconclusive));
        assert!(!same(Decision::Improved) && !same(Decision::Regressed));
        let planted = |decision| control(ControlKind::Planted(10), "orders.list p50", decision);
        assert!(planted(Decision::Regressed).passed);
        assert!(!planted(Decision::NoChange).passed && !planted(Decision::Inconclusive).passed);
        assert!(
            !control(
                ControlKind::Planted(10),
                "queries per request",
                Decision::Regressed
            )
            .passed
        );
    }

    #[test]
    fn a_failed_control_voids_the_claims_and_a_good_one_tells_what_could_be_seen() {
        let mut effects = [effect(PRIMARY, Decision::Improved)];
        weigh(
            &mut effects,
            &[control(ControlKind::Same, PRIMARY, Decision::NoChange)],
        );
        assert_eq!(effects[0].decision, Decision::Improved);
        assert!((effects[0].smallest.unwrap() - 5.08).abs() < 0.01);
        weigh(
            &mut effects,
            &[control(ControlKind::Same, PRIMARY, Decision::Regressed)],
        );
        assert_eq!(effects[0].decision, Decision::Invalid);
        assert!(effects[0].sentence.contains("biased"));
    }

    #[test]
    fn arms_of_a_control_differ_in_the_planted_slowness_alone() {
        let settings = Shop.default_profile();
        let [one, other] = ControlKind::Same.arms(&settings, &Shop).unwrap();
        assert!(one.differences(&other).is_empty());
        let [one, other] = ControlKind::Planted(10).arms(&settings, &Shop).unwrap();
        assert_eq!(
            one.differences(&other),
            [("test.slowdown".to_owned(), "0".to_owned(), "10".to_owned())]
        );
        assert!(ControlKind::Planted(11).arms(&settings, &Shop).is_err());
    }
}
