//! How far the figures of a command can be trusted, counted.

use crate::schema::{Confidence, Control, ControlWord, Trial};

/// Trials by their validity, controls by their outcome, and the audits of all trials.
pub fn confidence(trials: &[Trial], controls: &[Control]) -> Confidence {
    let mut all = Confidence::default();
    for trial in trials {
        all.count(trial.validity.word);
        all.audits.add(trial.audits);
    }
    for control in controls {
        match control.word {
            ControlWord::Passed => all.controls_passed += 1,
            ControlWord::Failed => all.controls_failed += 1,
            // Neither: the warnings and the claims say so.
            ControlWord::NotChecked => {}
        }
    }
    all
}
