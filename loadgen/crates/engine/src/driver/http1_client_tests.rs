//! Tests of an HTTP/1.1 connection: in which memory responses are.

use std::{cell::Cell, time::Duration};

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    join,
    net::UnixStream,
    runtime::Builder,
    select,
    time::timeout,
};

use super::{Http1Client, KEPT, LONG_READ, read_buffers::with_unused};
use crate::{
    clock::TrialClock,
    driver::{
        ClientOptions, client_endpoint::ClientEndpoint, http1_head::BodyLength,
        stream::ClientStream,
    },
    request::Request,
};

/// A client and the other end of its connection.
fn pair() -> (Http1Client, UnixStream) {
    let (client, server) = UnixStream::pair().unwrap();
    (Http1Client::new(ClientStream::Unix(client)), server)
}

fn endpoint() -> ClientEndpoint {
    ClientEndpoint {
        clock: TrialClock::start(),
        address: ([127, 0, 0, 1], 1).into(),
        host: HeaderValue::from_static("a.test"),
        client: ClientOptions::default(),
        connections: Cell::new(0),
    }
}

async fn read_request(server: &mut UnixStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        server.read_buf(&mut request).await.unwrap();
    }
}

/// Sends one request, which is answered with a body of so many bytes; returns the body.
async fn exchange(client: &mut Http1Client, server: &mut UnixStream, length: usize) -> Bytes {
    let endpoint = endpoint();
    let answer = async {
        read_request(server).await;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let mut response = head.into_bytes();
        response.resize(response.len() + length, b'x');
        server.write_all(&response).await.unwrap();
    };
    let ask = async {
        assert!(client.is_usable());
        let head = client.send(&endpoint, &Request::get("/")).await.unwrap();
        let (body, bytes) = client.read(head.body, length).await.unwrap();
        assert_eq!((body.len(), bytes), (length, length as u64));
        body
    };
    join!(ask, answer).0
}

fn block_on(work: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work);
}

#[test]
fn responses_of_one_length_are_read_into_the_same_memory_and_do_not_fill_it() {
    // Those of six kilobytes and those of a range are longer than the space for the first one.
    for lengths in [
        [6_000, 6_000, 6_000, 5_990, 6_010],
        [65_536, 65_536, 65_536, 65_530, 65_536],
    ] {
        with_unused(Vec::clear);
        block_on(async {
            let (mut client, mut server) = pair();
            let mut places = Vec::new();
            for length in lengths {
                let body = exchange(&mut client, &mut server, length).await;
                places.push(body.as_ptr());
                let left = with_unused(|unused| unused.last().map(BytesMut::capacity));
                assert!(left > Some(0), "{places:?}");
            }
            let same = places[1..].iter().all(|place| *place == places[1]);
            assert!(same, "{places:?}");
        });
    }
}

#[test]
fn a_response_that_somebody_has_is_not_overwritten_by_the_next_one() {
    block_on(async {
        let (mut client, mut server) = pair();
        let mut bodies = Vec::new();
        for length in [100, 5_000, 5_000, 300_000, 70_000, 0, 100] {
            bodies.push((length, exchange(&mut client, &mut server, length).await));
        }
        for (length, body) in bodies {
            assert_eq!(body, vec![b'x'; length]);
        }
    });
}

#[test]
fn the_memory_of_a_long_response_is_not_kept_by_a_user_that_waits() {
    with_unused(Vec::clear);
    block_on(async {
        let (mut client, mut server) = pair();
        for length in [70_000, 200_000, 1_000_000] {
            drop(exchange(&mut client, &mut server, length).await);
            assert_eq!(client.input.capacity(), 0, "{length}");
            let is_kept =
                with_unused(|unused| unused.iter_mut().any(|buffer| buffer.try_reclaim(KEPT)));
            assert!(!is_kept, "{length}");
        }
        exchange(&mut client, &mut server, 10).await;
    });
}

#[test]
fn a_connection_that_waits_has_no_memory_for_responses_and_the_next_one_takes_it() {
    with_unused(Vec::clear);
    block_on(async {
        let ((mut one, mut first), (mut other, mut second)) = (pair(), pair());
        let place = exchange(&mut one, &mut first, 100).await.as_ptr();
        assert_eq!(one.input.capacity(), 0);
        let next = exchange(&mut other, &mut second, 100).await.as_ptr();
        assert_eq!((next, other.input.capacity()), (place, 0));
    });
}

#[test]
fn a_body_that_ends_with_the_connection_is_whole() {
    for length in [0, 1, 4_096, 100_000, 1_000_000] {
        block_on(async {
            let (mut client, mut server) = pair();
            let endpoint = endpoint();
            let answer = async move {
                read_request(&mut server).await;
                let mut response = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
                response.resize(response.len() + length, b'x');
                server.write_all(&response).await.unwrap();
            };
            let ask = async {
                let head = client.send(&endpoint, &Request::get("/")).await.unwrap();
                assert_eq!(head.body, BodyLength::UntilClosed);
                client.read(head.body, length).await.unwrap()
            };
            let ((body, bytes), ()) = join!(ask, answer);
            assert_eq!((body.len(), bytes), (length, length as u64));
        });
    }
}

#[test]
fn a_long_body_that_ends_with_the_connection_is_read_with_more_space_than_its_begin() {
    block_on(async {
        let (mut client, mut server) = pair();
        server.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let endpoint = endpoint();
        let head = client.send(&endpoint, &Request::get("/")).await.unwrap();
        // More than there is room for between the two: most of it has been read when it is written.
        let part = vec![b'x'; 2_000_000];
        select! {
            _ended = client.read(head.body, 10) => panic!("the connection is open"),
            written = server.write_all(&part) => written.unwrap(),
        }
        assert!(client.input.try_reclaim(LONG_READ));
    });
}

#[test]
fn a_request_is_written_to_its_end_while_its_response_is_read() {
    const LENGTH: usize = 4_000_000;
    for (head, body) in [
        ("content-length: 2", "42"),
        ("transfer-encoding: chunked", "2\r\n42\r\n0\r\n\r\n"),
    ] {
        block_on(async {
            let (mut client, mut server) = pair();
            let endpoint = endpoint();
            let mut request = Request::post("/");
            request.body = Bytes::from(vec![b'x'; LENGTH]);
            let answer = async {
                let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
                server.write_all(head.as_bytes()).await.unwrap();
                let mut received = Vec::new();
                while !received.ends_with(b"\r\n\r\n") {
                    received.push(server.read_u8().await.unwrap());
                }
                let mut left = vec![0; LENGTH];
                server.read_exact(&mut left).await.unwrap();
                server.write_all(body.as_bytes()).await.unwrap();
            };
            let ask = async {
                let head = client.send(&endpoint, &request).await.unwrap();
                client.read(head.body, 10).await.unwrap()
            };
            let both = async { join!(ask, answer).0 };
            let response = timeout(Duration::from_secs(20), both).await;
            let (body, bytes) = response.expect("the server waits for the rest of the request");
            assert_eq!((&body[..], bytes), (&b"42"[..], 2));
            assert!(client.is_usable(), "both are complete");
        });
    }
}
