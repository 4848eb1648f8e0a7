//! The state of the running trial.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::span;
use crate::schema::ArmName;

/// State of a running trial. Figures of *now* are since the tick before, about half a second; those
/// of *lately* cover some seconds, so that they are steady enough to read. None of them is used in
/// a report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Tick {
    /// `before`, `after` or `run`.
    pub arm: ArmName,
    /// Block number from 1; 0 outside an experiment.
    pub block: u32,
    /// How many blocks there are; 0 outside an experiment.
    pub blocks: u32,
    /// Window of the trial: `warm up`, `measure`, `drain`.
    pub phase: String,
    /// Seconds since the measured window of this trial began; negative in the warm-up.
    pub second: f64,
    /// Time since the command's first trial began.
    #[serde(with = "span", rename = "elapsed_s")]
    pub elapsed: Duration,
    /// Expected duration of all trials.
    #[serde(with = "span", rename = "total_s")]
    pub total: Duration,
    /// Whether `total` counts set-up and audits, as earlier trials took them. If not, it is a lower
    /// bound.
    #[serde(default)]
    pub total_known: bool,
    /// Iterations a second that the plan asks for now.
    pub offered: f64,
    /// Requests per second completed now.
    pub achieved: f64,
    /// Requests sent and not yet answered, with those waiting to be sent.
    pub in_flight: u64,
    /// Median response time of the latest seconds, in milliseconds: of as many, up to 60, as have 10
    /// answers beyond it; absent where these are too few.
    pub p50_ms: Option<f64>,
    /// 95th percentile of as many as it needs.
    pub p95_ms: Option<f64>,
    /// 99th percentile of as many as it needs.
    pub p99_ms: Option<f64>,
    /// Iterations that the schedule has started since the trial began.
    #[serde(default)]
    pub started: u64,
    /// Requests done since the trial began.
    pub completed: u64,
    /// Requests that failed since the trial began.
    pub failed: u64,
    /// The same by outcome: `timeout`, `http_error` …; those that have not occurred are absent.
    pub errors: BTreeMap<String, u64>,
    /// Response times of the successes lately, from fast to slow, without empty ends.
    pub histogram: Vec<HistogramBar>,
    /// Each operation that was done, lately; in the order of the catalogue.
    pub operations: Vec<OperationNow>,
    /// The target; absent where it has no telemetry.
    pub target: Option<TargetNow>,
    /// Reasons why the trial would not be valid if it continued like this, one line each.
    pub doubts: Vec<String>,
    /// The thresholds of the command, with what they measure so far.
    #[serde(default)]
    pub thresholds: Vec<ThresholdNow>,
}

/// A threshold, and what it measures since the begin of the load.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThresholdNow {
    /// As it was written: `p95 < 100ms`.
    pub text: String,
    /// The figure so far, with its unit; absent where too little is known.
    pub figure: Option<String>,
    /// Whether the figure breaks it.
    pub broken: bool,
}

impl ThresholdNow {
    /// In one line.
    pub fn sentence(&self) -> String {
        let figure = self.figure.as_deref().unwrap_or("not known yet");
        format!("{}: {figure}", self.text)
    }
}

/// One bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HistogramBar {
    /// Response times from here, in milliseconds.
    pub from_ms: f64,
    /// Up to here.
    pub to_ms: f64,
    /// Number of successes.
    pub count: u64,
}

/// One operation, lately.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OperationNow {
    /// `orders.list`.
    pub name: String,
    /// Done since the trial began.
    pub count: u64,
    /// Failed since the trial began.
    pub failed: u64,
    /// Done a second lately.
    pub per_s: f64,
    /// Median response time lately, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 95th percentile lately.
    pub p95_ms: Option<f64>,
    /// 99th percentile lately.
    pub p99_ms: Option<f64>,
    /// Failures since the trial began, by outcome; those that have not occurred are absent.
    #[serde(default)]
    pub errors: BTreeMap<String, u64>,
    /// Successes since the trial began in the buckets of `driver::BUCKET_BOUNDS_MS`; the last number
    /// is of those above all bounds.
    #[serde(default)]
    pub bucket_counts: Vec<u64>,
    /// Sum of their response times, in seconds.
    #[serde(default)]
    pub response_sum_s: f64,
}

/// Telemetry of the target, lately.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TargetNow {
    /// CPU in cores by process: instances of the target, `postgres`, `redis`, `loadgen`; absent where not
    /// visible.
    pub cpu_cores: BTreeMap<String, f64>,
    /// Resident memory of the target, in bytes.
    pub rss_bytes: u64,
    /// Pool connections in use.
    pub pool_in_use: u32,
    /// Size of the pool.
    pub pool_max: u32,
    /// Requests waiting for a connection.
    pub pool_waiters: u32,
    /// Mean wait for one, in milliseconds.
    pub pool_wait_ms: f64,
    /// Share of look-ups that hit, by kind of cache; absent where none was made.
    pub cache_hit_ratio: BTreeMap<String, f64>,
    /// PostgreSQL statements a second.
    pub queries_per_s: f64,
    /// Backends of PostgreSQL by wait event, `CPU` where they do not wait, at the newest sample.
    pub waits: BTreeMap<String, u32>,
    /// Bytes of write-ahead log a second.
    pub wal_bytes_per_s: f64,
    /// Redis commands a second.
    pub redis_per_s: f64,
}
