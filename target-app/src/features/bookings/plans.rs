//! The statements of this feature's operations, for the control plane to explain.

use chrono::{TimeDelta, Utc};
use shared::{
    api::bookings::BookingQuery,
    dataset::{self, Kind},
    ids::UserId,
};

use super::{
    model::{Filter, Owner},
    repository,
};
use crate::db::Statement;

/// What `operation` sends; `None`: it is none of this feature. Of a booking that is what it looks
/// up before it takes a place: taking it goes by primary key.
pub(crate) fn plans(operation: &str) -> Option<Vec<Statement>> {
    let student = dataset::id(Kind::Student, 1);
    match operation {
        "bookings.create" => {
            let from = Utc::now();
            Some(vec![
                Statement::of("slot", repository::SLOT).bind(dataset::id(Kind::Slot, 1)),
                Statement::of("overlap", repository::OVERLAP)
                    .bind(student)
                    .bind(from)
                    .bind(from + TimeDelta::hours(1)),
            ])
        }
        "bookings.mine" => {
            // Nothing asked for is always right.
            let filter = Filter::read(&BookingQuery::default()).ok()?;
            let text = repository::list_text(Owner::Student(UserId(student)));
            Some(vec![
                Statement::of("page", text)
                    .bind(student)
                    .bind(None::<String>)
                    .bind(filter.from)
                    .bind(filter.to)
                    .bind(i64::from(filter.per_page))
                    .bind(filter.offset()),
            ])
        }
        _ => None,
    }
}
