//! The statements of this feature's operations, for the control plane to explain.

use shared::dataset::{self, RowKind};

use super::repository;
use crate::{db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![ExplainedOperation {
        name: "sessions.initiate",
        statements: initiate,
    }]
}

/// The seeded class of the first student.
fn initiate(_: &Policies) -> Vec<Statement> {
    let booking = dataset::id(RowKind::ClassBooking, 0);
    vec![
        Statement::of("booking", repository::PARTICIPANT)
            .bind(booking)
            .bind(dataset::id(RowKind::Student, 0)),
        Statement::of("class", repository::CLASS).bind(booking),
    ]
}
