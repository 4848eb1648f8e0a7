//! The outcome of an experiment whose control is stopped, or breaks an invariant.

use super::*;
use crate::{
    paired::ControlKind,
    schema::{ControlWord, Decision},
};

/// An experiment with an A/A control whose trials are short.
fn controlled() -> Experiment {
    let text = "name: x\nquestion: q\nbefore: { profile: before }\nafter: { profile: after }\nprimary: [ total p50 ]\nload: { model: open, rate: 200/s, duration: 200ms }\nflows: [ { flow: orders.browse } ]\ntimeout: 2s\n";
    let mut experiment = file::parse(text, "x.yaml", &Shop).unwrap();
    experiment.set_blocks(1);
    experiment.controls = vec![ControlKind::Same];
    experiment
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_control_that_is_stopped_is_no_control_and_leaves_no_claim() {
    let experiment = controlled();
    let env = env(FINE, Some(CLEAN));
    let stop = env.stop.clone();
    let finished = paired::run(&env, &experiment, 1, &mut |_| stop.cancel()).await;
    let summary = of_experiment(context(), &experiment, &finished);
    let verdict = &summary.verdict;
    assert_eq!(verdict.word, VerdictWord::Interrupted, "{verdict:?}");
    assert_eq!(verdict.exit_code(), 130);
    assert!(summary.effects.is_empty() && summary.controls.is_empty());
    assert_eq!(verdict.confidence.controls_passed, 0);
    let unfinished = |one: &String| one.contains("control a_a was not finished");
    assert!(summary.warnings.iter().any(unfinished), "{summary:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_control_that_breaks_an_invariant_has_not_passed() {
    let experiment = controlled();
    let finished = paired::run(&env(FINE, Some(BROKEN)), &experiment, 1, &mut |_| {}).await;
    let summary = of_experiment(context(), &experiment, &finished);
    let control = &summary.controls[0];
    assert_eq!(control.word, ControlWord::Failed, "{control:?}");
    assert!(control.sentence.contains("invariant 01 stock is broken"));
    let confidence = summary.verdict.confidence;
    assert_eq!(
        (confidence.controls_passed, confidence.controls_failed),
        (0, 1)
    );
    assert_eq!(summary.verdict.word, VerdictWord::Violated);
    let claims = summary.effects.iter().filter(|one| one.primary);
    for claim in claims {
        assert_eq!(claim.decision, Decision::Invalid, "{claim:?}");
    }
}
