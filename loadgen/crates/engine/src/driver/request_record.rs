//! The record of one open request: from its begin to its settlement in the worker's shard.

use shared::timing::ServerTiming;

use super::{encoding, message::RequestFailure, worker_context::WorkerContext};
use crate::{
    check::Reply,
    request::KEPT_BODY_BYTES,
    sample::{Outcome, Sample},
    units::Nanos,
};

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestStage {
    /// Sent or about to be.
    Open,
    /// The response is complete; the flow has not checked it yet.
    Responded,
    /// Counted in the worker's shard.
    Settled,
}

/// A request that was begun, with its sample so far.
#[derive(Debug)]
pub(super) struct RequestRecord {
    pub(super) sample: Sample,
    pub(super) stage: RequestStage,
}

/// Puts a response or its failure into the record, whose exchange says when it was done. A failure is
/// recorded at once.
pub(super) fn conclude(
    worker: &WorkerContext,
    record: &mut RequestRecord,
    result: Result<Reply, RequestFailure>,
) -> Option<Reply> {
    match result {
        Ok(mut reply) => {
            record.sample.status = reply.status;
            record.sample.bytes_in = reply.bytes;
            record.sample.cost = reply
                .headers
                .server_timing()
                .map(|value| ServerTiming::parse(&value));
            record.stage = RequestStage::Responded;
            worker.shard.borrow_mut().finished(record.sample.done);
            if worker.endpoints[0].client.encoding.is_some()
                && let Err(why) = encoding::decompress(&mut reply, KEPT_BODY_BYTES)
            {
                settle(worker, record, Outcome::BodyMismatch, Some(&why));
                return None;
            }
            Some(reply)
        }
        Err((outcome, why)) => {
            settle(worker, record, outcome, Some(&why));
            None
        }
    }
}

/// Records how a request ended.
pub(super) fn settle(
    worker: &WorkerContext,
    record: &mut RequestRecord,
    outcome: Outcome,
    why: Option<&str>,
) {
    if record.stage == RequestStage::Settled {
        return;
    }
    let mut shard = worker.shard.borrow_mut();
    if record.stage == RequestStage::Open {
        if record.sample.done == Nanos(0) {
            record.sample.done = worker.clock.now();
        }
        shard.finished(record.sample.done);
    }
    if record.sample.sent == Nanos(0) {
        record.sample.sent = record.sample.done;
    }
    if record.sample.first_byte == Nanos(0) {
        record.sample.first_byte = record.sample.done;
    }
    record.stage = RequestStage::Settled;
    record.sample.outcome = outcome;
    shard.settle(&record.sample, why);
    worker
        .progress
        .done(record.sample.op, outcome, record.sample.response());
}
