//! A response, and what a test expects of it.

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use shared::{
    headers::{REQUEST_ID, SERVER_TIMING},
    problem::{CONTENT_TYPE, Code, Problem},
    timing::ServerTiming,
};

/// One answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads a response to its end.
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap(),
        }
    }

    /// The body, which came with 200.
    #[track_caller]
    pub(crate) fn ok<T: DeserializeOwned>(&self) -> T {
        self.read(200)
    }

    /// The body, which came with 201.
    #[track_caller]
    pub(crate) fn created<T: DeserializeOwned>(&self) -> T {
        self.read(201)
    }

    #[track_caller]
    fn read<T: DeserializeOwned>(&self, status: u16) -> T {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// The problem of that code, complete: status, media type, the request's name.
    #[track_caller]
    pub(crate) fn refused(&self, code: Code) -> Problem {
        assert_eq!(self.status, code.status(), "{}", self.text());
        assert_eq!(self.header("content-type"), CONTENT_TYPE);
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.code, code, "{}", self.text());
        assert_eq!(problem.status, self.status);
        assert_eq!(problem.title, code.title());
        assert_eq!(problem.kind, format!("urn:codeconnect:problem:{code}"));
        assert_eq!(problem.request_id.as_deref(), Some(self.header(REQUEST_ID)));
        problem
    }

    /// The problem code that came, if one did.
    pub(crate) fn code(&self) -> Option<Code> {
        let problem: Problem = serde_json::from_slice(&self.body).ok()?;
        Some(problem.code)
    }

    /// What it cost the server.
    #[track_caller]
    pub(crate) fn timing(&self) -> ServerTiming {
        ServerTiming::parse(self.header(SERVER_TIMING))
    }

    /// A header that has to be there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no header {name} in {:?}", self.headers))
            .to_str()
            .unwrap()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
