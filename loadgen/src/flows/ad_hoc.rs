//! One request that is made up on the command line, sent again and again: any HTTP service can
//! be measured with the same schedule, account and checks as CodeConnect itself.

use futures_util::future::LocalBoxFuture;

use super::registry::{Flow, Iteration, op};
use crate::{
    check::{Mismatch, Reply, status},
    request::Request,
    sample::OpId,
};

/// The flow of `loadgen http`. Not in the list of flows: it has no meaning without its request.
#[derive(Debug, Clone)]
pub struct AdHoc {
    request: Request,
    /// The status that is right; any below 400 without it.
    expect: Option<u16>,
}

impl AdHoc {
    /// A flow that sends this request and takes that status for the right one; without one,
    /// every status below 400.
    pub const fn new(request: Request, expect: Option<u16>) -> Self {
        Self { request, expect }
    }

    fn check(&self, reply: &Reply) -> Result<(), Mismatch> {
        match self.expect {
            Some(expected) => status(reply, expected),
            None if reply.status < 400 => Ok(()),
            None => Err(Mismatch::new(format!("status {}", reply.status))),
        }
    }
}

impl Flow for AdHoc {
    fn name(&self) -> &'static str {
        "http.request"
    }
    fn help(&self) -> &'static str {
        "sends the one request of the command line"
    }
    fn operations(&self) -> &'static [OpId] {
        &[op::HTTP_REQUEST]
    }
    fn needs_sessions(&self) -> bool {
        false
    }
    fn run<'a>(&'a self, mut it: Iteration<'a>) -> LocalBoxFuture<'a, ()> {
        Box::pin(async move {
            let request = self.request.clone();
            let _judged = it
                .call(op::HTTP_REQUEST, request, |reply| self.check(reply))
                .await;
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn judged(expect: Option<u16>, status: u16) -> Result<(), String> {
        let reply = Reply {
            status,
            headers: http::HeaderMap::new(),
            body: Bytes::new(),
        };
        AdHoc::new(Request::get("/"), expect)
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
