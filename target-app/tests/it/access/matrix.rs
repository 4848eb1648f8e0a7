//! The authorization matrix, `matrix.txt`: every operation of the API description with every role. A new
//! operation needs a row there, and where its request needs a body or an id, a line in `stage.rs`.
//!
//! The thing that is requested belongs to one student and one mentor. The roles are: not signed in, this
//! student, another student, this mentor, another mentor, a parent, an administrator, and the student
//! with an expired token. `2xx` is any success.

use std::collections::BTreeSet;

use super::stage::{self, Stage};
use crate::support::Client;

const MATRIX: &str = include_str!("matrix.txt");

/// Each operation with the eight expected statuses.
fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let lines = MATRIX.lines().skip(1);
    let row = |line: &'static str| {
        let mut words = line.split_whitespace();
        let operation = words.next().expect("no line is empty");
        (operation, words.collect())
    };
    lines.map(row).collect()
}

#[tokio::test]
async fn every_operation_answers_every_role_as_its_row_says() {
    let stage = Stage::start(&["bookings.payment=required"], None).await;
    let mut wrong = Vec::new();
    for (operation, expected) in rows() {
        let clients = [
            Client::clone(&stage.app.anonymous()),
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
            wrong.push(format!("{operation} {}", found.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "found:\n{}", wrong.join("\n"));
    stage.app.lab().audits_clean().await;
    stage.app.finish().await;
}

#[test]
fn every_operation_has_one_row() {
    let rows = rows();
    let named: BTreeSet<String> = rows.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(named.len(), rows.len(), "an operation has two rows");
    assert_eq!(named, stage::all_operations());
}
