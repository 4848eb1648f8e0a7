//! An experiment of the shop, for tests of what a series runs and says.

use super::file::{self, Experiment};
use crate::{
    schema::ValidityWord,
    system::Shop,
    trial::{TestEnv, scripted_env},
};

/// Browses orders, and claims the median of all requests.
pub(super) fn experiment() -> Experiment {
    let text = "name: x\nbefore: { profile: before }\nafter: { profile: after }\nprimary: [ total p50 ]\nload: { model: open, rate: 40/s, duration: 1s }\nflows: [ { flow: orders.browse } ]\n";
    file::parse(text, "x.yaml", &Shop).unwrap()
}

/// A shop of which every trial is VALID.
pub(super) fn env() -> TestEnv {
    scripted_env(&[])
}

/// Runs that experiment with a change, and with these words of its first trials. Returns what it found, and the folder
/// of each trial in the order in which they ran.
pub(super) async fn ran(
    words: &[ValidityWord],
    change: impl FnOnce(&mut Experiment),
) -> (super::Finished, Vec<String>) {
    let mut experiment = experiment();
    change(&mut experiment);
    let mut folders = Vec::new();
    let env = scripted_env(words);
    let mut note =
        |outcome: &crate::trial::TrialOutcome| folders.push(outcome.trial.folder.clone());
    let finished = Box::pin(super::run(&env, &experiment, 1, &mut note)).await;
    (finished, folders)
}
