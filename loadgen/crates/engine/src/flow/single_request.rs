//! One request that is given on the command line, sent again and again: any HTTP service can be
//! measured with the same schedule, recording and checks.

use http::Method;

use super::{
    catalog::{Access, Catalog, FlowDescriptor, OperationDescriptor, Operations},
    future::FlowFuture,
    iteration::{Flow, Iteration},
};
use crate::{
    check::{Mismatch, Reply, unexpected},
    request::Request,
    sample::OpId,
    threshold::StatusSet,
};

/// Only the status is checked: the body is kept for the message about a wrong one.
const KEPT_BYTES: usize = 64 * 1024;

const NAME: &str = "http.request";
const REQUEST: OpId = OpId(0);

/// The operation by the method of the request. A method that is in no list has no name in reports.
const OPERATIONS: [(&str, &[OperationDescriptor]); 7] = [
    ("GET", &[operation(Some("GET"))]),
    ("POST", &[operation(Some("POST"))]),
    ("PUT", &[operation(Some("PUT"))]),
    ("PATCH", &[operation(Some("PATCH"))]),
    ("DELETE", &[operation(Some("DELETE"))]),
    ("HEAD", &[operation(Some("HEAD"))]),
    ("OPTIONS", &[operation(Some("OPTIONS"))]),
];
/// That of requests whose method is not one of these.
pub(super) const OTHER: &[OperationDescriptor] = &[operation(None)];

const fn operation(method: Option<&'static str>) -> OperationDescriptor {
    OperationDescriptor {
        name: NAME,
        method,
        access: Access::Read,
    }
}

/// The flow of `loadgen http`: sends the one request of the command line.
#[derive(Debug, Clone)]
pub struct SingleRequest {
    request: Request,
    /// The statuses that are right; without them, any below 400.
    expect: Option<StatusSet>,
}

impl SingleRequest {
    /// A flow that sends this request and takes those statuses for the right ones; without them,
    /// every status below 400.
    pub const fn new(mut request: Request, expect: Option<StatusSet>) -> Self {
        request.keep = KEPT_BYTES;
        Self { request, expect }
    }

    /// The catalogue that holds this one flow and its operation.
    pub fn catalog(&self) -> Catalog {
        Catalog {
            operations: Self::operations(&self.request.method),
            flows: vec![FlowDescriptor {
                name: NAME,
                help: "sends the one request of the command line",
                operations: vec![REQUEST],
                needs_sessions: false,
                at_once: 1,
            }],
        }
    }

    /// The one operation of a request with this method.
    pub fn operations(method: &Method) -> Operations {
        let known = OPERATIONS.iter().find(|(name, _)| method == name);
        Operations::new(known.map_or(OTHER, |(_, one)| one))
    }

    fn check(&self, reply: &Reply) -> Result<(), Mismatch> {
        match &self.expect {
            Some(expected) if expected.contains(reply.status) => Ok(()),
            Some(expected) => Err(unexpected(reply, expected)),
            None if reply.status < 400 => Ok(()),
            None => Err(Mismatch::new(format!("status {}", reply.status))),
        }
    }
}

impl Flow for SingleRequest {
    fn name(&self) -> &'static str {
        NAME
    }
    fn operations(&self) -> &[OpId] {
        &[REQUEST]
    }
    fn run<'a>(&'a self, mut it: Iteration<'a>) -> FlowFuture<'a> {
        FlowFuture::new(async move {
            let request = self.request.clone();
            let _checked = it.call(REQUEST, request, |reply| self.check(reply)).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn judged(expect: Option<&str>, status: u16) -> Result<(), String> {
        let reply = Reply::new(status, http::HeaderMap::new(), Bytes::new());
        let expect = expect.map(|text| text.parse().unwrap());
        SingleRequest::new(Request::get("/"), expect)
            .check(&reply)
            .map_err(|mismatch| mismatch.to_string())
    }

    #[test]
    fn without_an_expected_status_every_error_status_is_wrong() {
        assert_eq!(judged(None, 200), Ok(()));
        assert_eq!(judged(None, 304), Ok(()));
        assert_eq!(judged(None, 404), Err("status 404".to_owned()));
    }

    #[test]
    fn the_expected_statuses_are_the_only_right_ones() {
        assert_eq!(judged(Some("404"), 404), Ok(()));
        assert_eq!(judged(Some("200,4xx"), 404), Ok(()));
        assert_eq!(
            judged(Some("404,5xx"), 200),
            Err("expected 404,5xx, got 200: empty body".to_owned())
        );
    }

    #[test]
    fn the_operation_has_the_method_of_the_request() {
        let method = |method: &str| {
            let method = method.parse().unwrap();
            SingleRequest::operations(&method).method(REQUEST)
        };
        assert_eq!((method("PUT"), method("PURGE")), (Some("PUT"), None));
    }
}
