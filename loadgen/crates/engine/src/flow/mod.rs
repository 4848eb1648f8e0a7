//! What load generation must know of an application: its operations, its flows, and how a flow
//! reaches the target. A flow knows no clock, no connection and no histogram; the driver knows
//! no application.

mod catalog;
mod echo_socket;
mod future;
mod iteration;
mod request_mix;
#[cfg(any(test, feature = "fixtures"))]
mod shop;
mod single_request;
mod transport;

pub use catalog::{Access, Catalog, FlowDescriptor, OperationDescriptor, Operations};
pub use echo_socket::EchoSocket;
pub use future::FlowFuture;
pub use iteration::{Flow, Iteration, UserMemory, call, failure};
pub use request_mix::RequestMix;
#[cfg(any(test, feature = "fixtures"))]
pub use shop::shop;
pub use single_request::SingleRequest;
pub use transport::{Failed, OnText, OwnRequest, ResumableExchange, Settled, Transport};
