//! Counters of requests: those to the API on one side, which telemetry and measurements use, and
//! all of them by route on the other, for Prometheus.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use enum_map::EnumMap;
use shared::{
    snapshot::HttpSnapshot,
    timing::{ServerCount, ServerPart, ServerTiming},
};

use super::names;

/// Figures of the API since the process started. The control plane, health checks and metrics
/// are left out: whoever looks at the server must not appear in what is seen.
#[derive(Debug, Default)]
pub struct HttpCounters {
    requests: AtomicU64,
    server_errors: AtomicU64,
    in_flight: AtomicU64,
    counts: EnumMap<ServerCount, AtomicU64>,
}

/// A request being worked on; counted until dropped.
pub struct InFlightRequest<'a>(&'a AtomicU64);

impl Drop for InFlightRequest<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl HttpCounters {
    /// Counts a request that begins.
    pub fn begin(&self) -> InFlightRequest<'_> {
        self.in_flight.fetch_add(1, Relaxed);
        InFlightRequest(&self.in_flight)
    }

    /// Counts a request to the API that was answered, and its costs: over HTTP with its status,
    /// or a frame of a socket.
    pub fn api_answered(&self, status: Option<u16>, costs: &ServerTiming) {
        self.requests.fetch_add(1, Relaxed);
        if status.is_some_and(|status| status >= 500) {
            self.server_errors.fetch_add(1, Relaxed);
        }
        for (what, sum) in &self.counts {
            sum.fetch_add(u64::from(costs.counts[what]), Relaxed);
        }
        // Of each that asked for a connection: also where it got none, and so sent no statement.
        let waited = costs.us[ServerPart::Pool];
        if waited > 0 || costs.counts[ServerCount::Queries] > 0 {
            metrics::histogram!(names::POOL_WAIT_SECONDS).record(seconds(waited));
        }
    }

    /// Records any answer over HTTP by its route, for Prometheus.
    pub fn record(method: &'static str, route: &str, status: u16, costs: &ServerTiming) {
        let route = route.to_owned();
        metrics::counter!(names::REQUESTS, "method" => method, "route" => route.clone(), "status" => status_label(status))
            .increment(1);
        metrics::histogram!(names::REQUEST_SECONDS, "route" => route)
            .record(seconds(costs.total_us));
    }

    /// The figures now.
    pub fn snapshot(&self) -> HttpSnapshot {
        HttpSnapshot {
            requests: self.requests.load(Relaxed),
            server_errors: self.server_errors.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            queries: self.counts[ServerCount::Queries].load(Relaxed),
            redis_commands: self.counts[ServerCount::Commands].load(Relaxed),
            redis_pings: self.counts[ServerCount::Pings].load(Relaxed),
        }
    }
}

fn seconds(us: u32) -> f64 {
    f64::from(us) / 1e6
}

/// Metric label of a status that this server sends; static, so that no request allocates it.
fn status_label(status: u16) -> &'static str {
    match status {
        101 => "101",
        200 => "200",
        201 => "201",
        204 => "204",
        206 => "206",
        304 => "304",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        409 => "409",
        413 => "413",
        415 => "415",
        416 => "416",
        421 => "421",
        422 => "422",
        429 => "429",
        500 => "500",
        503 => "503",
        504 => "504",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use shared::problem::Code;

    use super::*;

    #[test]
    fn requests_are_counted_while_they_run_and_when_they_are_answered() {
        let counters = HttpCounters::default();
        let running = counters.begin();
        assert_eq!(counters.snapshot().in_flight, 1);
        let mut costs = ServerTiming::default();
        costs.counts[ServerCount::Queries] = 3;
        costs.counts[ServerCount::Commands] = 2;
        costs.counts[ServerCount::Pings] = 1;
        counters.api_answered(Some(500), &costs);
        counters.api_answered(None, &costs);
        drop(running);
        let snapshot = counters.snapshot();
        assert_eq!((snapshot.in_flight, snapshot.requests), (0, 2));
        assert_eq!((snapshot.server_errors, snapshot.queries), (1, 6));
        assert_eq!((snapshot.redis_commands, snapshot.redis_pings), (4, 2));
    }

    #[test]
    fn a_wait_for_a_connection_counts_also_where_none_became_free() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let counters = HttpCounters::default();
        let asked_for_none = ServerTiming::default();
        let mut got_none = ServerTiming::default();
        got_none.us[ServerPart::Pool] = 2_000_000;
        metrics::with_local_recorder(&recorder, || {
            counters.api_answered(Some(200), &asked_for_none);
            counters.api_answered(Some(503), &got_none);
        });
        let text = recorder.handle().render();
        let wanted = format!("{}_count 1\n", names::POOL_WAIT_SECONDS);
        assert!(text.contains(&wanted), "{text}");
    }

    #[test]
    fn every_problem_has_a_status_with_a_label_of_its_own() {
        for code in Code::ALL {
            assert_ne!(status_label(code.status()), "other", "{code}");
        }
    }
}
