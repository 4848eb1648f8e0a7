//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    dataset::{self, RowKind},
    page::DEFAULT_PER_PAGE,
};
use uuid::Uuid;

use super::repository;
use crate::{clock::Clock, db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![
        ExplainedOperation {
            name: "students.list",
            statements: list,
        },
        ExplainedOperation {
            name: "students.detail",
            statements: detail,
        },
    ]
}

/// The first page of all students.
fn list(_: &Policies) -> Vec<Statement> {
    vec![
        Statement::of("page", repository::PAGE)
            .bind(None::<String>)
            .bind(None::<i16>)
            .bind(i64::from(DEFAULT_PER_PAGE))
            .bind(0_i64),
        Statement::of("total", repository::COUNT)
            .bind(None::<String>)
            .bind(None::<i16>),
    ]
}

/// The lessons of a student with every mentor.
fn detail(_: &Policies) -> Vec<Statement> {
    vec![
        Statement::of("lessons", repository::LESSONS)
            .bind(dataset::id(RowKind::Student, 1))
            .bind(None::<Uuid>)
            .bind(Clock::system().now()),
    ]
}
