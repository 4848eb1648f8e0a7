//! The load on the backend: requests one after the other over connections of the generator that every run
//! uses, with everything recorded.

use std::{sync::Arc, time::Duration};

use shared::{time::Millis, timing::ServerCount};
use tokio_util::sync::CancellationToken;

use super::super::rounds::{counters, one_flow};
use loadgen_engine::{
    aggregator::TrialData,
    driver::{self, Endpoint},
    flow::{Flow, FlowFuture, Iteration, SingleRequest},
    recorder::OpData,
    request::Request,
    sample::{OpId, Outcome},
    suite::{Arrivals, LoadModel, Windows},
    threshold::StatusSet,
    units::{Quantile, Rate},
};
use loadgen_experiment::schema::Percentile;

/// Longest wait for open requests after a load.
const DRAIN: Millis = Millis(5_000);

/// Different requests of one kind, sent in turn.
struct RequestCycle {
    first: SingleRequest,
    others: Vec<SingleRequest>,
}

impl RequestCycle {
    /// A cycle of these requests, to each of which `status` is the right answer; `None` of none.
    fn of(requests: &[Request], status: u16) -> Option<Self> {
        let mut each = requests
            .iter()
            .map(|request| SingleRequest::new(request.clone(), Some(StatusSet::one(status))));
        Some(Self {
            first: each.next()?,
            others: each.collect(),
        })
    }

    fn at(&self, arrival: u64) -> &SingleRequest {
        let place = (arrival % (self.others.len() as u64 + 1)) as usize;
        let others = place
            .checked_sub(1)
            .and_then(|place| self.others.get(place));
        others.unwrap_or(&self.first)
    }
}

impl Flow for RequestCycle {
    fn name(&self) -> &'static str {
        "http.cycle"
    }
    fn operations(&self) -> &[OpId] {
        self.first.operations()
    }
    fn run<'a>(&'a self, it: Iteration<'a>) -> FlowFuture<'a> {
        self.at(it.arrival).run(it)
    }
}

/// How long a closed load lasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClosedSpan {
    /// Load before the window.
    pub(super) warm_up: Duration,
    /// The window.
    pub(super) measure: Duration,
    /// Load after it, so that the last requests of the window run beside as many others as the first.
    pub(super) tail: Duration,
    /// Requests of each connection at most; the window ends with the last.
    pub(super) iterations: Option<u64>,
}

/// The backend, loaded.
pub(super) struct OwnLoad {
    pub(super) endpoint: Endpoint,
    /// Ends a load early.
    pub(super) stop: CancellationToken,
}

impl OwnLoad {
    /// A closed load without pauses, in which every request must be answered with `status`; the error is
    /// one line why it was not.
    pub(super) fn closed(
        &self,
        (requests, status): (&[Request], u16),
        connections: u32,
        span: ClosedSpan,
    ) -> Result<TrialData, String> {
        let duration = span.warm_up + span.measure + span.tail;
        let load = LoadModel::Closed {
            users: connections,
            duration: Millis::from(duration),
            think: None,
            iterations: span.iterations,
        };
        let data = self.send((requests, status), &load, (span.warm_up, span.measure))?;
        let failures = data.total.failures();
        if failures > 0 {
            let why = data.examples.first().map_or("", |(_, why, _)| why);
            let all = data.total.planned;
            return Err(format!("{failures} of {all} requests failed: {why}"));
        }
        if data.total.count(Outcome::Ok) == 0 || !data.conserved() {
            return Err("no request of the window was answered".to_owned());
        }
        Ok(data)
    }

    /// Requests at equal distances, each answered with 200 or counted as infinitely slow.
    pub(super) fn paced(
        &self,
        request: &Request,
        rate: u32,
        (warm_up, measure): (Duration, Duration),
    ) -> Result<OpData, String> {
        let rate = Rate::per_second(rate).map_err(|error| error.to_string())?;
        let load = LoadModel::Open {
            phases: windows(warm_up, measure).phases(rate),
            arrivals: Arrivals::Constant,
        };
        let requests = std::slice::from_ref(request);
        let data = self.send((requests, 200), &load, (warm_up, measure))?;
        Ok(data.total)
    }

    fn send(
        &self,
        (requests, status): (&[Request], u16),
        load: &LoadModel,
        (warm_up, measure): (Duration, Duration),
    ) -> Result<TrialData, String> {
        let flow = RequestCycle::of(requests, status).ok_or("there is nothing to send")?;
        let windows = windows(warm_up, measure);
        let setup = one_flow(
            self.endpoint.clone(),
            Arc::new(flow),
            load,
            windows,
            counters(),
        );
        let mut setup = setup.map_err(|error| error.to_string())?;
        setup.stop = self.stop.child_token();
        driver::run(setup).map_err(|error| error.to_string())
    }
}

fn windows(warm_up: Duration, measure: Duration) -> Windows {
    Windows {
        warm_up: Millis::from(warm_up),
        measure: Millis::from(measure),
        drain: DRAIN,
    }
}

/// Answered requests a second of the window.
pub(super) fn counted_rate(data: &TrialData) -> f64 {
    data.total.count(Outcome::Ok) as f64 / data.window_s()
}

/// Requests a second of a closed load without pauses by Little's law: connections by the mean response
/// time (Little, Operations Research 9(3), 1961). For requests that are long against the window: those that
/// run beside each other end together, so that a count would be off by as many as there are connections.
pub(super) fn rate_by_mean(data: &TrialData, connections: u32) -> f64 {
    f64::from(connections) / (data.total.ok.mean() / 1e9)
}

/// How often the server did something for a request of the window, by its own count.
pub(super) fn count_each(data: &TrialData, count: ServerCount) -> Option<f64> {
    let cost = &data.total.cost;
    (cost.responses > 0).then(|| cost.counts[count] as f64 / cost.responses as f64)
}

/// A percentile of the response times, in milliseconds.
pub(super) fn percentile(data: &OpData, share: f64) -> Percentile {
    let time = Quantile::of(share)
        .ok()
        .and_then(|quantile| data.response_slo(quantile));
    Percentile::of(share, data.planned, time.map(|time| time.0 as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use loadgen_engine::{recorder::Window, units::Nanos};

    use super::*;

    #[test]
    fn requests_are_sent_in_turn_and_again_from_the_first() {
        let requests: Vec<Request> = ["/a", "/b", "/c"].map(Request::get).to_vec();
        let cycle = RequestCycle::of(&requests, 200).unwrap();
        let paths: Vec<String> = (0..5).map(|n| format!("{:?}", cycle.at(n))).collect();
        for (path, wanted) in paths.iter().zip(["/a", "/b", "/c", "/a", "/b"]) {
            assert!(path.contains(wanted), "{paths:?}");
        }
        assert!(RequestCycle::of(&[], 200).is_none());
    }

    #[test]
    fn by_littles_law_a_hundred_milliseconds_of_four_connections_are_forty_a_second() {
        let window = Window {
            from: Nanos(0),
            to: Nanos::from_millis(1_000),
        };
        let mut data = TrialData::empty(SystemTime::UNIX_EPOCH, window);
        for ms in [90, 110, 100] {
            data.total.record_time(Outcome::Ok, Nanos::from_millis(ms));
        }
        let rate = rate_by_mean(&data, 4);
        assert!((rate - 40.0).abs() < 0.2, "{rate}");
        assert!((counted_rate(&data) - 3.0).abs() < 1e-9);
        assert_eq!(count_each(&data, ServerCount::Queries), None);
    }

    #[test]
    fn a_percentile_needs_ten_requests_beyond_it() {
        let mut data = OpData::default();
        for ms in 1..=999 {
            data.record_time(Outcome::Ok, Nanos::from_millis(ms));
        }
        data.planned = 999;
        assert_eq!(percentile(&data, 0.99), Percentile::TooFew { n: 999 });
        data.record_time(Outcome::Ok, Nanos::from_millis(1_000));
        data.planned = 1_000;
        let ms = percentile(&data, 0.99).ms().unwrap();
        assert!((ms - 990.0).abs() < 2.0, "{ms}");
    }
}
