//! Submitted files: stored whole with their digest, bounded in size, of a type that is accepted.

use std::fmt::Write as _;
use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use shared::{
    api::courses::{SubmissionList, SubmissionView},
    paths::{self, with_id},
    problem::Code,
};

use super::step::{course, enrol, submit};
use crate::support::{Person, TestApp, together};

async fn submissions(person: &Person, n: u32) -> Vec<SubmissionView> {
    let path = with_id(paths::COURSE_SUBMISSIONS, course(n));
    person.get(&path).await.ok::<SubmissionList>().items
}

#[tokio::test]
async fn a_file_is_stored_with_its_size_and_digest() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    let bytes = b"%PDF-1.7 an essay";
    let stored: SubmissionView = submit(&student, 0, "application/pdf", bytes)
        .await
        .created();
    assert_eq!(stored.size_bytes as usize, bytes.len());
    let digest = Sha256::digest(bytes);
    let hex = digest.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    });
    assert_eq!((stored.sha256.as_str(), stored.number), (hex.as_str(), 1));
    let file = app.state.upload_dir().join(stored.id.to_string());
    assert_eq!(fs::read(file).unwrap(), bytes);
    let listed = submissions(&student, 0).await;
    assert_eq!(listed[0].sha256, stored.sha256);
    app.finish().await;
}

#[tokio::test]
async fn a_body_whose_digest_differs_is_refused() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    let digest = STANDARD.encode(Sha256::digest(b"right"));
    let header = format!("sha-256=:{digest}:");
    let path = with_id(paths::COURSE_SUBMISSIONS, course(0));
    let send = async |body: &'static str| {
        let request = student.request(http::Method::POST, &path);
        let request = request.header("content-type", "text/plain");
        crate::support::send(request.header("content-digest", &header).body(body)).await
    };
    send("wrong").await.refused(Code::DigestMismatch);
    assert_eq!(send("right").await.status, 201);
    app.finish().await;
}

#[tokio::test]
async fn size_and_type_are_limited() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    let most = app.state.max_upload_bytes();
    let whole = submit(&student, 0, "text/plain", &vec![b'a'; most]).await;
    assert_eq!(whole.status, 201);
    let larger = submit(&student, 0, "text/plain", &vec![b'a'; most + 1]).await;
    let problem = larger.refused(Code::TooLarge);
    assert!(
        problem.detail.contains(&most.to_string()),
        "{}",
        problem.detail
    );
    // Without a length, too.
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 1_024]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let path = with_id(paths::COURSE_SUBMISSIONS, course(0));
    let request = student.request(http::Method::POST, &path);
    let request = request.header("content-type", "text/plain").body(body);
    assert_eq!(crate::support::send(request).await.status, 201);
    for (kind, bytes) in [
        ("application/x-sh", &b"#!/bin/sh"[..]),
        ("image/png", b"%PDF-1.7"),
        ("text/plain", b"MZ\0\0"),
    ] {
        submit(&student, 0, kind, bytes)
            .await
            .refused(Code::UnsupportedFile);
    }
    submit(&student, 0, "text/plain", b"")
        .await
        .refused(Code::InvalidRequest);
    let sizes: Vec<usize> = submissions(&student, 0)
        .await
        .iter()
        .map(|one| one.size_bytes as usize)
        .collect();
    assert_eq!(sizes, [most, 100 * 1_024]);
    app.finish().await;
}

/// More than have a place in memory at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_large_files_at_once_are_all_stored() {
    let app = TestApp::start().await;
    let students: Vec<_> = (0..80).map(|n| app.student(n)).collect();
    together(students.iter().map(|student| enrol(student, 0))).await;
    let file = vec![b'a'; 100_000];
    let answers = together(
        students
            .iter()
            .map(|student| submit(student, 0, "text/plain", &file)),
    )
    .await;
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn submissions_at_once_are_numbered_without_gaps() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    together((0..8).map(|_| submit(&student, 0, "text/plain", b"x"))).await;
    let numbers: Vec<i16> = submissions(&student, 0)
        .await
        .iter()
        .map(|one| one.number)
        .collect();
    assert_eq!(numbers, (1..=8).collect::<Vec<i16>>());
    app.lab().audits_clean().await;
    app.finish().await;
}
