//! The people of these tests, and for each operation a request about things of one student and one mentor.

use std::{collections::BTreeSet, sync::LazyLock};

use chrono::{TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};
use shared::{
    api::{auth::Role, bookings::BookingView},
    dataset::{self, CLASS_STUDENTS, RowKind},
    headers::PAYMENT_SIGNATURE,
    ids::{BookingId, SlotId, UserId},
    paths::{self, with_id},
};
use target_app::{clock::Clock, provider::WebhookKey};
use uuid::Uuid;

use super::operations::request_parts;
use crate::support::{Answer, Client, Lesson, NewSlot, Person, TestApp, WEBHOOK_SECRET, send};

/// The course that the student is enrolled in.
pub(crate) const COURSE: u32 = 3;
/// The chat room that the student and the mentor are members of.
pub(crate) const ROOM: u32 = 0;

/// An application with its people.
pub(crate) struct Stage {
    pub(crate) app: TestApp,
    /// Number of the student.
    pub(crate) student_number: u32,
    /// Number of the mentor.
    pub(crate) mentor_number: u32,
    /// A recording of a lesson of the two.
    pub(crate) recording: Uuid,
    /// Number of a student without a lesson with the mentor.
    other: u32,
    expired: String,
}

/// What a request has beside the method and the path of its operation. By default nothing.
#[derive(Default)]
pub(crate) struct RequestParts {
    id: String,
    query: &'static str,
    kind: &'static str,
    body: Vec<u8>,
    is_signed: bool,
}

impl RequestParts {
    /// The id in its path.
    pub(crate) fn of(id: Uuid) -> Self {
        Self {
            id: id.to_string(),
            ..Self::default()
        }
    }

    /// A body of JSON.
    pub(crate) fn json(body: Value) -> Self {
        Self::default().with_json(body)
    }

    /// The same with a body of JSON.
    pub(crate) fn with_json(self, body: Value) -> Self {
        Self {
            kind: "application/json",
            body: body.to_string().into_bytes(),
            ..self
        }
    }

    /// The same with a body of text.
    pub(crate) fn with_text(self, body: &str) -> Self {
        Self {
            kind: "text/plain",
            body: body.as_bytes().to_vec(),
            ..self
        }
    }

    /// The same with a query, as it stands behind the question mark.
    pub(crate) fn with_query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    /// The same with the signature of the payment provider.
    pub(crate) fn signed(self) -> Self {
        Self {
            is_signed: true,
            ..self
        }
    }
}

/// A request about things of the student and the mentor.
#[derive(Clone)]
pub(crate) struct StagedRequest {
    method: Method,
    path: String,
    kind: &'static str,
    body: Vec<u8>,
    signature: Option<String>,
}

impl Stage {
    /// Starts an application with these switches.
    pub(crate) async fn start(settings: &[&str], store: Option<&str>) -> Self {
        // A clock that stands still, so that one token of it is expired and the others are not.
        let clock = Clock::manual(Utc::now() - TimeDelta::days(1));
        let setup = TestApp::with(settings).with_clock(&clock);
        let setup = match store {
            Some(store) => setup.with_every_cache(store),
            None => setup,
        };
        let app = setup.start().await;
        // The two have a recorded lesson and a class that can be initiated.
        let classes: Vec<Uuid> = (0..CLASS_STUDENTS)
            .map(|n| dataset::id(RowKind::ClassBooking, n))
            .collect();
        let (recording, student, mentor): (Uuid, Uuid, Uuid) = sqlx::query_as(
            "select r.id, b.student_id, b.mentor_id
             from recording r
             join booking b on b.id = r.booking_id
             join booking class on class.student_id = b.student_id
                               and class.mentor_id = b.mentor_id
             where class.id = any ($1)
             order by r.id
             limit 1",
        )
        .bind(classes)
        .fetch_one(app.db.pool())
        .await
        .unwrap();
        let number = |kind, id| {
            let mut all = 0..600;
            all.find(|n| dataset::id(kind, *n) == id).unwrap()
        };
        let strangers: Vec<Uuid> = sqlx::query_scalar(
            "select id from app_user
             where role = 'student'
               and id not in (select student_id from booking where mentor_id = $1)",
        )
        .bind(mentor)
        .fetch_all(app.db.pool())
        .await
        .unwrap();
        let other = number(RowKind::Student, strangers[0]);
        let student = number(RowKind::Student, student);
        let mentor = number(RowKind::Mentor, mentor);
        let room = dataset::id(RowKind::Room, ROOM);
        let members = [
            dataset::id(RowKind::Student, student),
            dataset::id(RowKind::MentorUser, mentor),
        ];
        for sql in [
            "delete from chat_member where room_id = $1",
            "insert into chat_member (room_id, user_id) select $1, unnest($2::uuid[])",
        ] {
            let mut query = sqlx::query(sql).bind(room);
            if sql.contains("$2") {
                query = query.bind(members.to_vec());
            }
            query.execute(app.db.pool()).await.unwrap();
        }
        let (expired, _) = app
            .state
            .tokens()
            .issue_access(UserId(members[0]), Role::Student);
        clock.advance(TimeDelta::days(1));
        let stage = Self {
            app,
            student_number: student,
            mentor_number: mentor,
            recording,
            other,
            expired,
        };
        let enrolment = with_id(
            paths::COURSE_ENROLMENT,
            dataset::id(RowKind::Course, COURSE),
        );
        let enrolled = stage.student().request(Method::POST, &enrolment);
        assert!([200, 201].contains(&send(enrolled).await.status));
        stage
    }

    /// The student whom everything belongs to.
    pub(crate) fn student(&self) -> Person {
        self.app.student(self.student_number)
    }

    /// A student who has no part in anything.
    pub(crate) fn other_student(&self) -> Person {
        self.app.student(self.other)
    }

    /// The mentor of the lessons.
    pub(crate) fn mentor(&self) -> Person {
        self.app.mentor(self.mentor_number)
    }

    /// A mentor who gives other lessons.
    pub(crate) fn other_mentor(&self) -> Person {
        self.app.mentor((self.mentor_number + 11) % 60)
    }

    /// A parent, who has no part in anything.
    pub(super) fn parent(&self) -> Person {
        self.app.parent()
    }

    /// An administrator.
    pub(crate) fn admin(&self) -> Person {
        self.app.admin()
    }

    /// The student with a token that is expired.
    pub(super) fn expired(&self) -> Client {
        self.app.anonymous().with_token(&self.expired)
    }

    /// A lesson of student and mentor that took place, without review and mark.
    pub(crate) async fn held(&self) -> BookingId {
        Lesson {
            student: self.student_number,
            mentor: self.mentor_number,
        }
        .create(&self.app.db)
        .await
    }

    /// A slot of the mentor to come, with free places.
    pub(crate) async fn open_slot(&self) -> SlotId {
        let slot = NewSlot::group(5).of_mentor(self.mentor_number);
        slot.create(&self.app.db).await
    }

    /// A booking of the student of such a slot.
    pub(crate) async fn booked(&self) -> BookingView {
        let slot = self.open_slot().await;
        self.student().book(slot).await.created()
    }

    /// A request of an operation, about something that the student and the mentor have.
    pub(crate) async fn request(&self, operation: &str) -> StagedRequest {
        let parts = match (request_parts(self, operation).await, operation) {
            (Some(parts), _) => parts,
            (None, "lab.put_profile" | "lab.reset") => RequestParts::json(json!({})),
            (None, _) => RequestParts::default(),
        };
        let (method, template) = described(operation);
        let mut path = with_id(&template, &parts.id);
        if !parts.query.is_empty() {
            path = format!("{path}?{}", parts.query);
        }
        let signature = parts.is_signed.then(|| self.signature(&parts.body));
        StagedRequest {
            method,
            path,
            kind: parts.kind,
            body: parts.body,
            signature,
        }
    }

    /// What the payment provider signs a body with.
    fn signature(&self, body: &[u8]) -> String {
        let key = WebhookKey::new(&WEBHOOK_SECRET.to_owned().into());
        key.sign(body, self.app.state.clock().now())
    }
}

impl StagedRequest {
    /// Where its body has single values, as JSON pointers, the first element for all of a list; nowhere where
    /// it is no JSON.
    pub(crate) fn fields(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let Ok(body) = serde_json::from_slice(&self.body) {
            single_values(&body, "", &mut found);
        }
        found
    }

    /// The same with another value there; what was signed is signed anew.
    pub(crate) fn with(mut self, stage: &Stage, field: &str, value: &Value) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        *body.pointer_mut(field).unwrap() = value.clone();
        self.body = body.to_string().into_bytes();
        self.signature = self.signature.map(|_| stage.signature(&self.body));
        self
    }

    pub(crate) async fn send(self, client: &Client) -> Answer {
        let mut request = client.request(self.method, &self.path);
        if !self.kind.is_empty() {
            request = request.header("content-type", self.kind).body(self.body);
        }
        if let Some(signature) = self.signature {
            request = request.header(PAYMENT_SIGNATURE, signature);
        }
        send(request).await
    }
}

fn single_values(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                single_values(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(all) => {
            if let Some(first) = all.first() {
                single_values(first, &format!("{at}/0"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

/// Method and path of each operation of the API description, which takes longer to make than a request.
static OPERATIONS: LazyLock<Vec<(String, Method, String)>> = LazyLock::new(|| {
    let document = serde_json::to_value(target_app::openapi::document()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(id) = operation["operationId"].as_str() {
                let method = method.to_uppercase().parse().unwrap();
                all.push((id.to_owned(), method, path.clone()));
            }
        }
    }
    all
});

fn described(operation: &str) -> (Method, String) {
    let found = OPERATIONS.iter().find(|(id, ..)| id == operation);
    let (_, method, path) = found.unwrap_or_else(|| panic!("{operation} is not described"));
    (method.clone(), path.clone())
}

/// Every operation of the API description.
pub(super) fn all_operations() -> BTreeSet<&'static str> {
    OPERATIONS.iter().map(|(id, ..)| id.as_str()).collect()
}

/// Every operation that may change something, those of the control plane aside.
pub(super) fn mutations() -> BTreeSet<&'static str> {
    OPERATIONS
        .iter()
        .filter(|(id, method, _)| *method != Method::GET && !id.starts_with("lab."))
        .map(|(id, ..)| id.as_str())
        .collect()
}
