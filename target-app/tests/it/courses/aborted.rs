//! Uploads that end early leave no file and no row, and the sweep removes what a crash left.

use std::{fs, path::Path, time::Duration};

use chrono::{TimeDelta, Utc};
use shared::{
    paths::{self, with_id},
    problem::Code,
};
use target_app::clock::Clock;

use super::step::{course, enrol, submit};
use crate::support::{RawConnection, TestApp, together};

/// Uploads that are cut off.
const UPLOADS: usize = 200;
/// Length that each of them announces.
const ANNOUNCED: usize = 40_000;

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn two_hundred_aborted_uploads_leave_no_file_and_no_row() {
    let app = TestApp::start().await;
    let student = app.student(1);
    assert_eq!(enrol(&student, 0).await.status, 201);
    let path = with_id(paths::COURSE_SUBMISSIONS, course(0));
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
         content-type: text/plain\r\ncontent-length: {ANNOUNCED}\r\n\r\n",
        student.token
    );
    for first in (0..UPLOADS).step_by(20) {
        together((first..first + 20).map(|n| {
            let (address, head) = (app.address, head.clone());
            async move {
                let mut connection = RawConnection::open(address).await;
                connection.send(&head).await;
                // From nothing to all but one byte.
                connection
                    .send(vec![b'a'; n * (ANNOUNCED - 1) / (UPLOADS - 1)])
                    .await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }))
        .await;
    }
    app.wait_for_requests(..=0_u64).await;
    assert_eq!(files(app.state.upload_dir()), 0);
    assert_eq!(app.db.count("select count(*) from submission").await, 0);
    assert_eq!(
        submit(&student, 0, "text/plain", b"whole").await.status,
        201
    );
    assert_eq!(files(app.state.upload_dir()), 1);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_refused_submission_leaves_no_file() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    for _ in 0..10 {
        assert_eq!(submit(&student, 0, "text/plain", b"one").await.status, 201);
    }
    let eleventh = submit(&student, 0, "text/plain", b"one").await;
    eleventh.refused(Code::AttemptsUsed);
    submit(&student, 0, "image/png", b"one")
        .await
        .refused(Code::UnsupportedFile);
    assert_eq!(files(app.state.upload_dir()), 10);
    // Nothing is written for it, not even for a moment.
    let folder = app.state.upload_dir();
    fs::remove_dir_all(folder).unwrap();
    fs::write(folder, b"no folder").unwrap();
    submit(&student, 0, "text/plain", b"one")
        .await
        .refused(Code::AttemptsUsed);
    app.finish().await;
}

#[tokio::test]
async fn the_sweep_removes_old_files_without_a_row_and_no_others() {
    let clock = Clock::manual(Utc::now());
    let app = TestApp::with(&[])
        .with_clock(&clock)
        .with_purge_every(Duration::from_millis(50))
        .start()
        .await;
    let student = app.student(1);
    enrol(&student, 0).await;
    assert_eq!(submit(&student, 0, "text/plain", b"kept").await.status, 201);
    let folder = app.state.upload_dir();
    fs::write(folder.join(uuid::Uuid::now_v7().to_string()), b"orphan").unwrap();
    fs::write(
        folder.join(format!("{}.part", uuid::Uuid::now_v7())),
        b"half",
    )
    .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Young ones may belong to an upload under way.
    assert_eq!(files(folder), 3);
    clock.advance(TimeDelta::hours(2));
    for _ in 0..600 {
        if files(folder) == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(files(folder), 1);
    assert_eq!(app.db.count("select count(*) from submission").await, 1);
    app.finish().await;
}
