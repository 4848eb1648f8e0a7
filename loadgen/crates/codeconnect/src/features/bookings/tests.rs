//! What a race and a booking may answer, and what they may not.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    api::mentors::{Availability, SlotView},
    ids::MentorId,
    ledger::{BookingOutcome, Ledger},
    money::Cents,
    page::{MAX_PER_PAGE, Page},
    problem::Problem,
};

use super::{
    steps::{WEEKS, check_create, listed},
    *,
};
use crate::features::scripted::{self, SentRequest, all_right, iterate, reply as answer};

fn student(n: u32) -> UserId {
    UserId(dataset::id(RowKind::Student, n))
}

fn slot() -> SlotView {
    let starts_at =
        DateTime::<Utc>::from(loadgen_engine::clock::time_of_day()) + TimeDelta::days(3);
    SlotView {
        id: SlotId(dataset::id(RowKind::Slot, 1)),
        mentor_id: MentorId(dataset::id(RowKind::Mentor, 1)),
        starts_at,
        ends_at: starts_at + TimeDelta::hours(1),
        capacity: 1,
        booked: 0,
        price_cents: Cents(4_500),
    }
}

fn booking(n: u32, slot: &SlotView, who: UserId) -> BookingView {
    BookingView {
        id: BookingId(dataset::id(RowKind::Booking, n)),
        slot_id: slot.id,
        mentor_id: slot.mentor_id,
        mentor_name: "Mentor".into(),
        student_id: who,
        status: BookingStatus::Confirmed,
        scheduled_at: slot.starts_at,
        ends_at: slot.ends_at,
        price_cents: slot.price_cents,
        created_at: loadgen_engine::clock::time_of_day().into(),
        hold_expires_at: None,
    }
}

fn full() -> Reply {
    answer(409, &Problem::new(Code::SlotFull, "taken"))
}

fn won(n: u32) -> Reply {
    answer(201, &booking(n, &slot(), student(n)))
}

fn race_of(replies: Vec<Option<Reply>>, first_time: bool) -> Vec<Judgement> {
    let students: Vec<UserId> = (0..replies.len() as u32).map(student).collect();
    judge_race(&replies, slot().id, &students, first_time)
}

#[test]
fn one_winner_and_the_rest_told_that_it_is_full_is_right() {
    let judged = race_of(vec![Some(full()), Some(won(1)), Some(full()), None], true);
    assert!(judged[..3].iter().all(|one| matches!(one, Some(Ok(())))));
    assert!(judged[3].is_none());
}

#[test]
fn a_second_winner_is_a_slot_given_twice() {
    let judged = race_of(vec![Some(won(0)), Some(won(1))], true);
    assert!(matches!(judged[0], Some(Ok(()))));
    let Some(Err((Outcome::BodyMismatch, why))) = &judged[1] else {
        panic!("{:?}", judged[1])
    };
    assert!(why.contains("slot given twice"));
}

#[test]
fn a_free_slot_that_nobody_gets_is_noticed_but_not_when_it_was_had_before() {
    assert!(matches!(
        race_of(vec![Some(full()), Some(full())], true)[0],
        Some(Err((Outcome::BodyMismatch, _)))
    ));
    assert!(matches!(
        race_of(vec![Some(full())], false)[0],
        Some(Ok(()))
    ));
    // The lost answer may have been the winner's.
    assert!(matches!(
        race_of(vec![Some(full()), None], true)[0],
        Some(Ok(()))
    ));
}

#[test]
fn who_won_an_earlier_race_for_the_place_is_busy_then_and_nobody_is_the_first_time() {
    let busy = || answer(409, &Problem::new(Code::StudentBusy, "has it"));
    let again = race_of(vec![Some(busy()), Some(full())], false);
    assert!(again.iter().all(|one| matches!(one, Some(Ok(())))));
    let first = race_of(vec![Some(busy()), Some(won(1))], true);
    assert!(matches!(first[0], Some(Err((Outcome::HttpError, _)))));
}

#[test]
fn a_loser_of_a_race_is_told_why() {
    let silent = answer(409, &Problem::new(Code::SlotFull, " "));
    let judged = race_of(vec![Some(silent), Some(won(1))], true);
    let Some(Err((_, why))) = &judged[0] else {
        panic!("{:?}", judged[0])
    };
    assert!(why.contains("does not say why"), "{why}");
}

#[test]
fn a_race_for_a_place_that_is_not_offered_is_told_so_to_all() {
    let closed = || answer(409, &Problem::new(Code::SlotClosed, "not offered"));
    let judged = race_of(vec![Some(closed()), Some(closed()), None], true);
    assert!(judged[..2].iter().all(|one| matches!(one, Some(Ok(())))));
    let mixed = race_of(vec![Some(closed()), Some(won(1))], true);
    assert!(matches!(mixed[0], Some(Err((Outcome::HttpError, _)))));
}

#[test]
fn an_expected_refusal_is_no_failure_and_another_status_is() {
    let slot = slot();
    for code in [Code::SlotFull, Code::StudentBusy, Code::SlotClosed] {
        let reply = answer(409, &Problem::new(code, "no"));
        assert_eq!(check_create(&reply, &slot, student(1)), Ok(Err(code)));
    }
    let reply = answer(503, &Problem::new(Code::Overloaded, "no"));
    assert!(check_create(&reply, &slot, student(1)).is_err());
    // The right reason with a status that it never comes with.
    let reply = answer(500, &Problem::new(Code::SlotFull, "no"));
    assert!(check_create(&reply, &slot, student(1)).is_err());
    let judged = race_of(vec![Some(reply), Some(won(1))], true);
    assert!(matches!(judged[0], Some(Err((Outcome::HttpError, _)))));
}

#[test]
fn a_booking_for_somebody_else_or_at_another_price_is_noticed() {
    let slot = slot();
    let good = booking(1, &slot, student(1));
    assert!(check_create(&answer(201, &good), &slot, student(1)).is_ok());
    assert!(check_create(&answer(201, &good), &slot, student(2)).is_err());
    let dear = BookingView {
        price_cents: Cents(1),
        ..good
    };
    assert!(check_create(&answer(201, &dear), &slot, student(1)).is_err());
}

#[test]
fn a_repetition_has_the_same_booking_and_a_list_that_lacks_it_is_stale() {
    let slot = slot();
    let (first, second) = (booking(1, &slot, student(1)), booking(2, &slot, student(1)));
    assert!(check_repeat(&answer(201, &first), first.id).is_ok());
    assert!(check_repeat(&answer(201, &second), first.id).is_err());
    assert!(check_repeat(&full(), first.id).is_err());
    let list = |items| {
        answer(
            200,
            &Page {
                items,
                total: None,
                page: 1,
                per_page: 100,
                next_cursor: None,
            },
        )
    };
    let read = |items: Vec<BookingView>| listed(&list(items), student(1)).unwrap();
    assert!(check_mine(&read(vec![second.clone(), first.clone()]), &first, false).is_ok());
    let without = read(vec![second]);
    let why = check_mine(&without, &first, false).unwrap_err();
    assert!(why.to_string().contains("stale"));
    assert!(check_mine(&without, &first, true).is_ok());
    let elsewhere = BookingView {
        slot_id: shared::ids::SlotId(uuid::Uuid::nil()),
        ..first.clone()
    };
    assert!(check_mine(&read(vec![elsewhere]), &first, true).is_err());
}

/// What a flow sends to a target that books, lists and cancels; each booking has a number of its own,
/// unless it `revives` the first one.
async fn sent(flow: &str, number: u64, revives: bool) -> Vec<SentRequest> {
    let (mut offered, mut made) = (slot(), 0);
    let who = scripted::student();
    let world = scripted::world();
    let target = |op: &'static str, request: &Request| {
        if op == "mentors.availability" {
            offered.mentor_id = scripted::mentor_of(request);
            let slots = vec![offered.clone()];
            return Some(answer(200, &Availability { slots }));
        }
        made += u32::from(op == "bookings.create" && !(revives && made == 1));
        let mut newest = booking(made, &offered, who);
        Some(match op {
            "bookings.mine" => answer(
                200,
                &Page {
                    items: vec![newest],
                    total: None,
                    page: 1,
                    per_page: MAX_PER_PAGE,
                    next_cursor: None,
                },
            ),
            "bookings.cancel" => {
                newest.status = BookingStatus::Cancelled;
                answer(200, &newest)
            }
            _ => answer(201, &newest),
        })
    };
    iterate(flow, &world, number, target).await
}

#[tokio::test]
async fn a_student_who_cancels_books_the_same_place_again() {
    let again = sent("bookings.rebook", 0, false).await;
    assert_eq!(
        all_right(&again),
        [
            "mentors.availability",
            "bookings.create",
            "bookings.cancel",
            "bookings.create",
            "bookings.mine"
        ]
    );
    let revived = sent("bookings.rebook", 0, true).await;
    let last = revived.last();
    assert_eq!(
        last,
        Some(&("bookings.create", Some(Outcome::BodyMismatch)))
    );
}

/// What a student sends who takes another slot, which is answered with a refusal if there is one, and the
/// ledger then. The list shows the booking in its former slot where it `is_stale`.
async fn rescheduled(
    refusal: Option<Code>,
    is_stale: bool,
    may_be_old: bool,
) -> (Vec<SentRequest>, Ledger) {
    let who = scripted::student();
    let mut world = scripted::world();
    world.reads_may_be_old = may_be_old;
    let mut offered = vec![slot()];
    for n in 2..=3 {
        let hours = TimeDelta::hours(2 * i64::from(n));
        let mut other = slot();
        other.id = SlotId(dataset::id(RowKind::Slot, n));
        other.starts_at = offered[0].starts_at + hours;
        other.ends_at = offered[0].ends_at + hours;
        offered.push(other);
    }
    // A booking of the first slot cannot be put into the second one.
    offered[1].price_cents = Cents(1);
    let mut is_booked = false;
    let target = |op: &'static str, request: &Request| {
        Some(match op {
            "mentors.availability" => {
                for one in &mut offered {
                    one.mentor_id = scripted::mentor_of(request);
                }
                let shown = if is_booked {
                    &offered[1..]
                } else {
                    &offered[..1]
                };
                let slots = shown.to_vec();
                answer(200, &Availability { slots })
            }
            "bookings.create" => {
                is_booked = true;
                answer(201, &booking(1, &offered[0], who))
            }
            "bookings.reschedule" => match refusal {
                Some(code) => answer(409, &Problem::new(code, "no")),
                None => answer(200, &booking(1, &offered[2], who)),
            },
            _ => {
                let seen = if is_stale { &offered[0] } else { &offered[2] };
                let page = Page {
                    items: vec![booking(1, seen, who)],
                    total: None,
                    page: 1,
                    per_page: MAX_PER_PAGE,
                    next_cursor: None,
                };
                answer(200, &page)
            }
        })
    };
    let sent = iterate("bookings.reschedule", &world, 0, target).await;
    (sent, world.ledger.ledger())
}

fn outcomes(ledger: &Ledger) -> Vec<(SlotId, BookingOutcome)> {
    let writes = ledger.bookings.iter();
    writes.map(|write| (write.slot, write.outcome)).collect()
}

#[tokio::test]
async fn a_student_who_takes_another_slot_finds_the_booking_there_and_the_ledger_has_both() {
    let (from, to) = (slot().id, SlotId(dataset::id(RowKind::Slot, 3)));
    let steps = [
        "mentors.availability",
        "bookings.create",
        "mentors.availability",
        "bookings.reschedule",
        "bookings.mine",
    ];
    let (sent, ledger) = rescheduled(None, false, false).await;
    assert_eq!(all_right(&sent), steps);
    let moved = [(from, BookingOutcome::Moved), (to, BookingOutcome::Booked)];
    assert_eq!(outcomes(&ledger), moved);
    for (code, outcome) in [
        (Code::SlotFull, BookingOutcome::Full),
        (Code::StudentBusy, BookingOutcome::Refused),
        (Code::SlotClosed, BookingOutcome::Refused),
    ] {
        let (sent, ledger) = rescheduled(Some(code), false, false).await;
        assert_eq!(all_right(&sent), steps[..4]);
        let stayed = [(from, BookingOutcome::Booked), (to, outcome)];
        assert_eq!(outcomes(&ledger), stayed);
    }
    let (sent, ledger) = rescheduled(Some(Code::BookingNotActive), false, false).await;
    assert_eq!(
        sent.last(),
        Some(&("bookings.reschedule", Some(Outcome::HttpError)))
    );
    let doubtful = [
        (from, BookingOutcome::MoveInDoubt),
        (to, BookingOutcome::InDoubt),
    ];
    assert_eq!(outcomes(&ledger), doubtful);
}

#[tokio::test]
async fn a_list_with_the_former_slot_is_a_failure_unless_lists_may_be_old() {
    let (sent, _) = rescheduled(None, true, false).await;
    assert_eq!(
        sent.last(),
        Some(&("bookings.mine", Some(Outcome::BodyMismatch)))
    );
    let (sent, _) = rescheduled(None, true, true).await;
    assert_eq!(all_right(&sent).len(), 5);
}

#[tokio::test]
async fn students_look_for_a_place_in_any_of_the_coming_weeks() {
    let (world, mut asked) = (scripted::world(), BTreeSet::new());
    for number in 0..64 {
        iterate("bookings.book", &world, number, |op, request| {
            if op == "mentors.availability" {
                asked.insert(request.path.query().map(str::to_owned));
            }
            None
        })
        .await;
    }
    assert_eq!(asked.len(), WEEKS as usize, "{asked:?}");
    assert!(asked.contains(&None), "the next two weeks are the default");
}

#[tokio::test]
async fn a_repeated_booking_is_counted_as_none_that_was_made() {
    let mut repeated = 0;
    for number in 0..64 {
        let ops = all_right(&sent("bookings.book", number, false).await);
        let of = |name| ops.iter().filter(|op| **op == name).count();
        assert_eq!(of("bookings.create"), 1, "{ops:?}");
        repeated += of("bookings.repeat");
    }
    assert!(repeated > 0, "one in ten is sent again");
    let (_, made) = FEATURE.completes[0];
    assert!(
        made.iter()
            .all(|op| op.descriptor().name != "bookings.repeat")
    );
}
