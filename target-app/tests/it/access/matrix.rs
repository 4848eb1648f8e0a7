//! The authorization matrix: every operation of the API description with every role. A new operation
//! needs a row here, and where its request needs a body or an id, a line in `stage.rs`.

use std::collections::BTreeSet;

use super::stage::{self, Stage};
use crate::support::Client;

/// Operation, and the status for: nobody signed in, the student whom the thing belongs to, another
/// student, the mentor of the lesson, another mentor, a parent, an administrator, an expired token of the
/// student. `2xx` is any success; `-` is that the role was not asked, because its request would change the
/// answer to the others.
const ROWS: &[(&str, [&str; 8])] = &[];

#[tokio::test]
async fn every_operation_answers_every_role_as_its_row_says() {
    let stage = Stage::start(&["bookings.payment=required"], None).await;
    let mut wrong = Vec::new();
    for (operation, expected) in ROWS {
        let clients = [
            stage.app.anonymous().clone(),
            Client::clone(&stage.student()),
            Client::clone(&stage.other_student()),
            Client::clone(&stage.mentor()),
            Client::clone(&stage.other_mentor()),
            Client::clone(&stage.parent()),
            Client::clone(&stage.admin()),
            stage.expired(),
        ];
        let mut found = Vec::new();
        for client in &clients {
            let answer = stage.request(operation).await.send(client).await;
            found.push(match answer.status {
                200..=299 => "2xx".to_owned(),
                other => other.to_string(),
            });
        }
        if found != expected {
            wrong.push(format!("(\"{operation}\", {found:?}),"));
        }
    }
    assert!(wrong.is_empty(), "found:\n{}", wrong.join("\n"));
    stage.app.lab().audits_clean().await;
    stage.app.finish().await;
}

#[test]
fn every_operation_has_one_row() {
    let rows: BTreeSet<_> = ROWS
        .iter()
        .map(|(operation, _)| (*operation).to_owned())
        .collect();
    assert_eq!(rows.len(), ROWS.len(), "an operation has two rows");
    assert_eq!(rows, stage::all_operations());
}
