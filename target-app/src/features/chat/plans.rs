//! The statements of this feature's operations, for the control plane to explain.

use shared::dataset::{self, RowKind};
use uuid::Uuid;

use super::repository;
use crate::{db::Statement, engine::Policies, registry::ExplainedOperation};

/// Messages that are explained: what a client that joins reads at once.
const MESSAGES: i64 = 50;

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![
        ExplainedOperation {
            name: "chat.join",
            statements: join,
        },
        ExplainedOperation {
            name: "chat.send",
            statements: send,
        },
    ]
}

fn join(_: &Policies) -> Vec<Statement> {
    let room = dataset::id(RowKind::Room, 1);
    vec![
        Statement::of("last number", repository::LAST_SEQ_FOR)
            .bind(room)
            .bind(dataset::id(RowKind::Student, 1)),
        Statement::of("messages", repository::MESSAGES)
            .bind(room)
            .bind(0_i64)
            .bind(i64::MAX)
            .bind(MESSAGES),
    ]
}

fn send(_: &Policies) -> Vec<Statement> {
    vec![
        Statement::of("append", repository::APPEND)
            .bind(Uuid::now_v7())
            .bind(dataset::id(RowKind::Room, 1))
            .bind(dataset::id(RowKind::Student, 1))
            .bind("explained".to_owned())
            .bind("explained".to_owned()),
    ]
}
