//! Counters of payments and of the calls to their provider.

use std::time::Duration;

use metrics::{counter, histogram};

use super::names;

/// Records a call to the payment provider that was not made, because its breaker is open: it took no time,
/// and has no place among the times of attempts.
pub fn provider_not_asked(call: &'static str) {
    counter!(names::PROVIDER_CALLS, "call" => call, "outcome" => "not_asked").increment(1);
}

/// Records one attempt of a call to the payment provider.
pub fn provider_call(call: &'static str, outcome: &'static str, took: Duration) {
    counter!(names::PROVIDER_CALLS, "call" => call, "outcome" => outcome).increment(1);
    histogram!(names::PROVIDER_SECONDS, "call" => call).record(took.as_secs_f64());
}

/// Records an event of the payment provider.
pub fn payment_event(kind: &'static str, outcome: &'static str) {
    counter!(names::PAYMENT_EVENTS, "kind" => kind, "outcome" => outcome).increment(1);
}

/// Records places of unpaid bookings that were given back.
pub fn holds_released(number: usize) {
    counter!(names::HOLDS_RELEASED).increment(number as u64);
}
