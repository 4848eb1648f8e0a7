//! What all virtual users of one worker share: endpoint, clock, recorder. Used by one thread only.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use super::{
    client_endpoint::ClientEndpoint, cookie_client::CookieClients, http_trace::HttpTrace,
    http2::Http2Connections, progress::Progress, setup::FlowLoad, stream::ConnectTimes,
};
use crate::{
    clock::TrialClock,
    recorder::Shard,
    sample::{OpId, Outcome, Sample},
    units::Nanos,
};

/// Shared by the virtual users of one worker.
pub(super) struct WorkerContext {
    pub(super) clock: TrialClock,
    /// The endpoints of the target, at least one; users are spread over them.
    pub(super) endpoints: Vec<ClientEndpoint>,
    /// Number of this worker and number of workers: users are numbered by each worker anew.
    pub(super) place: (u32, u32),
    pub(super) timeout: Nanos,
    pub(super) flows: Vec<FlowLoad>,
    /// Seed of the random numbers that iterations draw.
    pub(super) seed: u64,
    pub(super) progress: Arc<Progress>,
    pub(super) shard: RefCell<Shard>,
    /// Virtual users created so far.
    pub(super) users: Cell<u32>,
    /// HTTP/2 connections, which users share.
    pub(super) http2: Http2Connections,
    /// The cookie-keeping clients of the users, where such are asked for.
    pub(super) cookie_clients: CookieClients,
    /// Keeps the first exchanges, where that is asked for.
    pub(super) trace: Option<HttpTrace>,
}

impl WorkerContext {
    /// The number of a new virtual user.
    pub(super) fn next_user(&self) -> u32 {
        self.users.replace(self.users.get() + 1)
    }

    /// The endpoint of a virtual user, always the same: each next user has the next endpoint, and
    /// users that share a connection of HTTP/2 share the endpoint.
    pub(super) fn endpoint(&self, user: u32) -> &ClientEndpoint {
        let (worker, workers) = self.place;
        let connection = match self.endpoints[0].client.http2_streams {
            Some(users) => user / users,
            None => user,
        };
        let number = u64::from(connection) * u64::from(workers) + u64::from(worker);
        &self.endpoints[(number % self.endpoints.len() as u64) as usize]
    }

    /// A request has become due.
    pub(super) fn due(&self, intended: Nanos) {
        self.due_now(intended, self.clock.now());
    }

    /// The same, for a caller that has just read the clock.
    pub(super) fn due_now(&self, intended: Nanos, now: Nanos) {
        self.shard.borrow_mut().due(intended, now);
        self.progress.due();
    }

    /// A request that was counted as due is not made after all.
    pub(super) fn withdraw(&self) {
        self.shard.borrow_mut().finished(self.clock.now());
        self.progress.withdrawn();
    }

    /// Time left until the timeout of a request, which counts from its intended start.
    pub(super) fn left(&self, intended: Nanos) -> Nanos {
        (intended + self.timeout).since(self.clock.now())
    }

    /// Counts an arrival that no user took, as the first request that its flow would have sent.
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
        let number = flow as u16;
        shard.begin_iteration(number, intended);
        shard.end_iteration(number, intended, now, Some(outcome));
        shard.begin(sample.op, intended);
        shard.finished(now);
        shard.settle(&sample, Some(why));
        self.progress
            .done(sample.op, sample.outcome, sample.response());
    }

    /// Counts an opened connection.
    pub(super) fn record_connection(&self, endpoint: &ClientEndpoint, times: ConnectTimes) {
        endpoint.connected();
        self.shard.borrow_mut().connected(times.connect, times.tls);
    }

    /// Takes the shard back when all users are gone, with the connections opened to each endpoint.
    pub(super) fn into_shard(self: Rc<Self>) -> Option<(Shard, Vec<u64>)> {
        let worker = Rc::into_inner(self)?;
        let opened = worker.endpoints.iter().map(|one| one.connections.get());
        Some((worker.shard.into_inner(), opened.collect()))
    }
}
