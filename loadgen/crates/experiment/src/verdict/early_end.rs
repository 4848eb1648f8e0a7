//! What is said of a command, and of a trial, that did not come to its planned end.

use std::fmt::Display;

use crate::schema::Trial;

/// A command that was stopped when so many trials were measured.
pub fn stopped(trials: u32) -> String {
    format!("stopped before the planned end: {trials} trial(s) were measured")
}

/// A command that an error of the harness or of the target ended.
pub fn ended_early(error: &impl Display) -> String {
    format!("ended early: {error}")
}

/// A trial whose load an overloaded target ended; its consequence goes behind that.
pub fn overload_ended(trial: &Trial) -> String {
    let folder = &trial.folder;
    format!("{folder}: the target was overloaded, and the load ended early")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixture::quiet;

    #[test]
    fn each_says_what_ended() {
        assert_eq!(
            stopped(3),
            "stopped before the planned end: 3 trial(s) were measured"
        );
        assert_eq!(ended_early(&"no route"), "ended early: no route");
        let mut trial = quiet().trials.remove(0);
        trial.folder = "trials/b02_after".into();
        assert_eq!(
            overload_ended(&trial),
            "trials/b02_after: the target was overloaded, and the load ended early"
        );
    }
}
