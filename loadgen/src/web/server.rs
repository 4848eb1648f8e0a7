//! A small HTTP/1.1 server for the results folder.

use std::{convert::Infallible, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use super::{files, index};

/// Most connections at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 64;
/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Scripts and styles of the pages are inline; nothing may come from or go to elsewhere.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("failed to listen on {address}: {source}; choose another port with --listen")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Served {
    /// Where it listens; the real port where port 0 was asked for.
    pub address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    /// Waits until the server has stopped.
    pub async fn finished(self) {
        // The task ends by its token; a panic in it has been printed by the runtime.
        let _ = self.task.await;
    }
}

/// Serves `root` on `address` until `stop` is cancelled.
pub async fn serve(
    root: PathBuf,
    address: SocketAddr,
    stop: CancellationToken,
) -> Result<Served, ServeError> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let address = listener
        .local_addr()
        .map_err(|source| ServeError::Listen { address, source })?;
    let task = tokio::spawn(accept(listener, Arc::new(root), stop));
    Ok(Served { address, task })
}

async fn accept(listener: TcpListener, root: Arc<PathBuf>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        // Out of file descriptors, say: pause instead of spinning.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (root, stop) = (Arc::clone(&root), stop.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let root = Arc::clone(&root);
                async move { Ok::<_, Infallible>(answer(&root, &request).await) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = stop.cancelled() => {}
            }
            drop(place);
        });
    }
}

async fn answer(root: &Arc<PathBuf>, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET");
    }
    let path = request.uri().path().to_owned();
    let root = Arc::clone(root);
    let found = tokio::task::spawn_blocking(move || {
        if path == "/" {
            return index::page(&root)
                .ok()
                .map(|page| (page.into_bytes(), "text/html; charset=utf-8"));
        }
        let (file, kind) = files::resolve(&root, &path)?;
        Some((std::fs::read(file).ok()?, kind))
    })
    .await;
    match found {
        Ok(Some((body, kind))) => {
            let body = if request.method() == Method::HEAD {
                Bytes::new()
            } else {
                body.into()
            };
            respond(StatusCode::OK, kind, body)
        }
        Ok(None) => plain(
            StatusCode::NOT_FOUND,
            "no such file; the list of runs is at /",
        ),
        Err(_) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the file could not be read",
        ),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(
        status,
        "text/plain; charset=utf-8",
        Bytes::from_static(text.as_bytes()),
    )
}

fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_POLICY),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_report_is_served_and_a_file_outside_is_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("runs/one")).unwrap();
        std::fs::write(folder.path().join("runs/one/report.html"), "<p>here</p>").unwrap();
        let stop = CancellationToken::new();
        let served = serve(
            folder.path().into(),
            ([127, 0, 0, 1], 0).into(),
            stop.clone(),
        )
        .await
        .unwrap();
        let report = get(served.address, "/runs/one/report.html").await;
        assert!(
            report.starts_with("HTTP/1.1 200") && report.ends_with("<p>here</p>"),
            "{report}"
        );
        assert!(
            get(served.address, "/../etc/passwd")
                .await
                .starts_with("HTTP/1.1 404")
        );
        assert!(get(served.address, "/").await.contains("No run yet"));
        stop.cancel();
        served.finished().await;
    }
}
