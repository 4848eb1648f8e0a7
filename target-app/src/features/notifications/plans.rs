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
        name: "notifications.list",
        statements: list,
    }]
}

/// The first page of the first student.
fn list(_: &Policies) -> Vec<Statement> {
    let user = dataset::id(RowKind::Student, 0);
    vec![
        Statement::of("page", repository::LIST)
            .bind(user)
            .bind(false)
            .bind(i64::from(DEFAULT_PER_PAGE))
            .bind(0_i64),
        Statement::of("count", repository::COUNT)
            .bind(user)
            .bind(false),
    ]
}
