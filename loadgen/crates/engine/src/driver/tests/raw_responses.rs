//! Responses as servers really send them, byte by byte, read by both clients.

use std::{io::Read as _, net::TcpStream, thread::sleep, time::Duration};

use bytes::Bytes;
use http::{HeaderName, Response, header};

use super::raw::{
    RawServer, assert_all, clients, header_lines, http2, read_head, send, send_any, serve_http2,
    write,
};
use crate::{
    check::{Mismatch, status},
    request::Request,
    sample::Outcome,
};

/// What the server does after a response.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Keep,
    Close,
}
use Then::{Close, Keep};

/// Answers every request with the same bytes.
fn serve(response: Vec<u8>, then: Then) -> RawServer {
    RawServer::serve(move |mut stream: TcpStream| {
        while read_head(&mut stream) {
            write(&mut stream, &response);
            if then == Close {
                return;
            }
        }
    })
}

fn head_of(lines: usize) -> String {
    let lines = header_lines(lines);
    format!("HTTP/1.1 200 OK\r\n{lines}content-length: 2\r\n\r\n42")
}

#[test]
fn what_curl_reads_is_read() {
    let long = |bytes| {
        let value = "v".repeat(bytes);
        format!("HTTP/1.1 200 OK\r\nx: {value}\r\ncontent-length: 2\r\n\r\n42")
    };
    let whole = "content-length: 2\r\n\r\n42";
    for (what, response, then, code, body) in [
        ("plain", head_of(0), Keep, 200, "42"),
        ("64 header lines", head_of(64), Keep, 200, "42"),
        ("150 header lines", head_of(150), Keep, 200, "42"),
        ("900 header lines", head_of(900), Keep, 200, "42"),
        ("a line of 200 kB", long(200_000), Keep, 200, "42"),
        ("a folded line", format!("HTTP/1.1 200 OK\r\nx: a\r\n\tb\r\n  c\r\n{whole}"), Keep, 200, "42"),
        ("a space before the colon", format!("HTTP/1.1 200 OK\r\nx : a\r\n{whole}"), Keep, 200, "42"),
        ("100", format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{whole}"), Keep, 200, "42"),
        (
            "103 twice",
            format!("{0}{0}HTTP/1.1 200 OK\r\n{whole}", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
            Keep,
            200,
            "42",
        ),
        ("204 with a length", "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n".into(), Keep, 204, ""),
        ("304 with a length", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n".into(), Keep, 304, ""),
        (
            "chunks with trailers",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: t\r\n\r\n1;a=b\r\n4\r\n1\r\n2\r\n0\r\nt: 1\r\n\r\n".into(),
            Keep,
            200,
            "42",
        ),
        ("no reason", format!("HTTP/1.1 200\r\n{whole}"), Keep, 200, "42"),
        ("an empty reason", format!("HTTP/1.1 200 \r\n{whole}"), Keep, 200, "42"),
        ("a reason in Latin-1", format!("HTTP/1.1 200 Gr\u{fc}n\r\n{whole}"), Keep, 200, "42"),
        ("line feeds alone", "HTTP/1.1 200 OK\ncontent-length: 2\n\n42".into(), Keep, 200, "42"),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n42".into(), Close, 200, "42"),
        ("no length", "HTTP/1.1 200 OK\r\n\r\n42".into(), Close, 200, "42"),
        ("closed as announced", format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{whole}"), Close, 200, "42"),
        ("not closed as announced", format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{whole}"), Keep, 200, "42"),
        ("the length twice", format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n{whole}"), Keep, 200, "42"),
        ("an unknown status", format!("HTTP/1.1 799 What\r\n{whole}"), Keep, 799, "42"),
    ] {
        for (name, client) in clients() {
            let server = serve(response.clone().into_bytes(), then);
            let data = send(server.address, client, Request::get("/"), 3, move |reply| {
                status(reply, code)?;
                let x = reply.headers.get(&HeaderName::from_static("x"));
                let folded = x.is_none_or(|x| x != "a b c");
                if what == "a folded line" && folded {
                    return Err(Mismatch::new(format!("{:?}", reply.headers)));
                }
                if reply.body != body.as_bytes() || reply.bytes != body.len() as u64 || reply.cut {
                    return Err(Mismatch::new(format!("{reply:?}")));
                }
                Ok(())
            });
            eprintln!("{what}, {name}: {:?}", data.examples);
            assert_all(&data, Outcome::Ok, "");
        }
    }
}

#[test]
fn many_header_lines_are_read_over_http_2_too() {
    let server = serve_http2(|mut respond| {
        let mut response = Response::builder();
        for n in 0..900 {
            response = response.header(format!("x-{n}"), n);
        }
        let response = response.header("x", "v".repeat(10_000)).body(()).unwrap();
        let mut body = respond.send_response(response, false).unwrap();
        body.send_data(Bytes::from_static(b"42"), true).unwrap();
    });
    let data = send(server, http2(2), Request::get("/"), 3, |reply| {
        status(reply, 200)?;
        let last = reply.headers.get(&HeaderName::from_static("x-899"));
        if last.is_none_or(|last| last != "899") || reply.body != b"42"[..] {
            return Err(Mismatch::new(format!("{reply:?}")));
        }
        Ok(())
    });
    assert_all(&data, Outcome::Ok, "");
}

#[test]
fn a_response_that_is_none_is_explained_in_plain_words() {
    let broken = "not valid HTTP/1.1";
    let early = "closed the connection before the response was complete";
    for (what, response, then, why) in [
        ("nothing", String::new(), Close, early),
        (
            "a part of the head",
            "HTTP/1.1 200 OK\r\ncontent-le".into(),
            Close,
            early,
        ),
        (
            "a part of the body",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n42".into(),
            Close,
            early,
        ),
        (
            "a part of the chunks",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n42".into(),
            Close,
            early,
        ),
        (
            "a chunk without a length",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n42".into(),
            Keep,
            "not valid HTTP/1.1: invalid chunk size",
        ),
        (
            "a chunk whose length has no digit",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n4\r\n\r\n\r\n".into(),
            Keep,
            "not valid HTTP/1.1: invalid chunk size",
        ),
        (
            "a chunk with an extension alone",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n4\r\n;x\r\n\r\n".into(),
            Keep,
            "not valid HTTP/1.1: invalid chunk size",
        ),
        ("words", "hello\r\n\r\n".into(), Keep, broken),
        ("SSH", "SSH-2.0-OpenSSH_9.2\r\n".into(), Keep, broken),
        (
            "zeros after a letter",
            "a\0\0\0\0\0\0\0".into(),
            Keep,
            broken,
        ),
        (
            "a status of letters",
            "HTTP/1.1 abc OK\r\n\r\n".into(),
            Keep,
            "status",
        ),
        (
            "two lengths",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n42".into(),
            Keep,
            broken,
        ),
        (
            "a negative length",
            "HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n42".into(),
            Keep,
            broken,
        ),
        ("2,000 header lines", head_of(2_000), Keep, "too long"),
        (
            "an endless line",
            format!("HTTP/1.1 200 OK\r\nx: {}", "v".repeat(600_000)),
            Keep,
            "too long",
        ),
    ] {
        for (name, client) in clients() {
            let server = serve(response.clone().into_bytes(), then);
            let data = send_any(server.address, client, Request::get("/"), 2);
            eprintln!("{what}, {name}: {:?}", data.examples);
            assert_all(&data, Outcome::Reset, why);
        }
    }
}

#[test]
fn a_server_of_another_protocol_is_recognised() {
    let [(_, native), _] = clients();
    for (response, why) in [
        (&b"\x15\x03\x01\x00\x02\x02\x46"[..], "use https://"),
        (b"\0\0\0\x04\0\0\0\0\0", "use --http2"),
    ] {
        let server = serve(response.to_vec(), Close);
        let data = send_any(server.address, native.clone(), Request::get("/"), 2);
        assert_all(&data, Outcome::Reset, why);
    }
    let server = RawServer::serve(|mut stream| {
        let _preface = stream.read(&mut [0; 24]);
        write(
            &mut stream,
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        );
        // Whatever comes is read, or the response could be lost.
        while stream.read(&mut [0; 1_024]).is_ok_and(|read| read > 0) {}
    });
    let data = send_any(server.address, http2(1), Request::get("/"), 2);
    assert_all(&data, Outcome::Reset, "omit --http2");
}

#[test]
fn a_response_to_half_a_request_counts() {
    for (_, client) in clients() {
        let server = RawServer::serve(|mut stream| {
            if read_head(&mut stream) {
                let head =
                    "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\n42";
                write(&mut stream, head.as_bytes());
                sleep(Duration::from_millis(200));
            }
        });
        let mut request = Request::post("/");
        request.body = Bytes::from(vec![b'x'; 16 * 1024 * 1024]);
        let length = request.body.len().into();
        let request = request.with(header::CONTENT_LENGTH, length);
        let data = send(server.address, client, request, 2, |reply| {
            status(reply, 413)
        });
        assert_all(&data, Outcome::Ok, "");
    }
}
