//! Every cache key, built in one place.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use shared::{
    api::{bookings::BookingQuery, mentors::MentorQuery},
    ids::{MentorId, UserId},
};

/// The group of all pages of the mentor list.
pub(crate) const ALL: &str = "all";

/// What is cached; each kind has its own switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Pages of the mentor list.
    Mentors,
    /// Pages of a student's bookings.
    Bookings,
    /// Look-ups of users.
    Users,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Mentors, Self::Bookings, Self::Users];

    /// The word in keys, switches and snapshots.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mentors => "mentors",
            Self::Bookings => "bookings",
            Self::Users => "users",
        }
    }
}

/// One cached value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// What it is invalidated with.
    pub group: String,
    /// Which of its group.
    pub name: String,
    /// What was asked, as JSON; `name` follows from it. With it an audit can ask again.
    pub question: String,
}

impl Key {
    /// Bytes that it takes in memory, its own fields aside.
    pub(super) fn bytes(&self) -> usize {
        self.group.len() + self.name.len() + self.question.len()
    }

    fn asked(kind: Kind, group: String, query: &impl Serialize) -> Self {
        let question = serde_json::to_string(query).expect("queries are plain values");
        Self {
            kind,
            group,
            name: digest(&question),
            question,
        }
    }
}

/// Values that one mutation makes wrong together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    /// What they are.
    pub kind: Kind,
    /// Which of that kind.
    pub name: String,
}

/// A page of the mentor list.
pub fn mentor_list(query: &MentorQuery) -> Key {
    Key::asked(Kind::Mentors, ALL.to_owned(), query)
}

/// A page of a student's bookings.
pub fn student_bookings(student: UserId, query: &BookingQuery) -> Key {
    Key::asked(Kind::Bookings, student.to_string(), query)
}

/// A user as they see themselves.
pub fn user(user: UserId) -> Key {
    Key {
        kind: Kind::Users,
        group: user.to_string(),
        name: "view".to_owned(),
        question: String::new(),
    }
}

/// That there is no such mentor; nothing is stored of those that there are.
pub fn no_mentor(mentor: MentorId) -> Key {
    Key {
        kind: Kind::Mentors,
        group: mentor.to_string(),
        name: "absence".to_owned(),
        question: String::new(),
    }
}

/// All pages of the mentor list.
pub fn mentor_lists() -> Group {
    Group {
        kind: Kind::Mentors,
        name: ALL.to_owned(),
    }
}

/// What is stored of one mentor alone.
pub fn mentor(mentor: MentorId) -> Group {
    Group {
        kind: Kind::Mentors,
        name: mentor.to_string(),
    }
}

/// All pages of a student's bookings.
pub fn student(student: UserId) -> Group {
    Group {
        kind: Kind::Bookings,
        name: student.to_string(),
    }
}

/// All look-ups of one user.
pub fn user_group(user: UserId) -> Group {
    Group {
        kind: Kind::Users,
        name: user.to_string(),
    }
}

/// A name of bounded length for a query of any length: 128 bits of SHA-256 over its JSON.
fn digest(question: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(question)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_queries_have_different_keys_in_one_group() {
        let all = MentorQuery::default();
        let rust = MentorQuery {
            skill: Some("rust".into()),
            ..MentorQuery::default()
        };
        let (all, rust) = (mentor_list(&all), mentor_list(&rust));
        assert_ne!(all, rust);
        assert_eq!(all.group, rust.group);
        assert_eq!(mentor_lists().name, all.group);
        assert_eq!(all.name.len(), 22);
    }

    #[test]
    fn a_students_pages_are_in_the_group_of_that_student_only() {
        let (ann, bob) = (UserId(uuid::Uuid::nil()), UserId(uuid::Uuid::max()));
        let query = BookingQuery::default();
        assert_eq!(student_bookings(ann, &query).group, student(ann).name);
        assert_ne!(student_bookings(ann, &query), student_bookings(bob, &query));
        assert_eq!(user(ann).group, user_group(ann).name);
    }
}
