//! The statements of this feature's operations, for the control plane to explain.

use shared::dataset::{self, Kind};
use uuid::Uuid;

use super::repository;
use crate::db::Statement;

/// Messages that are explained: what a client that joins reads at once.
const MESSAGES: i64 = 50;

/// What `operation` sends; `None`: it is none of this feature.
pub(crate) fn plans(operation: &str) -> Option<Vec<Statement>> {
    let room = dataset::id(Kind::Room, 1);
    let student = dataset::id(Kind::Student, 1);
    match operation {
        "chat.join" => Some(vec![
            Statement::of("last number", repository::LAST_SEQ_FOR)
                .bind(room)
                .bind(student),
            Statement::of("messages", repository::MESSAGES)
                .bind(room)
                .bind(0_i64)
                .bind(i64::MAX)
                .bind(MESSAGES),
        ]),
        "chat.send" => Some(vec![
            Statement::of("append", repository::APPEND)
                .bind(Uuid::now_v7())
                .bind(room)
                .bind(student)
                .bind("explained".to_owned())
                .bind("explained".to_owned()),
        ]),
        _ => None,
    }
}
