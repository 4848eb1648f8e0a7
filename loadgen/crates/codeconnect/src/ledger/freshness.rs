//! How stale reads are: each acknowledged booking, change of its slot and cancellation has the time of
//! its acknowledgement, and each later read either shows it or does not.
//!
//! The age of a stale read is the time from the acknowledgement of the oldest effect that it
//! lacks to the begin of the read. The form is that of Jepsen's set-full checker, with the
//! target's own booking ids as version stamps.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use shared::{
    api::bookings::{BookingStatus, BookingView},
    ids::{BookingId, SlotId, UserId},
};

use loadgen_experiment::system::{Freshness, MAX_STALE_AGES};

/// A read that has begun.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    student: UserId,
    at: Instant,
}

/// A change that was acknowledged, and that its author reads back.
#[derive(Debug, Clone, Copy)]
pub struct OwnChange(Instant);

/// A read of such a change that has begun.
#[derive(Debug, Clone, Copy)]
pub struct OwnReading {
    /// Time since the acknowledgement.
    age: Duration,
}

impl OwnChange {
    /// One that is acknowledged now.
    pub fn acknowledged() -> Self {
        Self(now())
    }

    /// A read of it begins, which should show it.
    pub fn read_begins(self) -> OwnReading {
        OwnReading {
            age: now().saturating_duration_since(self.0),
        }
    }
}

/// Newest bookings of a student that are followed although a read has shown them, so that they are bounded
/// however long the load is. A list that is older than a change lacks every later one too, so it is still
/// found to be stale by these; the age of one that lacks more of them than this is that of the oldest that
/// is followed.
const FOLLOWED: usize = 8;
/// Bookings of a student that are followed at most: a list that is read by its first page alone may never
/// come to the older ones.
const MOST_FOLLOWED: usize = 32;

/// What the students' lists should show.
#[derive(Debug, Default)]
pub(super) struct Visible {
    /// In the order of their acknowledgements.
    students: HashMap<UserId, Vec<Effect>>,
    reads: u64,
    stale: u64,
    ages: Vec<Duration>,
}

/// One booking as far as it is acknowledged.
#[derive(Debug)]
struct Effect {
    booking: BookingId,
    slot: SlotId,
    scheduled_at: DateTime<Utc>,
    /// When the slot was acknowledged that it is in.
    booked: Instant,
    /// Whether a change was requested: from then on either state may be seen.
    unsettled: bool,
    cancelled: Option<Instant>,
    /// Whether a read has shown it as it is now.
    shown: bool,
}

impl Visible {
    pub(super) fn booked(&mut self, booking: &BookingView) {
        self.follow(booking, None);
    }

    fn follow(&mut self, booking: &BookingView, cancelled: Option<Instant>) {
        let effects = self.students.entry(booking.student_id).or_default();
        effects.push(Effect {
            booking: booking.id,
            slot: booking.slot_id,
            scheduled_at: booking.scheduled_at,
            booked: now(),
            unsettled: false,
            cancelled,
            shown: false,
        });
        if effects.len() > MOST_FOLLOWED {
            effects.remove(0);
        }
    }

    pub(super) fn changing(&mut self, booking: &BookingView) {
        if let Some(effect) = self.effect(booking) {
            effect.unsettled = true;
            effect.shown = false;
        }
    }

    /// The change that was requested was refused.
    pub(super) fn unchanged(&mut self, booking: &BookingView) {
        if let Some(effect) = self.effect(booking) {
            effect.unsettled = false;
        }
    }

    pub(super) fn rescheduled(&mut self, booking: &BookingView) {
        let at = now();
        if let Some(effect) = self.effect(booking) {
            effect.slot = booking.slot_id;
            effect.scheduled_at = booking.scheduled_at;
            effect.booked = at;
            effect.unsettled = false;
        } else {
            self.follow(booking, None);
        }
    }

    pub(super) fn cancelled(&mut self, booking: &BookingView) {
        let at = now();
        if let Some(effect) = self.effect(booking) {
            effect.cancelled = Some(at);
        } else {
            self.follow(booking, Some(at));
        }
    }

    fn effect(&mut self, booking: &BookingView) -> Option<&mut Effect> {
        let effects = self.students.get_mut(&booking.student_id)?;
        effects.iter_mut().find(|one| one.booking == booking.id)
    }

    #[expect(clippy::unused_self, reason = "a read begins within the ledger")]
    pub(super) fn reading(&self, student: UserId) -> Reading {
        Reading { student, at: now() }
    }

    pub(super) fn read(&mut self, reading: &Reading, listed: &[BookingView], whole: bool) {
        let Some(effects) = self.students.get_mut(&reading.student) else {
            return;
        };
        // A page that was cut says nothing of what comes after it.
        let end = match listed.last() {
            Some(last) if !whole => Some(last.scheduled_at),
            _ => None,
        };
        let listed: HashMap<BookingId, &BookingView> =
            listed.iter().map(|one| (one.id, one)).collect();
        let mut shown = 0_u64;
        let mut oldest = None;
        for effect in effects.iter_mut() {
            if end.is_some_and(|end| effect.scheduled_at <= end) || effect.booked > reading.at {
                continue;
            }
            let since = match (effect.cancelled, effect.unsettled) {
                (Some(at), _) if at <= reading.at => Some((at, BookingStatus::Cancelled)),
                (_, true) => None,
                _ => Some((effect.booked, BookingStatus::Confirmed)),
            };
            let Some((since, expected)) = since else {
                continue;
            };
            shown += 1;
            let found = listed.get(&effect.booking);
            let seen = match expected {
                // A list may leave cancelled ones out.
                BookingStatus::Cancelled => {
                    found.is_none_or(|one| one.status == BookingStatus::Cancelled)
                }
                _ => found.is_some_and(|one| one.slot_id == effect.slot),
            };
            effect.shown |= seen;
            if !seen {
                oldest = Some(oldest.map_or(since, |known: Instant| known.min(since)));
            }
        }
        let mut older = effects.len().saturating_sub(FOLLOWED);
        effects.retain(|effect| {
            let kept = older == 0 || !effect.shown;
            older = older.saturating_sub(1);
            kept
        });
        self.reads += u64::from(shown > 0);
        if let Some(since) = oldest {
            self.stale(reading.at.saturating_duration_since(since));
        }
    }

    pub(super) fn read_own(&mut self, reading: OwnReading, shown: bool) {
        self.reads += 1;
        if !shown {
            self.stale(reading.age);
        }
    }

    fn stale(&mut self, age: Duration) {
        self.stale += 1;
        if self.ages.len() < MAX_STALE_AGES {
            self.ages.push(age);
        }
    }

    /// Adds the reads of another process: each knows what it was itself acknowledged.
    pub(super) fn join(&mut self, other: Freshness) {
        self.reads += other.reads;
        self.stale += other.stale;
        let room = MAX_STALE_AGES.saturating_sub(self.ages.len());
        self.ages.extend(other.ages.into_iter().take(room));
    }

    pub(super) fn freshness(&self) -> Freshness {
        let mut ages = self.ages.clone();
        ages.sort_unstable();
        Freshness {
            reads: self.reads,
            stale: self.stale,
            ages,
        }
    }
}

/// The one place of this file that reads the time.
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::TimeDelta;
    use shared::{
        dataset::{self, RowKind},
        ids::{MentorId, SlotId},
        money::Cents,
    };

    use super::*;

    pub(in crate::ledger) fn booking(student: u32, n: u32) -> BookingView {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(i64::from(n));
        BookingView {
            id: BookingId(dataset::id(RowKind::Booking, n)),
            slot_id: SlotId(dataset::id(RowKind::Slot, n)),
            mentor_id: MentorId(dataset::id(RowKind::Mentor, 1)),
            mentor_name: String::new(),
            student_id: UserId(dataset::id(RowKind::Student, student)),
            status: BookingStatus::Confirmed,
            scheduled_at: at,
            ends_at: at + TimeDelta::hours(1),
            price_cents: Cents(1),
            created_at: at,
            hold_expires_at: None,
        }
    }

    fn pause() {
        std::thread::sleep(Duration::from_millis(2));
    }

    #[test]
    fn a_read_that_lacks_what_was_acknowledged_before_it_is_as_old_as_that() {
        let mut visible = Visible::default();
        let (one, two) = (booking(1, 1), booking(1, 2));
        visible.booked(&one);
        pause();
        visible.booked(&two);
        pause();
        let reading = visible.reading(one.student_id);
        visible.read(&reading, std::slice::from_ref(&two), true);
        visible.read(&reading, &[two.clone(), one.clone()], true);
        let found = visible.freshness();
        assert_eq!((found.reads, found.stale), (2, 1));
        assert!(found.age(0.5).unwrap() >= Duration::from_millis(4));
    }

    #[test]
    fn what_was_acknowledged_after_the_read_began_and_what_the_page_cuts_is_not_missed() {
        let mut visible = Visible::default();
        let (old, new) = (booking(1, 1), booking(1, 9));
        let early = visible.reading(old.student_id);
        pause();
        visible.booked(&old);
        visible.read(&early, &[], true);
        let late = visible.reading(old.student_id);
        visible.read(&late, std::slice::from_ref(&new), false);
        assert_eq!(visible.freshness(), Freshness::default());
        visible.read(&late, &[new], true);
        assert_eq!(visible.freshness().stale, 1);
    }

    #[test]
    fn a_cancellation_counts_once_it_is_acknowledged_and_may_be_either_before() {
        let mut visible = Visible::default();
        let mut lesson = booking(1, 1);
        visible.booked(&lesson);
        visible.changing(&lesson);
        pause();
        let doubtful = visible.reading(lesson.student_id);
        visible.read(&doubtful, &[], true);
        assert_eq!(visible.freshness().reads, 0);
        visible.cancelled(&lesson);
        pause();
        let settled = visible.reading(lesson.student_id);
        visible.read(&settled, std::slice::from_ref(&lesson), true);
        lesson.status = BookingStatus::Cancelled;
        visible.read(&settled, &[lesson], true);
        let found = visible.freshness();
        assert_eq!((found.reads, found.stale), (2, 1));
    }

    #[test]
    fn a_list_that_shows_the_former_slot_is_as_old_as_the_change() {
        let mut visible = Visible::default();
        let former = booking(1, 1);
        let later = BookingView {
            id: former.id,
            ..booking(1, 9)
        };
        visible.booked(&former);
        visible.changing(&former);
        pause();
        let doubtful = visible.reading(former.student_id);
        visible.read(&doubtful, std::slice::from_ref(&former), true);
        assert_eq!(visible.freshness().reads, 0);
        // A refusal leaves it where it was.
        visible.unchanged(&former);
        visible.read(&doubtful, std::slice::from_ref(&former), true);
        assert_eq!(
            (visible.freshness().reads, visible.freshness().stale),
            (1, 0)
        );
        visible.changing(&former);
        visible.rescheduled(&later);
        pause();
        let settled = visible.reading(former.student_id);
        visible.read(&settled, std::slice::from_ref(&former), true);
        visible.read(&settled, std::slice::from_ref(&later), true);
        let found = visible.freshness();
        assert_eq!((found.reads, found.stale), (3, 1));
        // A page that ends after the former time, and before the other one, has to show it.
        visible.read(&settled, &[booking(1, 5)], false);
        assert_eq!(visible.freshness().stale, 2);
    }

    #[test]
    fn many_bookings_take_little_memory_and_a_list_that_is_older_than_them_is_still_stale() {
        let mut visible = Visible::default();
        let all: Vec<BookingView> = (1..=100).map(|n| booking(1, n)).collect();
        let student = all[0].student_id;
        for (index, lesson) in all.iter().enumerate() {
            visible.booked(lesson);
            if index % 5 == 4 {
                let reading = visible.reading(student);
                visible.read(&reading, &all[..=index], true);
            }
            assert!(visible.students[&student].len() < FOLLOWED + 5);
        }
        assert_eq!(visible.freshness().stale, 0);
        let late = visible.reading(student);
        visible.read(&late, &all[..97], true);
        visible.read(&late, &all[..50], true);
        assert_eq!(visible.freshness().stale, 2);
        // One that is no longer followed is again, once it is cancelled.
        let mut first = all[0].clone();
        visible.changing(&first);
        visible.cancelled(&first);
        pause();
        let late = visible.reading(student);
        visible.read(&late, &all, true);
        assert_eq!(visible.freshness().stale, 3);
        first.status = BookingStatus::Cancelled;
        visible.read(&late, &[&[first], &all[1..]].concat(), true);
        assert_eq!(visible.freshness().stale, 3);
    }

    #[test]
    fn what_no_read_has_shown_stays_followed_among_the_newest() {
        let mut visible = Visible::default();
        let all: Vec<BookingView> = (1..=MOST_FOLLOWED as u32).map(|n| booking(1, n)).collect();
        for lesson in &all {
            visible.booked(lesson);
        }
        let student = all[0].student_id;
        for _ in 0..3 {
            let reading = visible.reading(student);
            visible.read(&reading, &all[1..], true);
        }
        assert_eq!(visible.freshness().stale, 3);
        assert_eq!(visible.students[&student].len(), 1 + FOLLOWED);
        for n in 100..200 {
            visible.booked(&booking(1, n));
        }
        assert_eq!(visible.students[&student].len(), MOST_FOLLOWED);
    }

    #[test]
    fn a_change_of_ones_own_that_a_read_lacks_makes_it_stale_by_the_time_since() {
        let mut visible = Visible::default();
        let change = OwnChange::acknowledged();
        std::thread::sleep(Duration::from_millis(5));
        visible.read_own(change.read_begins(), true);
        visible.read_own(change.read_begins(), false);
        let found = visible.freshness();
        assert_eq!((found.reads, found.stale), (2, 1));
        assert!(found.age(0.5).unwrap() >= Duration::from_millis(5));
    }
}
