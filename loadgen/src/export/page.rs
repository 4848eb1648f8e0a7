//! The page that is scraped. Each scrape has a connection of its own, few at once and each for
//! seconds at most, so that nobody can hold the places of the others.

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener as Bound},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{shared::SharedFigures, text};

/// Where the page is.
pub(super) const PATH: &str = "/metrics";
/// Most connections at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 16;
/// How long a scrape may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Takes the address, so that a mistake is told before anything is started.
pub(super) fn bind(address: SocketAddr) -> std::io::Result<Bound> {
    let listener = Bound::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the figures until `stop` is cancelled. On an event loop.
pub(super) async fn serve(listener: Bound, figures: SharedFigures, stop: CancellationToken) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
            () = stop.cancelled() => return,
        };
        // Out of file descriptors, say: pause instead of spinning.
        let (Ok((stream, _)), Ok(place)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let figures = figures.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let response = answer(&figures, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).keep_alive(false);
            // One that broke or took too long is the scraper's business: it asks again.
            let _over = timeout(LIMIT, http.serve_connection(TokioIo::new(stream), service)).await;
            drop(place);
        });
    }
}

fn answer(figures: &SharedFigures, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, kind, body) = if request.uri().path() != PATH {
        let text = "the figures are at /metrics\n".to_owned();
        (StatusCode::NOT_FOUND, "text/plain; charset=utf-8", text)
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let kind = "text/plain; charset=utf-8";
        (
            StatusCode::METHOD_NOT_ALLOWED,
            kind,
            "only GET\n".to_owned(),
        )
    } else {
        let families = figures.lock().families();
        (StatusCode::OK, text::CONTENT_TYPE, text::render(&families))
    };
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
