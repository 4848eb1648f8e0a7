//! One trial's data: exact counts, histograms, and the course of time by the second.

use std::{collections::BTreeMap, time::SystemTime};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::{
    recorder::{
        ClientTimeline, IntervalHistograms, OpData, RawSamples, Shard, Window, encoded,
        response_histogram,
    },
    sample::{OpId, Outcome},
    thread_priority::ThreadPrecedence,
    units::Nanos,
};

/// Everything that is known of one trial. What follows from the rest (`total`, `seconds`) is not sent to
/// other processes, and neither are single requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrialData {
    /// The epoch of the trial's clock in calendar time; all [`Nanos`] count from here.
    pub started_at: SystemTime,
    /// The measured window: its begin, and the first instant after it.
    pub window: (Nanos, Nanos),
    /// Whether it was stopped before its planned end. The window is then cut to what was planned
    /// up to the stop.
    pub interrupted: bool,
    /// How the threads that paced and sent were scheduled, the weakest of them; absent where no
    /// thread ran.
    pub precedence: Option<ThreadPrecedence>,
    /// Operations that were begun in the window.
    pub ops: BTreeMap<OpId, OpData>,
    /// All of them together.
    #[serde(skip)]
    pub total: OpData,
    /// Each named phase of the load that lies in the window, in order; empty where the load has
    /// only one.
    pub phases: Vec<PhaseData>,
    /// The iterations of each flow, by its name: each counts as one request that begins with the
    /// intended start of its first request and ends with the last, pauses between them included. It
    /// fails if one of its requests does.
    pub flows: BTreeMap<String, OpData>,
    /// Whether more outstanding requests than allowed ended the run.
    pub overloaded: bool,
    /// By second, the warm-up's included, with none left out.
    #[serde(skip)]
    pub seconds: Vec<SecondData>,
    /// What they are made from: the distributions that wider steps of time are pooled from.
    pub timeline: ClientTimeline,
    /// The distributions by interval; together they are those of `ops`.
    pub intervals: IntervalHistograms,
    /// How late the pacer let the window's arrivals go, in nanoseconds: the generator's own
    /// fault. Of a closed model, how late users began their iterations: after the end of the last
    /// request, or of the closing of a socket, and the think time.
    #[serde(with = "encoded::response")]
    pub lag: Histogram<u64>,
    /// Intended start of the window's arrivals, in order, each with the time at which a worker
    /// took it; a bounded number of them. Empty for a closed model.
    pub taken: Vec<(Nanos, Nanos)>,
    /// Arrivals in the window that the pacer let go.
    pub emitted: u64,
    /// Arrivals in the window that the plan had. Of a closed model, iterations begun in it.
    pub planned_arrivals: u64,
    /// Times beyond the histograms' highest value.
    pub overflow: u64,
    /// Most requests at once that were due and not done, over all workers.
    pub max_outstanding: u64,
    /// How many were due and not done when the window began.
    pub outstanding_at_window_start: u64,
    /// The same when it ended.
    pub outstanding_at_window_end: u64,
    /// Requests due and not done, integrated over the window, in request-nanoseconds. Kept by
    /// counting, not from the samples, so that Little's law can check the one with the other.
    pub outstanding_area: u128,
    /// Response times of all that was planned in the window, summed in nanoseconds.
    pub response_sum: u128,
    /// Connections opened to each endpoint, in the order of the endpoints.
    pub opened: Vec<u64>,
    /// How long each connection took to open, in nanoseconds; the warm-up's included.
    #[serde(with = "encoded::response")]
    pub connect: Histogram<u64>,
    /// How long each TLS handshake took, likewise.
    #[serde(with = "encoded::response")]
    pub tls: Histogram<u64>,
    /// WebSocket texts that came faster than a flow read them, and were thrown away.
    pub socket_overflow: u64,
    /// How often a request was sent once more, because the server had closed an idle connection or
    /// had not processed the request.
    pub resent: u64,
    /// How often a WebSocket that the target closed or that broke was opened again.
    pub reconnects: u64,
    /// What a person changed of the load while it was under way, and when: `rate 300/s`,
    /// `20 users`.
    pub changes: Vec<(Nanos, String)>,
    /// Why requests failed, with how often, most frequent first; a bounded number of reasons.
    pub examples: Vec<(OpId, String, u64)>,
    /// The window's requests one by one; absent where they were not asked for.
    #[serde(skip)]
    pub samples: Option<RawSamples>,
}

/// One phase of a trial's load, all operations together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PhaseData {
    /// Its name in the suite.
    pub name: String,
    /// The part of it that lies in the planned window: its begin, and the first instant after it.
    pub span: (Nanos, Nanos),
    /// The requests whose intended start lies in that part.
    pub data: OpData,
}

impl PhaseData {
    /// Seconds of it that were carried out: a load that ends before its time, with its window, ends its
    /// phases too.
    pub fn seconds(&self, window: (Nanos, Nanos)) -> f64 {
        self.span.1.min(window.1).since(self.span.0).0 as f64 / 1e9
    }
}

/// One second of a trial.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecondData {
    /// Seconds since the window began; negative in the warm-up.
    pub second: i64,
    /// Requests whose intended start lies in it.
    pub planned: u64,
    /// Requests that were done in it, successes and failures.
    pub completed: u64,
    /// Requests that were done in it and answered as they should.
    pub good: u64,
    /// Requests whose intended start lies in it and that failed.
    pub failed: u64,
    /// The failures by the number of their [`Outcome`].
    pub failures: [u32; Outcome::ALL.len()],
    /// Number of successes that the percentiles are taken from.
    pub answered: u64,
    /// Median response of its successes, in nanoseconds, to 1 %.
    pub p50_ns: Option<u64>,
    /// 95th percentile of the same.
    pub p95_ns: Option<u64>,
    /// 99th percentile of the same.
    pub p99_ns: Option<u64>,
}

impl TrialData {
    /// A trial of which nothing is known yet.
    pub fn empty(started_at: SystemTime, window: Window) -> Self {
        Self {
            started_at,
            window: (window.from, window.to),
            interrupted: false,
            precedence: None,
            ops: BTreeMap::new(),
            total: OpData::default(),
            phases: Vec::new(),
            flows: BTreeMap::new(),
            overloaded: false,
            seconds: Vec::new(),
            timeline: ClientTimeline::default(),
            intervals: IntervalHistograms::default(),
            lag: response_histogram(),
            taken: Vec::new(),
            emitted: 0,
            planned_arrivals: 0,
            overflow: 0,
            max_outstanding: 0,
            outstanding_at_window_start: 0,
            outstanding_at_window_end: 0,
            outstanding_area: 0,
            response_sum: 0,
            opened: Vec::new(),
            connect: response_histogram(),
            tls: response_histogram(),
            socket_overflow: 0,
            resent: 0,
            reconnects: 0,
            changes: Vec::new(),
            examples: Vec::new(),
            samples: None,
        }
    }

    /// Names the spans whose figures the shards kept, and adds those up.
    pub fn name_phases(&mut self, phases: &[(String, Nanos, Nanos)], shards: &[Vec<OpData>]) {
        self.phases = phases
            .iter()
            .enumerate()
            .map(|(number, (name, from, to))| {
                let mut data = OpData::default();
                for one in shards.iter().filter_map(|shard| shard.get(number)) {
                    data.merge(one);
                }
                PhaseData {
                    name: name.clone(),
                    span: (*from, *to),
                    data,
                }
            })
            .collect();
    }

    /// Names the flows whose iterations a shard kept, and adds them to those of other shards.
    pub fn add_iterations<'a>(&mut self, names: impl Iterator<Item = &'a str>, shard: &[OpData]) {
        for (name, theirs) in names.zip(shard) {
            let mine = self.flows.entry(name.to_owned()).or_default();
            mine.merge(theirs);
            // Under way when the drain was over.
            let ended: u64 = theirs.outcomes.iter().sum();
            mine.outcomes[Outcome::AbortedAtDrain.index()] += theirs.planned.saturating_sub(ended);
        }
    }

    /// The shards of all workers as one trial.
    pub fn from_shards(started_at: SystemTime, window: Window, shards: Vec<Shard>) -> Self {
        let mut data = Self::empty(started_at, window);
        let mut timeline = ClientTimeline::default();
        let mut examples: BTreeMap<(OpId, String), u64> = BTreeMap::new();
        for mut shard in shards {
            shard.finish();
            for (op, theirs) in shard.ops() {
                data.ops.entry(op).or_default().merge(theirs);
                data.total.merge(theirs);
            }
            timeline.merge(shard.timeline());
            shard.add_intervals_to(&mut data.intervals);
            data.outstanding_at_window_start += shard.outstanding_at_window_start();
            data.outstanding_at_window_end += shard.outstanding_at_window_end();
            data.outstanding_area += shard.outstanding_area();
            data.response_sum += shard.response_sum();
            data.max_outstanding += shard.max_outstanding();
            data.connect.add(&shard.connect).expect("equal bounds");
            data.tls.add(&shard.tls).expect("equal bounds");
            data.socket_overflow += shard.socket_overflow;
            data.resent += shard.resent();
            data.reconnects += shard.reconnects();
            if let Some(samples) = shard.take_samples() {
                data.samples.get_or_insert_default().append(samples);
            }
            for ((op, why), count) in shard.examples() {
                *examples.entry((op, why.to_owned())).or_default() += count;
            }
        }
        data.overflow = data.total.overflow;
        data.seconds = seconds(&timeline, window);
        data.timeline = timeline;
        data.examples = most_frequent_first(examples);
        data
    }

    /// Whether every operation's requests ended in exactly one outcome each.
    pub fn conserved(&self) -> bool {
        self.total.conserved() && self.ops.values().all(OpData::conserved)
    }

    /// Length of the window in seconds.
    pub fn window_s(&self) -> f64 {
        self.window.1.since(self.window.0).0 as f64 / 1e9
    }
}

/// Reasons of failures in the order of [`TrialData::examples`].
pub(super) fn most_frequent_first(
    examples: BTreeMap<(OpId, String), u64>,
) -> Vec<(OpId, String, u64)> {
    let mut all: Vec<(OpId, String, u64)> = examples
        .into_iter()
        .map(|((op, why), count)| (op, why, count))
        .collect();
    all.sort_by_key(|(op, _, count)| (u64::MAX - count, *op));
    all
}

pub(super) fn seconds(timeline: &ClientTimeline, window: Window) -> Vec<SecondData> {
    timeline
        .slots()
        .map(|(second, slot)| {
            let ok = timeline.successes(second).filter(|ok| !ok.is_empty());
            let quantile = |share| ok.map(|ok| ok.value_at_quantile(share));
            SecondData {
                second: second as i64 - window.warm_up_seconds() as i64,
                planned: slot.planned,
                completed: slot.completed,
                good: slot.good,
                failed: slot.failed(),
                failures: slot.failures,
                answered: ok.map_or(0, Histogram::len),
                p50_ns: quantile(0.5),
                p95_ns: quantile(0.95),
                p99_ns: quantile(0.99),
            }
        })
        .collect()
}
