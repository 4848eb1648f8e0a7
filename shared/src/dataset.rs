//! What `seed` creates, as far as a client has to know it: who exists, under which id,
//! with which password. Pure functions of a number, the same on both sides.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Password of every seeded account.
pub const PASSWORD: &str = "correct horse battery";
/// Student places whose slots are kept free for races: capacity 1, far in the future.
pub const RACE_SLOTS: u32 = 2_000;
/// Students, from the first, who have a confirmed booking whose class can be initiated at any time.
pub const CLASS_STUDENTS: u32 = 200;
/// Mentors, from the first, who give those classes: that of student *n* is mentor *n* modulo this.
pub const CLASS_MENTORS: u32 = 8;
/// The mentor with the fullest calendar.
pub const BUSIEST_MENTOR: u32 = 1;
/// Fewest events of the busiest mentor in the 31 days that begin with the seeding, except at scale tiny.
pub const FULL_MONTH: usize = 501;
/// Number of distinct recording files.
pub const MEDIA_FILES: u32 = 12;
/// Exponent of the Zipf popularity of mentors and rooms (YCSB's constant).
pub const ZIPF_EXPONENT: f64 = 0.99;
/// Courses of the catalogue, at every scale.
pub const COURSES: u32 = 40;
/// Lessons of each course.
pub const COURSE_LESSONS: u32 = 8;
/// Questions of the quiz of each course.
pub const QUIZ_QUESTIONS: u32 = 5;
/// Answers that each question offers.
pub const QUIZ_CHOICES: u32 = 4;
/// Every skill a seeded mentor may teach, most common first.
pub const SKILLS: [&str; 16] = [
    "python",
    "javascript",
    "rust",
    "sql",
    "java",
    "react",
    "typescript",
    "go",
    "kubernetes",
    "machine-learning",
    "system-design",
    "postgresql",
    "docker",
    "algorithms",
    "security",
    "redis",
];
/// Every language a seeded mentor may speak, most common first.
pub const LANGUAGES: [&str; 6] = ["en", "es", "de", "fr", "pt", "hi"];

/// How much data there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// For tests: a second to load.
    Tiny,
    /// For experiments on a laptop; the default.
    Small,
    /// Five times small.
    Medium,
    /// Twenty-five times small.
    Large,
}

/// Row counts of a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Mentors, each with an account.
    pub mentors: u32,
    /// Students, each with an account.
    pub students: u32,
    /// Slots, the race slots not counted.
    pub slots: u32,
    /// Bookings, cancelled ones included.
    pub bookings: u32,
    /// Reviews of completed lessons.
    pub reviews: u32,
    /// Recordings of completed lessons.
    pub recordings: u32,
    /// Chat rooms.
    pub rooms: u32,
    /// Chat messages.
    pub messages: u32,
}

impl Scale {
    /// Every scale.
    pub const ALL: [Self; 4] = [Self::Tiny, Self::Small, Self::Medium, Self::Large];

    /// The word that people type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// How many rows of each kind.
    pub const fn counts(self) -> Counts {
        let times = match self {
            Self::Tiny => {
                return Counts {
                    mentors: 60,
                    students: 600,
                    slots: 3_000,
                    bookings: 3_000,
                    reviews: 1_200,
                    recordings: 600,
                    rooms: 60,
                    messages: 1_500,
                };
            }
            Self::Small => 1,
            Self::Medium => 5,
            Self::Large => 25,
        };
        Counts {
            mentors: 2_000 * times,
            students: 20_000 * times,
            slots: 100_000 * times,
            bookings: 150_000 * times,
            reviews: 60_000 * times,
            recordings: 20_000 * times,
            rooms: 1_000 * times,
            messages: 50_000 * times,
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scale {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scale| scale.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a scale; it is tiny, small, medium or large"))
    }
}

/// Kinds of seeded rows that have an id of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Account of student *n*.
    Student,
    /// Account of mentor *n*.
    MentorUser,
    /// Account of parent *n*.
    Parent,
    /// Account of administrator *n*.
    Admin,
    /// Profile of mentor *n*.
    Mentor,
    /// Slot *n*.
    Slot,
    /// Race slot *n*, below [`RACE_SLOTS`].
    RaceSlot,
    /// Booking *n*.
    Booking,
    /// Review *n*.
    Review,
    /// Recording *n*.
    Recording,
    /// Room *n*.
    Room,
    /// Message *n*.
    Message,
    /// Course *n*, below [`COURSES`].
    Course,
    /// Lesson *n*: the lessons of course *c* begin at *c* times [`COURSE_LESSONS`].
    Lesson,
    /// Enrolment *n*.
    Enrolment,
    /// Slot of the classes of mentor *n*, below [`CLASS_MENTORS`].
    ClassSlot,
    /// Booking of the class of student *n*, below [`CLASS_STUDENTS`].
    ClassBooking,
    /// Notification *n*.
    Notification,
}

/// Id of the seeded row `n` of a kind: shaped like a UUIDv7 whose time part is `n`
/// milliseconds after a fixed instant, so that ids sort as rows were made.
pub fn id(kind: RowKind, n: u32) -> Uuid {
    /// 2025-01-01T00:00:00Z in Unix milliseconds.
    const EPOCH_MS: u64 = 1_735_689_600_000;
    let digest = Sha256::digest(format!("{kind:?}:{n}").as_bytes());
    let mut bytes = [0_u8; 16];
    bytes[..6].copy_from_slice(&(EPOCH_MS + u64::from(n)).to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&digest[..10]);
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}

/// E-mail of student `n`.
pub fn student_email(n: u32) -> String {
    format!("student{n:06}@codeconnect.test")
}

/// E-mail of mentor `n`.
pub fn mentor_email(n: u32) -> String {
    format!("mentor{n:06}@codeconnect.test")
}

/// E-mail of administrator `n`.
pub fn admin_email(n: u32) -> String {
    format!("admin{n:06}@codeconnect.test")
}

/// Key of recording file `n`, below [`MEDIA_FILES`].
pub fn media_key(n: u32) -> String {
    format!("class-{n:02}")
}

/// The right answer to a question (from 1) of the quiz of course `n`: a place in its choices, from 0.
pub const fn quiz_answer(course: u32, question: u32) -> i16 {
    ((course * 7 + question * 3) % QUIZ_CHOICES) as i16
}

/// Size in bytes of recording file `n`: 256 KiB to 3 MiB.
pub const fn media_size(n: u32) -> u64 {
    (n as u64 + 1) * 256 * 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_ids_are_version_7_sorted_and_distinct_across_kinds() {
        let student = id(RowKind::Student, 1);
        assert_eq!(student.get_version_num(), 7);
        assert_eq!(student, id(RowKind::Student, 1));
        assert_ne!(student, id(RowKind::Mentor, 1));
        assert!(student < id(RowKind::Student, 2));
    }

    #[test]
    fn scales_read_back_and_a_wrong_one_says_what_exists() {
        for scale in Scale::ALL {
            assert_eq!(scale.as_str().parse::<Scale>().unwrap(), scale);
        }
        assert!(
            "huge"
                .parse::<Scale>()
                .unwrap_err()
                .contains("tiny, small, medium or large")
        );
    }
}
