//! The authorization matrix: every operation of the API description with every role. The rows of a feature
//! are in `access.txt` in the folder of its tests, all others in the file of that name here. What a request
//! needs is in `operations.rs` beside it.
//!
//! The thing that is requested belongs to one student and one mentor. The roles are: not signed in, this
//! student, another student, this mentor, another mentor, a parent, an administrator, and the student
//! with an expired token. `2xx` is any success.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    operations::{self, REST},
    stage::{self, Stage},
};
use crate::support::Client;

/// The first line of each file.
const COLUMNS: [&str; 9] = [
    "operation",
    "anyone",
    "student",
    "other-student",
    "mentor",
    "other-mentor",
    "parent",
    "admin",
    "expired",
];

/// What each role is answered by an operation.
struct Row {
    /// Where it is written.
    file: String,
    operation: String,
    statuses: Vec<String>,
}

/// The rows of a file.
fn read(file: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut lines = text.lines();
    let first: Vec<&str> = lines.next().unwrap_or("").split_whitespace().collect();
    assert_eq!(first, COLUMNS, "the first line of {file}");
    let row = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_owned);
        Row {
            file: file.to_owned(),
            operation: words.next().expect("no line is empty"),
            statuses: words.collect(),
        }
    };
    lines.map(row).collect()
}

/// The rows of every feature, and those of no feature.
fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = operations::features()
        .flat_map(|(name, _)| read(&format!("tests/it/{name}/access.txt")))
        .collect();
    rows.extend(read(REST));
    rows
}

#[tokio::test]
async fn every_operation_answers_every_role_as_its_row_says() {
    let stage = Stage::start(&["bookings.payment=required"], None).await;
    let mut wrong = Vec::new();
    for row in rows() {
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
            let answer = stage.request(&row.operation).await.send(client).await;
            found.push(match answer.status {
                200..=299 => "2xx".to_owned(),
                other => other.to_string(),
            });
        }
        if found != row.statuses {
            wrong.push(format!(
                "{}: {} {}",
                row.file,
                row.operation,
                found.join(" ")
            ));
        }
    }
    assert!(wrong.is_empty(), "found:\n{}", wrong.join("\n"));
    stage.app.lab().audits_clean().await;
    stage.app.finish().await;
}

#[test]
fn every_operation_has_one_row_in_the_file_of_its_feature() {
    let rows = rows();
    let mut named = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in &rows {
        let (file, operation) = (&row.file, row.operation.as_str());
        let place = operations::place(operation, "access.txt");
        if *file != place {
            wrong.push(format!("{file}: {operation} belongs into {place}"));
        }
        if !named.insert(operation) {
            wrong.push(format!("{file}: {operation} has two rows"));
        }
    }
    let all = stage::all_operations();
    wrong.extend(operations::differences("access.txt", &all, &named));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
