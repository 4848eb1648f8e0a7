//! A discrete-event simulation of an open queueing network: requests arrive at random and go through
//! processors, servers, pools and delays, in one or several instances. Same seed, same result.
//!
//! | module | content |
//! |---|---|
//! | `service` | distributions of service times |
//! | `network` | what is simulated: resources, kinds of requests, and the bound that follows without simulation |
//! | `resource` | the state of one resource, and how much of it is used |
//! | `engine` | events in the order of time |
//! | `simulated` | what one run gave, without its warm-up |
//! | `replicated` | independent runs, with the interval of their mean |
//! | `sustained` | the highest rate that meets a limit |

mod engine;
mod network;
mod replicated;
mod resource;
mod service;
mod simulated;
mod sustained;

#[cfg(test)]
mod closed_form_tests;

pub use engine::{SimulationLimits, simulate};
pub use network::{
    BadNetwork, Bottleneck, NetworkResource, QueueingNetwork, RequestClass, ResourceKind,
    RouteStep, ServiceTime,
};
pub use replicated::{MeanInterval, mean_interval, replicate};
pub use service::ServiceDistribution;
pub use simulated::{ResourceLoad, SimulatedRun, SimulationEnding};
pub use sustained::{MOST_UTILIZATION, sustained_rate};
