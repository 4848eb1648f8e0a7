//! One request that is given on the command line, sent again and again: any HTTP service can be
//! measured with the same schedule, recording and checks.

use futures_util::future::LocalBoxFuture;

use super::{
    catalog::{Access, Catalog, FlowDescriptor, OperationDescriptor, Operations},
    iteration::{Flow, Iteration},
};
use crate::{
    check::{Mismatch, Reply, status},
    request::Request,
    sample::OpId,
};

/// Only the status is checked: the body is kept for the message about a wrong one.
const KEPT_BYTES: usize = 64 * 1024;

const NAME: &str = "http.request";
const REQUEST: OpId = OpId(0);
const OPERATIONS: &[OperationDescriptor] = &[OperationDescriptor {
    name: NAME,
    method: None,
    access: Access::Read,
}];

/// The flow of `loadgen http`: sends the one request of the command line.
#[derive(Debug, Clone)]
pub struct SingleRequest {
    request: Request,
    /// The status that is right; any below 400 without it.
    expect: Option<u16>,
}

impl SingleRequest {
    /// A flow that sends this request and takes that status for the right one; without one,
    /// every status below 400.
    pub const fn new(mut request: Request, expect: Option<u16>) -> Self {
        request.keep = KEPT_BYTES;
        Self { request, expect }
    }

    /// The catalogue that holds this one flow and its operation.
    pub fn catalog() -> Catalog {
        Catalog {
            operations: Operations::new(OPERATIONS),
            flows: vec![FlowDescriptor {
                name: NAME,
                help: "sends the one request of the command line",
                operations: vec![REQUEST],
                needs_sessions: false,
                at_once: 1,
            }],
        }
    }

    fn check(&self, reply: &Reply) -> Result<(), Mismatch> {
        match self.expect {
            Some(expected) => status(reply, expected),
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
    fn run<'a>(&'a self, mut it: Iteration<'a>) -> LocalBoxFuture<'a, ()> {
        Box::pin(async move {
            let request = self.request.clone();
            let _checked = it.call(REQUEST, request, |reply| self.check(reply)).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn judged(expect: Option<u16>, status: u16) -> Result<(), String> {
        let reply = Reply::new(status, http::HeaderMap::new(), Bytes::new());
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
    fn an_expected_status_is_the_only_right_one() {
        assert_eq!(judged(Some(404), 404), Ok(()));
        assert!(judged(Some(404), 200).is_err());
    }
}
