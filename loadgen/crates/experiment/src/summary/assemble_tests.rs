//! What a summary says of where and how it was measured.

use loadgen_engine::thread_priority::ThreadPrecedence;

use super::*;
use crate::capacity::fixture::trial;

#[test]
fn several_instances_are_not_called_untested() {
    let mut trial = trial();
    let last = |trial: &Trial| not_tested(std::slice::from_ref(trial)).pop();
    assert_eq!(last(&trial).as_deref(), Some(NOT_SEVERAL));
    trial.server.instances = [("1".to_owned(), 5), ("2".to_owned(), 7)].into();
    assert_eq!(last(&trial).as_deref(), Some(NOT_APART));
}

#[test]
fn the_weakest_precedence_of_the_generator_is_named() {
    let mut trials = [trial(), trial(), trial()];
    let said = |trials: &[Trial]| {
        let mut named = machine(false, trials).into_iter();
        let threads = named.find(|(name, _)| name == "generator threads");
        threads.map(|(_, precedence)| precedence)
    };
    assert_eq!(said(&trials), None);
    trials[0].generator_threads = Some(ThreadPrecedence::LowerNice);
    trials[1].generator_threads = Some(ThreadPrecedence::RealTime);
    assert_eq!(said(&trials).as_deref(), Some("nice -10"));
}

/// A comparison of runs lists entries that differ, this one among them.
#[test]
fn the_build_of_the_program_is_named() {
    let named = machine(false, &[]);
    let (_, build) = named.iter().find(|(name, _)| name == "loadgen").unwrap();
    let wanted = if cfg!(debug_assertions) {
        "(debug)"
    } else {
        "(release)"
    };
    assert!(build.ends_with(wanted), "{build}");
}
