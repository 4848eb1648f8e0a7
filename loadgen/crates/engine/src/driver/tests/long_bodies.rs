//! Bodies of any length: every byte is counted, only the beginning is kept.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use http::Response;

use super::raw::{RawServer, assert_all, clients, http2, read_head, send, serve_http2, write};
use crate::{
    check::{Mismatch, Reply, status},
    driver::{ClientOptions, Encoding},
    request::{KEPT_BODY_BYTES, Request},
    sample::Outcome,
};

/// More than any limit that was ever in the way.
const BYTES: u64 = 70 * 1024 * 1024;

/// The bytes that were counted, those that were kept, and that the response says so.
fn is_cut(reply: &Reply, bytes: u64, kept: usize) -> Result<(), Mismatch> {
    status(reply, 200)?;
    if (reply.bytes, reply.body.len(), reply.cut) == (bytes, kept, true) {
        return Ok(());
    }
    Err(Mismatch::new(format!(
        "{} bytes, {} kept, cut: {}",
        reply.bytes,
        reply.body.len(),
        reply.cut
    )))
}

#[test]
fn a_long_body_is_counted_and_its_beginning_kept() {
    for chunked in [false, true] {
        let server = RawServer::serve(move |mut stream| {
            let part = vec![b'x'; 64 * 1024];
            while read_head(&mut stream) {
                let head = if chunked {
                    "transfer-encoding: chunked".to_owned()
                } else {
                    format!("content-length: {BYTES}")
                };
                write(
                    &mut stream,
                    format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes(),
                );
                for _ in 0..BYTES / part.len() as u64 {
                    if chunked {
                        write(&mut stream, b"10000\r\n");
                    }
                    write(&mut stream, &part);
                    if chunked {
                        write(&mut stream, b"\r\n");
                    }
                }
                if chunked {
                    write(&mut stream, b"0\r\n\r\n");
                }
            }
        });
        for (_, client) in clients() {
            let data = send(server.address, client, Request::get("/"), 2, |reply| {
                is_cut(reply, BYTES, KEPT_BODY_BYTES)
            });
            assert_all(&data, Outcome::Ok, "");
            assert_eq!(data.total.bytes_in, 2 * BYTES);
        }
    }
}

#[test]
fn a_long_body_over_http_2_is_treated_alike() {
    let mut request = Request::get("/");
    request.keep = 1_000;
    // Sent as the window of HTTP/2 allows.
    let server = serve_http2(|mut respond| {
        let mut body = respond.send_response(Response::default(), false).unwrap();
        body.send_data(Bytes::from(vec![b'x'; BYTES as usize]), true)
            .unwrap();
    });
    let data = send(server, http2(2), request, 2, |reply| {
        is_cut(reply, BYTES, 1_000)
    });
    assert_all(&data, Outcome::Ok, "");
}

#[test]
fn a_compressed_body_is_counted_as_it_was_sent_and_kept_as_it_is_read() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::repeat(b'x').take(BYTES), &mut encoder).unwrap();
    encoder.flush().unwrap();
    let compressed = encoder.finish().unwrap();
    let sent = compressed.len() as u64;
    let server = RawServer::serve(move |mut stream| {
        while read_head(&mut stream) {
            let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length:";
            write(&mut stream, format!("{head} {sent}\r\n\r\n").as_bytes());
            write(&mut stream, &compressed);
        }
    });
    let client = ClientOptions {
        encoding: Some(Encoding::Gzip),
        ..ClientOptions::default()
    };
    let data = send(server.address, client, Request::get("/"), 2, move |reply| {
        is_cut(reply, sent, KEPT_BODY_BYTES)
    });
    assert_all(&data, Outcome::Ok, "");
}
