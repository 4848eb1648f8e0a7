//! Connections that the server closes when they were idle: as curl and browsers do, a request is
//! sent once more where that can do no harm.

use std::{thread::sleep, time::Duration};

use http::{HeaderValue, Method, header};

use shared::time::Millis;

use super::raw::{RawServer, assert_all, clients, read_head, send_any, send_slowly, write};
use crate::{request::Request, sample::Outcome};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n42";

/// Answers the first request of a connection and closes it at the second, after `last`.
fn forgetful(last: &'static [u8]) -> RawServer {
    RawServer::serve(move |mut stream| {
        if read_head(&mut stream) {
            write(&mut stream, ANSWER);
        }
        if read_head(&mut stream) {
            sleep(Duration::from_millis(30));
            write(&mut stream, last);
        }
    })
}

#[test]
fn an_idempotent_request_on_an_idle_connection_is_sent_again_and_its_first_attempt_counts() {
    let key = HeaderValue::from_static("k-1");
    let keyed = Request::post("/").with(http::HeaderName::from_static("idempotency-key"), key);
    for (name, client) in clients() {
        for request in [
            Request::get("/"),
            Request::new(Method::PUT, "/"),
            Request::new(Method::DELETE, "/"),
            keyed.clone(),
        ] {
            let server = forgetful(b"");
            let data = send_slowly(server.address, client.clone(), request, 2, Millis(1_100));
            assert_all(&data, Outcome::Ok, "");
            assert_eq!((server.connections(), data.resent), (2, 1), "{name}");
            // The second waited for the closing.
            assert!(data.total.service_ok.max() >= 29_000_000);
        }
    }
}

#[test]
fn another_request_is_not_sent_twice() {
    for (name, client) in clients() {
        let server = forgetful(b"");
        let pause = Millis(1_100);
        let data = send_slowly(server.address, client.clone(), Request::post("/"), 2, pause);
        assert_eq!(data.total.count(Outcome::Reset), 1, "{:?}", data.examples);
        assert_eq!(data.resent, 0, "{name}");
        // A connection in use is not closed for being idle: the server dropped the request.
        let server = forgetful(b"");
        let data = send_any(server.address, client, Request::get("/"), 6);
        let counts = [Outcome::Ok, Outcome::Reset].map(|one| data.total.count(one));
        assert_eq!(counts, [3, 3], "{name}: {:?}", data.examples);
    }
    // Nor one whose response has begun.
    let [(_, native), _] = clients();
    let server = forgetful(b"HTTP/1.1 2");
    let data = send_any(server.address, native, Request::get("/"), 6);
    assert_eq!(data.total.count(Outcome::Reset), 3, "{:?}", data.examples);
}

#[test]
fn a_new_connection_that_is_closed_unanswered_is_the_response() {
    for (name, client) in clients() {
        let server = RawServer::serve(|mut stream| {
            read_head(&mut stream);
        });
        let data = send_any(server.address, client, Request::get("/"), 5);
        assert_all(&data, Outcome::Reset, "closed the connection");
        assert_eq!(server.connections(), 5, "{name}");
    }
}

#[test]
fn a_request_that_ends_its_connection_is_the_last_one_on_it_whatever_the_server_says() {
    let close = HeaderValue::from_static("x-option, Close");
    let request = Request::get("/").with(header::CONNECTION, close);
    for closes in [true, false] {
        for (name, client) in clients() {
            // It closes as it was asked to, or does not; in neither case does it say so.
            let server = RawServer::serve(move |mut stream| {
                while read_head(&mut stream) {
                    write(&mut stream, ANSWER);
                    if closes {
                        return;
                    }
                }
            });
            let data = send_any(server.address, client, request.clone(), 6);
            assert_all(&data, Outcome::Ok, "");
            assert_eq!(server.connections(), 6, "{name}, closes: {closes}");
        }
    }
}
