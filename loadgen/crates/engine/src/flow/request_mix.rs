//! Prepared requests of two kinds in a fixed proportion: a service can be measured beside another load
//! generator that sends the same mixture.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{
    catalog::{Catalog, Operations},
    future::FlowFuture,
    iteration::{Flow, Iteration},
    single_request::{OTHER, SingleRequest},
};
use crate::sample::OpId;

/// Sends one request again and again, and in place of every nth one of some others.
#[derive(Debug)]
pub struct RequestMix {
    common: SingleRequest,
    rare: Vec<SingleRequest>,
    every: u64,
    /// Requests of all users so far. Users that wait for a slow answer send less often than others: by their
    /// own counts the proportion would not hold.
    sent: AtomicU64,
}

impl RequestMix {
    /// A flow of which every `every`th request is the next of `rare`, after the last the first again, and any
    /// other one `common`.
    pub fn new(common: SingleRequest, rare: Vec<SingleRequest>, every: u32) -> Self {
        Self {
            common,
            rare,
            every: u64::from(every.max(1)),
            sent: AtomicU64::new(0),
        }
    }

    /// The catalogue that holds this one flow and its operation, which has no one method.
    pub fn catalog(&self) -> Catalog {
        Catalog {
            operations: Operations::new(OTHER),
            ..self.common.catalog()
        }
    }

    fn next_request(&self) -> &SingleRequest {
        let number = self.sent.fetch_add(1, Relaxed) + 1;
        if !number.is_multiple_of(self.every) {
            return &self.common;
        }
        let all = self.rare.len().max(1) as u64;
        let place = (number / self.every - 1) % all;
        self.rare.get(place as usize).unwrap_or(&self.common)
    }
}

impl Flow for RequestMix {
    fn name(&self) -> &'static str {
        self.common.name()
    }
    fn operations(&self) -> &[OpId] {
        self.common.operations()
    }
    fn run<'a>(&'a self, it: Iteration<'a>) -> FlowFuture<'a> {
        self.next_request().run(it)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::request::Request;

    fn mix(rare: &[&str], every: u32) -> RequestMix {
        let single = |path: &str| SingleRequest::new(Request::get(path), None);
        let rare = rare.iter().copied().map(single).collect();
        RequestMix::new(single("/page"), rare, every)
    }

    fn sent(mix: &RequestMix, count: usize) -> Vec<String> {
        let paths = ["/page", "/a", "/b"];
        let one = |_| {
            let shown = format!("{:?}", mix.next_request());
            let path = paths.into_iter().find(|path| shown.contains(path));
            path.unwrap_or_default().to_owned()
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn every_third_request_is_one_of_the_others_in_turn() {
        let mixed = mix(&["/a", "/b"], 3);
        let wanted = ["/page", "/page", "/a", "/page", "/page", "/b"];
        assert_eq!(sent(&mixed, 6), wanted);
        // After the last one comes the first again.
        assert_eq!(sent(&mixed, 3), wanted[..3]);
    }

    #[test]
    fn without_others_there_is_only_the_common_one() {
        assert_eq!(sent(&mix(&[], 2), 3), ["/page"; 3]);
    }

    #[test]
    fn the_flow_is_that_of_the_one_request_and_its_operation_has_no_method() {
        let mixed = mix(&["/a"], 2);
        assert_eq!(mixed.catalog().flow_names(), [mixed.name()]);
        let operation = mixed.operations()[0];
        assert_eq!(mixed.catalog().operations.method(operation), None);
        let single = SingleRequest::operations(&Method::GET);
        assert_eq!(single.method(operation), Some("GET"));
    }
}
