//! When a target that something has disturbed is back: which seconds it is measured against, and which
//! second is the first that counts. Faults and spikes of load have the same rule.

use crate::schema::FaultRecovery;
use loadgen_engine::aggregator::SecondData;

/// Most seconds before a disturbance that it is measured against.
pub(super) const MOST_BEFORE_S: usize = 10;
/// Fewest of them.
const FEWEST_BEFORE_S: usize = 3;
/// How far a share of the requests may be worse than before.
pub(super) const SHARE_SLACK: f64 = 0.01;

/// The seconds that lie as a whole in a measured window of that length.
pub(super) fn whole_seconds(seconds: &[SecondData], window_s: f64) -> Vec<&SecondData> {
    let whole = window_s.floor() as i64;
    let inside = |one: &&SecondData| (0..whole).contains(&one.second);
    seconds.iter().filter(inside).collect()
}

/// The seconds right before `first`, the latest first, of which none lies before `undisturbed`. The
/// error says that there are too few.
pub(super) fn undisturbed_before<'a>(
    measured: &[&'a SecondData],
    undisturbed: i64,
    first: i64,
) -> Result<Vec<&'a SecondData>, String> {
    let latest_first = measured.iter().rev().copied();
    let before: Vec<&SecondData> = latest_first
        .filter(|one| (undisturbed..first).contains(&one.second))
        .take(MOST_BEFORE_S)
        .collect();
    if before.len() < FEWEST_BEFORE_S {
        return Err(format!(
            "fewer than {FEWEST_BEFORE_S} undisturbed seconds before it"
        ));
    }
    Ok(before)
}

/// The first of two seconds in a row that are back, from `last`, in which the disturbance ended, and
/// before `until`; absent where there is none. The error says that two do not fit in.
pub(super) fn first_back(
    last: i64,
    until: i64,
    back: impl Fn(i64) -> bool,
) -> Result<Option<i64>, String> {
    if until - last < 2 {
        return Err("fewer than 2 seconds after it".to_owned());
    }
    let mut candidates = last..until - 1;
    Ok(candidates.find(|second| back(*second) && back(second + 1)))
}

/// How long it took from the end of the disturbance to the first second that was back.
pub(super) fn recovery(first: Option<i64>, ended_s: f64) -> FaultRecovery {
    match first {
        Some(second) => FaultRecovery::After {
            seconds: (second as f64 - ended_s).max(0.0),
        },
        None => FaultRecovery::NotRecovered,
    }
}
