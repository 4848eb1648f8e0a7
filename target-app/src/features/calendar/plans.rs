//! The statements of this feature's operations, for the control plane to explain.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    api::calendar::MAX_EVENTS,
    dataset::{self, RowKind},
};

use super::repository;
use crate::{clock::Clock, db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![
        ExplainedOperation {
            name: "calendar.month",
            statements: month,
        },
        ExplainedOperation {
            name: "calendar.week",
            statements: week,
        },
    ]
}

/// A month of the busiest mentor.
fn month(_: &Policies) -> Vec<Statement> {
    of_mentor(31)
}

/// A week of the busiest mentor.
fn week(_: &Policies) -> Vec<Statement> {
    of_mentor(7)
}

/// The next days of the busiest mentor.
fn of_mentor(days: i64) -> Vec<Statement> {
    let (from, mentor) = (Clock::system().now(), dataset::id(RowKind::Mentor, 1));
    let to: DateTime<Utc> = from + TimeDelta::days(days);
    vec![
        Statement::of("events", repository::OF_MENTOR)
            .bind(mentor)
            .bind(from)
            .bind(to)
            .bind(i64::from(MAX_EVENTS))
            .bind(0_i64),
        Statement::of("lessons", repository::LESSONS_OF_MENTOR)
            .bind(mentor)
            .bind(from)
            .bind(to),
    ]
}
