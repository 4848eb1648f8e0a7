//! HTTP/2 servers that end connections and refuse streams while users share them.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::Reason;
use http::Response;
use tokio::{net::TcpListener, runtime::Builder};

use super::raw::{assert_all, http2, send_any};
use crate::{request::Request, sample::Outcome};

/// What a server does with the streams of a connection after the first three.
#[derive(Clone, Copy)]
enum Later {
    Refuse,
    GoAway,
    /// As `Refuse`, from the first stream on.
    RefuseAll,
}

/// Serves until the process ends; returns the address and the count of connections.
fn serve(later: Later) -> (SocketAddr, Arc<AtomicU32>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::<AtomicU32>::default();
    let counted = Arc::clone(&connections);
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Relaxed);
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    let mut streams = 0;
                    while let Some(Ok((_request, mut respond))) = connection.accept().await {
                        streams += 1;
                        match later {
                            Later::RefuseAll => respond.send_reset(Reason::REFUSED_STREAM),
                            Later::Refuse if streams > 3 => {
                                respond.send_reset(Reason::REFUSED_STREAM);
                            }
                            Later::Refuse | Later::GoAway => {
                                let mut body =
                                    respond.send_response(Response::default(), false).unwrap();
                                body.send_data(Bytes::from_static(b"42"), true).unwrap();
                            }
                        }
                        if matches!(later, Later::GoAway) && streams == 3 {
                            connection.graceful_shutdown();
                        }
                    }
                });
            }
        });
    });
    (address, connections)
}

#[test]
fn a_stream_that_was_not_processed_is_sent_anew_whatever_its_method() {
    for later in [Later::Refuse, Later::GoAway] {
        for request in [Request::get("/"), Request::post("/")] {
            let (address, connections) = serve(later);
            let data = send_any(address, http2(4), request, 200);
            assert_all(&data, Outcome::Ok, "");
            assert!(connections.load(Relaxed) > 20);
            assert!(data.resent > 0);
        }
    }
}

#[test]
fn a_server_that_refuses_every_stream_is_asked_a_bounded_number_of_times() {
    let (address, connections) = serve(Later::RefuseAll);
    let data = send_any(address, http2(1), Request::get("/"), 3);
    assert_all(&data, Outcome::Reset, "reset the HTTP/2 stream");
    assert_eq!((connections.load(Relaxed), data.resent), (3 * 10, 3 * 9));
}

/// nginx, which is killed when the test ends.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl Nginx {
    /// nginx over HTTP/2 without TLS that closes a connection after 100 requests.
    fn serve(folder: &Path, address: SocketAddr) -> Self {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};", folder.display()))
            .join(" ");
        let config = folder.join("nginx.conf");
        let text = format!(
            "daemon off; master_process off; pid {0}/pid; error_log {0}/log; \
             events {{ worker_connections 512; }} http {{ access_log off; {temporary} \
             server {{ listen {address} http2; keepalive_requests 100; \
             location / {{ return 200 42; }} }} }}",
            folder.display(),
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&config)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self(child);
        let begun = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "nginx does not start"
            );
            thread::sleep(Duration::from_millis(20));
        }
        nginx
    }
}

#[test]
fn nginx_closes_a_connection_after_a_hundred_requests_and_none_fails() {
    if Command::new("nginx")
        .arg("-v")
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("nginx is not installed: not tested against it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let _nginx = Nginx::serve(folder.path(), address);
    for (streams, request) in [
        (1, Request::get("/")),
        (10, Request::get("/")),
        (100, Request::get("/")),
        (100, Request::post("/")),
    ] {
        let data = send_any(address, http2(streams), request, 1_000);
        assert_all(&data, Outcome::Ok, "");
        assert!(
            data.connect.len() >= 10,
            "{} connections",
            data.connect.len()
        );
    }
}
