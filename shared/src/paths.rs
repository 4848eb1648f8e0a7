//! Every URL template once, used by the router and by the load client.

macro_rules! paths {
    ($( $(#[$doc:meta])* $name:ident = $text:literal; )+) => {
        $( $(#[$doc])* pub const $name: &str = $text; )+
        /// Every template, for the tests that want none untested.
        pub const ALL: &[&str] = &[ $( $name ),+ ];
    };
}

/// What every path of the API begins with.
pub const API: &str = "/api/";

paths! {
    /// Is the process up?
    HEALTH_LIVE = "/health/live";
    /// Do PostgreSQL and Redis answer?
    HEALTH_READY = "/health/ready";
    /// Prometheus text.
    METRICS = "/metrics";
    /// The API description.
    OPENAPI = "/openapi.json";

    /// Create an account.
    AUTH_REGISTER = "/api/v1/auth/register";
    /// Trade e-mail and password for tokens.
    AUTH_LOGIN = "/api/v1/auth/login";
    /// Trade a refresh token for new tokens.
    AUTH_REFRESH = "/api/v1/auth/refresh";
    /// Revoke a refresh token's family.
    AUTH_LOGOUT = "/api/v1/auth/logout";
    /// Who am I?
    AUTH_ME = "/api/v1/auth/me";

    /// Find mentors.
    MENTORS = "/api/v1/mentors";
    /// The signed-in mentor's own profile.
    MENTORS_ME = "/api/v1/mentors/me";
    /// Take the own profile on or off the list.
    MENTORS_ME_ACTIVE = "/api/v1/mentors/me/active";
    /// One mentor.
    MENTOR = "/api/v1/mentors/{mentor_id}";
    /// A mentor's open slots.
    MENTOR_AVAILABILITY = "/api/v1/mentors/{mentor_id}/availability";
    /// A mentor's reviews.
    MENTOR_REVIEWS = "/api/v1/mentors/{mentor_id}/reviews";

    /// Book a slot; list one's bookings.
    BOOKINGS = "/api/v1/bookings";
    /// One booking.
    BOOKING = "/api/v1/bookings/{booking_id}";
    /// Give a place back.
    BOOKING_CANCEL = "/api/v1/bookings/{booking_id}/cancel";
    /// Take another slot of the same mentor instead.
    BOOKING_RESCHEDULE = "/api/v1/bookings/{booking_id}/reschedule";

    /// One's payments.
    PAYMENTS = "/api/v1/payments";
    /// Begin to pay for a booking.
    PAYMENT_INTENTS = "/api/v1/payments/intents";
    /// What the payment provider sends.
    PAYMENT_WEBHOOK = "/api/v1/payments/webhook";
    /// One payment.
    PAYMENT = "/api/v1/payments/{payment_id}";
    /// Have the money taken.
    PAYMENT_CONFIRM = "/api/v1/payments/{payment_id}/confirm";
    /// Have the money given back.
    PAYMENT_REFUND = "/api/v1/payments/{payment_id}/refund";
    /// One's calendar.
    CALENDAR = "/api/v1/calendar";
    /// One week of it.
    CALENDAR_WEEK = "/api/v1/calendar/week";
    /// An event of it: a slot.
    CALENDAR_EVENT = "/api/v1/calendar/events/{slot_id}";

    /// Initiate a video class.
    SESSIONS = "/api/v1/sessions";
    /// One session.
    SESSION = "/api/v1/sessions/{session_id}";
    /// A token that opens its signalling socket.
    SESSION_JOIN = "/api/v1/sessions/{session_id}/join";
    /// Its signalling socket.
    SESSION_SIGNAL = "/api/v1/sessions/{session_id}/signal";
    /// End it.
    SESSION_END = "/api/v1/sessions/{session_id}/end";

    /// The platform on one day.
    DASHBOARD_ADMIN = "/api/v1/dashboards/admin";
    /// A mentor's lessons on one day.
    DASHBOARD_MENTOR = "/api/v1/dashboards/mentor";
    /// A student's lessons on one day.
    DASHBOARD_STUDENT = "/api/v1/dashboards/student";

    /// Students, for the staff.
    STUDENTS = "/api/v1/students";
    /// One student.
    STUDENT = "/api/v1/students/{student_id}";
    /// Their attendance.
    STUDENT_ATTENDANCE = "/api/v1/students/{student_id}/attendance";
    /// Mark several participants.
    ATTENDANCE = "/api/v1/attendance";
    /// Mark one participant.
    ATTENDANCE_BOOKING = "/api/v1/attendance/{booking_id}";

    /// One's recordings.
    RECORDINGS = "/api/v1/recordings";
    /// One recording.
    RECORDING = "/api/v1/recordings/{recording_id}";
    /// A signed link to its bytes.
    RECORDING_PLAYBACK = "/api/v1/recordings/{recording_id}/playback";
    /// The bytes; the query carries the signature.
    RECORDING_STREAM = "/api/v1/recordings/{recording_id}/stream";

    /// The catalogue of courses.
    COURSES = "/api/v1/courses";
    /// The courses that one is enrolled in.
    COURSES_MINE = "/api/v1/courses/mine";
    /// One course.
    COURSE = "/api/v1/courses/{course_id}";
    /// Enrol; how far one is.
    COURSE_ENROLMENT = "/api/v1/courses/{course_id}/enrolment";
    /// Attempt the quiz.
    COURSE_QUIZ = "/api/v1/courses/{course_id}/quiz";
    /// Submit a file; list one's own.
    COURSE_SUBMISSIONS = "/api/v1/courses/{course_id}/submissions";
    /// Complete the course.
    COURSE_COMPLETION = "/api/v1/courses/{course_id}/completion";
    /// A lesson with its content.
    LESSON = "/api/v1/lessons/{lesson_id}";
    /// Complete a lesson.
    LESSON_COMPLETION = "/api/v1/lessons/{lesson_id}/completion";

    /// One's chat rooms.
    CHAT_ROOMS = "/api/v1/chat/rooms";
    /// A room's messages.
    CHAT_MESSAGES = "/api/v1/chat/rooms/{room_id}/messages";
    /// The chat socket.
    CHAT_SOCKET = "/api/v1/chat/socket";

    /// One's notifications.
    NOTIFICATIONS = "/api/v1/notifications";
    /// How many of them are unread.
    NOTIFICATIONS_UNREAD = "/api/v1/notifications/unread";
    /// Mark all of them read.
    NOTIFICATIONS_READ = "/api/v1/notifications/read";
    /// Mark one read.
    NOTIFICATION_READ = "/api/v1/notifications/{notification_id}/read";

    /// Read or set the profile.
    LAB_PROFILE = "/lab/profile";
    /// Database and caches back to the seeded state.
    LAB_RESET = "/lab/reset";
    /// Samples of the server's state.
    LAB_TELEMETRY = "/lab/telemetry";
    /// Check the invariants.
    LAB_AUDIT = "/lab/audit";
    /// How an operation's statements are carried out.
    LAB_EXPLAIN = "/lab/explain";
}

/// Fills the one `{…}` of a template.
pub fn with_id(template: &str, id: impl std::fmt::Display) -> String {
    match (template.find('{'), template.find('}')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}{id}{}", &template[..open], &template[close + 1..])
        }
        _ => template.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_takes_the_place_of_the_template_parameter() {
        assert_eq!(with_id(BOOKING_CANCEL, 7), "/api/v1/bookings/7/cancel");
        assert_eq!(with_id(MENTORS, 7), MENTORS);
    }
}
