//! The plan: who does what and when, as plain numbers. Pure, and the same for the same seed.
//!
//! Times are seconds from the anchor, the instant that the data calls now; what has begun
//! is below zero. Texts are not in the plan: each row makes its own from its own stream.

use rand::RngExt;
use shared::dataset::{Counts, RACE_SLOTS, Scale};

use super::{
    activity, calendar,
    planned::{
        DAY, HOUR, PlannedBooking, PlannedMentor, PlannedMessage, PlannedReview, PlannedRoom,
        PlannedSlot,
    },
    rooms,
    skew::stream,
};

/// Parents, one to this many students.
const STUDENTS_PER_PARENT: u32 = 20;
/// Accounts of administrators.
const ADMINS: u32 = 3;
/// Days from the anchor to the first race slot: beyond every availability window.
const RACE_DAYS: i64 = 400;
/// Mentors that are always on the list: they are the busy ones.
const ALWAYS_ACTIVE: u32 = 2;

/// Everything that will be loaded.
pub(crate) struct SeedPlan {
    pub(crate) seed: u64,
    pub(crate) counts: Counts,
    pub(crate) parents: u32,
    pub(crate) admins: u32,
    pub(crate) mentors: Vec<PlannedMentor>,
    /// In order of time; slot *n* is the *n*-th.
    pub(crate) slots: Vec<PlannedSlot>,
    /// In order of their making.
    pub(crate) bookings: Vec<PlannedBooking>,
    /// In order of their making.
    pub(crate) reviews: Vec<PlannedReview>,
    /// The recorded bookings, ascending.
    pub(crate) recordings: Vec<u32>,
    pub(crate) rooms: Vec<PlannedRoom>,
    /// In order of time.
    pub(crate) messages: Vec<PlannedMessage>,
}

impl SeedPlan {
    pub(crate) fn new(scale: Scale, seed: u64) -> Self {
        let counts = scale.counts();
        let mut mentors = mentors(counts, seed);
        let mut slots = calendar::slots(scale, seed, &mentors);
        let bookings = calendar::bookings(counts, seed, &mut slots);
        let reviews = activity::reviews(counts, seed, &slots, &bookings, &mut mentors);
        let recordings = activity::recordings(counts, seed, &bookings);
        let mut rooms = rooms::rooms(counts, seed);
        let messages = rooms::messages(counts, seed, &mut rooms);
        Self {
            seed,
            counts,
            parents: counts.students / STUDENTS_PER_PARENT,
            admins: ADMINS,
            mentors,
            slots,
            bookings,
            reviews,
            recordings,
            rooms,
            messages,
        }
    }
}

/// Race slot `n`: its mentor's rank and its begin. Every hour is another, so that a student
/// may take part in all of them; every mentor is on the list, for with others nothing is booked.
pub(crate) fn race_slot(mentors: &[PlannedMentor], n: u32) -> (u32, i64) {
    debug_assert!(n < RACE_SLOTS);
    let count = mentors.len() as u32;
    let mentor = (0..count)
        .map(|step| (n + step) % count)
        .find(|&mentor| mentors[mentor as usize].active)
        .unwrap_or_default();
    (mentor, RACE_DAYS * DAY + i64::from(n) * HOUR)
}

fn mentors(counts: Counts, seed: u64) -> Vec<PlannedMentor> {
    let mut rng = stream(seed, "mentors");
    (0..counts.mentors)
        .map(|n| PlannedMentor {
            price_cents: i64::from(rng.random_range(3..=30_u32)) * 500,
            active: rng.random_bool(0.95) || n < ALWAYS_ACTIVE,
            joined: -i64::from(rng.random_range(310..=1_500_u32)) * DAY
                - i64::from(rng.random_range(0..86_400_u32)),
            quality: 3.3 + 1.6 * rng.random::<f64>(),
            rating_hundredths: 0,
            reviews: 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::planned::PlannedStatus;
    use shared::dataset::{BUSIEST_MENTOR, FULL_MONTH};
    use std::{
        collections::{BTreeMap, BTreeSet},
        sync::LazyLock,
    };

    // Planned once for all tests: unoptimised, the second takes a while.
    static PLANS: LazyLock<[SeedPlan; 2]> =
        LazyLock::new(|| [Scale::Tiny, Scale::Small].map(|scale| SeedPlan::new(scale, 42)));

    fn tiny() -> &'static SeedPlan {
        &PLANS[0]
    }

    fn active(plan: &SeedPlan) -> impl Iterator<Item = (&PlannedBooking, &PlannedSlot)> {
        plan.bookings
            .iter()
            .filter(|booking| booking.status != PlannedStatus::Cancelled)
            .map(|booking| (booking, &plan.slots[booking.slot as usize]))
    }

    #[test]
    fn there_is_exactly_as_much_as_the_scale_says() {
        for (plan, scale) in PLANS.iter().zip([Scale::Tiny, Scale::Small]) {
            let counts = scale.counts();
            assert_eq!(plan.mentors.len(), counts.mentors as usize);
            assert_eq!(plan.slots.len(), counts.slots as usize);
            assert_eq!(plan.bookings.len(), counts.bookings as usize);
            assert_eq!(plan.reviews.len(), counts.reviews as usize);
            assert_eq!(plan.recordings.len(), counts.recordings as usize);
            assert_eq!(plan.rooms.len(), counts.rooms as usize);
            assert_eq!(plan.messages.len(), counts.messages as usize);
        }
    }

    #[test]
    fn no_student_has_two_active_bookings_in_one_hour() {
        let plan = tiny();
        let mut taken = BTreeSet::new();
        for (booking, slot) in active(plan) {
            assert!(taken.insert((booking.student, slot.hour)));
        }
    }

    #[test]
    fn no_mentor_has_two_slots_in_one_hour() {
        let plan = tiny();
        let mut taken = BTreeSet::new();
        assert!(
            plan.slots
                .iter()
                .all(|slot| taken.insert((slot.mentor, slot.hour)))
        );
        let races: BTreeSet<_> = (0..RACE_SLOTS)
            .map(|n| race_slot(&plan.mentors, n))
            .inspect(|&(mentor, _)| assert!(plan.mentors[mentor as usize].active))
            .map(|(_, starts)| starts)
            .collect();
        assert_eq!(races.len(), RACE_SLOTS as usize);
    }

    #[test]
    fn seats_are_distinct_below_the_capacity_and_counted() {
        let plan = tiny();
        let mut seats: BTreeMap<u32, BTreeSet<u8>> = BTreeMap::new();
        for (booking, slot) in active(plan) {
            assert!(booking.seat < slot.capacity);
            assert!(seats.entry(booking.slot).or_default().insert(booking.seat));
        }
        for (n, slot) in plan.slots.iter().enumerate() {
            let held = seats.get(&(n as u32)).map_or(0, BTreeSet::len);
            assert_eq!(held, usize::from(slot.booked));
        }
    }

    #[test]
    fn what_is_past_is_completed_and_most_of_what_is_ahead_is_open() {
        for plan in &*PLANS {
            for (booking, slot) in active(plan) {
                assert_eq!(booking.status == PlannedStatus::Completed, slot.is_past());
            }
            let ahead: Vec<_> = plan.slots.iter().filter(|slot| !slot.is_past()).collect();
            let open = ahead
                .iter()
                .filter(|slot| slot.booked < slot.capacity)
                .count();
            assert!(open * 10 >= ahead.len() * 6, "{open} of {}", ahead.len());
            assert!(ahead.len() * 3 > plan.slots.len());
            assert!(ahead.iter().all(|slot| slot.ends() <= 62 * DAY));
        }
    }

    #[test]
    fn the_two_busy_mentors_have_the_slots_they_are_known_for() {
        for (plan, least) in PLANS.iter().zip([[50, 500], [500, 5_000]]) {
            for (mentor, least) in least.into_iter().enumerate() {
                let slots = plan
                    .slots
                    .iter()
                    .filter(|slot| slot.mentor == mentor as u32);
                assert!(slots.count() >= least);
            }
        }
    }

    #[test]
    fn the_next_month_of_the_busiest_mentor_is_full() {
        let [_, small] = &*PLANS;
        // Four weeks later it still is.
        for days in [0..31_i32, 28..59] {
            let month = days.start * 24..days.end * 24;
            let events = small
                .slots
                .iter()
                .filter(|slot| slot.mentor == BUSIEST_MENTOR && month.contains(&slot.hour));
            assert!(events.count() >= FULL_MONTH, "{month:?}");
        }
    }

    #[test]
    fn each_of_the_first_students_has_bookings_a_recording_and_a_room() {
        for plan in &*PLANS {
            let first = plan.counts.students.min(1_000);
            let mut bookings = BTreeMap::<u32, u32>::new();
            for booking in &plan.bookings {
                *bookings.entry(booking.student).or_default() += 1;
            }
            let recorded: BTreeSet<_> = plan
                .recordings
                .iter()
                .map(|&n| plan.bookings[n as usize].student)
                .collect();
            let chatting: BTreeSet<_> = plan
                .rooms
                .iter()
                .flat_map(|room| room.students.iter().copied())
                .collect();
            for student in 0..first {
                assert!(
                    bookings.get(&student).copied().unwrap_or(0) >= 3,
                    "{student}"
                );
                assert!(recorded.contains(&student), "{student}");
                assert!(chatting.contains(&student), "{student}");
            }
        }
    }

    #[test]
    fn reviews_and_recordings_are_of_distinct_completed_lessons() {
        let plan = tiny();
        let reviewed: BTreeSet<_> = plan.reviews.iter().map(|review| review.booking).collect();
        assert_eq!(reviewed.len(), plan.reviews.len());
        for &n in reviewed.iter().chain(&plan.recordings) {
            assert_eq!(plan.bookings[n as usize].status, PlannedStatus::Completed);
        }
        assert!(plan.recordings.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn nothing_was_made_after_now_or_cancelled_before_it_was_made() {
        let plan = tiny();
        for booking in &plan.bookings {
            assert!(booking.created <= 0);
            assert!(booking.created <= plan.slots[booking.slot as usize].starts());
            assert_eq!(
                booking.cancelled.is_some(),
                booking.status == PlannedStatus::Cancelled
            );
            assert!(
                booking
                    .cancelled
                    .is_none_or(|at| booking.created <= at && at <= 0)
            );
        }
        for review in &plan.reviews {
            let slot = &plan.slots[plan.bookings[review.booking as usize].slot as usize];
            assert!(slot.ends() <= review.created && review.created <= 0);
        }
    }

    #[test]
    fn rooms_have_four_to_twelve_members_and_dense_messages() {
        for plan in &*PLANS {
            let mut last = vec![0; plan.rooms.len()];
            for message in &plan.messages {
                let room = &plan.rooms[message.room as usize];
                last[message.room as usize] += 1;
                assert_eq!(message.seq, last[message.room as usize]);
                assert!(message.sender as usize <= room.students.len());
            }
            for (room, last) in plan.rooms.iter().zip(last) {
                assert_eq!(room.last_seq, last);
                assert!((4..=12).contains(&(room.students.len() + 1)));
                assert!(room.students.windows(2).all(|pair| pair[0] < pair[1]));
            }
        }
    }
}
