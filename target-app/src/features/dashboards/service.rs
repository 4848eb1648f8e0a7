//! Whose dashboards there are, and which of them a change of a lesson makes wrong.

use bytes::Bytes;
use chrono::NaiveDate;
use shared::ids::{MentorId, UserId};

use super::{cached, model::DashboardScope};
use crate::{cache::Group, engine::Engine, error::ApiError};

/// A dashboard as JSON.
pub(super) async fn show(
    engine: &Engine,
    scope: DashboardScope,
    day: NaiveDate,
) -> Result<Bytes, ApiError> {
    cached::dashboard(engine, scope, day).await
}

/// The dashboards that change with lessons of these students with these mentors; none where there is
/// no lesson.
pub(in super::super) fn groups(
    lessons: impl IntoIterator<Item = (UserId, MentorId)>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = lessons
        .into_iter()
        .flat_map(|(student, mentor)| {
            [
                DashboardScope::Platform,
                DashboardScope::Student(student),
                DashboardScope::Mentor(mentor),
            ]
        })
        .map(cached::group)
        .collect();
    groups.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    groups.dedup();
    groups
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_lesson_changes_its_two_dashboards_and_that_of_the_platform_each_once() {
        let student = |n| UserId(Uuid::from_u128(n));
        let mentor = MentorId(Uuid::from_u128(1));
        let found = groups([(student(1), mentor), (student(2), mentor)]);
        let names: Vec<_> = found.iter().map(|group| group.name.as_str()).collect();
        let expected = [
            DashboardScope::Platform.to_string(),
            DashboardScope::Mentor(mentor).to_string(),
            DashboardScope::Student(student(1)).to_string(),
            DashboardScope::Student(student(2)).to_string(),
        ];
        assert_eq!(names.len(), expected.len());
        assert!(expected.iter().all(|name| names.contains(&name.as_str())));
        assert!(groups([]).is_empty());
    }
}
