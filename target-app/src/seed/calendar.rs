//! Slots and who is booked into them.

use rand::{RngExt, seq::index};
use rand_chacha::ChaCha8Rng;
use shared::dataset::{Counts, Scale};

use super::{
    planned::{DAY, HOUR, PlannedBooking, PlannedMentor, PlannedSlot, PlannedStatus},
    skew::{ShuffledPasses, stream, zipf_shares},
};

/// Days of history.
const PAST_DAYS: i32 = 300;
/// Days ahead with slots; the anchor's own day has none, so that what is ahead stays ahead.
const AHEAD_DAYS: i32 = 60;
/// Hours of a day (UTC) at which most mentors give lessons.
const WORKING_HOURS: std::ops::Range<i32> = 7..21;
/// Share of a mentor's slots that are past.
const PAST_SHARE: f64 = 0.55;
/// Share of slots that are for groups.
const GROUPS: f64 = 0.1;
/// Chances that a place is taken: of a past slot, of a single one ahead, of a group ahead.
const FILL_PAST: f64 = 0.97;
const FILL_SINGLE: f64 = 0.38;
const FILL_GROUP: f64 = 0.9;
/// Most of all bookings that are active; the others were cancelled.
const ACTIVE_SHARE: f64 = 0.75;

/// Every slot, in order of time.
pub(crate) fn slots(scale: Scale, seed: u64, mentors: &[PlannedMentor]) -> Vec<PlannedSlot> {
    let mut rng = stream(seed, "slots");
    let mut slots = Vec::with_capacity(scale.counts().slots as usize);
    for (mentor, share) in shares(scale).into_iter().enumerate() {
        let price = mentors[mentor].price_cents;
        for hour in hours(&mut rng, share) {
            let group = rng.random_bool(GROUPS);
            slots.push(PlannedSlot {
                mentor: mentor as u32,
                hour,
                capacity: if group {
                    rng.random_range(2..=8_u32) as u8
                } else {
                    1
                },
                booked: 0,
                price_cents: if group { price / 2 } else { price },
            });
        }
    }
    slots.sort_by_key(|slot| (slot.hour, slot.mentor));
    slots
}

/// How many slots each mentor has: two who are known to be busy, the others by popularity.
fn shares(scale: Scale) -> Vec<u32> {
    let counts = scale.counts();
    let (busy, cap) = match scale {
        Scale::Tiny => ([50, 500], 120),
        _ => ([600, 5_000], 450),
    };
    let rest = counts.slots - busy.iter().sum::<u32>();
    let mut shares = busy.to_vec();
    shares.extend(zipf_shares(rest, counts.mentors - busy.len() as u32, cap));
    shares
}

/// `count` distinct hours from the anchor, about half of them past.
fn hours(rng: &mut ChaCha8Rng, count: u32) -> Vec<i32> {
    // Who gives more lessons than working hours hold gives them around the clock.
    let ahead_hours = AHEAD_DAYS * WORKING_HOURS.len() as i32;
    let around_the_clock = count > ahead_hours as u32;
    let day: Vec<i32> = if around_the_clock {
        (0..24).collect()
    } else {
        WORKING_HOURS.collect()
    };
    let most_ahead = AHEAD_DAYS as u32 * day.len() as u32 * 5 / 6;
    let past =
        ((f64::from(count) * PAST_SHARE).round() as u32).max(count.saturating_sub(most_ahead));
    let mut draw = |first_day: i32, days: i32, amount: u32| -> Vec<i32> {
        index::sample(rng, days as usize * day.len(), amount as usize)
            .into_iter()
            .map(|at| (first_day + (at / day.len()) as i32) * 24 + day[at % day.len()])
            .collect()
    };
    let mut hours = draw(-PAST_DAYS, PAST_DAYS, past);
    hours.extend(draw(1, AHEAD_DAYS, count - past));
    hours
}

/// Every booking, in order of its making; counts the taken places of the slots.
pub(crate) fn bookings(
    counts: Counts,
    seed: u64,
    slots: &mut [PlannedSlot],
) -> Vec<PlannedBooking> {
    let mut bookings = Vec::with_capacity(counts.bookings as usize);
    active(counts, seed, slots, &mut bookings);
    cancelled(counts, seed, slots, &mut bookings);
    bookings.sort_by_key(|one| (one.created, one.slot, one.student, one.seat, one.status));
    bookings
}

/// Slots come in order of time, so a student is busy only if the last lesson dealt to them
/// is in the same hour: nobody can come to overlap.
fn active(
    counts: Counts,
    seed: u64,
    slots: &mut [PlannedSlot],
    bookings: &mut Vec<PlannedBooking>,
) {
    let mut rng = stream(seed, "bookings.active");
    let mut passes = ShuffledPasses::new(stream(seed, "bookings.deck"), counts.students);
    let mut busy_at = vec![i32::MIN; counts.students as usize];
    let likely: f64 = slots
        .iter()
        .map(|slot| f64::from(offered(slot)) * fill(slot))
        .sum();
    let scale_down = (f64::from(counts.bookings) * ACTIVE_SHARE / likely).min(1.0);
    for (n, slot) in slots.iter_mut().enumerate() {
        let chance = fill(slot) * scale_down;
        for _ in 0..offered(slot) {
            if bookings.len() >= counts.bookings as usize || !rng.random_bool(chance) {
                continue;
            }
            let Some(student) = passes.next_free(|student| busy_at[student as usize] != slot.hour)
            else {
                break;
            };
            busy_at[student as usize] = slot.hour;
            bookings.push(PlannedBooking {
                slot: n as u32,
                student,
                seat: slot.booked,
                status: if slot.is_past() {
                    PlannedStatus::Completed
                } else {
                    PlannedStatus::Confirmed
                },
                created: made(&mut rng, slot),
                cancelled: None,
            });
            slot.booked += 1;
        }
    }
}

/// Fills up to the asked number with bookings that were given back; these may overlap anything.
fn cancelled(counts: Counts, seed: u64, slots: &[PlannedSlot], bookings: &mut Vec<PlannedBooking>) {
    let mut rng = stream(seed, "bookings.cancelled");
    while bookings.len() < counts.bookings as usize {
        let n = rng.random_range(0..slots.len() as u32);
        let slot = &slots[n as usize];
        let created = made(&mut rng, slot);
        let latest = slot.starts().min(0);
        bookings.push(PlannedBooking {
            slot: n,
            student: rng.random_range(0..counts.students),
            seat: rng.random_range(0..u32::from(slot.capacity)) as u8,
            status: PlannedStatus::Cancelled,
            created,
            cancelled: Some(rng.random_range(created..=latest)),
        });
    }
}

/// Places that may be taken: a group ahead always keeps one open.
fn offered(slot: &PlannedSlot) -> u8 {
    if slot.is_past() || slot.capacity == 1 {
        slot.capacity
    } else {
        slot.capacity - 1
    }
}

fn fill(slot: &PlannedSlot) -> f64 {
    match (slot.is_past(), slot.capacity) {
        (true, _) => FILL_PAST,
        (false, 1) => FILL_SINGLE,
        (false, _) => FILL_GROUP,
    }
}

/// When a booking of the slot was made: an hour to three weeks before the lesson or before now.
fn made(rng: &mut ChaCha8Rng, slot: &PlannedSlot) -> i64 {
    slot.starts().min(0) - rng.random_range(HOUR..=21 * DAY)
}
