//! The stored types: what `summary.json` holds. Every number that a report prints is here,
//! so that any report can be made again from the folder alone.
//!
//! Times are milliseconds unless the name says otherwise; a ratio is 0 to 1.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use enum_map::EnumMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    invariant::InvariantResult,
    timing::{ServerCount, ServerPart},
};

use super::{
    application::ApplicationInfo,
    arm_capacities::ArmCapacities,
    arm_name::ArmName,
    capacity::Capacity,
    document::Document,
    fault::FaultResult,
    flow::FlowIterations,
    growth::Growth,
    parts,
    percentile::{Percentile, Percentiles},
    provenance::{LoadedEndpoint, Provenance},
    second::{PooledPercentile, Second},
    server::Server,
    verdict::{AuditCount, Verdict},
    what_if::WhatIfCapacity,
    why::{Band, Recommendation, StatementPlan},
    words::{CheckCode, ControlWord, Decision, RunKind, ValidityWord},
};
use crate::metric::{
    MetricId, MetricKind, MetricUnit, difference, differences, factor, factor_with_interval,
};
use loadgen_engine::{
    sample::Outcome, thread_priority::ThreadPrecedence, threshold::ThresholdWord,
};

/// Version of these types; a reader refuses any other.
pub const SCHEMA_VERSION: u32 = 3;

/// The whole of `summary.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// What was run.
    pub kind: RunKind,
    /// Name of the suite or experiment.
    pub name: String,
    /// What it asks, in one sentence.
    pub question: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// Whether it was stopped before its planned end.
    pub interrupted: bool,
    /// What the application says of itself.
    pub application: ApplicationInfo,
    /// The outcome in one word, with the answer, the confidence and the reasons.
    pub verdict: Verdict,
    /// The load: model, rates or users, windows, in one line for people.
    pub load: String,
    /// One entry for a run, `before` and `after` for an experiment.
    pub arms: Vec<Arm>,
    /// Every measured trial in the order in which it ran.
    pub trials: Vec<Trial>,
    /// Differences between the arms; empty for a run.
    pub effects: Vec<Effect>,
    /// What the experiment found of itself; empty where no control was asked for.
    pub controls: Vec<Control>,
    /// Each threshold with its figure.
    pub thresholds: Vec<ThresholdResult>,
    /// Which program made it, where and how; absent in a summary that no command made.
    pub provenance: Option<Provenance>,
    /// What the machine and the services were, for people: `(name, value)`.
    pub environment: Vec<(String, String)>,
    /// What a reader must know before believing a figure.
    pub warnings: Vec<String>,
    /// What was not tested.
    pub not_tested: Vec<String>,
    /// What to try next, the most telling evidence first; none without evidence.
    pub recommendations: Vec<Recommendation>,
    /// What a capacity search found; absent for other commands. Its arm is a trial at the lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// A document's figures for the same phases; absent where the experiment names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// The capacity of both arms of an experiment; absent where it was not searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm_capacities: Option<ArmCapacities>,
    /// The capacity with switches set otherwise; none where that was not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what_if: Vec<WhatIfCapacity>,
}

/// One configuration, with all its valid trials pooled: as if they were one long trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Arm {
    /// `before`, `after`, or `run`.
    pub name: ArmName,
    /// Every switch as read back from the target.
    pub profile: BTreeMap<String, String>,
    /// Digest of that profile.
    pub fingerprint: String,
    /// The program of the target that its trials started, with the begin of its SHA-256; absent where
    /// all arms ran the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The topology of the own stack that its trials ran in; absent where all arms ran in the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology: Option<String>,
    /// How many trials went in.
    pub trials: u32,
    /// All operations taken together.
    pub total: Operation,
    /// Each operation, in the order of the suite.
    pub operations: Vec<Operation>,
    /// The iterations of each flow; none where they are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowIterations>,
    /// Bytes of bodies received a second; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_s: Option<f64>,
    /// What the target said of itself, over the measured windows.
    pub server: Server,
    /// The invariants as the last audit of this arm found them, violations added over its audits.
    pub audit: Vec<InvariantResult>,
    /// How many audits were to be made of it, and how many were.
    pub audits: AuditCount,
    /// What clients know of their writes over its trials, and how fresh what they read was.
    pub consistency: Consistency,
    /// How the statements of its operations were carried out, after its first trial.
    pub plans: Vec<StatementPlan>,
}

/// What happened to one kind of request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// `orders.list`; `total` for all together.
    pub name: String,
    /// Requests whose intended start lies in the measured windows.
    pub planned: u64,
    /// How they ended, by outcome; sums to `planned`.
    pub outcomes: BTreeMap<String, u64>,
    /// Answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Right answers whose last byte came within the measured windows, a second: also of requests that
    /// were planned before, and not of those that were answered after.
    pub rate_per_s: f64,
    /// Share of `planned` that was answered as it should.
    pub success: f64,
    /// From the intended start to the last byte; failures count as infinitely slow.
    pub response: Percentiles,
    /// From the actual send to the last byte, successes only.
    pub service: Percentiles,
    /// Bytes of bodies received.
    pub bytes_in: u64,
    /// What the target spent on a request, from its `Server-Timing`.
    pub cost: Cost,
    /// Response percentile spectrum, `(quantile, milliseconds)`, for charts. It ends where fewer
    /// than [`Percentile::FEWEST_BEYOND`](Percentile::FEWEST_BEYOND) requests lie beyond,
    /// or where requests failed.
    pub spectrum: Vec<(f64, f64)>,
    /// What the response time consists of, by how long it was.
    pub anatomy: Vec<Band>,
}

impl Operation {
    /// Requests that did what they are for: right answers, without those that rightly refuse.
    pub(super) fn completed(&self) -> u64 {
        let right = self
            .outcomes
            .get(Outcome::Ok.as_str())
            .copied()
            .unwrap_or(0);
        if self.statuses.is_empty() {
            // Messages over a socket.
            return right;
        }
        let done = self.statuses.range(..400).map(|(_, count)| *count);
        right.min(done.fold(0, u64::saturating_add))
    }
}

/// What the target spent on a request: means over the responses that reported it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Milliseconds in each part that `Server-Timing` names.
    #[schemars(schema_with = "parts::server_parts")]
    pub parts_ms: EnumMap<ServerPart, f64>,
    /// Milliseconds in the handler, all parts included.
    pub total_ms: f64,
    /// What the target counted.
    #[schemars(schema_with = "parts::server_counts")]
    pub counts: EnumMap<ServerCount, f64>,
    /// Share of cache look-ups that found a value; absent where none was made.
    pub cache_hit_ratio: Option<f64>,
}

impl Cost {
    /// Whether any response stated its time; a message over a socket has none, nor has another backend's answer.
    pub fn is_reported(&self) -> bool {
        self.total_ms > 0.0
    }

    /// Milliseconds of the total that no part names.
    pub fn rest_ms(&self) -> f64 {
        (self.total_ms - self.parts_ms.values().sum::<f64>()).max(0.0)
    }
}

/// One measured trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// Name of its folder: `b03_2_after`.
    pub folder: String,
    /// Which arm.
    pub arm: ArmName,
    /// Block number from 1.
    pub block: u32,
    /// Seed of its arrivals, keys and users.
    pub seed: u64,
    /// Whether it can be trusted.
    pub validity: Validity,
    /// All operations together.
    pub total: Operation,
    /// Each operation.
    pub operations: Vec<Operation>,
    /// By second of the intended start.
    pub series: Vec<Second>,
    /// The percentiles of wider steps of time than a second, where that has too few answers: of
    /// each share the narrowest step that has enough, and the next one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pooled: Vec<PooledPercentile>,
    /// Whether memory, descriptors, connections and the response time stay flat; empty where the
    /// measured window is too short to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub growth: Vec<Growth>,
    /// The target, sampled.
    pub server: Server,
    /// Violations found by the audit after it; absent where none was made.
    pub violations: Option<u64>,
    /// How the generator's threads were scheduled, the weakest of them.
    pub generator_threads: Option<ThreadPrecedence>,
    /// Whether an audit was to be made after it, and whether it was.
    pub audits: AuditCount,
    /// What clients know of their writes, and how fresh what they read was.
    pub consistency: Consistency,
    /// Where its load went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<LoadedEndpoint>,
    /// How often a request was sent once more on a new connection: the server had closed an idle
    /// one, or refused the request before it processed it (HTTP/2).
    #[serde(default)]
    pub resent: u64,
    /// How often a socket that the target closed because it stopped (1001, 1012), or whose connection
    /// broke, was opened again. What waited for an answer on it was sent again, and is no failure.
    #[serde(default)]
    pub reconnects: u64,
    /// Why requests failed, the most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureSample>,
    /// The faults that were put into its services, in the order in which they began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultResult>,
}

/// Requests of one operation that failed for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureSample {
    /// Which operation.
    pub operation: String,
    /// The reason in one line, with the begin of the body where a response was not as expected.
    pub reason: String,
    /// How many requests.
    pub count: u64,
}

/// What clients know of their writes, and how fresh what they read back was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Consistency {
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// Writes that were refused for a reason.
    pub refused: u64,
    /// Writes of which nothing is known: no answer, or a failure.
    pub in_doubt: u64,
    /// Writes that found no room in the ledger; where there are any, nothing that the database
    /// holds can be called unasked for.
    pub omitted: u64,
    /// Reads that had something acknowledged to show.
    pub reads: u64,
    /// Of those, reads that lacked some of it.
    pub stale_reads: u64,
    /// Age of what the median stale read lacked, in milliseconds.
    pub stale_p50_ms: Percentile,
    /// 99th percentile of the same.
    pub stale_p99_ms: Percentile,
    /// The oldest.
    pub stale_max_ms: Option<f64>,
}

impl Consistency {
    /// Share of the reads that were stale; absent where there was nothing to read.
    pub fn stale_share(&self) -> Option<f64> {
        (self.reads > 0).then(|| self.stale_reads as f64 / self.reads as f64)
    }
}

/// Whether the figures of a trial can be trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Validity {
    /// In one word.
    pub word: ValidityWord,
    /// Every check, passed or not.
    pub checks: Vec<ValidityCheck>,
}

impl Validity {
    /// The check that names the overload which ended it: the target fell so far behind that the limit
    /// of requests in flight was reached, while the generator was in time.
    pub fn overload(&self) -> Option<&ValidityCheck> {
        let is_overload = |check: &&ValidityCheck| check.code == CheckCode::Overload && !check.ok;
        let trusted = self.word != ValidityWord::Invalid;
        self.checks.iter().find(is_overload).filter(|_| trusted)
    }
}

/// One self-check of the generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ValidityCheck {
    /// Which check.
    pub code: CheckCode,
    /// Whether it holds.
    pub ok: bool,
    /// What was found, with its unit.
    pub figure: String,
    /// What would be right.
    pub limit: String,
    /// What to do where it does not hold.
    pub advice: String,
}

/// A difference between the arms in one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// Which figure, and of what.
    pub metric: MetricId,
    /// Whether a claim on it was made before the run.
    pub primary: bool,
    /// Unit of `before` and `after`.
    pub unit: MetricUnit,
    /// What a change of it means.
    pub kind: MetricKind,
    /// Median of the figures of the before trials, one a trial; of failures and stale reads the total
    /// share. Absent where it lies beyond the timeout. An arm's own figure is pooled over its trials
    /// instead, so the two differ.
    pub before: Option<f64>,
    /// The same of the after trials.
    pub after: Option<f64>,
    /// after / before as the Hodges-Lehmann estimate of the paired log differences; absent where
    /// figures are 0, or so many lie beyond the timeout that it is not known.
    pub ratio: Option<f64>,
    /// Exact signed-rank interval of the ratio; absent with too few pairs, or where figures beyond
    /// the timeout leave an end open.
    pub interval: Option<(f64, f64)>,
    /// Level that the interval, the bound or the interval of the difference really has, 0.95 or a
    /// little more.
    pub level: Option<f64>,
    /// What is known of the ratio where the interval has an open end.
    pub bound: Option<RatioBound>,
    /// after - before, where that is compared and not the ratio.
    pub difference: Option<EffectDifference>,
    /// Two-sided p of no difference, corrected: of a claim by ranks and for all claims (Holm), of another figure by the
    /// paired t test and for all others (Benjamini-Hochberg).
    pub p: Option<f64>,
    /// after / before of every block in which both figures are known.
    pub block_ratios: Vec<f64>,
    /// What the trials decide.
    pub decision: Decision,
    /// The decision in plain words.
    pub sentence: String,
    /// Smallest difference that this experiment could have shown, in per cent: half the width of
    /// the A/A control's interval; absent without one.
    pub smallest: Option<f64>,
}

impl Effect {
    /// What is known of the change: the open interval's one end, the factor or the difference with
    /// its interval; absent where none was estimated.
    pub fn change(&self) -> Option<String> {
        match (self.bound, self.ratio, self.difference) {
            (Some(bound), _, _) => Some(bound.to_string()),
            (None, Some(ratio), _) => Some(factor_with_interval(ratio, self.interval)),
            (None, None, Some(found)) if found.is_seen() => {
                let estimate = difference(found.estimate, self.unit);
                Some(found.interval.map_or_else(
                    || format!("{estimate}, no interval"),
                    |(low, high)| format!("{estimate} {}", differences(low, high, self.unit)),
                ))
            }
            (None, None, _) => None,
        }
    }
}

/// One end of the interval of a ratio, where the other one is open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RatioBound {
    /// after / before is at most this.
    AtMost(f64),
    /// after / before is at least this.
    AtLeast(f64),
}

/// `<= 0.25x`.
impl fmt::Display for RatioBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "<= {}", factor(*most)),
            Self::AtLeast(least) => write!(f, ">= {}", factor(*least)),
        }
    }
}

/// after - before in the metric's unit; of a share in percentage points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectDifference {
    /// The estimate.
    pub estimate: f64,
    /// Its interval; absent with too few pairs.
    pub interval: Option<(f64, f64)>,
}

impl EffectDifference {
    /// Whether any pair differs. Where none does, an interval of 0 to 0 says nothing of differences
    /// that are too rare to have been seen.
    pub fn is_seen(&self) -> bool {
        let (low, high) = self.interval.unwrap_or_default();
        self.estimate != 0.0 || low != 0.0 || high != 0.0
    }
}

/// What an experiment found of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// `a_a` or `planted`.
    pub name: String,
    /// Its valid blocks.
    pub blocks: u32,
    /// What was found in the metrics that it speaks of.
    pub effects: Vec<Effect>,
    /// Whether that is as it must be.
    pub word: ControlWord,
    /// In plain words.
    pub sentence: String,
}

/// One threshold with its figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdResult {
    /// As written: `p95 < 1000ms`.
    pub text: String,
    /// The arm whose figure it is.
    pub arm: ArmName,
    /// What was found, with its unit.
    pub figure: String,
    /// Whether it holds.
    pub word: ThresholdWord,
    /// Whether missing it only warns.
    pub only_warns: bool,
    /// Whether it is the default limit of failures, which holds wherever none was given.
    pub by_default: bool,
}
