//! The statements of this feature's operations, for the control plane to explain.

use shared::dataset::{self, RowKind};
use uuid::Uuid;

use super::repository;
use crate::{clock::Clock, db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained: marking goes by primary key.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![ExplainedOperation {
        name: "attendance.summary",
        statements: summary,
    }]
}

/// The attendance of a student with every mentor.
fn summary(_: &Policies) -> Vec<Statement> {
    vec![
        Statement::of("summary", repository::SUMMARY)
            .bind(dataset::id(RowKind::Student, 1))
            .bind(None::<Uuid>)
            .bind(Clock::system().now()),
    ]
}
