//! Counters of video classes and their signals.

use metrics::counter;

use super::names;

/// Records that a class was initiated: whether its session began then, or was live before.
pub fn session_initiated(is_new: bool) {
    let outcome = if is_new { "new" } else { "live" };
    counter!(names::SESSIONS_INITIATED, "outcome" => outcome).increment(1);
}

/// Records that a participant ended a session, or asked for that again.
pub fn session_ended() {
    counter!(names::SESSIONS_ENDED).increment(1);
}

/// Records a signal of one participant to the other.
pub fn signal(kind: &'static str, outcome: &'static str) {
    counter!(names::SIGNALS, "kind" => kind, "outcome" => outcome).increment(1);
}
