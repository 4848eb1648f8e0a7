//! The seconds of a trial that the tests of the reports use.

use std::collections::BTreeMap;

use crate::report::fixture_parts::Dice;
use crate::schema::Second;

pub(super) fn series(slow: bool, seconds: i64, rate: f64, dice: &mut Dice) -> Vec<Second> {
    (-10..seconds)
        .map(|second| {
            let at = (second + 10) as usize;
            let planned = (rate * dice.jitter(0.25)).round() as u64;
            let wave = 1.0 + 0.12 * (second as f64 / 4.0).sin();
            let p50 = if slow { 640.0 } else { 11.8 } * wave * dice.jitter(0.2);
            let completed = if slow {
                (planned as f64 * 0.96 * dice.jitter(0.1)) as u64
            } else {
                planned
            };
            let failed = if slow {
                (2.4 * dice.roll()).round() as u64
            } else {
                0
            };
            Second {
                second,
                planned,
                completed,
                failed,
                errors: errors(failed),
                p50_ms: Some(p50),
                p95_ms: if slow && dice.roll() < 0.05 {
                    None
                } else {
                    Some(p50 * if slow { 7.5 } else { 9.0 } * dice.jitter(0.3))
                },
                p99_ms: Some(p50 * if slow { 9.8 } else { 14.0 } * dice.jitter(0.3)),
                pool_in_use: Some(if slow {
                    5
                } else {
                    6 + (9.0 * dice.roll()) as u32
                }),
                pool_waiters: Some(if slow {
                    90 + (90.0 * dice.roll()) as u32
                } else {
                    0
                }),
                target_cpu: Some(if slow { 0.28 } else { 0.2 } * dice.jitter(0.2)),
                cache_hit_ratio: (!slow).then_some(if second < -4 {
                    0.6
                } else {
                    0.92 * dice.jitter(0.02)
                }),
                pool_max: Some(if slow { 5 } else { 32 }),
                cpu_cores: cores(slow, at),
                waits: waits(slow, at),
                queries_per_s: Some(planned as f64 * if slow { 9.4 } else { 1.35 }),
                wal_bytes_per_s: Some(130_000.0 + 4_000.0 * (at % 9) as f64),
                redis_commands_per_s: Some(if slow { 0.0 } else { planned as f64 * 1.3 }),
            }
        })
        .collect()
}

/// Failures by outcome: at least half of them are timeouts.
fn errors(failed: u64) -> BTreeMap<String, u64> {
    let other = failed / 2;
    [("timeout", failed - other), ("http_error", other)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}

/// Cores of the processes beside the target, with a slow wave.
fn cores(slow: bool, at: usize) -> BTreeMap<String, f64> {
    let wave = 1.0 + 0.1 * (at as f64 / 5.0).sin();
    [
        ("loadgen", 0.02),
        ("postgres", if slow { 0.63 } else { 0.09 }),
        ("redis", if slow { 0.003 } else { 0.026 }),
    ]
    .map(|(name, cores)| (name.to_owned(), (cores * wave * 1e3).round() / 1e3))
    .into()
}

/// Backends by wait event.
fn waits(slow: bool, at: usize) -> BTreeMap<String, u32> {
    let rare = u32::from(at.is_multiple_of(4));
    let counts = if slow {
        [("CPU", 3), ("IO:DataFileRead", 1), ("Lock:tuple", rare)]
    } else {
        [("CPU", 1), ("IO:WALSync", rare), ("IO:DataFileRead", 0)]
    };
    counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}
