//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    dataset::{self, Kind},
    page::DEFAULT_PER_PAGE,
};

use super::repository;
use crate::db::Statement;

/// What `operation` sends; `None`: it is none of this feature.
pub(crate) fn plans(operation: &str) -> Option<Vec<Statement>> {
    if operation != "recordings.list" {
        return None;
    }
    let student = dataset::id(Kind::Student, 1);
    Some(vec![
        Statement::of("page", repository::OF_STUDENT)
            .bind(student)
            .bind(i64::from(DEFAULT_PER_PAGE))
            .bind(0_i64),
        Statement::of("total", repository::COUNT_OF_STUDENT).bind(student),
    ])
}
