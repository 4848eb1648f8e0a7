//! How a figure is taken from a trial or from an arm. Experiments, reports and history use these
//! definitions and no others.

use super::summary::{Arm, Operation, Promised, Server, Trial};

/// The figures of one trial, or of all trials of an arm together.
#[derive(Debug, Clone, Copy)]
pub struct MeasuredFigures<'a> {
    /// All operations together.
    pub total: &'a Operation,
    /// Each operation.
    pub operations: &'a [Operation],
    /// The target's own figures.
    pub server: &'a Server,
    /// The ledger's counts.
    pub promised: &'a Promised,
}

impl<'a> From<&'a Trial> for MeasuredFigures<'a> {
    fn from(trial: &'a Trial) -> Self {
        Self {
            total: &trial.total,
            operations: &trial.operations,
            server: &trial.server,
            promised: &trial.promised,
        }
    }
}

impl<'a> From<&'a Arm> for MeasuredFigures<'a> {
    fn from(arm: &'a Arm) -> Self {
        Self {
            total: &arm.total,
            operations: &arm.operations,
            server: &arm.server,
            promised: &arm.promised,
        }
    }
}

impl<'a> MeasuredFigures<'a> {
    /// An operation of which requests were planned.
    pub fn operation(self, name: &str) -> Option<&'a Operation> {
        self.operations
            .iter()
            .find(|one| one.name == name && one.planned > 0)
    }

    /// A sum over the measured windows by request: those that the target counted, or where it
    /// counts none, those that were planned.
    pub fn per_request(self, sum: f64) -> Option<f64> {
        let requests = if self.server.requests > 0 {
            self.server.requests
        } else {
            self.total.planned
        };
        (requests > 0).then(|| sum / requests as f64)
    }

    /// PostgreSQL statements a request; absent where the target counts no requests.
    pub fn queries_per_request(self) -> Option<f64> {
        (self.server.requests > 0).then_some(self.server.queries_per_request)
    }

    /// Mean wait of a request for a pool connection, in milliseconds.
    pub fn pool_wait_ms(self) -> Option<f64> {
        (self.server.requests > 0).then_some(self.server.pool_wait_ms)
    }

    /// Redis commands a request without `PING`: a ping is the price of a checkout, not its use.
    pub fn redis_commands_per_request(self) -> Option<f64> {
        let used =
            self.server.redis_commands - self.server.redis_pings.min(self.server.redis_commands);
        self.per_request(used as f64)
    }

    /// Redis `PING`s a request.
    pub fn redis_pings_per_request(self) -> Option<f64> {
        self.per_request(self.server.redis_pings as f64)
    }

    /// Share of the look-ups in a kind of cache that found a value.
    pub fn cache_hit_ratio(self, kind: &str) -> Option<f64> {
        self.server.cache_hit_ratio.get(kind).copied().flatten()
    }

    /// CPU milliseconds that a process spent on a request.
    pub fn cpu_ms_per_request(self, process: &str) -> Option<f64> {
        let spent = self.server.cpu_s.get(process)?;
        self.per_request(spent * 1_000.0)
    }

    /// Bytes of body in a response.
    pub fn bytes_per_response(self) -> Option<f64> {
        let responses: u64 = self.total.statuses.values().sum();
        (responses > 0).then(|| self.total.bytes_in as f64 / responses as f64)
    }
}
