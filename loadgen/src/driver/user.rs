//! One virtual user: its connections, and the account of the requests that it has open.

use std::{rc::Rc, time::Duration};

use http::HeaderName;
use shared::{headers::SERVER_TIMING, timing::ServerTiming};
use tokio::time::sleep;

use super::{
    bench::Bench,
    connection::{Connection, Failure},
    encoding,
    patience::Patience,
    socket::Socket,
};
use crate::{
    check::Reply,
    flows::{Iteration, Memory},
    sample::{OpId, Outcome, Sample},
    schedule::Arrival,
    seed::Chance,
    units::Nanos,
};

/// A tokio timer fires to the millisecond, later by up to two. So much lateness belongs to the
/// timer: the user thought that bit longer. More is the generator's fault, and stays in.
pub(super) const TIMER_GRAIN: Nanos = Nanos::from_millis(2);

/// What the target says that it spent.
const COST: HeaderName = HeaderName::from_static(SERVER_TIMING);

/// How far a begun request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Under way.
    Open,
    /// Answered, not yet judged by the flow.
    Answered,
    /// Recorded.
    Settled,
}

/// A begun request.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sample: Sample,
    pub(super) stage: Stage,
}

/// One virtual user.
pub(super) struct User {
    pub(super) bench: Rc<Bench>,
    /// Its number among the worker's users.
    pub(super) number: u32,
    pub(super) connection: Option<Connection>,
    /// Its time limit.
    pub(super) patience: Patience,
    /// Further connections for requests that go out at once.
    pub(super) burst: Vec<Option<Connection>>,
    pub(super) socket: Option<Socket>,
    /// The requests of the last exchange.
    pub(super) entries: Vec<Entry>,
    /// Intended start of the next request.
    pub(super) intended: Nanos,
    /// When the running iteration's arrival was let go and taken; for its first request alone.
    arrived: Option<(Nanos, Nanos)>,
    /// Whether the next request was counted as due already.
    due: bool,
}

impl User {
    /// A user without a connection yet.
    pub(super) fn new(bench: Rc<Bench>) -> Self {
        Self {
            number: bench.next_user(),
            bench,
            connection: None,
            patience: Patience::default(),
            burst: Vec::new(),
            socket: None,
            entries: Vec::new(),
            intended: Nanos(0),
            arrived: None,
            due: false,
        }
    }

    /// One iteration for an arrival that was counted as due when it came. `number` is the
    /// user's among those of its flow.
    pub(super) async fn iterate(
        &mut self,
        arrival: Arrival,
        woke: Nanos,
        memory: &mut Memory,
        number: u32,
    ) {
        self.intended = arrival.intended;
        let bench = Rc::clone(&self.bench);
        self.arrived = Some((woke, bench.clock.now()));
        self.due = true;
        let mut rng = Chance::nth(bench.seed, arrival.index);
        let flow = bench.flows[usize::from(arrival.flow)].flow;
        flow.run(Iteration {
            transport: self,
            memory,
            rng: &mut rng,
            world: &bench.world,
            arrival: arrival.index,
            user: number,
        })
        .await;
        self.settle_unjudged();
        if std::mem::take(&mut self.due) {
            // The flow had nothing to send.
            bench.withdraw();
        }
    }

    /// Waits until `at` and returns the intended start of what comes after.
    pub(super) async fn wait_until(bench: &Bench, at: Nanos) -> Nanos {
        let left = at.since(bench.clock.now());
        if left > Nanos(0) {
            sleep(left.duration()).await;
        }
        let woke = bench.clock.now();
        if woke.since(at) <= TIMER_GRAIN {
            woke
        } else {
            at
        }
    }

    /// Thinks; the next request's intended start is the end of it.
    pub(super) async fn think(&mut self, think: Duration) {
        self.arrived = None;
        let at = self.intended + Nanos::from_duration(think);
        self.intended = Self::wait_until(&self.bench, at).await;
    }

    /// Begins requests that share one intended start; the first takes the arrival's account.
    pub(super) fn begin(&mut self, ops: impl Iterator<Item = OpId>) {
        self.settle_unjudged();
        self.entries.clear();
        let (woke, admitted) = self
            .arrived
            .take()
            .unwrap_or_else(|| (self.intended, self.bench.clock.now()));
        for op in ops {
            if !std::mem::take(&mut self.due) {
                self.bench.due(self.intended);
            }
            self.bench.shard.borrow_mut().begin(op, self.intended);
            self.entries.push(Entry {
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
                stage: Stage::Open,
            });
        }
    }

    /// Records one request's end. Does nothing for one that is recorded already, or unknown.
    pub(super) fn settle_entry(&mut self, index: usize, outcome: Outcome, why: Option<&str>) {
        if let Some(entry) = self.entries.get_mut(index) {
            settle(&self.bench, entry, outcome, why);
        }
    }

    /// The next request's intended start: the end of the last one.
    pub(super) fn advance(&mut self) {
        if let Some(last) = self.entries.iter().map(|entry| entry.sample.done).max() {
            self.intended = last;
        }
    }

    /// Records what a flow left unjudged, so that no request is ever lost.
    fn settle_unjudged(&mut self) {
        for entry in &mut self.entries {
            let (outcome, why) = match entry.stage {
                Stage::Settled => continue,
                Stage::Answered => (Outcome::BodyMismatch, "the flow did not judge this answer"),
                Stage::Open => (
                    Outcome::AbortedAtDrain,
                    "the flow did not wait for the answer",
                ),
            };
            settle(&self.bench, entry, outcome, Some(why));
        }
    }
}

impl Drop for User {
    /// The drain is over, or the flow panicked: what is open is recorded as aborted.
    fn drop(&mut self) {
        for entry in &mut self.entries {
            if entry.stage != Stage::Settled && self.bench.shard.try_borrow_mut().is_ok() {
                settle(&self.bench, entry, Outcome::AbortedAtDrain, None);
            }
        }
    }
}

/// Takes an answer or its failure into the account. A failure is recorded at once.
pub(super) fn conclude(
    bench: &Bench,
    entry: &mut Entry,
    result: Result<Reply, Failure>,
) -> Option<Reply> {
    match result {
        Ok(mut reply) => {
            entry.sample.done = bench.clock.now();
            entry.sample.status = reply.status;
            entry.sample.bytes_in = reply.body.len() as u64;
            entry.sample.cost = reply
                .headers
                .get(&COST)
                .and_then(|value| value.to_str().ok())
                .map(ServerTiming::parse);
            entry.stage = Stage::Answered;
            bench.shard.borrow_mut().finished(entry.sample.done);
            if bench.wire.encoding.is_some()
                && let Err(why) = encoding::unpack(&mut reply)
            {
                settle(bench, entry, Outcome::BodyMismatch, Some(&why));
                return None;
            }
            Some(reply)
        }
        Err((outcome, why)) => {
            settle(bench, entry, outcome, Some(&why));
            None
        }
    }
}

/// Records how a request ended.
pub(super) fn settle(bench: &Bench, entry: &mut Entry, outcome: Outcome, why: Option<&str>) {
    if entry.stage == Stage::Settled {
        return;
    }
    let mut shard = bench.shard.borrow_mut();
    if entry.stage == Stage::Open {
        if entry.sample.done == Nanos(0) {
            entry.sample.done = bench.clock.now();
        }
        shard.finished(entry.sample.done);
    }
    if entry.sample.sent == Nanos(0) {
        entry.sample.sent = entry.sample.done;
    }
    if entry.sample.first_byte == Nanos(0) {
        entry.sample.first_byte = entry.sample.done;
    }
    entry.stage = Stage::Settled;
    entry.sample.outcome = outcome;
    shard.settle(&entry.sample, why);
    bench
        .progress
        .done(entry.sample.op, outcome, entry.sample.response());
}
