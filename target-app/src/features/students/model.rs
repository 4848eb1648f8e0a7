//! Types of students: who looks, and a query that was checked.

use shared::{
    api::{
        auth::Role,
        students::{MAX_NAME_QUERY, StudentQuery},
    },
    ids::MentorId,
    problem::Code,
};

use crate::{error::ApiError, paging::PageNumber, text::one_line};

/// Grades that an account can have.
const GRADES: std::ops::RangeInclusive<i16> = 0..=20;

/// Which students, and which of their lessons, somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum StudentViewer {
    /// All of them.
    Admin,
    /// Those who have booked a lesson with this mentor, and these lessons.
    Mentor(MentorId),
}

impl StudentViewer {
    /// A member of the staff, by role and mentor profile.
    pub(in super::super) fn staff(role: Role, mentor: Option<MentorId>) -> Result<Self, ApiError> {
        match (role, mentor) {
            (Role::Admin, _) => Ok(Self::Admin),
            (Role::Mentor, Some(mentor)) => Ok(Self::Mentor(mentor)),
            _ => Err(ApiError::new(
                Code::Forbidden,
                "only a mentor or an administrator may do this",
            )),
        }
    }

    /// The mentor whose lessons are seen; `None` where all are.
    pub(in super::super) const fn mentor(self) -> Option<MentorId> {
        match self {
            Self::Admin => None,
            Self::Mentor(mentor) => Some(mentor),
        }
    }
}

/// A list query that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StudentFilter {
    /// Only names that contain this.
    pub(super) name: Option<String>,
    /// Only of this grade.
    pub(super) grade: Option<i16>,
    /// Which part.
    pub(super) page: PageNumber,
}

impl TryFrom<StudentQuery> for StudentFilter {
    type Error = ApiError;

    fn try_from(query: StudentQuery) -> Result<Self, ApiError> {
        let name = query.q.as_deref().map(|text| {
            one_line(text, MAX_NAME_QUERY)
                .ok_or_else(|| ApiError::invalid("q", "at most 100 characters on one line"))
        });
        let name = name.transpose()?.filter(|name| !name.is_empty());
        if query.grade.is_some_and(|grade| !GRADES.contains(&grade)) {
            return Err(ApiError::invalid("grade", "a number from 0 to 20"));
        }
        Ok(Self {
            name: name.map(str::to_owned),
            grade: query.grade,
            page: PageNumber::read(query.page, query.per_page)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_administrators_and_mentors_with_a_profile_are_staff() {
        let profile = MentorId(Uuid::from_u128(1));
        let admin = StudentViewer::staff(Role::Admin, None).unwrap();
        assert_eq!(admin.mentor(), None);
        let mentor = StudentViewer::staff(Role::Mentor, Some(profile)).unwrap();
        assert_eq!(mentor.mentor(), Some(profile));
        for (role, profile) in [
            (Role::Mentor, None),
            (Role::Student, None),
            (Role::Parent, None),
        ] {
            assert!(StudentViewer::staff(role, profile).is_err());
        }
    }

    #[test]
    fn a_query_is_bounded_and_a_wrong_field_is_named() {
        let query = |q: &str, grade| StudentQuery {
            q: Some(q.to_owned()),
            grade,
            ..StudentQuery::default()
        };
        let right = StudentFilter::try_from(query("  ", Some(7))).unwrap();
        assert_eq!((right.name, right.grade), (None, Some(7)));
        let long = "a".repeat(MAX_NAME_QUERY + 1);
        for (wrong, field) in [
            (query(&long, None), "`q`"),
            (query("a\0b", None), "`q`"),
            (query("", Some(21)), "`grade`"),
            (query("", Some(-1)), "`grade`"),
        ] {
            let refused = StudentFilter::try_from(wrong).unwrap_err();
            assert!(refused.detail().starts_with(field), "{refused}");
        }
    }
}
