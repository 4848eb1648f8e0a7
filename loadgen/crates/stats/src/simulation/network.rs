//! What is simulated: resources, and the way of each kind of request through them.

use std::fmt;

use super::service::ServiceDistribution;

/// How a resource serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    /// Processors that share their time equally among all requests that are there (processor sharing); a
    /// request gets one of them at most.
    Processors(u32),
    /// Servers that serve one request each, in the order of arrival.
    Servers(u32),
    /// Nobody waits for another: a time that passes.
    Delay,
    /// Units that a request holds from [`RouteStep::Acquire`] to [`RouteStep::Release`], given in the order of
    /// arrival.
    Pool(u32),
}

impl ResourceKind {
    /// How many can be in service at once; `None` without a bound.
    pub const fn servers(self) -> Option<u32> {
        match self {
            Self::Processors(all) | Self::Servers(all) | Self::Pool(all) => Some(all),
            Self::Delay => None,
        }
    }
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkResource {
    /// Its name for people.
    pub name: String,
    /// How it serves.
    pub kind: ResourceKind,
    /// Whether each instance has one of its own; all share it otherwise.
    pub per_instance: bool,
}

/// How long a step takes, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceTime {
    /// Drawn for this step alone.
    Drawn(ServiceDistribution),
    /// This mean times the factor of the request: a request that is slow in one step is slow in all.
    OfRequest(f64),
}

/// A step of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteStep {
    /// Is served.
    Serve {
        /// By this resource.
        resource: usize,
        /// For so long.
        time: ServiceTime,
    },
    /// Waits for a unit of this pool and takes it. A request holds one unit at a time.
    Acquire(usize),
    /// Gives it back.
    Release(usize),
}

/// A kind of request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestClass {
    /// Its share of all requests is this over the sum of all classes.
    pub weight: f64,
    /// Factor of a request, of mean 1.
    pub factor: ServiceDistribution,
    /// What it does, in order.
    pub steps: Vec<RouteStep>,
}

/// Everything that is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueingNetwork {
    /// Instances; requests go to them in turn.
    pub instances: u32,
    /// The resources; steps name them by their place.
    pub resources: Vec<NetworkResource>,
    /// The kinds of requests.
    pub classes: Vec<RequestClass>,
}

/// What bounds the throughput of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bottleneck {
    /// Place of the resource.
    pub resource: usize,
    /// Requests a second at which it is used all of the time.
    pub rate: f64,
}

/// Why a network cannot be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadNetwork {
    /// It has no instance, no class, or a resource without a server.
    Empty,
    /// A step names a resource that is not there, or is not of the kind that it needs.
    WrongResource,
    /// A pool is taken while another is held, given back without being held, or not given back.
    WrongPool,
    /// A weight, a time or a factor is negative or no number.
    WrongNumber,
}

impl fmt::Display for BadNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no instance, no kind of request, or a resource without a server",
            Self::WrongResource => "a step names a resource that does not serve it",
            Self::WrongPool => "a unit of a pool is held twice, or not given back",
            Self::WrongNumber => "a weight, a time or a factor is no positive number",
        })
    }
}

impl std::error::Error for BadNetwork {}

impl QueueingNetwork {
    /// Whether it can be simulated.
    pub(super) fn check(&self) -> Result<(), BadNetwork> {
        let served = |one: &NetworkResource| one.kind.servers() != Some(0);
        let weight: f64 = self.classes.iter().map(|class| class.weight).sum();
        if self.instances == 0 || !self.resources.iter().all(served) {
            return Err(BadNetwork::Empty);
        }
        let weighed = |class: &RequestClass| class.weight.is_finite() && class.weight >= 0.0;
        if !self.classes.iter().all(weighed) {
            return Err(BadNetwork::WrongNumber);
        }
        if weight <= 0.0 {
            return Err(BadNetwork::Empty);
        }
        self.classes
            .iter()
            .try_for_each(|class| self.check_class(class))
    }

    fn check_class(&self, class: &RequestClass) -> Result<(), BadNetwork> {
        if !class.factor.is_sound() {
            return Err(BadNetwork::WrongNumber);
        }
        let kind = |place: usize| self.resources.get(place).map(|one| one.kind);
        let mut held = None;
        for step in &class.steps {
            match step {
                RouteStep::Serve { resource, time } => {
                    if matches!(kind(*resource), None | Some(ResourceKind::Pool(_))) {
                        return Err(BadNetwork::WrongResource);
                    }
                    let sound = match time {
                        ServiceTime::Drawn(drawn) => drawn.is_sound(),
                        ServiceTime::OfRequest(mean) => mean.is_finite() && *mean >= 0.0,
                    };
                    if !sound {
                        return Err(BadNetwork::WrongNumber);
                    }
                }
                RouteStep::Acquire(pool) | RouteStep::Release(pool) => {
                    if !matches!(kind(*pool), Some(ResourceKind::Pool(_))) {
                        return Err(BadNetwork::WrongResource);
                    }
                    let takes = matches!(step, RouteStep::Acquire(_));
                    if held != (!takes).then_some(*pool) {
                        return Err(BadNetwork::WrongPool);
                    }
                    held = takes.then_some(*pool);
                }
            }
        }
        if held.is_some() {
            return Err(BadNetwork::WrongPool);
        }
        Ok(())
    }

    /// Copies of a resource.
    pub(super) const fn copies(&self, resource: &NetworkResource) -> u32 {
        if resource.per_instance {
            self.instances
        } else {
            1
        }
    }

    /// Seconds of each resource that a request needs on average when it is alone: of a pool, for how long it
    /// holds a unit.
    pub fn demands(&self) -> Vec<f64> {
        let weight: f64 = self.classes.iter().map(|class| class.weight).sum();
        let mut demands = vec![0.0; self.resources.len()];
        for class in &self.classes {
            let share = class.weight / weight;
            let mut held = None;
            for step in &class.steps {
                match step {
                    RouteStep::Serve { resource, time } => {
                        let mean = share
                            * match time {
                                ServiceTime::Drawn(drawn) => drawn.mean(),
                                ServiceTime::OfRequest(mean) => mean * class.factor.mean(),
                            };
                        for place in [Some(*resource), held].into_iter().flatten() {
                            demands[place] += mean;
                        }
                    }
                    RouteStep::Acquire(pool) => held = Some(*pool),
                    RouteStep::Release(_) => held = None,
                }
            }
        }
        demands
    }

    /// The resource that is used first all of the time, by the utilization law: no more requests a second than
    /// its servers / its demand can be served. A pool bounds earlier than this says where its holders wait for
    /// others. `None` where nothing bounds the throughput.
    pub fn bottleneck(&self) -> Option<Bottleneck> {
        let demands = self.demands();
        let bounds = self.resources.iter().zip(demands).enumerate();
        let rates = bounds.filter_map(|(place, (resource, demand))| {
            let servers = f64::from(resource.kind.servers()?) * f64::from(self.copies(resource));
            (demand > 0.0).then_some(Bottleneck {
                resource: place,
                rate: servers / demand,
            })
        });
        rates.min_by(|a, b| a.rate.total_cmp(&b.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(resource: usize, mean: f64) -> RouteStep {
        RouteStep::Serve {
            resource,
            time: ServiceTime::OfRequest(mean),
        }
    }

    fn network(steps: Vec<RouteStep>) -> QueueingNetwork {
        let resource = |name: &str, kind, per_instance| NetworkResource {
            name: name.to_owned(),
            kind,
            per_instance,
        };
        QueueingNetwork {
            instances: 3,
            resources: vec![
                resource("processors", ResourceKind::Processors(2), true),
                resource("pool", ResourceKind::Pool(5), true),
                resource("database", ResourceKind::Servers(4), false),
                resource("network", ResourceKind::Delay, false),
            ],
            classes: vec![RequestClass {
                weight: 1.0,
                factor: ServiceDistribution::Constant(1.0),
                steps,
            }],
        }
    }

    #[test]
    fn the_bottleneck_is_the_resource_with_the_least_servers_for_its_demand() {
        let found = |app, database, delay| {
            let steps = vec![
                serve(0, app),
                RouteStep::Acquire(1),
                serve(2, database),
                serve(3, delay),
                RouteStep::Release(1),
            ];
            network(steps).bottleneck().unwrap()
        };
        // 3 x 2 processors, 15 units, 4 servers.
        assert_eq!(found(0.1, 0.05, 0.0).resource, 0);
        assert!((found(0.1, 0.05, 0.0).rate - 60.0).abs() < 1e-9);
        assert_eq!(found(0.01, 0.05, 0.0).resource, 2);
        let pool = found(0.01, 0.05, 0.95);
        assert!(
            pool.resource == 1 && (pool.rate - 15.0).abs() < 1e-9,
            "{pool:?}"
        );
        assert_eq!(network(vec![serve(3, 1.0)]).bottleneck(), None);
    }

    #[test]
    fn a_network_that_cannot_be_simulated_is_refused() {
        let refused = |steps| network(steps).check().unwrap_err();
        use RouteStep::{Acquire, Release};
        assert_eq!(refused(vec![Acquire(1)]), BadNetwork::WrongPool);
        assert_eq!(refused(vec![Release(1)]), BadNetwork::WrongPool);
        assert_eq!(refused(vec![Acquire(1), Acquire(1)]), BadNetwork::WrongPool);
        assert_eq!(refused(vec![Acquire(0)]), BadNetwork::WrongResource);
        assert_eq!(refused(vec![serve(1, 1.0)]), BadNetwork::WrongResource);
        assert_eq!(refused(vec![serve(9, 1.0)]), BadNetwork::WrongResource);
        assert_eq!(refused(vec![serve(0, -1.0)]), BadNetwork::WrongNumber);
        let mut none = network(vec![serve(0, 1.0)]);
        assert_eq!(none.check(), Ok(()));
        none.classes[0].weight = 0.0;
        assert_eq!(none.check(), Err(BadNetwork::Empty));
        none.classes[0].weight = f64::NAN;
        assert_eq!(none.check(), Err(BadNetwork::WrongNumber));
        none.resources[0].kind = ResourceKind::Servers(0);
        assert_eq!(none.check(), Err(BadNetwork::Empty));
    }
}
