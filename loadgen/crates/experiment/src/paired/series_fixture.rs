//! An experiment of the shop and a system for it that is never reached, for tests of what a series says.

use std::sync::Arc;

use loadgen_engine::{driver::ClientOptions, flow::SingleRequest, request::Request};
use tokio_util::sync::CancellationToken;

use super::file::{self, Experiment};
use crate::{
    events::{LoadControl, Publisher},
    system::{Endpoints, HttpService, Shop},
    trial::TestEnv,
};

/// Browses orders, and claims the median of all requests.
pub(super) fn experiment() -> Experiment {
    let text = "name: x\nbefore: { profile: before }\nafter: { profile: after }\nprimary: [ total p50 ]\nload: { model: open, rate: 40/s, duration: 1s }\nflows: [ { flow: orders.browse } ]\n";
    file::parse(text, "x.yaml", &Shop).unwrap()
}

/// Sends nothing until a trial runs.
pub(super) fn env() -> TestEnv {
    let endpoint = std::net::SocketAddr::from(([127, 0, 0, 1], 80)).into();
    let service = HttpService::new(
        Endpoints::one(endpoint),
        ClientOptions::default(),
        SingleRequest::new(Request::get("/"), None),
    );
    let load_control = LoadControl::new(CancellationToken::new());
    TestEnv::of(Arc::new(service), Publisher::silent(), load_control)
}
