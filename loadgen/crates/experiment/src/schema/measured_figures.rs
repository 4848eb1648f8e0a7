//! How a figure is taken from a trial or from an arm. Experiments, reports and history use these
//! definitions and no others.

use shared::timing::{ServerCount, ServerPart};

use super::{
    percentile::Percentile,
    server::Server,
    summary::{Arm, Consistency, Operation, Trial},
    why::Database,
};
use crate::metric::{MetricId, OperationFigure, TargetFigure};

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
    pub consistency: &'a Consistency,
}

impl<'a> From<&'a Trial> for MeasuredFigures<'a> {
    fn from(trial: &'a Trial) -> Self {
        Self {
            total: &trial.total,
            operations: &trial.operations,
            server: &trial.server,
            consistency: &trial.consistency,
        }
    }
}

impl<'a> From<&'a Arm> for MeasuredFigures<'a> {
    fn from(arm: &'a Arm) -> Self {
        Self {
            total: &arm.total,
            operations: &arm.operations,
            server: &arm.server,
            consistency: &arm.consistency,
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

    /// The figure of a metric in its unit; absent where it was not measured.
    pub fn figure(self, of: &MetricId) -> MeasuredFigure {
        let measured =
            |figure: Option<f64>| figure.map_or(MeasuredFigure::Absent, MeasuredFigure::Known);
        match of {
            MetricId::Total(figure) if self.total.planned > 0 => of_requests(self.total, *figure),
            MetricId::Total(_) => MeasuredFigure::Absent,
            MetricId::Operation(name, figure) => self
                .operation(name)
                .map_or(MeasuredFigure::Absent, |one| of_requests(one, *figure)),
            MetricId::Target(TargetFigure::StaleAgeP99) if self.consistency.stale_reads > 0 => {
                self.consistency.stale_p99_ms.into()
            }
            MetricId::Target(figure) => measured(self.of_target(*figure)),
            MetricId::CacheHitRatio(kind) => {
                measured(self.server.cache_hit_ratio(kind).map(percent))
            }
            MetricId::AttainableHitRatio(kind) => {
                measured(self.server.cache_attainable.get(kind).copied().map(percent))
            }
            MetricId::CpuPerRequest(process) => {
                let spent = self.server.cpu_s.get(process);
                measured(spent.and_then(|spent| self.server.per_request(spent * 1_000.0)))
            }
            MetricId::InstanceShare(name) => {
                measured(self.server.instance_share(name).map(percent))
            }
            MetricId::Memory(process) => measured(
                self.server
                    .rss_bytes
                    .get(process)
                    .map(|bytes| *bytes as f64),
            ),
        }
    }

    fn of_target(self, figure: TargetFigure) -> Option<f64> {
        let server = self.server;
        let counted = |figure: f64| server.requests.map(|_| figure);
        let of_database = |sum: fn(&Database) -> u64| {
            let database = server.database.as_ref()?;
            server.per_request(sum(database) as f64)
        };
        match figure {
            TargetFigure::QueriesPerRequest => server.per_request(server.queries as f64),
            TargetFigure::BytesPerAnswer => self.bytes_per_answer(),
            TargetFigure::RedisCommandsPerRequest => {
                server.per_request(server.redis_commands as f64)
            }
            TargetFigure::RedisPingsPerRequest => server.per_request(server.redis_pings as f64),
            TargetFigure::PoolWait => server.pool_wait_ms(),
            TargetFigure::PoolSize => counted(f64::from(server.pool_max)),
            TargetFigure::PoolInUse => counted(f64::from(server.pool_in_use_max)),
            TargetFigure::PoolWaiters => counted(f64::from(server.pool_waiters_max)),
            TargetFigure::PoolTimeouts => counted(server.pool_timeouts as f64),
            TargetFigure::PoolerWaiters => {
                let pooler = server.pooler?;
                Some(f64::from(pooler.clients_waiting_max))
            }
            TargetFigure::PoolerWait => server.pooler?.wait_ms(),
            TargetFigure::PoolerServers => Some(f64::from(server.pooler?.servers_max)),
            TargetFigure::ReplicaLag => Some(server.replica?.lag_s_max * 1_000.0),
            TargetFigure::ReplicaLagBytes => Some(server.replica?.lag_bytes_max as f64),
            TargetFigure::ReplicaShare => server.replica?.share().map(percent),
            TargetFigure::ReplicaFallbacks => Some(server.replica?.fallbacks as f64),
            TargetFigure::RowsPerRequest => of_database(|one| one.rows_returned),
            TargetFigure::RowsByIndexPerRequest => of_database(|one| one.rows_by_index),
            TargetFigure::BuffersHitPerRequest => of_database(|one| one.blocks_hit),
            TargetFigure::BuffersReadPerRequest => of_database(|one| one.blocks_read),
            TargetFigure::LogPerRequest => of_database(|one| one.wal_bytes),
            TargetFigure::RetriesPerRequest => of_database(|one| total(one.retries.values())),
            TargetFigure::DeadlocksPerRequest => of_database(|one| one.deadlocks),
            TargetFigure::StaleReads => self.consistency.stale_share().map(percent),
            TargetFigure::StaleAgeP99 => self.consistency.stale_p99_ms.ms(),
        }
    }

    /// Bytes of body in an answer over HTTP. Messages over sockets have bytes and no answer, so
    /// operations without answers are left out of both.
    fn bytes_per_answer(self) -> Option<f64> {
        let answers = |one: &Operation| total(one.statuses.values()) as f64;
        let over_http = || self.operations.iter().filter(|one| answers(one) > 0.0);
        let all: f64 = over_http().map(answers).sum();
        let bytes: f64 = over_http().map(|one| one.bytes_in as f64).sum();
        (all > 0.0).then(|| bytes / all)
    }
}

/// The sum of stored counts; those of a damaged file may be beyond what one number holds.
fn total<'a>(counts: impl Iterator<Item = &'a u64>) -> u64 {
    counts.copied().fold(0, u64::saturating_add)
}

/// What a metric is in a trial or an arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MeasuredFigure {
    /// In the unit of the metric.
    Known(f64),
    /// A percentile beyond the timeout.
    BeyondTimeout,
    /// A percentile of too few samples.
    TooFew {
        /// How many samples there are.
        n: u64,
    },
    /// Nothing was measured.
    Absent,
}

impl MeasuredFigure {
    /// The figure, where it is known.
    pub const fn known(self) -> Option<f64> {
        match self {
            Self::Known(figure) => Some(figure),
            Self::BeyondTimeout | Self::TooFew { .. } | Self::Absent => None,
        }
    }
}

impl From<Percentile> for MeasuredFigure {
    fn from(percentile: Percentile) -> Self {
        match percentile {
            Percentile::Known(ms) => Self::Known(ms),
            Percentile::BeyondTimeout => Self::BeyondTimeout,
            Percentile::TooFew { n } => Self::TooFew { n },
        }
    }
}

fn percent(share: f64) -> f64 {
    share * 100.0
}

fn of_requests(one: &Operation, figure: OperationFigure) -> MeasuredFigure {
    let reported = |figure: f64| {
        if one.cost.is_reported() {
            MeasuredFigure::Known(figure)
        } else {
            MeasuredFigure::Absent
        }
    };
    match figure {
        OperationFigure::P50 => one.response.p50.into(),
        OperationFigure::P95 => one.response.p95.into(),
        OperationFigure::P97_5 => one.response.p97_5.into(),
        OperationFigure::Success => MeasuredFigure::Known(percent(one.success)),
        OperationFigure::Goodput => MeasuredFigure::Known(one.rate_per_s),
        OperationFigure::CacheHitRatio => one
            .cost
            .cache_hit_ratio
            .map_or(MeasuredFigure::Absent, |ratio| {
                MeasuredFigure::Known(percent(ratio))
            }),
        OperationFigure::Queries => reported(one.cost.counts[ServerCount::Queries]),
        OperationFigure::PoolWait => reported(one.cost.parts_ms[ServerPart::Pool]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str, answers: u64, bytes_in: u64) -> Operation {
        Operation {
            name: name.to_owned(),
            planned: 10,
            statuses: (answers > 0)
                .then_some((200, answers))
                .into_iter()
                .collect(),
            rate_per_s: 10.0,
            success: 1.0,
            bytes_in,
            ..Operation::default()
        }
    }

    fn figure(operations: &[Operation], server: &Server, of: TargetFigure) -> MeasuredFigure {
        let measured = MeasuredFigures {
            total: &operation("total", 10, 999_999),
            operations,
            server,
            consistency: &Consistency::default(),
        };
        measured.figure(&MetricId::Target(of))
    }

    #[test]
    fn bytes_of_messages_over_sockets_are_in_no_answer() {
        let of = TargetFigure::BytesPerAnswer;
        let server = Server::default();
        let socket = operation("orders.watch", 0, 50_000);
        let mut all = vec![operation("orders.list", 8, 1_000), socket.clone()];
        assert_eq!(figure(&all, &server, of), MeasuredFigure::Known(125.0));
        all.push(operation("orders.buy", 2, 0));
        assert_eq!(figure(&all, &server, of), MeasuredFigure::Known(100.0));
        assert_eq!(figure(&[socket], &server, of), MeasuredFigure::Absent);
    }

    #[test]
    fn checks_of_connections_to_redis_are_no_commands() {
        let server = Server {
            requests: Some(10),
            redis_commands: 30,
            redis_pings: 50,
            ..Server::default()
        };
        let of = |of| figure(&[], &server, of);
        assert_eq!(
            of(TargetFigure::RedisCommandsPerRequest),
            MeasuredFigure::Known(3.0)
        );
        assert_eq!(
            of(TargetFigure::RedisPingsPerRequest),
            MeasuredFigure::Known(5.0)
        );
    }
}
