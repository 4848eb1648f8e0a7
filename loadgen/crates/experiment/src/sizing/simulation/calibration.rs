//! What the model takes from a run. Times are milliseconds of a request.
//!
//! ```text
//! processor time   of each process / requests that arrived
//! stretch k        1 + C(c, a) / (c - a): how much longer than alone a request takes on c processors of which
//!                  a are busy (M/M/c with shared processors; C is Erlang's chance to wait)
//! hashing          CPU time of all hashes / requests that arrived; where the target does not report it, its time
//!                  without the queue for it, / k
//! waiting          mean response time - pool wait - k x processor time: what no queue of the model explains
//! ```
//!
//! A cache that hits saves the visit to the database, so a miss costs what was measured / (1 - hit ratio). The
//! slowest requests of an operation are taken to be its misses.

use loadgen_stats::{erlang_c, simulation::ServiceDistribution};
use shared::timing::ServerPart;

use crate::schema::{Arm, LoadUnit, Operation, Server};
use crate::sizing::measured::MeasuredRun;

/// Equally likely values that stand for the response times of an operation.
const VALUES: usize = 200;
/// Highest hit ratio that a miss is computed from: little is known of misses that are rarer.
const MOST_HITS: f64 = 0.95;
/// Use of the processors from which the fit is doubted, because queues are most of what was measured.
const BUSY: f64 = 0.7;

/// Processor time of a request, by what it is spent on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ProcessorTime {
    /// The application, hashing included.
    pub(super) application: f64,
    /// Hashing alone.
    pub(super) hashing: f64,
    pub(super) database: f64,
    pub(super) cache: f64,
    pub(super) generator: f64,
}

/// An operation of the model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OperationModel {
    pub(super) name: String,
    /// Requests of it in the run.
    pub(super) weight: f64,
    /// Its hit ratio in the run; absent where it asks no cache, or no database.
    pub(super) hits: Option<f64>,
    /// Processor time of the application without hashing.
    pub(super) application: f64,
    pub(super) hashing: f64,
    /// Processor time of the database where the cache does not help.
    pub(super) database: f64,
    /// Time in statements beyond that: disk, locks, the way there.
    pub(super) database_wait: f64,
    pub(super) cache: f64,
    pub(super) generator: f64,
    /// Time that passes elsewhere.
    pub(super) wait: f64,
    /// Factor of a request that hits, and of one that does not, each of mean 1.
    pub(super) factors: [ServiceDistribution; 2],
}

/// A model of the measured system.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SystemModel {
    /// The run.
    pub(super) folder: String,
    pub(super) arm: String,
    /// Processors of its machine.
    pub(super) cores: u32,
    /// Connections of an instance; absent where the application has no pool.
    pub(super) pool: Option<u32>,
    /// Share of the processors that was in use.
    pub(super) utilization: f64,
    pub(super) time: ProcessorTime,
    /// Whether the target reports the processor time of hashing; else it is estimated from its times.
    pub(super) hashing_is_reported: bool,
    /// Mean of what passes elsewhere, over all requests.
    pub(super) wait: f64,
    /// Hit ratio over all operations; absent where no cache was asked.
    pub(super) hits: Option<f64>,
    pub(super) operations: Vec<OperationModel>,
}

impl SystemModel {
    /// Whether the run was so busy that its response times are mostly queues.
    pub(super) fn is_busy(&self) -> bool {
        self.utilization > BUSY
    }
}

/// The model with where it comes from.
pub(super) struct FittedModel<'a> {
    pub(super) model: SystemModel,
    /// The arm that it is fitted to.
    pub(super) arm: &'a Arm,
    /// Whether the load of that run was closed.
    pub(super) is_closed: bool,
    /// Ids of its figures.
    pub(super) ids: Vec<String>,
}

impl FittedModel<'_> {
    /// The ids of its figures and more.
    pub(super) fn ids_and<'b>(&'b self, more: &[&'b str]) -> Vec<&'b str> {
        let own = self.ids.iter().map(String::as_str);
        own.chain(more.iter().copied()).collect()
    }
}

/// Requests a second that arrived at an arm, those that failed included.
pub(super) fn offered(arm: &Arm) -> Option<f64> {
    let rate = arm.total.rate_per_s / arm.total.success;
    (rate > 0.0 && rate.is_finite()).then_some(rate)
}

/// Processors of the machine of a run.
pub(super) fn cores(run: &MeasuredRun) -> Option<u32> {
    let provenance = run.summary.provenance.as_ref()?;
    u32::try_from(provenance.host.cores)
        .ok()
        .filter(|cores| *cores > 0)
}

/// Instances that an arm ran in.
pub(super) fn instances(server: &Server) -> u32 {
    u32::try_from(server.instances.len()).unwrap_or(1).max(1)
}

/// Connections of an instance: the target reports the sum of all.
pub(super) fn pool(server: &Server) -> Option<u32> {
    (server.pool_max > 0).then(|| (server.pool_max / instances(server)).max(1))
}

/// Share of the processors of its machine that an arm used, those of the load generator included.
pub(super) fn utilization(run: &MeasuredRun, arm: &Arm) -> Option<f64> {
    let spent: f64 = arm.server.cpu_s.values().sum();
    let share = spent / arm.server.window_s / f64::from(cores(run)?);
    (share > 0.0 && share.is_finite()).then_some(share)
}

/// Whether users waited for their answers before they asked again: the model has arrivals that wait for nothing.
/// The line for people is all that a summary keeps of its load.
pub(super) fn is_closed(run: &MeasuredRun) -> bool {
    let searched = run
        .search()
        .is_some_and(|found| found.unit == LoadUnit::Users);
    searched || run.summary.load.starts_with("closed:")
}

/// The model that a run's arm gives; `Err` says what the run lacks.
pub(super) fn calibrate(run: &MeasuredRun) -> Result<SystemModel, String> {
    let lacks = |what: &str| format!("simulation: {} {what}", run.folder);
    let arm = run.arm().ok_or_else(|| lacks("has no arm"))?;
    let cores = cores(run).ok_or_else(|| {
        lacks("does not say how many processors its machine has; measure it anew")
    })?;
    let rate = offered(arm).ok_or_else(|| lacks("has no request that succeeded"))?;
    let utilization = utilization(run, arm).ok_or_else(|| {
        lacks("saw no processor time of the target; measure with `loadgen capacity` or `loadgen run` on its own stack")
    })?;
    let busy = utilization * f64::from(cores);
    if utilization >= 1.0 {
        return Err(lacks(
            "used its processors all of the time; measure a lighter load",
        ));
    }
    let time = processor_time(&arm.server, rate);
    let server = &arm.server;
    for (process, asked, spent) in [
        ("the application", true, time.application),
        ("PostgreSQL", server.queries > 0, time.database),
        ("Redis", server.redis_commands > 0, time.cache),
    ] {
        if asked && spent <= 0.0 {
            return Err(lacks(&format!(
                "saw no processor time of {process}, which was asked: it ran elsewhere, or the load was too small for its counter"
            )));
        }
    }
    let stretch = 1.0 + erlang_c(cores, busy) / (f64::from(cores) - busy);
    let known = |one: &&Operation| one.planned > 0 && one.response.mean.is_some();
    let operations: Vec<&Operation> = arm.operations.iter().filter(known).collect();
    if operations.is_empty() {
        return Err(lacks("has no operation with a mean response time"));
    }
    let (operations, hashing) = divided(&operations, &arm.server, &time, stretch);
    let all: f64 = operations.iter().map(|one| one.weight).sum();
    let passes = |one: &OperationModel| {
        let misses = 1.0 - one.hits.unwrap_or(0.0);
        one.weight / all * (one.wait + one.database_wait * misses)
    };
    Ok(SystemModel {
        folder: run.folder.clone(),
        arm: arm.name.as_str().to_owned(),
        cores,
        pool: pool(&arm.server),
        utilization,
        time: ProcessorTime { hashing, ..time },
        hashing_is_reported: time.hashing > 0.0,
        wait: operations.iter().map(passes).sum(),
        hits: arm.total.cost.cache_hit_ratio,
        operations,
    })
}

/// Processor time of a request at this rate. What is neither database, cache nor load generator is the
/// application's; that of hashing is 0 where the target does not report it.
fn processor_time(server: &Server, rate: f64) -> ProcessorTime {
    let of_request = |seconds: f64| seconds * 1_000.0 / (rate * server.window_s);
    let mut time = ProcessorTime {
        hashing: of_request(server.hashing.cpu_s),
        ..ProcessorTime::default()
    };
    for (process, seconds) in &server.cpu_s {
        let ms = of_request(*seconds);
        match process.as_str() {
            "postgres" => time.database += ms,
            "redis" => time.cache += ms,
            "loadgen" => time.generator += ms,
            _ => time.application += ms,
        }
    }
    time
}

/// Milliseconds of an operation in a part.
fn part(one: &Operation, part: ServerPart) -> f64 {
    one.cost.parts_ms[part].max(0.0)
}

/// Divides processor time among operations: that of the database, of the cache and of hashing by the time that
/// each spends there, that of the application beside hashing and of the load generator by the time that it spends
/// nowhere else. Gives the processor time of hashing over all requests as well.
fn divided(
    operations: &[&Operation],
    server: &Server,
    time: &ProcessorTime,
    stretch: f64,
) -> (Vec<OperationModel>, f64) {
    let all: f64 = operations.iter().map(|one| one.planned as f64).sum();
    let over_all = |figure: &dyn Fn(&Operation) -> f64| -> f64 {
        let shares = operations
            .iter()
            .map(|one| figure(one) * one.planned as f64);
        shares.sum::<f64>() / all
    };
    // Of a sum that no operation has a part in, each has the same.
    let share = |of: f64, sum: f64| if sum > 0.0 { of / sum } else { 1.0 };
    let in_hashing = over_all(&|one| part(one, ServerPart::Hash));
    let on_processors = if time.hashing > 0.0 && in_hashing > 0.0 {
        time.hashing / in_hashing
    } else {
        let served = server.hashing.busy_s / (server.hashing.busy_s + server.hashing.wait_s);
        let served = if served.is_finite() { served } else { 1.0 };
        served / stretch
    };
    let hashing = |one: &Operation| part(one, ServerPart::Hash) * on_processors;
    let fits = (time.application / over_all(&hashing)).min(1.0);
    let hashes = over_all(&hashing) * fits;
    let queued = |one: &Operation| part(one, ServerPart::Pool) + part(one, ServerPart::Admission);
    let own = |one: &Operation| {
        let elsewhere = [ServerPart::Db, ServerPart::Redis, ServerPart::Hash];
        let elsewhere: f64 = elsewhere.map(|of| part(one, of)).iter().sum();
        (one.response.mean.unwrap_or(0.0) - elsewhere - queued(one)).max(0.0)
    };
    let (owns, stored, cached) = (
        over_all(&own),
        over_all(&|one| part(one, ServerPart::Db)),
        over_all(&|one| part(one, ServerPart::Redis)),
    );
    let model = |one: &&Operation| {
        let mean = one.response.mean.unwrap_or(0.0);
        let in_database = part(one, ServerPart::Db);
        let database = time.database * share(in_database, stored);
        let application = (time.application - hashes).max(0.0) * share(own(one), owns);
        let generator = time.generator * share(own(one), owns);
        let cache = time.cache * share(part(one, ServerPart::Redis), cached);
        let hash = hashing(one) * fits;
        let database_wait = (in_database - database * stretch).max(0.0);
        let served = (application + generator + cache + hash + database) * stretch;
        let hits = one.cost.cache_hit_ratio.filter(|_| in_database > 0.0);
        let hits = hits.map(|hits| hits.clamp(0.0, MOST_HITS));
        let misses = 1.0 - hits.unwrap_or(0.0);
        OperationModel {
            name: one.name.clone(),
            weight: one.planned as f64,
            hits,
            application,
            hashing: hash,
            database: database / misses,
            database_wait: database_wait / misses,
            cache,
            generator,
            wait: (mean - queued(one) - served - database_wait).max(0.0),
            factors: factors(one, hits.unwrap_or(0.0)),
        }
    };
    (operations.iter().map(model).collect(), hashes)
}

/// The spread of an operation's response times about their mean: of the fastest, which are taken for those that
/// hit, and of the others.
fn factors(one: &Operation, hits: f64) -> [ServiceDistribution; 2] {
    let mean = one.response.mean.unwrap_or(0.0);
    let measured = ServiceDistribution::of_quantiles(&one.spectrum, mean, VALUES);
    let fitted = || ServiceDistribution::log_normal(mean, one.response.p95.ms()?);
    let found = measured
        .or_else(fitted)
        .unwrap_or(ServiceDistribution::Exponential { mean });
    let values = match found {
        ServiceDistribution::Values(values) => values,
        other => other.values(VALUES),
    };
    let (fast, slow) = values.split_at((hits * values.len() as f64).round() as usize);
    [about_one(fast), about_one(slow)]
}

/// The values over their mean; always 1 without values.
fn about_one(values: &[f64]) -> ServiceDistribution {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    if mean > 0.0 {
        ServiceDistribution::Values(values.iter().map(|value| value / mean).collect())
    } else {
        ServiceDistribution::Constant(1.0)
    }
}
