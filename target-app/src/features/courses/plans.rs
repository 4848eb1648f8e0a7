//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    dataset::{self, RowKind},
    page::DEFAULT_PER_PAGE,
};

use super::{repository, repository_progress};
use crate::{db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![
        ExplainedOperation {
            name: "courses.list",
            statements: list,
        },
        ExplainedOperation {
            name: "courses.lesson",
            statements: lesson,
        },
        ExplainedOperation {
            name: "courses.enrolment",
            statements: enrolment,
        },
    ]
}

fn list(_: &Policies) -> Vec<Statement> {
    vec![
        Statement::of("page", repository::PAGE)
            .bind(i64::from(DEFAULT_PER_PAGE))
            .bind(0_i64),
    ]
}

fn lesson(_: &Policies) -> Vec<Statement> {
    vec![
        Statement::of("lesson", repository::LESSON)
            .bind(dataset::id(RowKind::Lesson, 1))
            .bind(dataset::id(RowKind::Student, 1)),
    ]
}

fn enrolment(_: &Policies) -> Vec<Statement> {
    vec![
        Statement::of("enrolment", repository_progress::ENROLMENT)
            .bind(dataset::id(RowKind::Student, 1))
            .bind(dataset::id(RowKind::Course, 1)),
    ]
}
