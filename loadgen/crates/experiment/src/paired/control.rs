//! The experiment's own controls: the same profile under two names, where nothing may be found,
//! and a planted slowness, which must be. Where either fails, no claim is decided.

use std::fmt::Write as _;

use shared::invariant::InvariantResult;

use super::rule::FEWEST;
use crate::{
    metric::{MetricId, OperationFigure},
    schema::{Control, ControlWord, Decision, Effect},
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

    /// Whether the control came out as it must. One whose blocks could not have decided is not
    /// checked: it would have passed whatever the harness does.
    fn word(self, effects: &[Effect]) -> ControlWord {
        let has = |wanted: Decision| effects.iter().any(|one| one.decision == wanted);
        let came = match self {
            Self::Same => !has(Decision::Improved) && !has(Decision::Regressed),
            Self::Planted(_) => has(Decision::Regressed),
        };
        let checked = |one: &Effect| {
            one.interval.is_some() || one.difference.is_some_and(|found| found.interval.is_some())
        };
        let all_checked = !effects.is_empty() && effects.iter().all(checked);
        match (self, came) {
            (Self::Same, false) => ControlWord::Failed,
            (Self::Planted(_), true) => ControlWord::Passed,
            _ if !all_checked => ControlWord::NotChecked,
            (Self::Same, true) => ControlWord::Passed,
            (Self::Planted(_), false) => ControlWord::Failed,
        }
    }

    /// What a control found, to be stored: of the metrics that it can speak of.
    pub(super) fn found(
        self,
        blocks: usize,
        effects: Vec<Effect>,
        primary: &[MetricId],
    ) -> Control {
        let looked_at = match self {
            Self::Same => primary.to_vec(),
            // Slowness shows in times alone, and first where they scatter least.
            Self::Planted(_) => medians(primary),
        };
        let effects: Vec<Effect> = effects
            .into_iter()
            .filter(|effect| looked_at.contains(&effect.metric))
            .collect();
        let word = self.word(&effects);
        let found: Vec<String> = effects
            .iter()
            .map(|effect| format!("{} {}", effect.metric, effect.decision))
            .collect();
        let found = if found.is_empty() {
            "no figure".to_owned()
        } else {
            found.join(", ")
        };
        let what = match self {
            Self::Same => "the same profile against itself".to_owned(),
            Self::Planted(percent) => format!("a planted slowness of {percent} %"),
        };
        let outcome = match (self, word) {
            (_, ControlWord::NotChecked) => format!(
                "not checked ({found}): at least {FEWEST} valid blocks with figures within the timeout are needed"
            ),
            (Self::Same, ControlWord::Passed) => format!("{found}, as it must be"),
            (Self::Same, ControlWord::Failed) => {
                format!("{found}; a harness that sees a difference where there is none is biased")
            }
            (Self::Planted(_), ControlWord::Passed) => format!("was found: {found}"),
            (Self::Planted(_), ControlWord::Failed) => {
                format!("was not found ({found}): more or longer blocks, or a quieter machine")
            }
        };
        let sentence = format!("{what} over {blocks} blocks: {outcome}");
        Control {
            name: self.as_str().to_owned(),
            blocks: blocks as u32,
            effects,
            word,
            sentence,
        }
    }
}

impl Control {
    /// Fails a control in whose trials an invariant was broken: what differs between wrong answers
    /// says nothing of the right ones.
    pub(super) fn fail_if_violated(&mut self, audit: &[InvariantResult]) {
        for broken in audit.iter().filter(|one| one.violations > 0) {
            self.word = ControlWord::Failed;
            // Writing to a String cannot fail.
            let _infallible = write!(
                self.sentence,
                "; invariant {:02} {} is broken {} time(s) in its trials",
                broken.number, broken.name, broken.violations
            );
        }
    }
}

/// The medians that belong to the primary metrics, and that of everything.
pub(super) fn medians(primary: &[MetricId]) -> Vec<MetricId> {
    let mut all = vec![MetricId::Total(OperationFigure::P50)];
    for metric in primary {
        let MetricId::Operation(operation, figure) = metric else {
            continue;
        };
        let median = MetricId::Operation(operation.clone(), OperationFigure::P50);
        if figure.quantile().is_some() && !all.contains(&median) {
            all.push(median);
        }
    }
    all
}

/// Voids what a failed control voids, and sets beside each claim how much the A/A pairs scatter: a
/// smaller difference cannot be detected. A claim whose control was not checked says so.
pub(super) fn weigh(effects: &mut [Effect], controls: &[Control]) {
    let is = |word| controls.iter().find(|control| control.word == word);
    let (failed, unchecked) = (is(ControlWord::Failed), is(ControlWord::NotChecked));
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
                "; the A/A control scattered by {smallest:.1} %: a smaller difference cannot be detected here"
            );
        }
        if let Some(control) = failed {
            effect.decision = Decision::Invalid;
            let _infallible = write!(effect.sentence, "; void: {}", control.sentence);
        } else if let Some(control) = unchecked {
            let _infallible = write!(effect.sentence, "; without a control: {}", control.sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Shop;

    fn effect(metric: &str, decision: Decision) -> Effect {
        Effect {
            primary: true,
            before: Some(1.0),
            after: Some(1.0),
            ratio: Some(1.0),
            interval: Some((0.96, 1.06)),
            level: Some(0.96),
            p: Some(0.5),
            block_ratios: vec![1.0; 8],
            decision,
            sentence: "it is so".to_owned(),
            ..Effect::unknown(metric.parse().unwrap())
        }
    }

    const PRIMARY: &str = "orders.list p97.5";

    fn control(kind: ControlKind, metric: &str, decision: Decision) -> Control {
        kind.found(
            8,
            vec![effect(metric, decision)],
            &[PRIMARY.parse().unwrap()],
        )
    }

    #[test]
    fn the_same_may_be_undecided_and_a_planted_slowness_may_not() {
        let same = |decision| control(ControlKind::Same, PRIMARY, decision).word;
        assert_eq!(same(Decision::NoChange), ControlWord::Passed);
        assert_eq!(same(Decision::Inconclusive), ControlWord::Passed);
        assert_eq!(same(Decision::Improved), ControlWord::Failed);
        assert_eq!(same(Decision::Regressed), ControlWord::Failed);
        let planted =
            |decision| control(ControlKind::Planted(10), "orders.list p50", decision).word;
        assert_eq!(planted(Decision::Regressed), ControlWord::Passed);
        assert_eq!(planted(Decision::NoChange), ControlWord::Failed);
        assert_eq!(planted(Decision::Inconclusive), ControlWord::Failed);
    }

    #[test]
    fn a_control_that_could_not_fail_is_not_checked() {
        use crate::paired::decide_fixture::{effect_of, trial};
        let name = "orders.list p50";
        let checked = |kind: ControlKind, blocks: usize, figures: [Option<f64>; 2]| {
            let pairs: Vec<_> = (0..blocks)
                .map(|_| (trial(figures[0], 1.0), trial(figures[1], 1.0)))
                .collect();
            let effects = effect_of(name, &pairs).into_iter().collect();
            kind.found(blocks, effects, &[name.parse().unwrap()]).word
        };
        let tripled = [Some(10.0), Some(30.0)];
        // One to five blocks with a tripled figure decide nothing.
        for blocks in [0, 1, 5] {
            for kind in [ControlKind::Same, ControlKind::Planted(10)] {
                assert_eq!(checked(kind, blocks, tripled), ControlWord::NotChecked);
            }
        }
        assert_eq!(checked(ControlKind::Same, 6, tripled), ControlWord::Failed);
        assert_eq!(
            checked(ControlKind::Planted(10), 6, tripled),
            ControlWord::Passed
        );
        // Nor do six with figures beyond the timeout.
        let beyond = checked(ControlKind::Same, 6, [None, None]);
        assert_eq!(beyond, ControlWord::NotChecked);
        let other = control(
            ControlKind::Planted(10),
            "queries per request",
            Decision::Regressed,
        );
        assert_eq!(other.word, ControlWord::NotChecked);
    }

    #[test]
    fn a_planted_slowness_is_looked_for_in_medians_of_operations_alone() {
        let of = |claims: &[&str]| -> Vec<String> {
            let claims: Vec<MetricId> = claims.iter().map(|one| one.parse().unwrap()).collect();
            medians(&claims).iter().map(ToString::to_string).collect()
        };
        for (claims, looked_at) in [
            (
                &["orders.list p97.5"][..],
                &["total p50", "orders.list p50"][..],
            ),
            (&["total p95"], &["total p50"]),
            (
                &["orders.list p50", "orders.list p97.5"],
                &["total p50", "orders.list p50"],
            ),
            // The age of what was stale is a percentile, and of no operation.
            (&["stale age p99", "pool wait"], &["total p50"]),
            (&["orders.list success"], &["total p50"]),
        ] {
            assert_eq!(of(claims), looked_at, "{claims:?}");
        }
    }

    #[test]
    fn a_claim_without_a_checked_control_says_so_and_stays() {
        let mut effects = [effect(PRIMARY, Decision::Improved)];
        let unchecked = ControlKind::Same.found(1, Vec::new(), &[PRIMARY.parse().unwrap()]);
        weigh(&mut effects, &[unchecked]);
        assert_eq!(effects[0].decision, Decision::Improved);
        assert!(
            effects[0].sentence.contains("not checked"),
            "{}",
            effects[0].sentence
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
