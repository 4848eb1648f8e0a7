//! The people of these tests, and for each operation a request about things of one student and one mentor.

use std::{collections::BTreeSet, sync::LazyLock};

use chrono::{TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};
use shared::{
    api::{
        auth::Role,
        bookings::BookingView,
        notifications::NotificationView,
        payments::{PaymentEventKind, PaymentView},
        sessions::SessionView,
    },
    dataset::{
        self, CLASS_STUDENTS, COURSE_LESSONS, QUIZ_QUESTIONS, RowKind, quiz_answer, student_email,
    },
    headers::PAYMENT_SIGNATURE,
    ids::{BookingId, NotificationId, SessionId, UserId},
    page::Page,
    paths::{self, with_id},
};
use target_app::{clock::Clock, provider::WebhookKey};
use uuid::Uuid;

use crate::support::{Answer, Client, Lesson, NewSlot, Person, TestApp, WEBHOOK_SECRET, send};

/// The course that the student is enrolled in.
const COURSE: u32 = 3;
/// The chat room that the student and the mentor are members of.
const ROOM: u32 = 0;

/// An application with its people.
pub(crate) struct Stage {
    pub(crate) app: TestApp,
    /// Number of the student, and of the mentor.
    student: u32,
    mentor: u32,
    /// A recording of a lesson of the two.
    recording: Uuid,
    /// Number of a student without a lesson with the mentor.
    other: u32,
    expired: String,
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
            student,
            mentor,
            recording,
            other,
            expired,
        };
        let enrolment = with_id(paths::COURSE_ENROLMENT, course());
        let enrolled = stage.student().request(Method::POST, &enrolment);
        assert!([200, 201].contains(&send(enrolled).await.status));
        stage
    }

    /// The student whom everything belongs to.
    pub(crate) fn student(&self) -> Person {
        self.app.student(self.student)
    }

    /// A student who has no part in anything.
    pub(super) fn other_student(&self) -> Person {
        self.app.student(self.other)
    }

    /// The mentor of the lessons.
    pub(crate) fn mentor(&self) -> Person {
        self.app.mentor(self.mentor)
    }

    /// A mentor who gives other lessons.
    pub(super) fn other_mentor(&self) -> Person {
        self.app.mentor((self.mentor + 11) % 60)
    }

    /// A parent, who has no part in anything.
    pub(super) fn parent(&self) -> Person {
        let id = UserId(dataset::id(RowKind::Parent, 0));
        self.app.person(id, Role::Parent)
    }

    /// An administrator.
    pub(super) fn admin(&self) -> Person {
        let id = UserId(dataset::id(RowKind::Admin, 0));
        self.app.person(id, Role::Admin)
    }

    /// The student with a token that is expired.
    pub(super) fn expired(&self) -> Client {
        self.app.anonymous().with_token(&self.expired)
    }

    /// A lesson of student and mentor that took place, without review and mark.
    async fn held(&self) -> BookingId {
        Lesson {
            student: self.student,
            mentor: self.mentor,
        }
        .create(&self.app.db)
        .await
    }

    /// A booking of the student of a slot to come.
    async fn booked(&self) -> BookingView {
        let slot = NewSlot::group(5).of_mentor(self.mentor);
        let slot = slot.create(&self.app.db).await;
        self.student().book(slot).await.created()
    }

    /// A payment of such a booking.
    async fn intended(&self) -> PaymentView {
        let booking = self.booked().await;
        self.student().pay(booking.id).await.created()
    }

    /// The event with which the provider says that the money was taken.
    fn captured(payment: &PaymentView) -> Value {
        json!({
            "id": format!("{}-captured", payment.id),
            "kind": PaymentEventKind::Captured,
            "payment_id": payment.id,
            "amount_cents": payment.amount_cents,
        })
    }

    /// A notification of the student: the mentor has cancelled a lesson.
    async fn notified(&self) -> NotificationId {
        let booking = self.booked().await;
        let cancelled = self.mentor().cancel(booking.id).await;
        cancelled.ok::<BookingView>();
        let page: Page<NotificationView> = self.student().get(paths::NOTIFICATIONS).await.ok();
        page.items[0].id
    }

    /// A live session of the class of the two.
    async fn live(&self) -> SessionId {
        let class = dataset::id(RowKind::ClassBooking, self.student);
        let body = json!({"booking_id": class});
        let begun = self.student().post(paths::SESSIONS, &body).await;
        assert!([200, 201].contains(&begun.status), "{}", begun.text());
        let session: SessionView = serde_json::from_slice(&begun.body).unwrap();
        session.id
    }

    /// Fills the course, so that it can be completed.
    async fn finish_course(&self) {
        let student = self.student();
        for number in 0..COURSE_LESSONS {
            let lesson = dataset::id(RowKind::Lesson, COURSE * COURSE_LESSONS + number);
            let path = with_id(paths::LESSON_COMPLETION, lesson);
            assert_eq!(send(student.request(Method::POST, &path)).await.status, 200);
        }
        let quiz = with_id(paths::COURSE_QUIZ, course());
        assert_eq!(student.post(&quiz, &right_answers()).await.status, 201);
        let path = with_id(paths::COURSE_SUBMISSIONS, course());
        let request = student.request(Method::POST, &path);
        let request = request.header("content-type", "text/plain").body("done");
        assert_eq!(send(request).await.status, 201);
    }

    /// A request of an operation, about something that the student and the mentor have.
    pub(crate) async fn request(&self, operation: &str) -> StagedRequest {
        let student = dataset::id(RowKind::Student, self.student);
        let mentor = dataset::id(RowKind::Mentor, self.mentor);
        let lesson = dataset::id(RowKind::Lesson, COURSE * COURSE_LESSONS);
        let room = dataset::id(RowKind::Room, ROOM);
        let of = |id: Uuid| id.to_string();
        let (id, body) = match operation {
            "attendance.mark" => {
                let booking = self.held().await;
                (of(booking.0), json!({"status": "late"}))
            }
            "attendance.mark_all" => {
                let booking = self.held().await;
                let marks = json!([{"booking_id": booking, "status": "present"}]);
                (String::new(), json!({ "marks": marks }))
            }
            "attendance.summary" | "students.detail" => {
                self.held().await;
                (of(student), Value::Null)
            }
            "auth.login" => {
                let email = student_email(self.student);
                let body = json!({"email": email, "password": dataset::PASSWORD});
                (String::new(), body)
            }
            "auth.register" => {
                let email = format!("{}@codeconnect.test", Uuid::now_v7());
                let body = json!({
                    "email": email, "password": dataset::PASSWORD,
                    "display_name": "Ada Stone", "role": "student",
                });
                (String::new(), body)
            }
            "auth.refresh" | "auth.logout" => {
                let signed_in = self
                    .app
                    .anonymous()
                    .login(&student_email(self.student), dataset::PASSWORD)
                    .await;
                let session: shared::api::auth::Session = signed_in.ok();
                let token = session.tokens.refresh_token;
                (String::new(), json!({"refresh_token": token}))
            }
            "bookings.create" => {
                let slot = NewSlot::group(5).of_mentor(self.mentor);
                let slot = slot.create(&self.app.db).await;
                (String::new(), json!({"slot_id": slot}))
            }
            "bookings.get" | "bookings.cancel" => (of(self.booked().await.id.0), Value::Null),
            "bookings.reschedule" => {
                let booking = self.booked().await;
                let slot = NewSlot::group(5).of_mentor(self.mentor);
                let slot = slot.create(&self.app.db).await;
                (of(booking.id.0), json!({"slot_id": slot}))
            }
            "calendar.move" => {
                let booking = self.booked().await;
                let starts_at = booking.scheduled_at + TimeDelta::minutes(30);
                (of(booking.slot_id.0), json!({"starts_at": starts_at}))
            }
            "chat.history" => (of(room), Value::Null),
            "courses.attempt_quiz" => (of(course()), right_answers()),
            "courses.enrol" => (of(dataset::id(RowKind::Course, COURSE + 1)), Value::Null),
            "courses.complete"
            | "courses.detail"
            | "courses.enrolment"
            | "courses.submissions"
            | "courses.submit" => (of(course()), Value::Null),
            "courses.lesson" | "courses.complete_lesson" => (of(lesson), Value::Null),
            "lab.put_profile" | "lab.reset" => (String::new(), json!({})),
            "mentors.availability" | "mentors.detail" | "mentors.list_reviews" => {
                (of(mentor), Value::Null)
            }
            "mentors.create_review" => {
                self.held().await;
                (
                    of(mentor),
                    json!({"stars": 5, "body": "Clear and patient."}),
                )
            }
            "mentors.set_active" => (String::new(), json!({"active": true})),
            "mentors.update_own" => (String::new(), json!({"headline": "New words"})),
            "payments.intent" => {
                let booking = self.booked().await;
                (String::new(), json!({"booking_id": booking.id}))
            }
            "payments.webhook" => {
                let event = Self::captured(&self.intended().await);
                (String::new(), event)
            }
            "payments.confirm" | "payments.get" => (of(self.intended().await.id.0), Value::Null),
            "payments.refund" => {
                let payment = self.intended().await;
                let event = serde_json::from_value(Self::captured(&payment)).unwrap();
                assert_eq!(self.app.webhook(&event).await.status, 200);
                (of(payment.id.0), Value::Null)
            }
            "recordings.get" | "recordings.playback" | "recordings.stream" => {
                (of(self.recording), Value::Null)
            }
            "notifications.read" => (of(self.notified().await.0), Value::Null),
            "sessions.initiate" => {
                let class = dataset::id(RowKind::ClassBooking, self.student);
                (String::new(), json!({"booking_id": class}))
            }
            "sessions.end" | "sessions.get" | "sessions.join" | "sessions.signal" => {
                (of(self.live().await.0), Value::Null)
            }
            _ => (String::new(), Value::Null),
        };
        if operation == "courses.complete" {
            let done = format!(
                "select count(*) from enrolment
                 where student_id = '{student}' and course_id = '{}'
                   and lessons_completed = {COURSE_LESSONS}",
                course()
            );
            if self.app.db.count(&done).await == 0 {
                self.finish_course().await;
            }
        }
        self.staged(operation, &id, &body)
    }

    fn staged(&self, operation: &str, id: &str, body: &Value) -> StagedRequest {
        let (method, template) = described(operation);
        let mut path = with_id(&template, id);
        if operation == "recordings.stream" {
            path.push_str("?expires=1&signature=AAAA");
        }
        let (kind, body) = match (operation, body) {
            ("courses.submit", _) => ("text/plain", b"done".to_vec()),
            (_, Value::Null) => ("", Vec::new()),
            (_, body) => ("application/json", body.to_string().into_bytes()),
        };
        let signature = (operation == "payments.webhook").then(|| self.signature(&body));
        StagedRequest {
            method,
            path,
            kind,
            body,
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

fn course() -> Uuid {
    dataset::id(RowKind::Course, COURSE)
}

fn right_answers() -> Value {
    let answers: Vec<i16> = (1..=QUIZ_QUESTIONS)
        .map(|question| quiz_answer(COURSE, question))
        .collect();
    json!({ "answers": answers })
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
pub(super) fn all_operations() -> BTreeSet<String> {
    OPERATIONS.iter().map(|(id, ..)| id.clone()).collect()
}

/// Every operation that may change something, those of the control plane aside.
pub(crate) fn mutations() -> BTreeSet<String> {
    OPERATIONS
        .iter()
        .filter(|(id, method, _)| *method != Method::GET && !id.starts_with("lab."))
        .map(|(id, ..)| id.clone())
        .collect()
}
