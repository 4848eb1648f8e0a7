//! A flow of the reference backend, and how it is bound to the data of one trial.

use std::sync::Arc;

use super::{memory::FlowMemory, operation::Op, world::World};
use loadgen_engine::{
    check::{Mismatch, Reply},
    flow::{self, FlowFuture, Iteration, Transport, UserMemory},
    request::Request,
    sample::OpId,
};
use loadgen_stats::seed::Chance;

/// One pass of a flow by one virtual user who knows the reference backend.
pub struct AppIteration<'a> {
    /// The way to the target.
    pub transport: &'a mut dyn Transport,
    /// What this virtual user remembers from its earlier iterations of this flow.
    pub memory: &'a mut FlowMemory,
    /// Random numbers, seeded from the plan: the same for both arms of a block.
    pub rng: &'a mut Chance,
    /// What all virtual users know.
    pub world: &'a World,
    /// Index of this arrival in the plan.
    pub arrival: u64,
    /// Index of the virtual user among those of its flow.
    pub user: u32,
}

impl AppIteration<'_> {
    /// One request whose response is checked; `None` if it failed or the response is wrong, which
    /// its sample then records.
    pub async fn call<T>(
        &mut self,
        op: &Op,
        request: Request,
        check: impl FnOnce(&Reply) -> Result<T, Mismatch>,
    ) -> Option<T> {
        flow::call(self.transport, op.id(), request, check).await
    }
}

/// What one user of the reference backend does, in order.
pub struct AppFlow {
    /// Its name in suite files: `auth.login`.
    pub name: &'static str,
    /// One line that describes it.
    pub help: &'static str,
    /// Every operation it may send, the first one first.
    pub operations: &'static [&'static Op],
    /// Whether it needs accounts that are signed in before the run.
    pub needs_sessions: bool,
    /// Maximum number of requests that one iteration sends at once.
    pub at_once: usize,
    /// One iteration.
    pub run: for<'a> fn(AppIteration<'a>) -> FlowFuture<'a>,
}

/// An iteration that ends early where a request failed or there is nothing to do.
pub fn until_failure<'a>(iteration: impl Future<Output = Option<()>> + 'a) -> FlowFuture<'a> {
    FlowFuture::new(async move {
        let _early_end = iteration.await;
    })
}

/// A flow with the data of one trial.
pub struct BoundFlow {
    flow: &'static AppFlow,
    operations: Vec<OpId>,
    world: Arc<World>,
}

impl BoundFlow {
    /// Binds a flow to the data of a trial.
    pub fn new(flow: &'static AppFlow, world: Arc<World>) -> Self {
        Self {
            flow,
            operations: flow.operations.iter().map(|op| op.id()).collect(),
            world,
        }
    }
}

impl flow::Flow for BoundFlow {
    fn name(&self) -> &'static str {
        self.flow.name
    }
    fn operations(&self) -> &[OpId] {
        &self.operations
    }
    fn max_concurrent_requests(&self) -> usize {
        self.flow.at_once
    }
    fn new_user(&self) -> UserMemory {
        Box::new(FlowMemory::default())
    }
    fn run<'a>(&'a self, it: Iteration<'a>) -> FlowFuture<'a> {
        let memory = it
            .memory
            .downcast_mut()
            .expect("the memory of this flow's users, made by new_user");
        (self.flow.run)(AppIteration {
            transport: it.transport,
            memory,
            rng: it.rng,
            world: &self.world,
            arrival: it.arrival,
            user: it.user,
        })
    }
}
