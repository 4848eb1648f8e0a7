//! What is stored of each second of a trial. Absent figures are left out, so that the summary of
//! an hour stays small.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One second of a trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Second {
    /// Seconds since the measured window began; negative in the warm-up.
    pub second: i64,
    /// Requests intended in it.
    pub planned: u64,
    /// Requests completed in it.
    pub completed: u64,
    /// Iterations that the schedule started, a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_per_s: Option<f64>,
    /// Requests that were due and not done at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u64>,
    /// Active users at its end; absent in an open load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
    /// Requests intended in it that failed.
    pub failed: u64,
    /// Those failures by outcome: `timeout`, `http_error` …; outcomes that did not happen are
    /// absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, u64>,
    /// Median response time of its successes in milliseconds; like the other percentiles absent
    /// where fewer than 10 of them lie beyond it.
    pub p50_ms: Option<f64>,
    /// 95th percentile.
    pub p95_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// Pool connections in use.
    pub pool_in_use: Option<u32>,
    /// Requests waiting for one.
    pub pool_waiters: Option<u32>,
    /// Connections that the pool holds, in use or idle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_size: Option<u32>,
    /// Most connections that the pool may hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_max: Option<u32>,
    /// CPU of the target process in cores.
    pub target_cpu: Option<f64>,
    /// CPU of the other processes in cores: `postgres`, `redis`, `loadgen`; absent where not
    /// visible.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cpu_cores: BTreeMap<String, f64>,
    /// Resident memory in bytes by process, at the last observation; absent where not visible.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rss_bytes: BTreeMap<String, u64>,
    /// Open file descriptors by process, at the last observation; absent where not visible.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub descriptors: BTreeMap<String, u64>,
    /// Share of cache look-ups that hit.
    pub cache_hit_ratio: Option<f64>,
    /// Active PostgreSQL backends by what they waited for, `Lock:tuple` for example; `CPU` where
    /// nothing, `other` for all but the most frequent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waits: BTreeMap<String, u32>,
    /// PostgreSQL statements that the target sent for requests to its API, a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries_per_s: Option<f64>,
    /// Bytes of write-ahead log, a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_bytes_per_s: Option<f64>,
    /// Redis commands that the target sent for requests to its API, a second, without checks of
    /// pooled connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis_commands_per_s: Option<f64>,
}

/// A percentile of the response time over seconds that were pooled, because one second alone has
/// too few answers for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledPercentile {
    /// Share of the answers that were faster: 0.5, 0.95 or 0.99.
    pub share: f64,
    /// Seconds that each point stands for.
    pub step_s: u32,
    /// The first second of each point, and milliseconds; points with too few answers are left out.
    pub points: Vec<(i64, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_read_and_written_without_its_absent_figures() {
        let text = r#"{"second":1,"planned":2,"completed":2,"failed":0,"p50_ms":1.5,"p95_ms":null,
            "p99_ms":null,"pool_in_use":3,"pool_waiters":0,"target_cpu":null,"cache_hit_ratio":null}"#;
        let second: Second = serde_json::from_str(text).unwrap();
        assert!(second.errors.is_empty() && second.pool_max.is_none());
        let text = serde_json::to_string(&second).unwrap();
        for absent in [
            "errors",
            "pool_max",
            "pool_size",
            "cpu_cores",
            "waits",
            "rss_bytes",
            "descriptors",
            "per_s",
        ] {
            assert!(!text.contains(absent), "{text}");
        }
    }
}
