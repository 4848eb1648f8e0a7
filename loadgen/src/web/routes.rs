//! Every URL of the page on one page: what is asked, by whom, and the answer.

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Body;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    answer::{self, Answer, data, problem, with},
    board::{Board, Refused, json},
    comparison, files,
    guard::Guard,
    live_page,
    orders::{NotTaken, Order, Orders},
    runs::Runs,
};
use loadgen_experiment::events::ControlEvent;

/// Largest body of a request, in bytes.
const MOST_BODY: usize = 4_096;
/// How long a client may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Reports have scripts and styles of their own inline. They are what a run left behind, perhaps
/// on another machine, so that they are shown as if they came from another site: none of them
/// can read this page's token.
const FILES: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-popups allow-downloads";

/// What the answers are made from.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) root: PathBuf,
    pub(super) guard: Guard,
    pub(super) board: Board,
    pub(super) orders: Orders,
    pub(super) runs: Runs,
}

/// Answers one request. `cut` closes its connection.
pub(super) async fn answer<B>(
    site: &Arc<Site>,
    request: Request<B>,
    cut: &CancellationToken,
) -> Result<Answer, Infallible>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if let Err((status, why)) = site.guard.host(request.headers()) {
        return Ok(problem(status, why));
    }
    let path = request.uri().path().to_owned();
    Ok(match (request.method(), path.as_str()) {
        (&Method::GET | &Method::HEAD, _) => read(site, &request, &path, cut).await,
        (&Method::POST, "/api/stop" | "/api/wish" | "/api/start") => {
            let (head, body) = request.into_parts();
            match change(site, &path, &head.headers, body).await {
                Ok(done) => data(json(&done)),
                Err((status, why)) => problem(status, &why),
            }
        }
        _ => with(
            problem(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD here"),
            header::ALLOW,
            "GET, HEAD",
        ),
    })
}

async fn read<B>(
    site: &Arc<Site>,
    request: &Request<B>,
    path: &str,
    cut: &CancellationToken,
) -> Answer {
    match path {
        "/events" if *request.method() == Method::GET => match site.board.read(cut.clone()) {
            Some(queue) => answer::events(queue),
            None => with(
                problem(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many pages are open; close one",
                ),
                header::RETRY_AFTER,
                "5",
            ),
        },
        "/" => live_page::render(site.guard.token()).map_or_else(
            |error| problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
            |page| page_of(&live_page::POLICY, page),
        ),
        "/api/state" => data(site.board.json()),
        "/api/catalogue" => data(json(&site.orders.catalogue())),
        _ => from_disk(site, path, request.uri().query().unwrap_or_default()).await,
    }
}

fn page_of(policy: &str, page: String) -> Answer {
    let kind = "text/html; charset=utf-8";
    answer::whole(StatusCode::OK, kind, policy, page.into())
}

/// What has to be read from the results folder, beside the event loop.
async fn from_disk(site: &Arc<Site>, path: &str, query: &str) -> Answer {
    let (site, path, query) = (Arc::clone(site), path.to_owned(), query.to_owned());
    let found = tokio::task::spawn_blocking(move || match path.as_str() {
        "/api/runs" => data(json(&site.runs.list(&site.root))),
        "/compare" => match comparison::page(&site.root, &query) {
            Ok(page) => page_of(&page.policy, page.html),
            Err(why) => problem(StatusCode::BAD_REQUEST, &why),
        },
        _ => files::resolve(&site.root, &path)
            .and_then(|(file, kind)| Some((std::fs::read(file).ok()?, kind)))
            .map_or_else(
                || {
                    problem(
                        StatusCode::NOT_FOUND,
                        "no such file; the list of runs is at /",
                    )
                },
                |(body, kind)| answer::whole(StatusCode::OK, kind, FILES, body.into()),
            ),
    });
    found.await.unwrap_or_else(|_| {
        problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the file could not be read",
        )
    })
}

/// Does what a POST asks for; says what was done.
async fn change<B>(
    site: &Site,
    path: &str,
    headers: &HeaderMap,
    body: B,
) -> Result<serde_json::Value, (StatusCode, String)>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let told = |(status, why): (StatusCode, &str)| (status, why.to_owned());
    site.guard.change(headers).map_err(told)?;
    let body = whole_body(body).await.map_err(told)?;
    match path {
        "/api/stop" => {
            site.board.stop().map_err(refused)?;
            Ok(serde_json::json!({ "stopping": true }))
        }
        "/api/wish" => {
            let wish: ControlEvent = understood(&body)?;
            site.board.wish(wish).map_err(refused)?;
            Ok(serde_json::json!({ "wished": wish }))
        }
        _ => {
            let order: Order = understood(&body)?;
            let started = site.orders.take(&order).map_err(not_taken)?;
            Ok(serde_json::json!({ "started": started }))
        }
    }
}

async fn whole_body<B>(body: B) -> Result<Bytes, (StatusCode, &'static str)>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match timeout(BODY_TIMEOUT, Limited::new(body, MOST_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            "a request's body is at most 4 KiB",
        )),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the body came too slowly")),
    }
}

fn understood<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn refused(why: Refused) -> (StatusCode, String) {
    let status = match why {
        Refused::Idle => StatusCode::CONFLICT,
        Refused::Wish(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, why.to_string())
}

fn not_taken(why: NotTaken) -> (StatusCode, String) {
    let status = match why {
        NotTaken::Busy | NotTaken::Closed => StatusCode::CONFLICT,
        NotTaken::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        NotTaken::Start(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, why.to_string())
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
