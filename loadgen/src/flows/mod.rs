//! What users do, in order, and what the right answers look like. One file a feature.

mod ad_hoc;
mod auth;
mod bookings;
mod chat;
mod chat_history;
mod descriptors;
mod memory;
mod mentors;
mod methods;
mod popularity;
mod recordings;
pub mod registry;
mod world;

pub use ad_hoc::AdHoc;
pub use auth::{check_login, login_request};
pub use descriptors::{PRIMARY_METRIC, application};
pub use memory::{ChatMemory, Memory};
pub use methods::method;
pub use popularity::Popularity;
pub use registry::{
    Flow, Iteration, OPERATIONS, OnText, Settled, Transport, flow, names, operation, operation_name,
};
pub use world::{Account, World};
