//! `lab.slowdown`: a planted effect, to prove that an experiment detects one.

use std::time::{Duration, Instant};

use crate::{state::AppState, timing::Timing};

/// The last part of the delay is a busy wait: timers have a resolution of a millisecond.
const BUSY_WAIT: Duration = Duration::from_millis(2);

/// Delays the request by the policy's share of the time that it took so far.
pub(super) async fn delay(state: &AppState, timing: &Timing) {
    let percent = state.engine().policies.http.slowdown.get();
    if percent == 0 {
        return;
    }
    let begun = Instant::now();
    let spent = Duration::from_micros(u64::from(timing.read().total_us));
    let more = extra(spent, percent);
    if more > BUSY_WAIT {
        tokio::time::sleep(more.saturating_sub(BUSY_WAIT)).await;
    }
    while begun.elapsed() < more {
        std::hint::spin_loop();
    }
}

fn extra(spent: Duration, percent: u32) -> Duration {
    spent * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_is_a_share_of_the_time_taken() {
        assert_eq!(
            extra(Duration::from_millis(20), 10),
            Duration::from_millis(2)
        );
        assert_eq!(extra(Duration::from_micros(7), 0), Duration::ZERO);
    }
}
