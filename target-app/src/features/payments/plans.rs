//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    dataset::{self, RowKind},
    page::DEFAULT_PER_PAGE,
};

use super::repository;
use crate::{db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![ExplainedOperation {
        name: "payments.mine",
        statements: mine,
    }]
}

/// The first page of a student's payments.
fn mine(_: &Policies) -> Vec<Statement> {
    let student = dataset::id(RowKind::Student, 1);
    vec![
        Statement::of("page", repository::OF_STUDENT)
            .bind(student)
            .bind(i64::from(DEFAULT_PER_PAGE))
            .bind(0_i64),
        Statement::of("total", repository::COUNT_OF_STUDENT).bind(student),
    ]
}
