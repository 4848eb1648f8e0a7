//! The rules of the calendar: whose events are shown, and who moves one.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Days, NaiveDate, Utc};
use shared::{
    api::{
        auth::Role,
        calendar::{CalendarDay, CalendarEvent, CalendarLesson, CalendarWeek},
    },
    ids::{SlotId, UserId},
    page::Page,
};

use super::{
    model::{CalendarOwner, EventSpan},
    repository,
};
use crate::{
    clock::Clock,
    db::DbSession,
    engine::Engine,
    error::ApiError,
    features::bookings::{self, MoveAttempt},
};

/// One page of the events of a span.
pub(super) async fn events(
    engine: &Engine,
    person: UserId,
    role: Role,
    span: EventSpan,
) -> Result<Page<CalendarEvent>, ApiError> {
    let mut session = engine.db.reader();
    let Some(owner) = owner(&mut session, person, role).await? else {
        return Ok(span.page.with(Vec::new(), 0));
    };
    let (events, total) = repository::events(&mut *session.conn().await?, owner, &span).await?;
    let total = match total {
        Some(total) => total,
        None if span.page.page == 1 => 0,
        None => repository::count(&mut *session.conn().await?, owner, &span).await?,
    };
    let events = with_lessons(&mut session, owner, events).await?;
    Ok(span.page.with(events, total))
}

/// The events of one week, day by day.
pub(super) async fn week(
    engine: &Engine,
    person: UserId,
    role: Role,
    monday: NaiveDate,
) -> Result<CalendarWeek, ApiError> {
    let page = events(engine, person, role, EventSpan::week(monday)).await?;
    let mut days: Vec<CalendarDay> = (0..7)
        .map(|day| CalendarDay {
            date: monday + Days::new(day),
            events: Vec::new(),
        })
        .collect();
    for event in page.items {
        let date = event.starts_at.date_naive();
        if let Some(day) = days.iter_mut().find(|day| day.date == date) {
            day.events.push(event);
        }
    }
    Ok(CalendarWeek {
        monday,
        days,
        total: page.total.unwrap_or_default(),
    })
}

/// Moves an event of the mentor's own and shows it as it is then.
pub(super) async fn move_event(
    engine: Arc<Engine>,
    clock: Clock,
    mentor: UserId,
    slot: SlotId,
    starts_at: DateTime<Utc>,
) -> Result<CalendarEvent, ApiError> {
    let attempt = MoveAttempt {
        mentor,
        slot,
        starts_at,
    };
    bookings::move_slot(Arc::clone(&engine), clock, attempt).await?;
    let mut session = engine.db.session();
    let event = repository::find_own(&mut *session.conn().await?, slot, mentor)
        .await?
        .ok_or_else(|| ApiError::not_found("slot"))?;
    let owner = CalendarOwner::Mentor(event.mentor_id);
    let mut events = with_lessons(&mut session, owner, vec![event]).await?;
    events.pop().ok_or_else(|| ApiError::not_found("slot"))
}

/// Whose events a person sees; none of a mentor who has no profile yet.
async fn owner(
    session: &mut DbSession,
    person: UserId,
    role: Role,
) -> Result<Option<CalendarOwner>, ApiError> {
    if role != Role::Mentor {
        return Ok(Some(CalendarOwner::Student(person)));
    }
    let mentor = repository::find_mentor(&mut *session.conn().await?, person).await?;
    Ok(mentor.map(CalendarOwner::Mentor))
}

/// Fills in who takes part. The bookings of all events are one statement; one that was made since
/// the events were read is shown with its event.
async fn with_lessons(
    session: &mut DbSession,
    owner: CalendarOwner,
    mut events: Vec<CalendarEvent>,
) -> Result<Vec<CalendarEvent>, ApiError> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(events);
    };
    let (from, to) = (first.starts_at, last.starts_at);
    let lessons = repository::lessons(&mut *session.conn().await?, owner, from, to).await?;
    let mut of_slot: HashMap<SlotId, Vec<CalendarLesson>> = HashMap::new();
    for (slot, lesson) in lessons {
        of_slot.entry(slot).or_default().push(lesson);
    }
    for event in &mut events {
        event.lessons = of_slot.remove(&event.id).unwrap_or_default();
    }
    Ok(events)
}
