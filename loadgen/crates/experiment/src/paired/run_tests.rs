//! What a series of blocks says of its pairs beside the decisions.

use std::sync::Arc;

use loadgen_engine::{driver::ClientOptions, flow::SingleRequest, request::Request};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    events::{LoadControl, Publisher},
    paired::{
        decide_fixture::{trial, with_stale},
        file,
    },
    system::{Endpoints, HttpService, Shop},
};

#[test]
fn failures_of_one_arm_alone_are_a_warning_of_the_experiment() {
    let text = "name: x\nquestion: q\nbefore: { profile: before }\nafter: { profile: after }\nprimary: [ total p50 ]\nload: { model: open, rate: 40/s, duration: 1s }\nflows: [ { flow: orders.browse } ]\n";
    let experiment = file::parse(text, "x.yaml", &Shop).unwrap();
    let endpoint = loadgen_engine::driver::Endpoint {
        address: ([127, 0, 0, 1], 80).into(),
        host: "localhost".to_owned(),
    };
    let service = HttpService::new(
        Endpoints::one(endpoint),
        ClientOptions::default(),
        SingleRequest::new(Request::get("/"), None),
    );
    let load_control = LoadControl::new(CancellationToken::new());
    let env = TestEnv::of(Arc::new(service), Publisher::silent(), load_control);
    let warnings = |stale: [u64; 2]| {
        let arms = [experiment.before.clone(), experiment.after.clone()];
        let mut series = BlockSeries::new(&env, &experiment, 1, arms, "");
        series.trials = stale
            .map(|stale| with_stale(trial(Some(1.0), 1.0), stale))
            .into();
        series.pairs = vec![[0, 1]];
        series.finish().warnings
    };
    let said =
        "stale reads: only `after` has any: 5 of 1000 in 1 of 1 block(s), against none of 1000";
    assert!(warnings([0, 5]).iter().any(|one| one == said));
    assert!(!warnings([5, 5]).iter().any(|one| one.contains("only `")));
}
