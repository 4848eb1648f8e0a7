//! Users are spread over the endpoints of a target, and each keeps its endpoint.

use super::{
    server::{Paths, TestServer, setup, users as closed},
    web_socket::{Script, open_and_close},
};
use crate::{
    aggregator::TrialData,
    driver::{DriverSetup, Endpoint, run},
    flow::Flow,
    sample::Outcome,
};

/// Three iterations of each user against several servers.
fn over(servers: &[TestServer], users: u32, workers: usize, flow: &'static dyn Flow) -> TrialData {
    let load = closed(users, 20_000, None, Some(3));
    let endpoints: Vec<Endpoint> = servers.iter().map(|server| server.serve().into()).collect();
    let first = endpoints[0].address;
    let data = run(DriverSetup {
        endpoints,
        workers,
        ..setup(first, load, (0, 20_000), flow)
    })
    .unwrap();
    assert_eq!(data.total.count(Outcome::Ok), u64::from(users) * 3);
    data
}

#[test]
fn each_next_user_has_the_next_endpoint_and_keeps_it() {
    let two = [TestServer::default(); 2];
    let data = over(&two, 6, 1, &Paths(&["/"]));
    assert_eq!(data.opened, [3, 3]);
    let data = over(&two, 6, 2, &Paths(&["/"]));
    assert_eq!(data.opened, [3, 3], "with two workers");
    let three = [TestServer::default(); 3];
    let data = over(&three, 3, 1, &Paths(&["/"]));
    assert_eq!(data.opened, [1, 1, 1]);
}

#[test]
fn web_sockets_are_spread_as_well() {
    let two = [TestServer::default(); 2];
    let data = over(&two, 2, 1, &Script(open_and_close));
    assert_eq!(data.opened, [3, 3]);
}
