//! A budget of iterations, and Unix sockets.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixListener,
    thread,
};

use super::server::{Paths, TestServer, setup, users};
use crate::{
    driver::{ClientOptions, DriverOptions, run_with},
    sample::Outcome,
};

const ONE: &Paths = &Paths(&["/"]);

#[test]
fn a_budget_is_kept_to_the_request_by_all_workers_and_the_window_ends_with_it() {
    let mut setup = setup(
        TestServer::default().serve(),
        users(7, 60_000, None, None),
        (0, 60_000),
        ONE,
    );
    setup.workers = 2;
    let options = DriverOptions {
        iterations: Some(1_000),
        ..DriverOptions::default()
    };
    let data = run_with(setup, &options).unwrap();
    assert_eq!(data.total.planned, 1_000);
    assert_eq!(data.total.count(Outcome::Ok), 1_000);
    assert!(data.conserved() && !data.interrupted);
    assert!(data.window_s() < 30.0, "{}", data.window_s());
    // Users start over the first second: the last ones may find no iteration left.
    assert!((1..=7).contains(&data.connect.len()));
    let total = &data.total;
    assert_eq!(total.first_byte_ok.len(), 1_000);
    assert!(total.first_byte_ok.max() <= total.service_ok.max());
}

#[test]
fn a_unix_socket_carries_the_same_requests() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut buffer = [0; 4_096];
                while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n42";
                    stream.write_all(answer).unwrap();
                }
            });
        }
    });
    // No process listens at this address.
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let options = DriverOptions {
        iterations: Some(50),
        client: ClientOptions {
            unix: Some(path),
            ..ClientOptions::default()
        },
        ..DriverOptions::default()
    };
    let load = users(2, 30_000, None, None);
    let data = run_with(setup(nowhere, load, (0, 30_000), ONE), &options).unwrap();
    assert_eq!(data.total.count(Outcome::Ok), 50, "{:?}", data.examples);
}
