//! Identifiers: one newtype a thing, so that a slot cannot be passed where a booking is meant.

macro_rules! ids {
    ($( $(#[$doc:meta])* $name:ident; )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }
    )+ };
}

ids! {
    /// A person with an account.
    UserId;
    /// A mentor's public profile (its own id, not the user's).
    MentorId;
    /// A bookable span of a mentor's time.
    SlotId;
    /// A student's place in a slot.
    BookingId;
    /// What a student pays for a booking.
    PaymentId;
    /// What a student wrote about a mentor.
    ReviewId;
    /// A recorded class.
    RecordingId;
    /// A course.
    CourseId;
    /// A lesson of a course.
    LessonId;
    /// A file that a student submitted.
    SubmissionId;
    /// A chat room.
    RoomId;
    /// One chat message.
    MessageId;
    /// A video class: a session of a booking.
    SessionId;
    /// A notification to one person.
    NotificationId;
}
