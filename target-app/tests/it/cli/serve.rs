//! Serving, from the line that says where to the signal that ends it.

use std::time::Duration;

use http::Method;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use shared::{
    api::auth::Session,
    dataset,
    paths::{self, with_id},
    problem::Code,
};
use tokio::net::TcpStream;

use crate::courses::step::course;
use crate::support::program::{Running, run};
use crate::support::{Client, TestDb, send};

const SERVE: [&str; 7] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--set",
    "pool.max=5",
    "--set",
    "pool.min=0",
];

/// A server that listens, and its address.
async fn serve(db: &TestDb, more: &[&str]) -> (Running, std::net::SocketAddr) {
    let mut server = Running::start(db.url(), &[&SERVE[..], more].concat());
    let line = server.line().await;
    let address = line
        .strip_prefix("listening on http://")
        .unwrap_or_else(|| panic!("{line}"));
    (server, address.parse().unwrap())
}

#[tokio::test]
async fn it_says_where_it_listens_serves_and_ends_in_order_at_a_signal() {
    let db = TestDb::seeded().await;
    for signal in ["TERM", "INT"] {
        let (server, address) = serve(&db, &[]).await;
        let client = Client::to(address);
        let listen = address.to_string();
        assert_eq!(client.ready().await.status, 200);
        assert_eq!(client.mentors("").await.status, 200);
        let mut asked = run(db.url(), &["healthcheck", "--listen", &listen]).await;
        // The server may have answered that a service was late on this machine.
        for _ in 0..20 {
            if asked.code == 0 {
                break;
            }
            asked = run(db.url(), &["healthcheck", "--listen", &listen]).await;
        }
        assert_eq!(asked.ok().trim(), "ready");
        // Off, for no token is configured.
        assert_eq!(client.get(paths::LAB_PROFILE).await.status, 404);
        server.signal(signal).await;
        assert_eq!(server.ended().await, 0, "{signal}");

        let asked = run(db.url(), &["healthcheck", "--listen", &listen]).await;
        assert_eq!(asked.code, 1);
        assert!(asked.stderr.contains("does not answer"), "{asked:?}");
    }
    db.finish().await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let db = TestDb::seeded().await;
    let (server, address) = serve(&db, &[]).await;
    // A request that cannot end keeps the first signal waiting.
    let mut gate = db.pool().begin().await.unwrap();
    sqlx::query("lock table mentor in access exclusive mode")
        .execute(&mut *gate)
        .await
        .unwrap();
    let client = Client::to(address);
    let slow = tokio::spawn(async move {
        let list = client.request(Method::GET, paths::MENTORS);
        list.send().await.map(|answer| answer.status())
    });
    db.wait_for_blocked(1).await;
    server.signal("TERM").await;
    // It has heard the first as soon as it takes no connection more: two that wait to be heard are one.
    for _ in 0..6_000 {
        if TcpStream::connect(address).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!slow.is_finished());
    server.signal("TERM").await;
    assert_eq!(server.ended().await, 130);
    assert!(slow.await.unwrap().is_err());
    gate.rollback().await.unwrap();
    db.finish().await;
}

/// Largest file that the server may make in the next test, in bytes.
const LARGEST: usize = 64 * 1024;

#[tokio::test]
async fn a_file_for_which_there_is_no_room_is_refused_and_leaves_nothing() {
    let db = TestDb::seeded().await;
    let folder = tempfile::tempdir().unwrap();
    let uploads = folder.path().to_str().unwrap();
    let (server, address) = serve(&db, &["--upload-dir", uploads]).await;
    let limit = Rlimit {
        current: Some(LARGEST as u64),
        maximum: Some(LARGEST as u64),
    };
    let pid = Pid::from_raw(server.pid().cast_signed());
    prlimit(pid, Resource::Fsize, limit).unwrap();
    let client = Client::to(address);
    let account = json!({"email": dataset::student_email(1), "password": dataset::PASSWORD});
    let session: Session = client.post(paths::AUTH_LOGIN, &account).await.ok();
    let bearer = format!("Bearer {}", session.tokens.access_token);
    let student = client.with_header("authorization", &bearer);
    let enrolment = with_id(paths::COURSE_ENROLMENT, course(0));
    assert_eq!(student.post_empty(&enrolment).await.status, 201);
    let path = with_id(paths::COURSE_SUBMISSIONS, course(0));
    let submit = async |bytes: usize| {
        let request = student.request(Method::POST, &path);
        let request = request.header("content-type", "text/plain");
        send(request.body(vec![b'a'; bytes])).await
    };
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    let refused = submit(LARGEST + 1).await;
    let problem = refused.refused(Code::Unavailable);
    assert!(problem.detail.contains("disk"), "{problem:?}");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(left(), 0);
    assert_eq!(submit(LARGEST).await.status, 201);
    assert_eq!(left(), 1);
    server.signal("TERM").await;
    assert_eq!(server.ended().await, 0);
    db.finish().await;
}
