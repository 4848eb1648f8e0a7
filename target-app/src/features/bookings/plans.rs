//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    api::bookings::BookingQuery,
    dataset::{self, RowKind},
    ids::UserId,
    row_security::Person,
};

use super::{
    model::{BookingFilter, BookingOwner},
    repository, repository_precheck,
};
use crate::{db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![
        ExplainedOperation {
            name: "bookings.create",
            statements: create,
        },
        ExplainedOperation {
            name: "bookings.mine",
            statements: mine,
        },
    ]
}

/// What a booking looks up before it takes a place: taking it goes by primary key.
fn create(_: &Policies) -> Vec<Statement> {
    vec![
        Statement::of("slot and overlap", repository_precheck::PRECHECK)
            .bind(dataset::id(RowKind::Slot, 1))
            .bind(dataset::id(RowKind::Student, 1)),
    ]
}

/// The first page of a student's bookings.
fn mine(_: &Policies) -> Vec<Statement> {
    // A query without parameters is always valid.
    let Ok(filter) = BookingFilter::try_from(BookingQuery::default()) else {
        return Vec::new();
    };
    let student = dataset::id(RowKind::Student, 1);
    let text = repository::list_text(BookingOwner::Student(UserId(student)));
    vec![
        Statement::of("page", text)
            .run_for(Person::Student(UserId(student)))
            .bind(student)
            .bind(None::<String>)
            .bind(filter.from)
            .bind(filter.to)
            .bind(filter.page.limit())
            .bind(filter.page.offset()),
    ]
}
