//! One pass of a flow by one virtual user, and the trait that all flows have.

use std::any::Any;

use super::{future::FlowFuture, transport::Transport};
use crate::{
    check::{Mismatch, Reply},
    request::Request,
    sample::{OpId, Outcome},
};
use loadgen_stats::seed::Chance;

/// What one virtual user of one flow remembers from one iteration to the next. Its type is the
/// flow's own secret; a virtual user stays on one thread.
pub type UserMemory = Box<dyn Any>;

/// One pass of a flow by one virtual user.
pub struct Iteration<'a> {
    /// The way to the target.
    pub transport: &'a mut dyn Transport,
    /// What this virtual user remembers, as [`Flow::new_user`] made it.
    pub memory: &'a mut UserMemory,
    /// Random numbers, seeded from the plan: the same for both arms of a block.
    pub rng: &'a mut Chance,
    /// Index of this arrival in the plan.
    pub arrival: u64,
    /// Index of the virtual user among those of its flow.
    pub user: u32,
}

impl Iteration<'_> {
    /// One request whose answer is checked; `None` if it failed or the answer is not right,
    /// and then its sample says so.
    pub async fn call<T>(
        &mut self,
        op: OpId,
        request: Request,
        check: impl FnOnce(&Reply) -> Result<T, Mismatch>,
    ) -> Option<T> {
        call(self.transport, op, request, check).await
    }
}

/// What one user does, in order. Bound to the data of one trial.
pub trait Flow: Send + Sync {
    /// Its word in suite files.
    fn name(&self) -> &'static str;
    /// Every operation it may send, the first one first.
    fn operations(&self) -> &[OpId];
    /// Most requests that one iteration sends at once.
    fn max_concurrent_requests(&self) -> usize {
        1
    }
    /// The memory of a virtual user that begins.
    fn new_user(&self) -> UserMemory {
        Box::new(())
    }
    /// One pass.
    fn run<'a>(&'a self, it: Iteration<'a>) -> FlowFuture<'a>;
}

/// One request whose answer is checked; `None` if it failed or the answer is not right, and then
/// its sample says so.
pub async fn call<T>(
    transport: &mut dyn Transport,
    op: OpId,
    request: Request,
    check: impl FnOnce(&Reply) -> Result<T, Mismatch>,
) -> Option<T> {
    let reply = transport.exchange(op, request).await?;
    match check(&reply) {
        Ok(value) => {
            transport.settle(Outcome::Ok, None);
            Some(value)
        }
        Err(mismatch) => {
            transport.settle(failure(&reply), Some(mismatch.to_string()));
            None
        }
    }
}

/// How a wrong answer counts: an error status is the target's refusal, anything else an answer
/// that says the wrong thing.
pub fn failure(reply: &Reply) -> Outcome {
    if reply.status >= 400 {
        Outcome::HttpError
    } else {
        Outcome::BodyMismatch
    }
}
