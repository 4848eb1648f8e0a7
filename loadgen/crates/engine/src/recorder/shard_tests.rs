//! Tests of a shard.

use super::*;
use crate::units::NANOS_PER_SECOND;

fn window(from: u64, to: u64) -> Window {
    Window {
        from: Nanos::from_secs(from),
        to: Nanos::from_secs(to),
    }
}

fn sample(op: OpId, from: Nanos, to: Nanos, outcome: Outcome) -> Sample {
    Sample {
        op,
        outcome,
        ..Sample::answered(from, to)
    }
}

#[test]
fn an_hour_of_answers_and_failures_takes_no_more_memory_than_its_first_minute() {
    let hour = 3_600;
    let operations: Vec<OpId> = (0..15).map(OpId).collect();
    let end = Nanos::from_secs(hour + 10);
    let mut shard = Shard::new(window(0, hour), &operations, end);
    let begin = shard.logs.in_memory();
    for number in 0..hour * 60 {
        let at = Nanos(number * NANOS_PER_SECOND / 60);
        let (op, took) = (OpId((number % 15) as u16), Nanos(7_919 * (number % 9_973)));
        // The first failures come late.
        let outcome = match number {
            100_000.. if number % 16 == 0 => Outcome::Reset,
            _ => Outcome::Ok,
        };
        shard.due(at, at);
        shard.begin(op, at);
        let sample = sample(op, at, at + took, outcome);
        shard.settle(&sample, Some(&format!("reason {number}")));
        shard.finished(at);
        assert_eq!(shard.logs.in_memory(), begin, "request {number}");
    }
    assert_eq!(shard.examples.len(), 15 * (REASONS + 1));
    let mut merged = IntervalHistograms::default();
    shard.add_intervals_to(&mut merged);
    assert!(merged.intervals().len() > 500);
}

#[test]
fn open_requests_are_integrated_as_in_littles_law() {
    // [0,2], [1,4], [3,5] in the window [0,5]: L = 1.4, and 0.6/s times 7/3 s is the same.
    let mut shard = Shard::new(window(0, 5), &[OpId(0)], Nanos::from_secs(6));
    for (second, due) in [
        (0, true),
        (1, true),
        (2, false),
        (3, true),
        (4, false),
        (5, false),
    ] {
        let at = Nanos::from_secs(second);
        if due {
            shard.due(at, at);
        } else {
            shard.finished(at);
        }
    }
    for (from, to) in [(0, 2), (1, 4), (3, 5)] {
        let (from, to) = (Nanos::from_secs(from), Nanos::from_secs(to));
        shard.begin(OpId(0), from);
        shard.settle(&sample(OpId(0), from, to, Outcome::Ok), None);
    }
    shard.finish();
    assert_eq!(shard.outstanding_area(), 7_000_000_000);
    assert_eq!(shard.response_sum(), 7_000_000_000);
    assert_eq!(shard.max_outstanding(), 2);
    assert_eq!(shard.outstanding_at_window_end(), 1);
}

#[test]
fn a_request_belongs_to_the_window_by_its_intended_start_alone() {
    let mut shard = Shard::new(window(1, 2), &[OpId(3)], Nanos::from_secs(10));
    for (from, to) in [(0, 1_500), (1_000, 9_000), (1_999, 2_001), (2_000, 2_001)] {
        let (from, to) = (Nanos::from_millis(from), Nanos::from_millis(to));
        shard.begin(OpId(3), from);
        shard.settle(&sample(OpId(3), from, to, Outcome::Ok), None);
    }
    let (op, data) = shard.ops().next().unwrap();
    assert_eq!((op, data.planned), (OpId(3), 2));
    assert!(data.conserved());
}

#[test]
fn the_backlog_of_a_warm_up_is_seen_at_the_begin_of_the_window() {
    let mut shard = Shard::new(window(1, 2), &[], Nanos::from_secs(3));
    for ms in [100, 200, 300] {
        shard.due(Nanos::from_millis(ms), Nanos::from_millis(ms + 50));
    }
    shard.finished(Nanos::from_millis(1_200));
    shard.finish();
    assert_eq!(shard.outstanding_at_window_start(), 3);
    assert_eq!(shard.outstanding_at_window_end(), 2);
    assert_eq!(shard.outstanding_area(), 600_000_000 + 2 * 800_000_000);
}

#[test]
fn reasons_are_kept_up_to_a_bound_and_counted_beyond_it() {
    let mut shard = Shard::new(window(0, 9), &[OpId(0)], Nanos::from_secs(9));
    for number in 0..50 {
        let failed = sample(OpId(0), Nanos(1), Nanos(2), Outcome::BodyMismatch);
        shard.begin(OpId(0), Nanos(1));
        shard.settle(&failed, Some(&format!("reason {number}")));
    }
    assert_eq!(shard.examples().count(), REASONS + 1);
    assert_eq!(shard.examples().map(|(_, count)| count).sum::<u64>(), 50);
}

#[test]
fn a_rate_counts_what_ended_within_the_window_and_not_what_was_answered_after_it() {
    let mut shard = Shard::new(window(10, 20), &[OpId(0)], Nanos::from_secs(60));
    shard.keep_phases([
        (Nanos::from_secs(10), Nanos::from_secs(15)),
        (Nanos::from_secs(15), Nanos::from_secs(20)),
    ]);
    shard.keep_iterations(1);
    for (from, to, outcome) in [
        (5, 9, Outcome::Ok),
        (9, 10, Outcome::Ok),
        (10, 12, Outcome::Ok),
        (14, 15, Outcome::Ok),
        (12, 40, Outcome::Ok),
        (19, 20, Outcome::Ok),
        (18, 21, Outcome::Reset),
        (8, 11, Outcome::Reset),
        (20, 21, Outcome::Ok),
    ] {
        let (from, to) = (Nanos::from_secs(from), Nanos::from_secs(to));
        shard.begin(OpId(0), from);
        shard.settle(&sample(OpId(0), from, to, outcome), None);
        shard.begin_iteration(0, from);
        shard.end_iteration(0, from, to, Some(outcome));
    }
    let (_, all) = shard.ops().next().unwrap();
    assert_eq!((all.count(Outcome::Ok), all.ok_within()), (4, 3));
    assert!(all.conserved());
    let iterations = &shard.iterations()[0];
    assert_eq!(
        (iterations.count(Outcome::Ok), iterations.ok_within()),
        (4, 3)
    );
    let phases: Vec<u64> = shard.phases().map(OpData::ok_within).collect();
    assert_eq!(phases, [2, 1]);
    let mut both = all.clone();
    both.merge(all);
    assert_eq!(both.ok_within(), 6);
}

#[test]
fn a_window_that_is_cut_ends_its_phases_too() {
    let mut shard = Shard::new(window(10, 20), &[OpId(0)], Nanos::from_secs(60));
    let seconds = Nanos::from_secs;
    shard.keep_phases([(seconds(10), seconds(15)), (seconds(15), seconds(20))]);
    for from in [seconds(14), seconds(15)] {
        shard.begin(OpId(0), from);
    }
    shard.cut_window(seconds(16));
    // Answered when the rest of the second phase is no more carried out.
    for from in [seconds(14), seconds(15)] {
        let late = sample(OpId(0), from, seconds(17), Outcome::Ok);
        shard.settle(&late, None);
    }
    let (_, all) = shard.ops().next().unwrap();
    assert_eq!((all.count(Outcome::Ok), all.ok_within()), (2, 0));
    let phases: Vec<u64> = shard.phases().map(OpData::ok_within).collect();
    assert_eq!(phases, [0, 0]);
}
