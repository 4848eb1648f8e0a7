//! Spans, pages and weeks, and who sees what.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, SecondsFormat, TimeDelta, Utc};
use shared::{
    api::{
        bookings::BookingView,
        calendar::{CalendarEvent, CalendarWeek},
    },
    dataset::{RowKind, id},
    ids::{MentorId, UserId},
    page::Page,
    paths,
    problem::Code,
};

use crate::support::{NewSlot, Person, TestApp};

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

async fn events(person: &Person, query: &str) -> Page<CalendarEvent> {
    person.calendar(query).await.ok()
}

/// The whole seeded calendar.
fn everything() -> String {
    let now = Utc::now();
    let (from, to) = (now - TimeDelta::days(310), now + TimeDelta::days(65));
    format!("from={}&to={}", text(from), text(to))
}

#[tokio::test]
async fn a_busy_mentor_sees_all_slots_in_order_on_one_page_or_several() {
    let app = TestApp::start().await;
    let mentor = app.mentor(1);
    let own = MentorId(id(RowKind::Mentor, 1));
    let whole = events(&mentor, &everything()).await;
    assert_eq!((whole.items.len(), whole.total), (500, Some(500)));
    assert!(whole.items.iter().all(|event| event.mentor_id == own));
    assert!(
        whole
            .items
            .is_sorted_by_key(|event| (event.starts_at, event.id))
    );
    for event in &whole.items {
        assert_eq!(event.lessons.len() as i32, event.booked, "{event:?}");
    }
    assert!(whole.items.iter().any(|event| event.lessons.len() > 1));
    let mut paged = Vec::new();
    for page in 1..=6 {
        let query = format!("{}&per_page=97&page={page}", everything());
        paged.extend(events(&mentor, &query).await.items);
    }
    assert_eq!(paged, whole.items);
    let behind = events(&mentor, &format!("{}&page=2", everything())).await;
    assert_eq!((behind.items.len(), behind.total), (0, Some(500)));
    app.finish().await;
}

#[tokio::test]
async fn five_thousand_events_of_one_mentor_are_read_page_by_page_each_once_and_in_order() {
    const EVENTS: i32 = 5_000;
    const PER_PAGE: usize = 617;
    let app = TestApp::start().await;
    let mentor = app.mentor(1);
    // Years behind everything that is seeded; neither rows nor ids are in the order of time.
    let from: DateTime<Utc> = "2040-01-01T00:00:00Z".parse().unwrap();
    sqlx::query(
        "insert into slot (id, mentor_id, starts_at, ends_at, capacity, price_cents)
         select gen_random_uuid(), $1, starts_at, starts_at + interval '10 minutes', 1, 4500
         from generate_series(0, $3::int - 1) n,
              lateral (select $2::timestamptz + (n * 7 % $3::int) * interval '15 minutes' as starts_at) span",
    )
    .bind(id(RowKind::Mentor, 1))
    .bind(from)
    .bind(EVENTS)
    .execute(app.db.pool())
    .await
    .unwrap();
    let span = format!(
        "from={}&to={}",
        text(from),
        text(from + TimeDelta::minutes(15) * EVENTS)
    );
    let all = EVENTS as usize;
    let mut seen = Vec::new();
    for number in 1..=all.div_ceil(PER_PAGE) {
        let query = format!("{span}&per_page={PER_PAGE}&page={number}");
        let page = events(&mentor, &query).await;
        assert_eq!(page.total, Some(all as u64), "page {number}");
        let wanted = PER_PAGE.min(all - seen.len());
        assert_eq!(page.items.len(), wanted, "page {number}");
        seen.extend(
            page.items
                .into_iter()
                .map(|event| (event.starts_at, event.id)),
        );
    }
    let starts: Vec<_> = seen.iter().map(|(starts_at, _)| *starts_at).collect();
    let wanted: Vec<_> = (0..EVENTS)
        .map(|number| from + TimeDelta::minutes(15) * number)
        .collect();
    assert!(starts == wanted, "not every event once, in order");
    let ids: BTreeSet<_> = seen.iter().map(|(_, id)| *id).collect();
    assert_eq!(ids.len(), all);
    let page = all.div_ceil(PER_PAGE) + 1;
    let behind = events(&mentor, &format!("{span}&per_page={PER_PAGE}&page={page}")).await;
    assert_eq!((behind.items.len(), behind.total), (0, Some(all as u64)));
    app.finish().await;
}

#[tokio::test]
async fn a_student_sees_the_own_lessons_and_not_who_else_takes_part() {
    let app = TestApp::start().await;
    let slot = NewSlot::group(3);
    let slot_id = slot.create(&app.db).await;
    let (ann, bob) = (app.student(1), app.student(2));
    let booking: BookingView = ann.book(slot_id).await.created();
    bob.book(slot_id).await.created::<BookingView>();
    let query = format!(
        "from={}&to={}",
        text(slot.starts_at() - TimeDelta::minutes(1)),
        text(slot.starts_at() + TimeDelta::minutes(1))
    );
    let seen = events(&ann, &query).await;
    assert_eq!(seen.items.len(), 1);
    assert_eq!((seen.items[0].id, seen.items[0].booked), (slot_id, 2));
    assert_eq!(seen.items[0].lessons.len(), 1);
    assert_eq!(seen.items[0].lessons[0].booking_id, booking.id);
    let given = events(&app.mentor(0), &query).await;
    let students: Vec<UserId> = given.items[0]
        .lessons
        .iter()
        .map(|lesson| lesson.student_id)
        .collect();
    assert_eq!(students, [ann.id, bob.id]);
    ann.cancel(booking.id).await.ok::<BookingView>();
    assert!(events(&ann, &query).await.items.is_empty());
    // Who neither gives nor takes lessons has none.
    for other in [app.parent(), app.admin()] {
        assert!(events(&other, &query).await.items.is_empty());
    }
    app.finish().await;
}

#[tokio::test]
async fn weeks_follow_each_other_and_hold_the_events_of_their_days() {
    let app = TestApp::start().await;
    let mentor = app.mentor(1);
    let first: CalendarWeek = mentor.get(paths::CALENDAR_WEEK).await.ok();
    let mut found = 0;
    for number in 0..4 {
        let date = first.monday + Days::new(7 * number + 3);
        let path = format!("{}?date={date}", paths::CALENDAR_WEEK);
        let week: CalendarWeek = mentor.get(&path).await.ok();
        assert_eq!(week.monday, first.monday + Days::new(7 * number));
        assert_eq!(week.days.len(), 7);
        for (place, day) in week.days.iter().enumerate() {
            assert_eq!(day.date, week.monday + Days::new(place as u64));
            let dates = day.events.iter().map(|event| event.starts_at.date_naive());
            assert!(dates.into_iter().all(|date| date == day.date));
            found += day.events.len();
        }
    }
    let from = first.monday.and_time(chrono::NaiveTime::MIN).and_utc();
    let query = format!(
        "from={}&to={}",
        text(from),
        text(from + TimeDelta::days(28))
    );
    let span = events(&mentor, &query).await;
    assert_eq!(span.items.len(), found);
    assert!(found > 50, "{found}");
    app.finish().await;
}

#[tokio::test]
async fn spans_pages_and_days_out_of_bounds_are_refused() {
    let app = TestApp::start().await;
    let mentor = app.mentor(1);
    let now = Utc::now();
    let long = format!("from={}&to={}", text(now), text(now + TimeDelta::days(401)));
    let empty = format!("from={}&to={}", text(now), text(now));
    for query in [
        &long,
        &empty,
        "per_page=1001",
        "per_page=0",
        "page=0",
        "x=1",
    ] {
        mentor.calendar(query).await.refused(Code::InvalidRequest);
    }
    for date in ["0000-12-31", "9999-12-27", "tomorrow"] {
        let path = format!("{}?date={date}", paths::CALENDAR_WEEK);
        mentor.get(&path).await.refused(Code::InvalidRequest);
    }
    for date in ["0001-01-01", "1969-12-31", "9999-12-26"] {
        let path = format!("{}?date={date}", paths::CALENDAR_WEEK);
        let week: CalendarWeek = mentor.get(&path).await.ok();
        assert_eq!(week.days.len(), 7, "{date}");
    }
    app.finish().await;
}
