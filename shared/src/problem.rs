//! Errors of the API: RFC 9457 `application/problem+json` with a stable code.

use serde::{Deserialize, Serialize};

/// Media type of a problem body.
pub const CONTENT_TYPE: &str = "application/problem+json";

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal; )+) => {
        /// The closed list of reasons for which the API refuses a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        // The description's macro cannot read a name that comes through this one.
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(rename_all = "snake_case"))]
        pub enum Code { $( $(#[$doc])* #[serde(rename = $text)] $name, )+ }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[ $( Self::$name ),+ ];
            /// The code as it stands in a body.
            pub const fn as_str(self) -> &'static str { match self { $( Self::$name => $text ),+ } }
            /// The HTTP status it comes with.
            pub const fn status(self) -> u16 { match self { $( Self::$name => $status ),+ } }
            /// The same short sentence for every occurrence.
            pub const fn title(self) -> &'static str { match self { $( Self::$name => $title ),+ } }
        }
    };
}

codes! {
    /// A field is missing, malformed or out of range.
    InvalidRequest = "invalid_request", 422, "The request is not valid";
    /// The request breaks a rule of HTTP.
    BadRequest = "bad_request", 400, "The request is not valid HTTP";
    /// The body is not JSON, or not of the documented shape.
    MalformedBody = "malformed_body", 400, "The body could not be read";
    /// No token, or one that is wrong or expired.
    Unauthenticated = "unauthenticated", 401, "Sign in first";
    /// Wrong e-mail or password; the answer does not say which.
    BadCredentials = "bad_credentials", 401, "E-mail or password is wrong";
    /// A refresh token that was already used; its family is now revoked.
    RefreshReused = "refresh_reused", 401, "This refresh token was used before";
    /// Signed in, but not allowed.
    Forbidden = "forbidden", 403, "Not allowed";
    /// The signature of a URL or of a webhook is missing, expired or wrong.
    BadSignature = "bad_signature", 403, "The signature is expired or wrong";
    /// Nothing under that name.
    NotFound = "not_found", 404, "Not found";
    /// The method does not exist on that path.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The control plane was called by a name that is not this server's.
    Misdirected = "misdirected", 421, "The request is for another host";
    /// An account with that e-mail exists.
    EmailTaken = "email_taken", 409, "This e-mail has an account";
    /// Every place of the slot is taken.
    SlotFull = "slot_full", 409, "The slot is full";
    /// The student has another lesson at that time.
    StudentBusy = "student_busy", 409, "Another lesson is at that time";
    /// The mentor has something else at that time.
    MentorBusy = "mentor_busy", 409, "The mentor has another event at that time";
    /// The slot has begun, or is no longer offered.
    SlotClosed = "slot_closed", 409, "The slot cannot be booked any more";
    /// The booking is not in a state that allows this.
    BookingNotActive = "booking_not_active", 409, "The booking is not active";
    /// A class of the booking can be initiated at another time only.
    ClassNotOpen = "class_not_open", 409, "The class is not open at this time";
    /// The session has ended.
    SessionEnded = "session_ended", 409, "The session has ended";
    /// The other participant is not connected.
    PeerAbsent = "peer_absent", 409, "The other participant is not connected";
    /// The lesson has not begun, so that its attendance cannot be marked.
    LessonNotBegun = "lesson_not_begun", 409, "The lesson has not begun";
    /// The booking needs no payment, or has one already.
    PaymentNotDue = "payment_not_due", 409, "Nothing is to be paid";
    /// The payment is not in a state that allows this.
    PaymentNotOpen = "payment_not_open", 409, "The payment is not in a state that allows this";
    /// The student is not enrolled in the course.
    NotEnrolled = "not_enrolled", 403, "Not enrolled in this course";
    /// Every quiz attempt or submission that a course allows is used.
    AttemptsUsed = "attempts_used", 409, "No attempt is left";
    /// Lessons, quiz or submission are missing.
    CourseIncomplete = "course_incomplete", 409, "The course is not complete";
    /// The file is of no accepted type, or not of the declared one.
    UnsupportedFile = "unsupported_file", 415, "This type of file is not accepted";
    /// The body is not the one whose digest the request states.
    DigestMismatch = "digest_mismatch", 422, "The digest does not match the body";
    /// The student has reviewed that lesson.
    AlreadyReviewed = "already_reviewed", 409, "This lesson has a review";
    /// The same idempotency key came with another request.
    IdempotencyMismatch = "idempotency_mismatch", 422, "The idempotency key belongs to another request";
    /// What the key stands for was done, and its stored response cannot be read, as where another version of the
    /// program stored it; nothing was done again.
    ResponseLost = "response_lost", 409, "It was done before, and its response cannot be read";
    /// Two changes met; the request may be sent again.
    Contention = "contention", 409, "Too much contention, try again";
    /// The requested byte range lies outside of the file.
    RangeNotSatisfiable = "range_not_satisfiable", 416, "No such range";
    /// The body is larger than the route takes.
    TooLarge = "too_large", 413, "The body is too large";
    /// Too many failed attempts; `Retry-After` says how long.
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts";
    /// The profile cannot be put in force as asked.
    ProfileRefused = "profile_refused", 409, "The profile cannot be put in force";
    /// No connection became free in time, or a queue is full; `Retry-After` says how long.
    Overloaded = "overloaded", 503, "Overloaded, try again";
    /// Rejected by the admission limiter before any work; `Retry-After` says when to try again.
    Shed = "shed", 503, "Turned away, try again";
    /// A part that the request needs does not answer.
    Unavailable = "unavailable", 503, "A needed part does not answer";
    /// The request took longer than the server allows.
    Timeout = "timeout", 504, "The request took too long";
    /// A fault of the server; the request id finds it in the log.
    Internal = "internal", 500, "Something went wrong";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of every response with a status of 400 or above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI of the problem's kind: `urn:codeconnect:problem:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same sentence for every occurrence of the code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code that programs match on.
    pub code: Code,
    /// What was wrong this time, for people.
    pub detail: String,
    /// Finds the request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// A problem of one kind with its own detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:codeconnect:problem:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: detail.into(),
            request_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_back_as_it_was_written() {
        for &code in Code::ALL {
            let problem = Problem::new(code, "why");
            let text = serde_json::to_string(&problem).unwrap();
            assert!(text.contains(code.as_str()));
            assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
            assert!((400..600).contains(&code.status()));
        }
    }
}
