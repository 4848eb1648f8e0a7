//! What one worker records. It belongs to that worker's thread alone.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::{
    bounds::{record_cut, response_histogram},
    intervals::{IntervalHistograms, IntervalLogs, Intervals},
    op_data::OpData,
    raw_samples::RawSamples,
    timeline::{ClientTimeline, Window},
};
use crate::{
    sample::{OpId, Outcome, Sample},
    units::Nanos,
};

/// Reasons kept apart for each operation; further ones are counted together.
const REASONS: usize = 20;
/// Counts all further reasons.
const OTHER: &str = "other reasons";

/// One worker's figures. `due` and `finished` follow the number of open requests; `begin` and
/// `settle` count each request twice, once at either end, so that a lost one shows.
#[derive(Debug)]
pub struct Shard {
    window: Window,
    ops: Vec<Option<Box<OpData>>>,
    timeline: ClientTimeline,
    logs: IntervalLogs,
    open: OpenCount,
    response_sum: u128,
    examples: BTreeMap<(OpId, String), u64>,
    phases: Vec<PhaseSlot>,
    iterations: Vec<OpData>,
    samples: Option<RawSamples>,
    /// How long it took to open each connection, TCP or Unix.
    pub connect: Histogram<u64>,
    /// How long each TLS handshake took.
    pub tls: Histogram<u64>,
    /// WebSocket texts dropped because a flow did not read them in time.
    pub socket_overflow: u64,
    resent: u64,
    reconnects: u64,
}

impl Shard {
    /// An empty shard for these operations, with room for every second up to `end`.
    pub fn new(window: Window, operations: &[OpId], end: Nanos) -> Self {
        let mut shard = Self {
            window,
            ops: Vec::new(),
            timeline: ClientTimeline::up_to(&window, end),
            logs: IntervalLogs::new(Intervals::of(window.from, end)),
            open: OpenCount::default(),
            response_sum: 0,
            examples: BTreeMap::new(),
            phases: Vec::new(),
            iterations: Vec::new(),
            samples: None,
            connect: response_histogram(),
            tls: response_histogram(),
            socket_overflow: 0,
            resent: 0,
            reconnects: 0,
        };
        for op in operations {
            shard.slot(*op);
            shard.logs.provide(*op);
        }
        shard
    }

    /// Also keeps the figures of each of these spans, in order and without overlap, as far as they lie in the
    /// window.
    pub fn keep_phases(&mut self, spans: impl IntoIterator<Item = (Nanos, Nanos)>) {
        self.phases = spans
            .into_iter()
            .map(|(from, to)| PhaseSlot {
                from,
                to: to.min(self.window.to),
                data: OpData::default(),
            })
            .collect();
    }

    /// Also keeps the durations of the iterations of so many flows.
    pub fn keep_iterations(&mut self, flows: usize) {
        self.iterations = vec![OpData::default(); flows];
    }

    /// The iterations of each flow whose intended start lies in the window, as if each were one
    /// request. Those that were under way at the end of the drain are planned and have no outcome.
    pub fn iterations(&self) -> &[OpData] {
        &self.iterations
    }

    /// Counts an iteration of a flow as planned.
    pub fn begin_iteration(&mut self, flow: u16, intended: Nanos) {
        if let Some(data) = self.iteration(flow, intended) {
            data.planned += 1;
        }
    }

    /// Counts how an iteration ended; one without an outcome sent nothing and counts no longer.
    pub fn end_iteration(
        &mut self,
        flow: u16,
        intended: Nanos,
        at: Nanos,
        outcome: Option<Outcome>,
    ) {
        let within = self.window.contains(intended);
        if outcome == Some(Outcome::Ok)
            && within != self.window.contains(at)
            && let Some(data) = self.iterations.get_mut(usize::from(flow))
        {
            data.ok_crossed(within);
        }
        if let Some(data) = self.iteration(flow, intended) {
            match outcome {
                Some(outcome) => data.record_time(outcome, at.since(intended)),
                None => data.planned = data.planned.saturating_sub(1),
            }
        }
    }

    fn iteration(&mut self, flow: u16, intended: Nanos) -> Option<&mut OpData> {
        let inside = self.window.contains(intended);
        let data = self.iterations.get_mut(usize::from(flow));
        data.filter(|_| inside)
    }

    /// Also keeps so many requests of the window as raw samples.
    pub fn keep_samples(&mut self, room: usize) {
        self.samples = Some(RawSamples::with_room(room));
    }

    /// The raw samples; absent where none were requested.
    pub fn take_samples(&mut self) -> Option<RawSamples> {
        self.samples.take()
    }

    /// The figures of the spans, in the order in which they were given.
    pub fn phases(&self) -> impl Iterator<Item = &OpData> {
        self.phases.iter().map(|phase| &phase.data)
    }

    fn phase(&mut self, intended: Nanos) -> Option<&mut OpData> {
        self.phases
            .iter_mut()
            .find(|phase| phase.contains(intended))
            .map(|phase| &mut phase.data)
    }

    /// Notes a success that was planned on one side of an edge, of the window or of a phase, and ended
    /// on the other.
    fn note_crossing(&mut self, sample: &Sample) {
        let within = self.window.contains(sample.intended);
        if within != self.window.contains(sample.done) {
            self.slot(sample.op).ok_crossed(within);
        }
        for phase in &mut self.phases {
            let within = phase.contains(sample.intended);
            if within != phase.contains(sample.done) {
                phase.data.ok_crossed(within);
            }
        }
    }

    /// A request has become due, and this worker receives it a moment later, at `at`.
    pub fn due(&mut self, intended: Nanos, at: Nanos) {
        self.open.advance(&self.window, at);
        self.open.now += 1;
        self.open.add(&self.window, intended, at, 1);
        self.open.crossed(&self.window, intended, at);
        self.open.most = self.open.most.max(self.open.now);
    }

    /// A request that was due is done, or was not made after all.
    pub fn finished(&mut self, at: Nanos) {
        self.open.advance(&self.window, at);
        self.open.now = self.open.now.saturating_sub(1);
        self.open.ended_before(&self.window, at);
    }

    /// Counts a request as planned. Every one must be settled later.
    pub fn begin(&mut self, op: OpId, intended: Nanos) {
        self.timeline.planned(&self.window, intended);
        if self.window.contains(intended) {
            self.slot(op).planned += 1;
            if let Some(phase) = self.phase(intended) {
                phase.planned += 1;
            }
        }
    }

    /// Counts how a request ended, with the reason where it failed.
    pub fn settle(&mut self, sample: &Sample, why: Option<&str>) {
        self.timeline.done(&self.window, sample);
        if sample.outcome == Outcome::Ok {
            self.note_crossing(sample);
        }
        if !self.window.contains(sample.intended) {
            return;
        }
        self.response_sum += u128::from(sample.response().0);
        self.slot(sample.op).record(sample);
        self.logs.record(sample);
        if let Some(samples) = &mut self.samples {
            samples.push(sample);
        }
        if let Some(phase) = self.phase(sample.intended) {
            phase.record(sample);
        }
        if sample.outcome != Outcome::Ok {
            self.example(sample.op, why.unwrap_or(sample.outcome.as_str()));
        }
    }

    /// Counts a request that is sent once more, on a new connection.
    pub fn resend(&mut self, intended: Nanos) {
        self.resent += u64::from(self.window.contains(intended));
    }

    /// How often a request of the window was sent once more.
    pub fn resent(&self) -> u64 {
        self.resent
    }

    /// Counts a lost WebSocket in whose place another one is open, for a request with this start.
    pub fn reconnected(&mut self, intended: Nanos) {
        self.reconnects += u64::from(self.window.contains(intended));
    }

    /// How many lost WebSockets were opened again for requests of the window.
    pub fn reconnects(&self) -> u64 {
        self.reconnects
    }

    /// Counts a connection that was opened, and its TLS handshake where there was one.
    pub fn connected(&mut self, connect: Nanos, tls: Option<Nanos>) {
        record_cut(&mut self.connect, connect);
        if let Some(tls) = tls {
            record_cut(&mut self.tls, tls);
        }
    }

    /// Ends the count of open requests at the end of the window.
    pub fn finish(&mut self) {
        self.open.advance(&self.window, self.window.to);
    }

    /// The window that is measured.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Ends the window early, where the plan was stopped, and with it the spans that are kept separately.
    pub fn cut_window(&mut self, to: Nanos) {
        self.window.to = self.window.to.min(to.max(self.window.from));
        for phase in &mut self.phases {
            phase.to = phase.to.min(self.window.to);
        }
    }

    /// The operations that were begun in the window.
    pub fn ops(&self) -> impl Iterator<Item = (OpId, &OpData)> {
        self.ops.iter().enumerate().filter_map(|(index, data)| {
            let data = data.as_deref()?;
            let ended: u64 = data.outcomes.iter().sum();
            (data.planned + ended > 0).then_some((OpId(index as u16), data))
        })
    }

    /// The figures by second.
    pub fn timeline(&self) -> &ClientTimeline {
        &self.timeline
    }

    /// Moves the distributions by interval into those of all workers.
    pub fn add_intervals_to(&mut self, merged: &mut IntervalHistograms) {
        merged.add(&mut self.logs);
    }

    /// Why requests failed, with how often.
    pub fn examples(&self) -> impl Iterator<Item = ((OpId, &str), u64)> {
        self.examples
            .iter()
            .map(|((op, why), count)| ((*op, why.as_str()), *count))
    }

    /// Most requests at once that were due and not done.
    pub fn max_outstanding(&self) -> u64 {
        self.open.most
    }

    /// How many requests were open when the window began.
    pub fn outstanding_at_window_start(&self) -> u64 {
        self.open.at_start.unwrap_or(0)
    }

    /// How many requests were open when the window ended.
    pub fn outstanding_at_window_end(&self) -> u64 {
        self.open.at_end.unwrap_or(0)
    }

    /// Open requests integrated over the window, in request-nanoseconds.
    pub fn outstanding_area(&self) -> u128 {
        self.open.area
    }

    /// Response times of the window's requests, summed in nanoseconds.
    pub fn response_sum(&self) -> u128 {
        self.response_sum
    }

    fn slot(&mut self, op: OpId) -> &mut OpData {
        let index = usize::from(op.0);
        if self.ops.len() <= index {
            self.ops.resize_with(index + 1, || None);
        }
        self.ops[index].get_or_insert_default()
    }

    fn example(&mut self, op: OpId, why: &str) {
        let known = self.examples.keys().filter(|(of, _)| *of == op).count();
        let key = (op, why.to_owned());
        if known < REASONS || self.examples.contains_key(&key) {
            *self.examples.entry(key).or_default() += 1;
        } else {
            *self.examples.entry((op, OTHER.to_owned())).or_default() += 1;
        }
    }
}

/// One phase of the load, all its operations together.
#[derive(Debug)]
struct PhaseSlot {
    from: Nanos,
    to: Nanos,
    data: OpData,
}

impl PhaseSlot {
    fn contains(&self, at: Nanos) -> bool {
        self.from <= at && at < self.to
    }
}

/// Follows how many requests are open.
#[derive(Debug, Default)]
struct OpenCount {
    now: u64,
    most: u64,
    last: Nanos,
    area: u128,
    at_start: Option<u64>,
    at_end: Option<u64>,
}

impl OpenCount {
    /// Adds the time since the last change, as far as it lies in the window.
    fn advance(&mut self, window: &Window, at: Nanos) {
        // Two changes may be recorded in another order than they happened in, by microseconds.
        let at = at.max(self.last);
        if at >= window.from {
            self.at_start.get_or_insert(self.now);
        }
        if at >= window.to {
            self.at_end.get_or_insert(self.now);
        }
        self.add(window, self.last, at, self.now);
        self.last = at;
    }

    /// A request that was due before an edge of the window and is received after it was open there.
    fn crossed(&mut self, window: &Window, intended: Nanos, at: Nanos) {
        if intended < window.from && window.from <= at {
            *self.at_start.get_or_insert(0) += 1;
        }
        if intended < window.to && window.to <= at {
            *self.at_end.get_or_insert(0) += 1;
        }
    }

    /// A request that ended before the last recorded change was counted as open since then.
    fn ended_before(&mut self, window: &Window, at: Nanos) {
        let span = self.last.min(window.to).since(at.max(window.from));
        self.area = self.area.saturating_sub(u128::from(span.0));
    }

    /// Adds `open` requests from one time to another, as far as that lies in the window.
    fn add(&mut self, window: &Window, from: Nanos, to: Nanos, open: u64) {
        let span = to.min(window.to).since(from.max(window.from));
        self.area += u128::from(span.0) * u128::from(open);
    }
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
