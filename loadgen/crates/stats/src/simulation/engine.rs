//! Events in the order of time.

use std::collections::BinaryHeap;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{
    network::{BadNetwork, QueueingNetwork, ResourceKind, RouteStep, ServiceTime},
    resource::{Due, ResourceState, ResourceSums},
    simulated::{Checkpoint, SimulatedRun, SimulationEnding, simulated},
};
use crate::seed::{rng, sub_seed};

/// Checkpoints of a run, so that its warm-up can be cut off afterwards.
const CHECKPOINTS: usize = 50;
/// Events between two checks of the time limit.
const EVENTS_A_CHECK: u64 = 4_096;

/// What bounds a simulation.
#[derive(Clone, Copy)]
pub struct SimulationLimits<'a> {
    /// Requests that arrive.
    pub requests: usize,
    /// Requests in the system from which on it counts as overloaded.
    pub in_system: usize,
    /// Events of a run.
    pub events: u64,
    /// Whether the time of the caller is over.
    pub expired: &'a dyn Fn() -> bool,
}

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Arrival,
    /// A request leaves a server or a delay.
    Served {
        copy: usize,
        request: usize,
    },
    /// The first of the requests on processors is done, unless the plan is out of date.
    Shared {
        copy: usize,
        version: u64,
    },
}

/// A request under way.
#[derive(Debug, Clone, Copy)]
struct Moving {
    class: usize,
    instance: usize,
    /// Place of its next step.
    step: usize,
    /// Its place in the order of arrival.
    number: usize,
    arrived_at: f64,
    /// When it came to where it is served.
    came_at: f64,
    /// The copy of the pool that it waits for or holds, and since when.
    pool: (usize, f64),
    factor: f64,
}

struct Simulation<'a> {
    network: &'a QueueingNetwork,
    /// Sum of the weights up to each class.
    weights: Vec<f64>,
    rate: f64,
    now: f64,
    order: u64,
    happening: BinaryHeap<Due<Happening>>,
    /// The first copy of each resource.
    first: Vec<usize>,
    states: Vec<ResourceState>,
    moving: Vec<Moving>,
    /// Places of `moving` that are free.
    free: Vec<usize>,
    /// Requests that go on at this moment.
    ready: Vec<usize>,
    arrivals: ChaCha8Rng,
    services: ChaCha8Rng,
    arrived: usize,
    completed: u64,
    /// Seconds of each request in the order of arrival; no number before it is done.
    responses: Vec<f64>,
    checkpoints: Vec<Checkpoint>,
}

/// Simulates random arrivals (Poisson) at this rate, in requests a second. The same seed gives the same run.
pub fn simulate(
    network: &QueueingNetwork,
    rate: f64,
    limits: &SimulationLimits<'_>,
    seed: u64,
) -> Result<SimulatedRun, BadNetwork> {
    network.check()?;
    if !(rate > 0.0 && rate.is_finite()) || limits.requests == 0 {
        return Err(BadNetwork::WrongNumber);
    }
    let mut simulation = Simulation::new(network, rate, seed);
    let ending = simulation.run(limits);
    Ok(simulated(
        network,
        rate,
        ending,
        &simulation.responses,
        &simulation.checkpoints,
    ))
}

impl<'a> Simulation<'a> {
    fn new(network: &'a QueueingNetwork, rate: f64, seed: u64) -> Self {
        let (mut first, mut states) = (Vec::new(), Vec::new());
        for resource in &network.resources {
            first.push(states.len());
            let copies = 0..network.copies(resource);
            states.extend(copies.map(|_| ResourceState::new(resource.kind)));
        }
        let sums = network.classes.iter().scan(0.0, |sum, class| {
            *sum += class.weight;
            Some(*sum)
        });
        Self {
            network,
            weights: sums.collect(),
            rate,
            now: 0.0,
            order: 0,
            happening: BinaryHeap::new(),
            first,
            states,
            moving: Vec::new(),
            free: Vec::new(),
            ready: Vec::new(),
            arrivals: rng(sub_seed(seed, "arrivals")),
            services: rng(sub_seed(seed, "services")),
            arrived: 0,
            completed: 0,
            responses: Vec::new(),
            checkpoints: Vec::new(),
        }
    }

    /// Runs until every request is done, or a limit is met.
    fn run(&mut self, limits: &SimulationLimits<'_>) -> SimulationEnding {
        let every = limits.requests.div_ceil(CHECKPOINTS);
        self.check_point();
        self.next_arrival();
        let mut events: u64 = 0;
        while let Some(due) = self.happening.pop() {
            events += 1;
            if events > limits.events {
                return SimulationEnding::TooManyEvents;
            }
            if events.is_multiple_of(EVENTS_A_CHECK) && (limits.expired)() {
                return SimulationEnding::OutOfTime;
            }
            self.now = due.at;
            match due.what {
                Happening::Arrival => {
                    self.arrive();
                    if self.moving.len() - self.free.len() > limits.in_system {
                        self.check_point();
                        return SimulationEnding::Overloaded;
                    }
                    if self.arrived.is_multiple_of(every) || self.arrived == limits.requests {
                        self.check_point();
                    }
                    if self.arrived < limits.requests {
                        self.next_arrival();
                    }
                }
                Happening::Served { copy, request } => self.served(copy, request),
                Happening::Shared { copy, version } => {
                    if self.states[copy].version == version {
                        self.shared(copy);
                    }
                }
            }
            while let Some(request) = self.ready.pop() {
                self.go_on(request);
            }
        }
        SimulationEnding::Finished
    }

    fn plan(&mut self, at: f64, what: Happening) {
        self.order += 1;
        let order = self.order;
        self.happening.push(Due { at, order, what });
    }

    fn next_arrival(&mut self) {
        let gap = -(1.0 - self.arrivals.random::<f64>()).ln() / self.rate;
        self.plan(self.now + gap, Happening::Arrival);
    }

    fn arrive(&mut self) {
        let all = self.weights.last().copied().unwrap_or_default();
        let drawn = self.services.random::<f64>() * all;
        let class = self.weights.partition_point(|sum| *sum <= drawn);
        let class = class.min(self.network.classes.len() - 1);
        let share = self.services.random::<f64>();
        let request = Moving {
            class,
            instance: self.arrived % self.network.instances as usize,
            step: 0,
            number: self.arrived,
            arrived_at: self.now,
            came_at: self.now,
            pool: (0, self.now),
            factor: self.network.classes[class].factor.quantile(share),
        };
        self.arrived += 1;
        self.responses.push(f64::NAN);
        let place = if let Some(place) = self.free.pop() {
            self.moving[place] = request;
            place
        } else {
            self.moving.push(request);
            self.moving.len() - 1
        };
        self.ready.push(place);
    }

    /// The copy of a resource that a request uses.
    fn copy(&self, resource: usize, request: usize) -> usize {
        let own = self.network.resources[resource].per_instance;
        self.first[resource]
            + if own {
                self.moving[request].instance
            } else {
                0
            }
    }

    /// Takes the next steps of a request, up to one that takes time or has to wait.
    fn go_on(&mut self, request: usize) {
        let network = self.network;
        loop {
            let Moving { class, step, .. } = self.moving[request];
            let Some(step) = network.classes[class].steps.get(step) else {
                self.complete(request);
                return;
            };
            self.moving[request].step += 1;
            match step {
                RouteStep::Serve { resource, time } => {
                    let work = match time {
                        ServiceTime::OfRequest(mean) => mean * self.moving[request].factor,
                        ServiceTime::Drawn(drawn) => drawn.quantile(self.services.random::<f64>()),
                    };
                    if work > 0.0 {
                        let copy = self.copy(*resource, request);
                        self.serve(copy, request, work);
                        return;
                    }
                }
                RouteStep::Acquire(pool) => {
                    let copy = self.copy(*pool, request);
                    self.moving[request].pool = (copy, self.now);
                    self.states[copy].come(self.now);
                    if !self.states[copy].take(request, 0.0) {
                        return;
                    }
                }
                RouteStep::Release(_) => {
                    let (copy, since) = self.moving[request].pool;
                    self.states[copy].go(self.now, since);
                    if let Some((next, _)) = self.states[copy].pass_on() {
                        self.ready.push(next);
                    }
                }
            }
        }
    }

    fn serve(&mut self, copy: usize, request: usize, work: f64) {
        self.moving[request].came_at = self.now;
        let state = &mut self.states[copy];
        state.come(self.now);
        match state.kind() {
            ResourceKind::Processors(_) => {
                state.share(self.now, request, work, self.order);
                self.plan_shared(copy);
            }
            ResourceKind::Servers(_) | ResourceKind::Delay | ResourceKind::Pool(_) => {
                if state.take(request, work) {
                    self.plan(self.now + work, Happening::Served { copy, request });
                }
            }
        }
    }

    fn plan_shared(&mut self, copy: usize) {
        if let Some(at) = self.states[copy].next_done(self.now) {
            let version = self.states[copy].version;
            self.plan(at, Happening::Shared { copy, version });
        }
    }

    fn served(&mut self, copy: usize, request: usize) {
        self.states[copy].go(self.now, self.moving[request].came_at);
        if let Some((next, work)) = self.states[copy].pass_on() {
            let request = next;
            self.plan(self.now + work, Happening::Served { copy, request });
        }
        self.ready.push(request);
    }

    fn shared(&mut self, copy: usize) {
        if let Some(request) = self.states[copy].finish(self.now) {
            self.states[copy].go(self.now, self.moving[request].came_at);
            self.plan_shared(copy);
            self.ready.push(request);
        }
    }

    fn complete(&mut self, request: usize) {
        let Moving {
            number, arrived_at, ..
        } = self.moving[request];
        self.responses[number] = self.now - arrived_at;
        self.completed += 1;
        self.free.push(request);
    }

    fn check_point(&mut self) {
        let mut sums = vec![ResourceSums::default(); self.network.resources.len()];
        for (place, resource) in self.network.resources.iter().enumerate() {
            let copies = self.network.copies(resource) as usize;
            for state in &mut self.states[self.first[place]..][..copies] {
                sums[place].add(&state.sums(self.now));
            }
        }
        self.checkpoints.push(Checkpoint {
            at: self.now,
            arrived: self.arrived,
            completed: self.completed,
            sums,
        });
    }
}
