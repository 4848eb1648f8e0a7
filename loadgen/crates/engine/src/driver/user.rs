//! One virtual user: its connections, and the records of its open requests.

use std::{rc::Rc, time::Duration};

use super::{
    connection::Connection,
    request_record::{RequestRecord, RequestStage, settle},
    request_timer::RequestTimer,
    web_socket::WebSocket,
    worker_context::WorkerContext,
};
use crate::{
    flow::{Iteration, UserMemory},
    sample::{OpId, Outcome, Sample},
    schedule::Arrival,
    units::Nanos,
};
use loadgen_stats::seed::Chance;

/// A tokio timer fires with a resolution of one millisecond, up to two late. That much lateness is
/// the timer's: the user's think time was longer. What exceeds it is the generator's fault.
const TIMER_GRAIN: Nanos = Nanos::from_millis(2);

/// The intended start of a request that was due at `at`, by a user that woke at `woke`.
pub(super) fn intended_start(at: Nanos, woke: Nanos) -> Nanos {
    woke.min(at + TIMER_GRAIN).max(at)
}

/// One virtual user.
pub(super) struct User {
    pub(super) worker: Rc<WorkerContext>,
    /// Its number among the worker's users.
    pub(super) number: u32,
    pub(super) connection: Option<Connection>,
    /// Its request timeout, and the end of its pauses.
    pub(super) timer: RequestTimer,
    /// Further connections for requests that are sent at the same time.
    pub(super) burst: Vec<Option<Connection>>,
    pub(super) socket: Option<WebSocket>,
    /// The one that takes its place in a swap.
    pub(super) other_socket: Option<WebSocket>,
    /// The requests of the last exchange.
    pub(super) records: Vec<RequestRecord>,
    /// Intended start of the next request.
    pub(super) intended: Nanos,
    /// When the arrival of the running iteration was released and taken; for its first request only.
    arrived: Option<(Nanos, Nanos)>,
    /// Whether the next request has already been counted as due.
    due: bool,
    /// How the first request of the running iteration that failed ended.
    failed: Option<Outcome>,
}

impl User {
    /// A user without a connection yet.
    pub(super) fn new(worker: Rc<WorkerContext>) -> Self {
        Self {
            number: worker.next_user(),
            worker,
            connection: None,
            timer: RequestTimer::default(),
            burst: Vec::new(),
            socket: None,
            other_socket: None,
            records: Vec::new(),
            intended: Nanos(0),
            arrived: None,
            due: false,
            failed: None,
        }
    }

    /// Runs one iteration for an arrival that has already been counted as due. `number` is the
    /// user's number among those of its flow.
    pub(super) async fn iterate(
        &mut self,
        arrival: Arrival,
        woke: Nanos,
        memory: &mut UserMemory,
        number: u32,
    ) {
        self.intended = arrival.intended;
        let worker = Rc::clone(&self.worker);
        self.arrived = Some((woke, worker.clock.now()));
        self.due = true;
        // Those of the iteration before are counted.
        self.records.clear();
        self.failed = None;
        let (flow_number, begun) = (arrival.flow, arrival.intended);
        let shard = &worker.shard;
        shard.borrow_mut().begin_iteration(flow_number, begun);
        let mut rng = Chance::nth(worker.seed, arrival.index);
        let flow = &worker.flows[usize::from(arrival.flow)].flow;
        flow.run(Iteration {
            transport: self,
            memory,
            rng: &mut rng,
            arrival: arrival.index,
            user: number,
        })
        .await;
        self.settle_unsettled();
        self.note_failure();
        let outcome = if std::mem::take(&mut self.due) {
            // The flow had nothing to send.
            worker.withdraw();
            None
        } else {
            Some(self.failed.unwrap_or(Outcome::Ok))
        };
        let at = worker.clock.now();
        let mut shard = worker.shard.borrow_mut();
        shard.end_iteration(flow_number, begun, at, outcome);
    }

    /// Waits until `at` and returns the intended start of the next request.
    pub(super) async fn wait_until(&mut self, at: Nanos) -> Nanos {
        if at > self.worker.clock.now() {
            let until = self.worker.clock.instant(at);
            self.timer.wait_until(until).await;
        }
        intended_start(at, self.worker.clock.now())
    }

    /// Waits for a think time; the next request's intended start is its end.
    pub(super) async fn think(&mut self, think: Duration) {
        self.arrived = None;
        let at = self.intended + Nanos::from_duration(think);
        self.intended = self.wait_until(at).await;
    }

    /// Ends a wait that belongs to no request: what follows is intended now. The first request of an
    /// iteration keeps the start that was planned for it.
    pub(super) fn waited(&mut self) {
        if !self.due {
            self.intended = self.intended.max(self.worker.clock.now());
        }
    }

    /// Begins requests that share one intended start; the first takes the times of the arrival.
    pub(super) fn begin(&mut self, ops: impl Iterator<Item = OpId>) {
        self.settle_unsettled();
        self.note_failure();
        self.records.clear();
        let (woke, admitted) = self
            .arrived
            .take()
            .unwrap_or_else(|| (self.intended, self.worker.clock.now()));
        for op in ops {
            if !std::mem::take(&mut self.due) {
                self.worker.due(self.intended);
            }
            self.worker.shard.borrow_mut().begin(op, self.intended);
            self.records.push(RequestRecord {
                sample: Sample {
                    op,
                    intended: self.intended,
                    woke,
                    admitted,
                    sent: Nanos(0),
                    first_byte: Nanos(0),
                    done: Nanos(0),
                    outcome: Outcome::AbortedAtDrain,
                    status: 0,
                    bytes_in: 0,
                    cost: None,
                },
                stage: RequestStage::Open,
            });
        }
    }

    /// Records how one request ended. Does nothing for one that is already recorded, or unknown.
    pub(super) fn settle_record(&mut self, index: usize, outcome: Outcome, why: Option<&str>) {
        if let Some(record) = self.records.get_mut(index) {
            settle(&self.worker, record, outcome, why);
        }
    }

    /// The next request's intended start: the end of the last one.
    pub(super) fn advance(&mut self) {
        if let Some(last) = self.records.iter().map(|record| record.sample.done).max() {
            self.intended = last;
        }
    }

    /// Records requests that the flow did not settle, so that no request is ever lost.
    fn settle_unsettled(&mut self) {
        for record in &mut self.records {
            let (outcome, why) = match record.stage {
                RequestStage::Settled => continue,
                RequestStage::Responded => (
                    Outcome::BodyMismatch,
                    "the flow did not check this response",
                ),
                RequestStage::Open => (
                    Outcome::AbortedAtDrain,
                    "the flow did not wait for the response",
                ),
            };
            settle(&self.worker, record, outcome, Some(why));
        }
    }

    /// Takes over from the settled requests of an exchange whether one has failed, whoever settled it: the
    /// flow, or the driver where there was no answer.
    fn note_failure(&mut self) {
        let mut outcomes = self.records.iter().map(|record| record.sample.outcome);
        if let Some(outcome) = outcomes.find(|outcome| *outcome != Outcome::Ok) {
            self.failed.get_or_insert(outcome);
        }
    }
}

impl Drop for User {
    /// The drain is over, or the flow panicked: open requests are recorded as aborted.
    fn drop(&mut self) {
        for record in &mut self.records {
            if record.stage != RequestStage::Settled && self.worker.shard.try_borrow_mut().is_ok() {
                settle(&self.worker, record, Outcome::AbortedAtDrain, None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lateness_beyond_that_of_a_timer_counts() {
        let ms = Nanos::from_millis;
        for (woke, intended) in [(10, 10), (11, 11), (12, 12), (13, 12), (50, 12), (9, 10)] {
            assert_eq!(intended_start(ms(10), ms(woke)), ms(intended), "{woke}");
        }
    }
}
