//! The calendar: a busy month, weeks one after the other, and an event dragged to another time.
//!
//! A time that is taken meanwhile is an expected response. Errors are a calendar that is not in order
//! or shows two events at once, and a move that the next look at the week does not show.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use http::Method;
use rand::RngExt as _;
use shared::{
    api::calendar::{CalendarEvent, CalendarWeek, MAX_EVENTS, MoveRequest},
    dataset::{self, BUSIEST_MENTOR, Counts, FULL_MONTH, RowKind, Scale},
    ids::MentorId,
    page::Page,
    paths,
    problem::Code,
};

use crate::{
    flows::{AppFlow, AppIteration, DrawnPlace, FeatureFlows, MentorAccount, Op, until_failure},
    ledger::OwnChange,
};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Weeks that are scrolled through.
const WEEKS: u64 = 4;
/// The week an event is dragged in lies this many weeks ahead, at most: the seeded calendar ends after
/// sixty days.
const WEEKS_AHEAD: u64 = 7;
/// Users of one mentor who never drag the same event: each takes its events by their ids.
const PLACES: usize = 16;
/// Hours of a week.
const HOURS: i64 = 7 * 24;

static MONTH: Op = Op::get("calendar.month");
static WEEK: Op = Op::get("calendar.week");
static MOVE: Op = Op::patch("calendar.move");
static REFRESH: Op = Op::get("calendar.refresh");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&MONTH, &WEEK, &MOVE, &REFRESH],
    headline: &[&MONTH, &MOVE],
    completes: &[("lessons moved", &[&MOVE])],
    flows: &[
        AppFlow {
            name: "calendar.month",
            help: "a mentor looks at the next month",
            operations: &[&MONTH],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(month(it)),
        },
        AppFlow {
            name: "calendar.full_month",
            help: "the busiest mentor looks at the next month, which has more than 500 events",
            operations: &[&MONTH],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(full_month(it)),
        },
        AppFlow {
            name: "calendar.week",
            help: "a mentor scrolls through four weeks",
            operations: &[&WEEK],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(scroll(it)),
        },
        AppFlow {
            name: "calendar.move",
            help: "a mentor drags an event to a free hour of its week and finds it there",
            operations: &[&WEEK, &MOVE, &REFRESH],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(drag(it)),
        },
    ],
    needs_staff: true,
    ..FeatureFlows::new("calendar", "Calendar")
};

async fn month(mut it: AppIteration<'_>) -> Option<()> {
    let account = it.world.any_mentor(it.rng)?;
    let request = Request::get(paths::CALENDAR).bearer(&account.token.get());
    it.call(&MONTH, request, |reply| check_month(reply, account))
        .await;
    Some(())
}

async fn full_month(mut it: AppIteration<'_>) -> Option<()> {
    let mut mentors = it.world.mentor_accounts.iter();
    let account = mentors.find(|one| one.mentor == BUSIEST_MENTOR)?;
    let least = fewest_events(it.world.counts);
    let request = Request::get(paths::CALENDAR).bearer(&account.token.get());
    it.call(&MONTH, request, |reply| {
        check_full_month(reply, account, least)
    })
    .await;
    Some(())
}

/// Fewest events in the next month of the busiest mentor; the smallest data has no full month.
fn fewest_events(counts: Counts) -> usize {
    if counts == Scale::Tiny.counts() {
        1
    } else {
        FULL_MONTH
    }
}

async fn scroll(mut it: AppIteration<'_>) -> Option<()> {
    let account = it.world.any_mentor(it.rng)?;
    let mut date = None;
    for _ in 0..WEEKS {
        let week = look(&mut it, &WEEK, account, date).await?;
        date = Some(week.monday + Days::new(7));
    }
    Some(())
}

async fn drag(mut it: AppIteration<'_>) -> Option<()> {
    let ahead = it.rng.random_range(1..=WEEKS_AHEAD);
    let (which, place) = (DrawnPlace::draw(it.rng), DrawnPlace::draw(it.rng));
    let mentors = &it.world.mentor_accounts;
    if mentors.is_empty() {
        return None;
    }
    let user = it.user as usize;
    let account = &mentors[user / PLACES % mentors.len()];
    // Another user may drag the same event meanwhile.
    let shared = user >= PLACES * mentors.len();
    let now = look(&mut it, &WEEK, account, None).await?;
    let date = now.monday + Days::new(7 * ahead);
    let week = look(&mut it, &WEEK, account, Some(date)).await?;
    let events: Vec<&CalendarEvent> = week.days.iter().flat_map(|day| &day.events).collect();
    let own: Vec<&CalendarEvent> = events
        .iter()
        .copied()
        .filter(|event| event.id.0.as_u128() % PLACES as u128 == (user % PLACES) as u128)
        .collect();
    let free = free_hours(week.monday, &events);
    let (event, starts_at) = which.item(&own).zip(place.item(&free))?;
    let request = Request::json(
        Method::PATCH,
        paths::with_id(paths::CALENDAR_EVENT, event.id),
        &MoveRequest {
            starts_at: *starts_at,
        },
    )
    .bearer(&account.token.get());
    let moved = it
        .call(&MOVE, request, |reply| check_move(reply, event, *starts_at))
        .await;
    if moved != Some(true) {
        return None;
    }
    let world = it.world;
    let reading = OwnChange::acknowledged().read_begins();
    let request = week_request(account, Some(date));
    it.call(&REFRESH, request, |reply| {
        let week = check_week(reply, account, Some(date))?;
        if shared {
            return Ok(());
        }
        let mut events = week.days.iter().flat_map(|day| &day.events);
        let shown = events.any(|one| one.id == event.id && one.starts_at == *starts_at);
        world.check_own(reading, shown, "the calendar does not show the move")
    })
    .await;
    Some(())
}

/// Hours of a week in which nothing is.
fn free_hours(monday: NaiveDate, events: &[&CalendarEvent]) -> Vec<DateTime<Utc>> {
    let begin = monday.and_time(NaiveTime::MIN).and_utc();
    (0..HOURS)
        .map(|hour| begin + TimeDelta::hours(hour))
        .filter(|start| {
            let end = *start + TimeDelta::hours(1);
            events
                .iter()
                .all(|event| event.ends_at <= *start || event.starts_at >= end)
        })
        .collect()
}

fn week_request(account: &MentorAccount, date: Option<NaiveDate>) -> Request {
    let path = match date {
        Some(date) => format!("{}?date={date}", paths::CALENDAR_WEEK),
        None => paths::CALENDAR_WEEK.to_owned(),
    };
    Request::get(path).bearer(&account.token.get())
}

async fn look(
    it: &mut AppIteration<'_>,
    op: &Op,
    account: &MentorAccount,
    date: Option<NaiveDate>,
) -> Option<CalendarWeek> {
    it.call(op, week_request(account, date), |reply| {
        check_week(reply, account, date)
    })
    .await
}

/// A full month, whose time is that of so many events: with fewer the figure would be another one.
fn check_full_month(reply: &Reply, account: &MentorAccount, least: usize) -> Result<(), Mismatch> {
    let shown = check_month(reply, account)?;
    if shown >= least {
        return Ok(());
    }
    Err(Mismatch::new(format!(
        "{shown} events in a month of {least} or more: was the database seeded more than four weeks ago?"
    )))
}

/// How many events the month has, if they are right.
fn check_month(reply: &Reply, account: &MentorAccount) -> Result<usize, Mismatch> {
    let page: Page<CalendarEvent> = check::json(reply, 200)?;
    let shown = page.items.len() as u64;
    if page.total.is_none_or(|total| total < shown) {
        return Err(Mismatch::new("more events than there are in all"));
    }
    if page.total > Some(shown) && shown < u64::from(MAX_EVENTS) {
        return Err(Mismatch::new("events are left out of a page with space"));
    }
    check_events(&page.items, account)?;
    Ok(page.items.len())
}

fn check_week(
    reply: &Reply,
    account: &MentorAccount,
    date: Option<NaiveDate>,
) -> Result<CalendarWeek, Mismatch> {
    let week: CalendarWeek = check::json(reply, 200)?;
    if week.monday.weekday() != Weekday::Mon || date.is_some_and(|date| date != week.monday) {
        return Err(Mismatch::new("not the week that was asked for"));
    }
    let dates = (0..7).map(|day| week.monday + Days::new(day));
    if !dates.eq(week.days.iter().map(|day| day.date)) {
        return Err(Mismatch::new("the days are not those of the week"));
    }
    let misplaced = |day: &shared::api::calendar::CalendarDay| {
        let mut dates = day.events.iter().map(|event| event.starts_at.date_naive());
        dates.any(|date| date != day.date)
    };
    if week.days.iter().any(misplaced) {
        return Err(Mismatch::new("an event is on the wrong day"));
    }
    let events: Vec<CalendarEvent> = week
        .days
        .iter()
        .flat_map(|day| day.events.clone())
        .collect();
    if week.total != events.len() as u64 && events.len() < MAX_EVENTS as usize {
        return Err(Mismatch::new("the week does not hold all of its events"));
    }
    check_events(&events, account)?;
    Ok(week)
}

/// One mentor's events in order of time, none twice and no two at once.
fn check_events(events: &[CalendarEvent], account: &MentorAccount) -> Result<(), Mismatch> {
    let mentor = MentorId(dataset::id(RowKind::Mentor, account.mentor));
    if events.iter().any(|event| event.mentor_id != mentor) {
        return Err(Mismatch::new("the calendar shows another mentor's event"));
    }
    if events
        .windows(2)
        .any(|pair| pair[0].ends_at > pair[1].starts_at)
    {
        return Err(Mismatch::new("events overlap, or are not earliest first"));
    }
    if !check::all_differ(events.iter().map(|event| event.id)) {
        return Err(Mismatch::new("an event is shown twice"));
    }
    let full = |event: &CalendarEvent| event.lessons.len() as i32 > event.capacity;
    if events.iter().any(full) {
        return Err(Mismatch::new("an event has more students than places"));
    }
    Ok(())
}

/// Whether the event was moved; a time that was taken meanwhile is an expected refusal.
fn check_move(
    reply: &Reply,
    event: &CalendarEvent,
    starts_at: DateTime<Utc>,
) -> Result<bool, Mismatch> {
    if let Some(Code::MentorBusy | Code::StudentBusy | Code::SlotClosed) =
        check::problem_code(reply)
    {
        return Ok(false);
    }
    let moved: CalendarEvent = check::json(reply, 200)?;
    let length = event.ends_at - event.starts_at;
    if moved.id == event.id
        && moved.starts_at == starts_at
        && moved.ends_at == starts_at + length
        && moved.price_cents == event.price_cents
    {
        Ok(true)
    } else {
        Err(Mismatch::new("the event is not where it was moved to"))
    }
}

#[cfg(test)]
mod tests;
