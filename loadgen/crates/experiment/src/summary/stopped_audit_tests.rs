//! The outcome of a command that is stopped after its load and before its audit, and of a load that a threshold ends.

use shared::time::Millis;

use super::*;

fn stopped_env() -> TestEnv {
    env_of(FINE, Some(CLEAN), Some(CancellationToken::new()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_stopped_before_its_audit_does_not_pass() {
    let summary = run(GIVEN, &stopped_env()).await;
    let verdict = &summary.verdict;
    assert_eq!(verdict.word, VerdictWord::Interrupted, "{verdict:?}");
    assert!(summary.interrupted);
    assert_eq!(verdict.exit_code(), 130);
    let reasons = verdict.reasons.join("\n");
    assert!(
        reasons.contains("1 of 1 audit(s) were not made"),
        "{reasons}"
    );
    let why = "run: no audit was made: the command was stopped before its end";
    assert!(summary.warnings.iter().any(|one| one == why), "{summary:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_whose_last_audit_is_stopped_does_not_count() {
    let experiment = experiment("");
    let finished = paired::run(&stopped_env(), &experiment, 1, &mut |_| {}).await;
    assert_eq!((finished.valid_blocks, finished.trials.len()), (0, 1));
    let verdict = of_experiment(context(), &experiment, &finished).verdict;
    assert_eq!(verdict.word, VerdictWord::Interrupted, "{verdict:?}");
}

/// One whose load a threshold ends where requests fail.
fn ended_suite() -> Suite {
    let mut suite = experiment("thresholds: [ \"abort after 100ms: errors < 1%\" ]\n").suite;
    paired::shorten(&mut suite, Millis(0), Millis(20_000));
    suite
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_a_threshold_ends_is_audited() {
    let env = env(|_| ProgrammedAnswer::Status(500), Some(BROKEN));
    let verdict = run_suite(&ended_suite(), &env).await.verdict;
    assert_eq!(verdict.word, VerdictWord::Violated, "{verdict:?}");
    assert_eq!(verdict.confidence.audits.made, 1);
    assert!(
        verdict
            .reasons
            .iter()
            .any(|one| one.contains("which ended the run"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_after_a_load_that_a_threshold_has_ended_is_a_stop() {
    let stop = Some(CancellationToken::new());
    let env = env_of(|_| ProgrammedAnswer::Status(500), Some(CLEAN), stop);
    let verdict = run_suite(&ended_suite(), &env).await.verdict;
    assert_eq!(verdict.word, VerdictWord::Interrupted, "{verdict:?}");
    let reasons = verdict.reasons.join("\n");
    assert!(reasons.contains("which ended the run"), "{reasons}");
    assert!(!reasons.contains("without a control plane"), "{reasons}");
}
