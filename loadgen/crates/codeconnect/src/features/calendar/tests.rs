//! Right calendars are accepted, and each wrong one is noticed.

use shared::{api::calendar::CalendarDay, ids::SlotId, money::Cents, problem::Problem};
use uuid::Uuid;

use super::*;
use crate::features::scripted::reply;

fn account() -> MentorAccount {
    MentorAccount {
        mentor: 1,
        token: "".into(),
    }
}

fn monday() -> NaiveDate {
    "2027-03-01".parse().unwrap()
}

/// An event of an hour in that hour of the week.
fn event(hour: i64) -> CalendarEvent {
    let starts_at = monday().and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(hour);
    CalendarEvent {
        id: SlotId(Uuid::from_u128(hour as u128)),
        mentor_id: MentorId(dataset::id(RowKind::Mentor, 1)),
        mentor_name: "Ada Stone".to_owned(),
        starts_at,
        ends_at: starts_at + TimeDelta::hours(1),
        capacity: 1,
        booked: 0,
        price_cents: Cents(4_500),
        lessons: Vec::new(),
    }
}

fn week(hours: &[i64]) -> CalendarWeek {
    let days = (0..7).map(|day| CalendarDay {
        date: monday() + Days::new(day),
        events: hours
            .iter()
            .filter(|hour| **hour / 24 == day as i64)
            .map(|hour| event(*hour))
            .collect(),
    });
    CalendarWeek {
        monday: monday(),
        days: days.collect(),
        total: hours.len() as u64,
    }
}

fn judged(week: &CalendarWeek) -> Result<CalendarWeek, Mismatch> {
    check_week(&reply(200, week), &account(), Some(monday()))
}

#[test]
fn a_week_in_order_is_accepted_and_each_fault_of_one_is_noticed() {
    judged(&week(&[8, 9, 30])).unwrap();
    let mut other_week = week(&[8]);
    other_week.monday = monday() + Days::new(7);
    let mut wrong_day = week(&[8]);
    wrong_day.days.swap(0, 1);
    let mut left_out = week(&[8]);
    left_out.total = 2;
    let mut foreign = week(&[8]);
    foreign.days[0].events[0].mentor_id = MentorId(Uuid::nil());
    let mut overlap = week(&[8, 9]);
    overlap.days[0].events[0].ends_at += TimeDelta::minutes(1);
    let mut twice = week(&[8, 9]);
    twice.days[0].events[1].id = twice.days[0].events[0].id;
    for wrong in [other_week, wrong_day, left_out, foreign, overlap, twice] {
        assert!(judged(&wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_month_with_too_few_events_is_no_full_one() {
    let events: Vec<CalendarEvent> = [8, 9, 30].map(event).to_vec();
    let page = |items: Vec<CalendarEvent>| Page {
        total: Some(items.len() as u64),
        items,
        page: 1,
        per_page: MAX_EVENTS,
        next_cursor: None,
    };
    let three = reply(200, &page(events));
    assert_eq!(check_month(&three, &account()), Ok(3));
    assert_eq!(check_full_month(&three, &account(), 3), Ok(()));
    let why = check_full_month(&three, &account(), 4).unwrap_err();
    assert!(why.to_string().contains("3 events"), "{why}");
    for scale in Scale::ALL {
        let full = fewest_events(scale.counts()) > 500;
        assert_eq!(full, scale != Scale::Tiny);
    }
}

#[test]
fn free_hours_are_those_without_an_event() {
    let events: Vec<CalendarEvent> = (1..HOURS).map(event).collect();
    let events: Vec<&CalendarEvent> = events.iter().collect();
    assert_eq!(free_hours(monday(), &events), [event(0).starts_at]);
    assert_eq!(free_hours(monday(), &[]).len(), HOURS as usize);
}

#[test]
fn a_move_is_where_it_was_moved_to_and_a_taken_time_is_expected() {
    let (from, to) = (event(8), event(20).starts_at);
    let moved = CalendarEvent {
        starts_at: to,
        ends_at: to + TimeDelta::hours(1),
        ..from.clone()
    };
    assert_eq!(check_move(&reply(200, &moved), &from, to), Ok(true));
    assert!(check_move(&reply(200, &from), &from, to).is_err());
    for code in [Code::MentorBusy, Code::StudentBusy, Code::SlotClosed] {
        let refused = reply(409, &Problem::new(code, "why"));
        assert_eq!(check_move(&refused, &from, to), Ok(false));
    }
    let failed = reply(404, &Problem::new(Code::NotFound, "why"));
    assert!(check_move(&failed, &from, to).is_err());
}
