//! `lab.slowdown`: the planted effect that proves an experiment can see one.

use std::time::{Duration, Instant};

use crate::{state::AppState, timing::Timing};

/// Shorter waits than this are spent computing: a timer fires to the millisecond only.
const GRAIN: Duration = Duration::from_millis(2);

/// Makes the request at hand take as much longer as the profile says, of what it took so far.
pub(super) async fn linger(state: &AppState, timing: &Timing) {
    let percent = state.engine().profile.lab_slowdown.get();
    if percent == 0 {
        return;
    }
    let begun = Instant::now();
    let spent = Duration::from_micros(u64::from(timing.read().total_us));
    let more = extra(spent, percent);
    if more > GRAIN {
        tokio::time::sleep(more.saturating_sub(GRAIN)).await;
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
    fn what_is_added_is_a_share_of_what_was_spent() {
        assert_eq!(
            extra(Duration::from_millis(20), 10),
            Duration::from_millis(2)
        );
        assert_eq!(extra(Duration::from_micros(7), 0), Duration::ZERO);
    }
}
