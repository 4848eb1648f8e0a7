//! What all virtual users of one worker share: clock, target, shard. One thread only.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
};

use http::HeaderValue;

use super::{
    browser::Clients, multiplex::Multiplexed, progress::Progress, setup::FlowLoad,
    showing::Showing, wire::Wire,
};
use crate::{
    clock::Clock,
    recorder::Shard,
    sample::{OpId, Outcome, Sample},
    units::Nanos,
};

/// Shared by the users of one worker.
pub(super) struct Bench {
    pub(super) clock: Clock,
    pub(super) target: SocketAddr,
    pub(super) host: HeaderValue,
    pub(super) wire: Wire,
    pub(super) timeout: Nanos,
    pub(super) flows: Vec<FlowLoad>,
    /// Seed of what iterations draw.
    pub(super) seed: u64,
    pub(super) progress: Arc<Progress>,
    pub(super) shard: RefCell<Shard>,
    /// Users made so far.
    pub(super) users: Cell<u32>,
    /// The connections that users share (HTTP/2).
    pub(super) multiplexed: Multiplexed,
    /// The users' whole clients, where they have such.
    pub(super) clients: Clients,
    /// Exchanges to be shown.
    pub(super) showing: Option<Showing>,
}

impl Bench {
    /// The number of a new user.
    pub(super) fn next_user(&self) -> u32 {
        self.users.replace(self.users.get() + 1)
    }

    /// A request has become due.
    pub(super) fn due(&self, intended: Nanos) {
        self.due_now(intended, self.clock.now());
    }

    /// The same, by somebody who has just read the clock.
    pub(super) fn due_now(&self, intended: Nanos, now: Nanos) {
        self.shard.borrow_mut().due(intended, now);
        self.progress.due();
    }

    /// A request that was due is not made after all.
    pub(super) fn withdraw(&self) {
        self.shard.borrow_mut().finished(self.clock.now());
        self.progress.withdrawn();
    }

    /// Time left until a request's time limit, counted from its intended start.
    pub(super) fn left(&self, intended: Nanos) -> Nanos {
        (intended + self.timeout).since(self.clock.now())
    }

    /// Counts an arrival that no user ever took, as the first request that its flow would send.
    pub(super) fn give_up(
        &self,
        flow: usize,
        (intended, woke): (Nanos, Nanos),
        outcome: Outcome,
        why: &str,
    ) {
        let now = self.clock.now();
        let op = self.flows[flow].flow.operations().first().copied();
        let sample = Sample {
            op: op.unwrap_or(OpId(0)),
            intended,
            woke,
            admitted: now,
            sent: now,
            first_byte: now,
            done: now,
            outcome,
            status: 0,
            bytes_in: 0,
            cost: None,
        };
        let mut shard = self.shard.borrow_mut();
        shard.begin(sample.op, intended);
        shard.finished(now);
        shard.settle(&sample, Some(why));
        self.progress
            .done(sample.op, sample.outcome, sample.response());
    }

    /// Takes the shard back when all users are gone.
    pub(super) fn into_shard(self: Rc<Self>) -> Option<Shard> {
        Rc::into_inner(self).map(|bench| bench.shard.into_inner())
    }
}
