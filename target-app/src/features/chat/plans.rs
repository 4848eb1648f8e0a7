//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    dataset::{self, RowKind},
    profile::Persistence,
};
use uuid::Uuid;

use super::{repository, repository_batch};
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

fn send(policies: &Policies) -> Vec<Statement> {
    let (id, room) = (Uuid::now_v7(), dataset::id(RowKind::Room, 1));
    let sender = dataset::id(RowKind::Student, 1);
    let text = "explained".to_owned();
    vec![match policies.chat.persistence {
        Persistence::PerMessage => Statement::of("append", repository::APPEND)
            .bind(id)
            .bind(room)
            .bind(sender)
            .bind(text.clone())
            .bind(text),
        Persistence::Batched => Statement::of("append all", repository_batch::APPEND_ALL)
            .bind(vec![id])
            .bind(vec![room])
            .bind(vec![sender])
            .bind(vec![text.clone()])
            .bind(vec![text]),
    }]
}
