//! The requests by which `loadgen bench --target` compares the reference backend with the bare parts it
//! stands on, made from what the backend says that it has.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use shared::{
    api::{
        bookings::{BookingStatus, BookingView},
        mentors::SlotView,
    },
    dataset::{self, Counts, RowKind},
    ids::MentorId,
    page::{MAX_PER_PAGE, Page},
    paths,
};
use uuid::Uuid;

use super::{
    lab_client::{LabClient, LabError},
    sessions::{Sessions, SignInError, StaffCount},
};
use crate::{
    features::{auth::login_request, bookings::create_request, mentors},
    flows::TestAccount,
};
use loadgen_engine::{
    check::{self, Mismatch},
    request::Request,
};

/// Slots of one mentor that are read: several mentors have more rows than one.
const SLOTS_OF_ONE: usize = 4;
/// Students who book.
const BOOKERS: u32 = 32;
/// Bookings of one student that are looked at; the seeded ones are far fewer.
const OWN_BOOKINGS: u32 = MAX_PER_PAGE;
/// How long the students' tokens are needed.
const BOOKING_TIME: Duration = Duration::from_mins(5);

/// Why there are no such requests.
#[derive(Debug, thiserror::Error)]
pub enum BenchRequestError {
    /// The backend cannot be asked.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// It does not sign the students in.
    #[error("{0}")]
    SignIn(String),
    /// It answers something else.
    #[error("{what}: {why}")]
    Answer {
        /// What was asked.
        what: &'static str,
        /// What is wrong with the answer.
        why: Mismatch,
    },
    /// It has too little of something.
    #[error("{found} {what} were found, {wanted} are needed")]
    TooFew {
        /// Of what, in the plural.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        wanted: usize,
    },
}

impl From<SignInError> for BenchRequestError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Lab(error) => Self::Lab(error),
            error @ SignInError::Login { .. } => Self::SignIn(error.to_string()),
        }
    }
}

/// Reads of one open slot by mentor and begin, `count` different rows: an operation that nothing
/// caches, that asks for no token, and that sends exactly one statement, which finds one row by an index.
pub async fn one_row_reads(
    lab: &LabClient,
    counts: Counts,
    count: usize,
) -> Result<Vec<Request>, BenchRequestError> {
    let mut reads = Vec::new();
    for number in 0..counts.mentors {
        let mentor = mentor(number);
        // The latest: they stay open as long as a measurement takes.
        for slot in open_slots(lab, mentor)
            .await?
            .iter()
            .rev()
            .take(SLOTS_OF_ONE)
        {
            reads.push(one_slot(mentor, slot.starts_at));
            if reads.len() == count {
                return Ok(reads);
            }
        }
    }
    Err(BenchRequestError::TooFew {
        what: "open slots",
        found: reads.len(),
        wanted: count,
    })
}

/// The first page of the mentor list, the one that most visitors ask for.
pub fn mentor_page() -> Request {
    Request::get(paths::MENTORS)
}

/// Logins of the first `count` students, or of all where there are fewer.
pub fn logins(counts: Counts, count: u32) -> Vec<Request> {
    (0..count.min(counts.students)).map(login_request).collect()
}

/// `count` bookings of different places, none of which hinders another: no student is asked to be in
/// two lessons at a time. Signs students in.
pub async fn bookings(
    lab: &LabClient,
    counts: Counts,
    count: usize,
) -> Result<Vec<Request>, BenchRequestError> {
    let mut sessions = Sessions::default();
    let bookers = BOOKERS.min(counts.students);
    sessions
        .ensure(lab, bookers, StaffCount::default(), BOOKING_TIME)
        .await?;
    let mut calendars = Vec::new();
    for account in sessions.accounts() {
        calendars.push(StudentCalendar::read(lab, account).await?);
    }
    let mut requests = Vec::new();
    for number in 0..counts.mentors {
        // The first may begin before it is booked.
        for slot in open_slots(lab, mentor(number)).await?.iter().skip(1) {
            let free = calendars
                .iter_mut()
                .find_map(|one| one.take(slot).then_some(one.account));
            let Some(account) = free else { continue };
            let key = Uuid::new_v4().simple().to_string();
            requests.push(create_request(account, slot.id, &key));
            if requests.len() == count {
                return Ok(requests);
            }
        }
    }
    Err(BenchRequestError::TooFew {
        what: "places to book",
        found: requests.len(),
        wanted: count,
    })
}

fn mentor(number: u32) -> MentorId {
    MentorId(dataset::id(RowKind::Mentor, number))
}

async fn open_slots(lab: &LabClient, mentor: MentorId) -> Result<Vec<SlotView>, BenchRequestError> {
    let reply = lab.ask(mentors::availability_request(mentor)).await?;
    mentors::check_availability(&reply, mentor).map_err(|why| BenchRequestError::Answer {
        what: "reading open slots",
        why,
    })
}

/// The open slots of a mentor within the second in which one of them begins.
fn one_slot(mentor: MentorId, begins: DateTime<Utc>) -> Request {
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Request::get(format!(
        "{}?from={}&to={}",
        paths::with_id(paths::MENTOR_AVAILABILITY, mentor),
        text(begins),
        text(begins + TimeDelta::seconds(1)),
    ))
}

/// When a student is in a lesson.
struct StudentCalendar<'a> {
    account: &'a TestAccount,
    lessons: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl<'a> StudentCalendar<'a> {
    async fn read(lab: &LabClient, account: &'a TestAccount) -> Result<Self, BenchRequestError> {
        let path = format!("{}?per_page={OWN_BOOKINGS}", paths::BOOKINGS);
        let reply = lab
            .ask(Request::get(path).bearer(&account.token.get()))
            .await?;
        let page: Page<BookingView> =
            check::json(&reply, 200).map_err(|why| BenchRequestError::Answer {
                what: "reading a student's bookings",
                why,
            })?;
        let lessons = page
            .items
            .iter()
            .filter(|one| one.status != BookingStatus::Cancelled)
            .map(|one| (one.scheduled_at, one.ends_at))
            .collect();
        Ok(Self { account, lessons })
    }

    /// Whether the student is free during the slot; it is then taken.
    fn take(&mut self, slot: &SlotView) -> bool {
        let (from, to) = (slot.starts_at, slot.ends_at);
        let is_free = self
            .lessons
            .iter()
            .all(|(begins, ends)| *ends <= from || to <= *begins);
        if is_free {
            self.lessons.push((from, to));
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        dataset::Scale,
        ids::{SlotId, UserId},
        money::Cents,
    };

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn slot(from: i64, to: i64) -> SlotView {
        SlotView {
            id: SlotId(Uuid::from_u128(1)),
            mentor_id: mentor(0),
            starts_at: at(from),
            ends_at: at(to),
            capacity: 1,
            booked: 0,
            price_cents: Cents(1),
        }
    }

    #[test]
    fn no_student_is_asked_to_be_in_two_lessons_at_a_time() {
        let account = TestAccount {
            student: 0,
            id: UserId(Uuid::from_u128(1)),
            token: "".into(),
            rooms: Vec::new(),
        };
        let mut calendar = StudentCalendar {
            account: &account,
            lessons: vec![(at(3), at(5))],
        };
        assert!(!calendar.take(&slot(4, 6)), "a lesson is under way");
        assert!(!calendar.take(&slot(2, 4)));
        assert!(calendar.take(&slot(5, 6)), "it has just ended");
        assert!(!calendar.take(&slot(5, 6)), "taken a moment ago");
    }

    #[test]
    fn one_slot_is_asked_for_by_its_mentor_and_its_begin() {
        let request = one_slot(mentor(7), at(1));
        let id = mentor(7);
        let wanted = format!(
            "/api/v1/mentors/{id}/availability?from=1970-01-01T01:00:00Z&to=1970-01-01T01:00:01Z"
        );
        assert_eq!(request.path.as_str(), wanted);
    }

    #[test]
    fn no_more_students_log_in_than_there_are() {
        let counts = Scale::Tiny.counts();
        assert_eq!(logins(counts, 7).len(), 7);
        assert_eq!(logins(counts, 10_000).len(), counts.students as usize);
    }
}
