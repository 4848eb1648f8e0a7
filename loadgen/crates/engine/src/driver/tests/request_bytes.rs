//! What a server receives of a request, whichever client sends it: the bytes on the socket, and over
//! HTTP/2 the decoded head.

use std::{
    convert::Infallible,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::server::{setup, users};
use crate::{
    driver::{ClientOptions, CookieClientOptions, DriverOptions, run_with},
    flow::{Flow, FlowFuture, Iteration},
    request::Request,
    sample::OpId,
};

/// Sends one request, over a WebSocket its upgrade.
struct Once {
    request: Request,
    upgrade: bool,
}

impl Flow for Once {
    fn name(&self) -> &'static str {
        "test.once"
    }
    fn operations(&self) -> &[OpId] {
        &[OpId(0)]
    }
    fn run<'a>(&'a self, mut it: Iteration<'a>) -> FlowFuture<'a> {
        FlowFuture::new(async move {
            if self.upgrade {
                it.transport
                    .socket_open(OpId(0), self.request.clone())
                    .await;
            } else {
                it.call(OpId(0), self.request.clone(), |_| Ok(())).await;
            }
        })
    }
}

/// Requests that a recorder holds before it waits for its reader.
const SEEN: usize = 64;

/// A server that records the bytes of each request up to the end of its body.
fn recorder() -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, received) = sync_channel(SEEN);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let timeout = Some(Duration::from_millis(200));
            stream.set_read_timeout(timeout).unwrap();
            let mut bytes = Vec::new();
            // Until nothing more comes: a body that was not announced would be seen as well.
            let _timeout = stream.read_to_end(&mut bytes);
            let reply = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(reply);
            if seen.send(String::from_utf8(bytes).unwrap()).is_err() {
                return;
            }
        }
    });
    (address, received)
}

/// A server of HTTP/2 that records heads as HTTP/1.1 would write them.
fn recorder_of_http2() -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, received) = sync_channel(SEEN);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let seen = seen.clone();
                let service = service_fn(move |request: http::Request<Incoming>| {
                    let _ = seen.send(head(&request));
                    async { Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default())) }
                });
                let serving = http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(serving);
            }
        });
    });
    (address, received)
}

fn head(request: &http::Request<Incoming>) -> String {
    let uri = request.uri();
    let mut text = format!(
        "{} {} HTTP/2\r\n",
        request.method(),
        uri.path_and_query().unwrap()
    );
    if let Some(host) = uri.authority() {
        text.push_str(&["host: ", host.as_str(), "\r\n"].concat());
    }
    for (name, value) in request.headers() {
        text.push_str(&[name.as_str(), ": ", value.to_str().unwrap(), "\r\n"].concat());
    }
    text + "\r\n"
}

/// What a server receives of the request, in lower case, by the client that sent it.
fn received(request: &Request) -> Vec<(&'static str, String)> {
    let http2 = ClientOptions {
        http2_streams: Some(1),
        ..ClientOptions::default()
    };
    let cookies = ClientOptions {
        cookie_client: Some(CookieClientOptions { redirects: 0 }),
        ..ClientOptions::default()
    };
    let clients = [
        ("HTTP/1.1", ClientOptions::default(), false),
        ("HTTP/2", http2, false),
        ("reqwest", cookies, false),
        ("WebSocket", ClientOptions::default(), true),
    ];
    clients
        .into_iter()
        .filter(|(.., upgrade)| !upgrade || request.method == Method::GET)
        .map(|(name, client, upgrade)| {
            let (address, seen) = if client.http2_streams.is_some() {
                recorder_of_http2()
            } else {
                recorder()
            };
            let flow: &'static Once = Box::leak(Box::new(Once {
                request: request.clone(),
                upgrade,
            }));
            let load = users(1, 5_000, None, Some(1));
            let options = DriverOptions {
                client,
                ..DriverOptions::default()
            };
            run_with(setup(address, load, (0, 5_000), flow), &options).unwrap();
            let text = seen.recv_timeout(Duration::from_secs(5)).unwrap();
            // The address differs from run to run.
            let text = text.replace(&address.to_string(), "address");
            (name, text.to_ascii_lowercase())
        })
        .collect()
}

fn with(request: Request, name: HeaderName, value: &'static str) -> Request {
    request.with(name, HeaderValue::from_static(value))
}

#[test]
fn every_client_sends_exactly_one_host() {
    let request = Request::get("/a?b=c");
    for (client, text) in received(&request) {
        assert!(text.starts_with("get /a?b=c http/"), "{client}: {text}");
        assert_eq!(text.matches("host:").count(), 1, "{client}: {text}");
        assert!(text.contains("\r\nhost: address\r\n"), "{client}: {text}");
        assert!(!text.contains("content-length"), "{client}: {text}");
    }
    for (client, text) in received(&with(request, header::HOST, "a.test")) {
        assert_eq!(text.matches("host:").count(), 1, "{client}: {text}");
        assert!(text.contains("\r\nhost: a.test\r\n"), "{client}: {text}");
    }
}

#[test]
fn every_client_encodes_a_path_alike() {
    for (client, text) in received(&Request::get("/größe/a b?q='ü")) {
        let line = "get /gr%c3%b6%c3%9fe/a%20b?q=%27%c3%bc http/";
        assert!(text.starts_with(line), "{client}: {text}");
    }
}

#[test]
fn every_client_announces_the_length_of_a_body_once_and_that_of_no_body_where_one_is_usual() {
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        for (client, text) in received(&Request::new(method, "/")) {
            let head = text.matches("content-length: 0\r\n").count();
            assert_eq!(head, 1, "{client}: {text}");
            assert!(text.ends_with("\r\n\r\n"), "{client}: {text}");
        }
    }
    let mut request = with(Request::post("/"), header::CONTENT_LENGTH, "3");
    request.body = Bytes::from_static(b"abc");
    for (client, text) in received(&request) {
        assert_eq!(
            text.matches("content-length").count(),
            1,
            "{client}: {text}"
        );
        assert!(text.contains("content-length: 3\r\n"), "{client}: {text}");
        assert!(!text.contains("transfer-encoding"), "{client}: {text}");
    }
    let request = with(Request::get("/"), header::CONTENT_LENGTH, "0");
    for (client, text) in received(&request) {
        assert_eq!(
            text.matches("content-length: 0").count(),
            1,
            "{client}: {text}"
        );
    }
}
