//! What a fault cost, from the counts of a trial's seconds: requests that failed, goodput that was lost,
//! and how long the target took to recover.
//!
//! The measure is the target itself before the fault: the undisturbed whole seconds right before it, at
//! most [`MOST_BEFORE_S`](super::recovery_rule::MOST_BEFORE_S). A second is *back* when the share of its
//! requests that were answered as they should is at most [`SHARE_SLACK`] below theirs, and at least
//! `m - 2 sqrt(m)` right answers came in it,
//! where `m` is their mean: the number of independent arrivals in a second scatters like that (Poisson).
//! The target has recovered with the first of two seconds in a row that are back.
//!
//! A request belongs to the second of its intended start; right answers that tell whether the target is
//! back, to the second in which they came.

use super::recovery_rule::{SHARE_SLACK, first_back, recovery, undisturbed_before, whole_seconds};
use crate::schema::{FaultRecovery, FaultResult};
use loadgen_engine::aggregator::SecondData;

/// Fewest right answers a second before a fault: with fewer, a second without any proves nothing.
const FEWEST_PER_S: f64 = 10.0;

/// A fault that was in force, in seconds since the measured window began.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FaultSpan {
    pub(super) fault: String,
    pub(super) began_s: f64,
    /// When it was taken away and its service was ready again.
    pub(super) ended_s: f64,
}

impl FaultSpan {
    pub(super) fn first_second(&self) -> i64 {
        self.began_s.floor() as i64
    }

    pub(super) fn last_second(&self) -> i64 {
        self.ended_s.floor() as i64
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.began_s < other.ended_s && other.began_s < self.ended_s
    }
}

/// What each fault cost, in the order in which they began. `is_level` says whether the load stays the
/// same from a second until before another.
pub(super) fn outcomes(
    mut spans: Vec<FaultSpan>,
    seconds: &[SecondData],
    window_s: f64,
    is_level: &dyn Fn(i64, i64) -> bool,
) -> Vec<FaultResult> {
    spans.sort_by(|a, b| a.began_s.total_cmp(&b.began_s));
    let end = window_s.floor() as i64;
    let measured = whole_seconds(seconds, window_s);
    // The first second that no fault before has disturbed.
    let mut undisturbed = 0;
    let mut results = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        let mut others = spans.iter().enumerate().filter(|(at, _)| *at != index);
        let beside = others.find(|(_, other)| span.overlaps(other));
        let next = spans.get(index + 1).map(FaultSpan::first_second);
        let until = next.unwrap_or(end).min(end);
        let (seen, disturbed) = match beside {
            Some((_, other)) => (
                unknown(
                    span,
                    &measured,
                    None,
                    format!("{} was in force at the same time", other.fault),
                ),
                span.last_second() + 1,
            ),
            None => seen(span, &measured, undisturbed, until, is_level),
        };
        undisturbed = undisturbed.max(disturbed);
        results.push(seen);
    }
    results
}

/// What one fault cost that had the time until `until` for itself, and the first second after it in which
/// nothing of it was to be seen.
fn seen(
    span: &FaultSpan,
    measured: &[&SecondData],
    undisturbed: i64,
    until: i64,
    is_level: &dyn Fn(i64, i64) -> bool,
) -> (FaultResult, i64) {
    let after_it = span.last_second() + 1;
    let before = match undisturbed_before(measured, undisturbed, span.first_second()) {
        Ok(before) => before,
        Err(why) => return (unknown(span, measured, None, why), after_it),
    };
    let answered: u64 = before.iter().map(|one| right(one)).sum();
    let planned: u64 = before.iter().map(|one| one.planned).sum();
    let per_s = answered as f64 / before.len() as f64;
    if per_s < FEWEST_PER_S {
        let why = format!("fewer than {FEWEST_PER_S} right answers a second before it");
        return (unknown(span, measured, Some(per_s), why), after_it);
    }
    let share = answered as f64 / planned.max(1) as f64;
    let back = |second: i64| {
        let one = measured.iter().find(|one| one.second == second);
        one.is_some_and(|one| {
            let enough = per_s - 2.0 * per_s.sqrt();
            let share_now = right(one) as f64 / one.planned.max(1) as f64;
            share_now >= share - SHARE_SLACK && one.good as f64 >= enough
        })
    };
    let recovered = match first_back(span.last_second(), until, back) {
        Ok(recovered) => recovered,
        Err(why) => return (unknown(span, measured, Some(per_s), why), after_it),
    };
    let earliest = before.last().map_or(undisturbed, |one| one.second);
    let latest = recovered.map_or(until, |second| second + 2);
    if !is_level(earliest, latest) {
        let why = "the load changes between the seconds before it and those after it".to_owned();
        return (unknown(span, measured, Some(per_s), why), after_it);
    }
    let end = recovered.unwrap_or(until);
    let disturbed = in_seconds(measured, span.first_second(), end);
    let expected = per_s * disturbed.len() as f64;
    let kept: u64 = disturbed.iter().map(|one| right(one)).sum();
    let result = FaultResult {
        before_per_s: Some(per_s),
        failed: disturbed.iter().map(|one| one.failed).sum(),
        lost: Some((expected - kept as f64).max(0.0)),
        recovery: recovery(recovered, span.ended_s),
        ..of(span)
    };
    (result, end.max(after_it))
}

/// A fault of which nothing is known but the failures while it was in force.
fn unknown(
    span: &FaultSpan,
    measured: &[&SecondData],
    before_per_s: Option<f64>,
    why: String,
) -> FaultResult {
    let during = in_seconds(measured, span.first_second(), span.last_second() + 1);
    FaultResult {
        before_per_s,
        failed: during.iter().map(|one| one.failed).sum(),
        recovery: FaultRecovery::Unknown { why },
        ..of(span)
    }
}

fn of(span: &FaultSpan) -> FaultResult {
    FaultResult {
        fault: span.fault.clone(),
        at_s: span.began_s,
        for_s: span.ended_s - span.began_s,
        before_per_s: None,
        failed: 0,
        lost: None,
        recovery: FaultRecovery::NotRecovered,
    }
}

/// Requests intended in a second that were answered as they should.
fn right(second: &SecondData) -> u64 {
    second.planned.saturating_sub(second.failed)
}

fn in_seconds<'a>(measured: &[&'a SecondData], from: i64, to: i64) -> Vec<&'a SecondData> {
    measured
        .iter()
        .copied()
        .filter(|one| (from..to).contains(&one.second))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds from -2 on, each `(planned, failed)`; what is not failed is answered in its own second.
    fn load(counts: &[(u64, u64)]) -> Vec<SecondData> {
        counts
            .iter()
            .zip(-2..)
            .map(|((planned, failed), second)| SecondData {
                second,
                planned: *planned,
                failed: *failed,
                good: planned - failed,
                completed: *planned,
                ..SecondData::default()
            })
            .collect()
    }

    /// A steady load of 20 seconds at 100 a second; of the given seconds so many fail.
    fn steady(failing: &[(i64, u64)]) -> Vec<SecondData> {
        let counts: Vec<(u64, u64)> = (-2..20)
            .map(|second| {
                let found = failing.iter().find(|(at, _)| *at == second);
                (100, found.map_or(0, |(_, failed)| *failed))
            })
            .collect();
        load(&counts)
    }

    fn span(fault: &str, began_s: f64, ended_s: f64) -> FaultSpan {
        FaultSpan {
            fault: fault.to_owned(),
            began_s,
            ended_s,
        }
    }

    /// A load that stays the same.
    fn always(_: i64, _: i64) -> bool {
        true
    }

    fn one(began_s: f64, ended_s: f64, seconds: &[SecondData]) -> FaultResult {
        let mut all = outcomes(
            vec![span("redis.down", began_s, ended_s)],
            seconds,
            20.0,
            &always,
        );
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn after(result: &FaultResult) -> f64 {
        match result.recovery {
            FaultRecovery::After { seconds } => seconds,
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_loss_is_the_rate_before_times_the_seconds_minus_what_was_answered() {
        let seconds = steady(&[(5, 40), (6, 100), (7, 100), (8, 60), (9, 10)]);
        let found = one(5.5, 8.25, &seconds);
        assert_eq!(found.before_per_s, Some(100.0));
        assert_eq!(found.failed, 310);
        assert!((found.lost.unwrap() - 310.0).abs() < 1e-9);
        // Second 10 is the first that is back.
        assert!((after(&found) - 1.75).abs() < 1e-9, "{found:?}");
        assert!((found.for_s - 2.75).abs() < 1e-9);
    }

    #[test]
    fn a_fault_that_nobody_notices_costs_nothing() {
        let found = one(5.5, 8.25, &steady(&[]));
        assert_eq!((found.failed, found.lost), (0, Some(0.0)));
        assert!(after(&found).abs() < 1e-9);
    }

    #[test]
    fn requests_that_are_not_even_sent_are_lost_too() {
        // The users of a closed load wait: nothing is planned, nothing fails.
        let mut counts = vec![(100, 0); 22];
        for second in 5..8 {
            counts[second + 2] = (0, 0);
        }
        let found = one(5.0, 7.5, &load(&counts));
        assert_eq!(found.failed, 0);
        assert!((found.lost.unwrap() - 300.0).abs() < 1e-9);
        assert!((after(&found) - 0.5).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_late_answer_is_not_lost_but_a_second_without_one_is_not_back() {
        let mut seconds = steady(&[]);
        for one in &mut seconds[7..10] {
            one.good = 0;
        }
        // Everything came in second 8.
        seconds[10].good = 400;
        let found = one(5.0, 7.5, &seconds);
        assert_eq!((found.failed, found.lost), (0, Some(0.0)));
        assert!((after(&found) - 0.5).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_single_good_second_is_no_recovery() {
        let failing: Vec<(i64, u64)> = (5..14)
            .filter(|second| *second != 9)
            .map(|second| (second, 50))
            .collect();
        let found = one(5.0, 8.0, &steady(&failing));
        assert!((after(&found) - 6.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn what_does_not_come_back_before_the_end_has_not_recovered() {
        let failing: Vec<(i64, u64)> = (5..20).map(|second| (second, 30)).collect();
        let found = one(5.0, 8.0, &steady(&failing));
        assert_eq!(found.recovery, FaultRecovery::NotRecovered);
        assert_eq!(found.failed, 15 * 30);
        assert!((found.lost.unwrap() - 450.0).abs() < 1e-9);
    }

    #[test]
    fn where_there_are_too_few_data_nothing_is_claimed() {
        let why = |found: FaultResult| match found.recovery {
            FaultRecovery::Unknown { why } => {
                assert_eq!(found.lost, None);
                why
            }
            other => panic!("{other:?}"),
        };
        let early = one(2.5, 8.0, &steady(&[(4, 100)]));
        assert_eq!(early.failed, 100);
        assert!(why(early).contains("seconds before it"));
        let late = one(5.0, 19.5, &steady(&[]));
        assert!(late.before_per_s.is_some());
        assert!(why(late).contains("seconds after it"));
        let few = one(5.0, 8.0, &load(&[(9, 0); 22]));
        assert!(why(few).contains("right answers a second"));
        assert!(why(one(5.0, 8.0, &[])).contains("seconds before it"));
    }

    #[test]
    fn a_load_that_changes_tells_nothing_of_a_recovery() {
        // 100 a second, and from second 12 on 40, which the target answers as well.
        let counts: Vec<(u64, u64)> = (-2..20)
            .map(|second| match second {
                5..=7 => (100, 100),
                12.. => (40, 0),
                _ => (100, 0),
            })
            .collect();
        let recovery = |began_s: f64, ended_s: f64| {
            let spans = vec![span("redis.down", began_s, ended_s)];
            let is_level = |from: i64, to: i64| to <= 12 || from >= 12;
            let mut found = outcomes(spans, &load(&counts), 20.0, &is_level);
            found.remove(0).recovery
        };
        assert!(matches!(recovery(5.0, 8.0), FaultRecovery::After { .. }));
        let FaultRecovery::Unknown { why } = recovery(11.5, 12.5) else {
            panic!("40 a second are no failure to recover to 100");
        };
        assert!(why.contains("the load changes"), "{why}");
    }

    #[test]
    fn a_fault_is_measured_against_the_seconds_after_the_recovery_of_the_one_before() {
        let seconds = steady(&[(3, 100), (4, 100), (5, 20), (12, 100)]);
        let spans = vec![span("b", 12.0, 12.5), span("a", 3.0, 4.5)];
        let found = outcomes(spans, &seconds, 20.0, &always);
        let names: Vec<&str> = found.iter().map(|one| one.fault.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(found[1].before_per_s, Some(100.0));
        assert_eq!(found[0].failed, 220);
        assert!((after(&found[0]) - 1.5).abs() < 1e-9);
        assert!((after(&found[1]) - 0.5).abs() < 1e-9);

        // One that the target has not recovered from leaves nothing to measure the next against.
        let failing: Vec<(i64, u64)> = (3..20).map(|second| (second, 50)).collect();
        let spans = vec![span("a", 3.0, 4.5), span("b", 12.0, 12.5)];
        let found = outcomes(spans, &steady(&failing), 20.0, &always);
        assert_eq!(found[0].recovery, FaultRecovery::NotRecovered);
        assert_eq!(found[0].failed, 9 * 50, "up to the next fault");
        assert!(matches!(found[1].recovery, FaultRecovery::Unknown { .. }));
    }

    #[test]
    fn faults_at_the_same_time_cannot_be_told_apart() {
        let spans = vec![span("a", 5.0, 8.0), span("b", 7.0, 9.0)];
        let found = outcomes(spans, &steady(&[(5, 10), (8, 30)]), 20.0, &always);
        for (one, other) in found.iter().zip(["b", "a"]) {
            let FaultRecovery::Unknown { why } = &one.recovery else {
                panic!("{one:?}");
            };
            assert!(why.starts_with(other), "{why}");
        }
        assert_eq!(found[0].failed, 40);
    }

    #[test]
    fn the_scatter_of_independent_arrivals_is_no_failure_to_recover() {
        let mut counts = vec![(100, 0); 22];
        // 2.0 standard deviations below the mean of 100.
        counts[10] = (80, 0);
        assert!(after(&one(5.0, 8.5, &load(&counts))).abs() < 1e-9);
        counts[10] = (79, 0);
        assert!(after(&one(5.0, 8.5, &load(&counts))) > 0.0);
    }
}
