//! Every change with the cached values that it makes wrong: each is done, and its values are gone while
//! every other one is still there. A new operation that may change something needs a row here.

use std::{collections::BTreeSet, time::Duration};

use shared::{paths, timing::ServerCount};

use super::stage::{self, Stage};
use crate::support::Client;

/// Who does it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Actor {
    Anyone,
    Student,
    Mentor,
}

impl Actor {
    /// This person of a stage.
    pub(crate) fn client(self, stage: &Stage) -> Client {
        match self {
            Anyone => stage.app.anonymous().clone(),
            Student => Client::clone(&stage.student()),
            Mentor => Client::clone(&stage.mentor()),
        }
    }
}

use Actor::{Anyone, Mentor, Student};

/// The three dashboards of a lesson.
const DASHBOARDS: &[&str] = &[
    "dashboard of all",
    "dashboard of the mentor",
    "dashboard of the student",
];
/// What shows the bookings of the student.
const BOOKINGS: &[&str] = &[
    "bookings of the student",
    "dashboard of all",
    "dashboard of the mentor",
    "dashboard of the student",
];
/// What shows how far the student is in a course.
const COURSES: &[&str] = &["courses of the student"];
const MENTORS: &[&str] = &["list of mentors"];
const NOTHING: &[&str] = &[];

/// Operation, who does it, and which of [`values`] it makes wrong.
pub(crate) const ROWS: &[(&str, Actor, &[&str])] = &[
    ("attendance.mark", Mentor, DASHBOARDS),
    ("attendance.mark_all", Mentor, DASHBOARDS),
    ("auth.login", Anyone, NOTHING),
    ("auth.logout", Anyone, NOTHING),
    ("auth.refresh", Anyone, NOTHING),
    ("auth.register", Anyone, NOTHING),
    ("bookings.cancel", Student, BOOKINGS),
    ("bookings.create", Student, BOOKINGS),
    ("bookings.reschedule", Student, BOOKINGS),
    ("calendar.move", Mentor, BOOKINGS),
    ("courses.attempt_quiz", Student, COURSES),
    ("courses.complete_lesson", Student, COURSES),
    ("courses.complete", Student, COURSES),
    ("courses.enrol", Student, COURSES),
    ("courses.submit", Student, COURSES),
    ("mentors.create_review", Student, MENTORS),
    ("mentors.set_active", Mentor, MENTORS),
    ("mentors.update_own", Mentor, MENTORS),
    ("notifications.read", Student, NOTHING),
    ("notifications.read_all", Student, NOTHING),
    // The event of the provider follows, and ends the hold that the student's bookings show.
    ("payments.confirm", Student, &["bookings of the student"]),
    ("payments.intent", Student, NOTHING),
    ("payments.refund", Student, BOOKINGS),
    ("sessions.initiate", Student, NOTHING),
    ("sessions.join", Student, NOTHING),
    ("sessions.end", Student, NOTHING),
    ("payments.webhook", Anyone, &["bookings of the student"]),
];

/// Every cached value that is looked at: its name, who reads it, and where. The look-up of the account
/// comes with each that is not public.
pub(crate) fn values(stage: &Stage) -> Vec<(&'static str, Client, &'static str)> {
    let (student, other) = (stage.student(), stage.other_student());
    vec![
        (
            "list of mentors",
            stage.app.anonymous().clone(),
            paths::MENTORS,
        ),
        (
            "catalogue of courses",
            Client::clone(&student),
            paths::COURSES,
        ),
        (
            "courses of the student",
            Client::clone(&student),
            paths::COURSES_MINE,
        ),
        (
            "courses of another student",
            Client::clone(&other),
            paths::COURSES_MINE,
        ),
        (
            "bookings of the student",
            Client::clone(&student),
            paths::BOOKINGS,
        ),
        (
            "bookings of another student",
            Client::clone(&other),
            paths::BOOKINGS,
        ),
        (
            "dashboard of all",
            Client::clone(&stage.admin()),
            paths::DASHBOARD_ADMIN,
        ),
        (
            "dashboard of the mentor",
            Client::clone(&stage.mentor()),
            paths::DASHBOARD_MENTOR,
        ),
        (
            "dashboard of another mentor",
            Client::clone(&stage.other_mentor()),
            paths::DASHBOARD_MENTOR,
        ),
        (
            "dashboard of the student",
            Client::clone(&student),
            paths::DASHBOARD_STUDENT,
        ),
        (
            "dashboard of another student",
            Client::clone(&other),
            paths::DASHBOARD_STUDENT,
        ),
        (
            "account of the student",
            Client::clone(&student),
            paths::AUTH_ME,
        ),
    ]
}

/// Names of the values that are not cached; they are, afterwards.
async fn missing(stage: &Stage) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for (name, client, path) in values(stage) {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        if answer.timing().counts[ServerCount::Misses] > 0 {
            found.insert(name);
        }
    }
    found
}

/// Payments that the provider has said to be captured.
async fn captured(stage: &Stage) -> i64 {
    let captured = "select count(*) from payment where status = 'captured'";
    stage.app.db.count(captured).await
}

/// Waits until one more is, and its event has ended what it makes wrong.
async fn wait_for_the_event(stage: &Stage, before: i64) {
    for _ in 0..1_500 {
        if captured(stage).await > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The event comes by a request, which is answered after that.
    for _ in 0..1_500 {
        if stage.app.state.http().snapshot().in_flight == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn every_change_ends_the_values_that_show_it_and_no_others() {
    for store in ["memory", "redis", "tiered"] {
        let stage = Stage::start(&["bookings.payment=required"], Some(store)).await;
        let mut wrong = Vec::new();
        for (operation, actor, expected) in ROWS {
            let request = stage.request(operation).await;
            missing(&stage).await;
            assert_eq!(
                missing(&stage).await,
                BTreeSet::new(),
                "{operation}: not cached"
            );
            let captured = captured(&stage).await;
            let answer = request.send(&actor.client(&stage)).await;
            assert!(answer.status < 300, "{operation}: {}", answer.text());
            if *operation == "payments.confirm" {
                wait_for_the_event(&stage, captured).await;
            }
            let found = missing(&stage).await;
            if found != expected.iter().copied().collect() {
                wrong.push(format!("{store} {operation}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        stage.app.lab().audits_clean().await;
        stage.app.finish().await;
    }
}

#[test]
fn every_mutation_has_one_row() {
    let rows: BTreeSet<_> = ROWS
        .iter()
        .map(|(operation, ..)| (*operation).to_owned())
        .collect();
    assert_eq!(rows.len(), ROWS.len(), "a mutation has two rows");
    assert_eq!(rows, stage::mutations());
}
